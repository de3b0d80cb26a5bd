"""Complaints of the release before are marked, and so are those that its processes take meanwhile."""

from pathlib import Path
from shutil import copy

import pytest

from db.migrate import migrate
from db.migration_files import MIGRATIONS, Phase
from domain.intake.marked import is_protected_matter
from domain.policy.model import PACKAGED_POLICY, load_policy
from tests.db.migrations.database import connected

MARKED = "0019_pre_marked_complaints.sql"
# As intake writes it: victim and complaint in one statement.
WRITTEN = (
    "WITH v AS (INSERT INTO victim (name, mobile, district, woman, child, senior, language, email, district_as_told)"
    " VALUES ('A', '9876543210', 'LUCKNOW', false, $3, false, 'hi', '', 'Lucknow') RETURNING victim_id)"
    " INSERT INTO complaint (ack_no, case_no, channel, category, victim_id, received_at, taken_by, idempotency_key,"
    " body_digest, joined, flags) SELECT $1, $1, 'portal', $2, victim_id, now(), 'officer:1', $1, '', false, '[]'"
    " FROM v"
)
ALONE = "ALTER TABLE complaint DROP CONSTRAINT complaint_case_no_fkey"
ROWS = (
    ("21000000000001", "upi_fraud", False, False),
    ("21000000000002", "upi_fraud", True, True),
    ("21000000000003", "Sextortion", False, True),
)
MARKS = "SELECT array_agg(marked ORDER BY ack_no) FROM complaint WHERE ack_no LIKE $1 || '%'"


@pytest.fixture
async def before(empty_dsn: str, tmp_path: Path) -> str:
    """A database of the release before, with three complaints."""
    for file in MIGRATIONS.glob("*.sql"):
        if file.name < MARKED:
            copy(file, tmp_path)
    await migrate(empty_dsn, tmp_path)
    async with connected(empty_dsn) as connection:
        await connection.execute(ALONE)
        for ack_no, category, child, _ in ROWS:
            await connection.execute(WRITTEN, ack_no, category, child)
    return empty_dsn


async def test_m11_complaints_of_before_and_of_processes_of_before_are_marked_by_the_terms_of_the_policy(
    before: str,
) -> None:
    await migrate(before, phase=Phase.PRE)
    async with connected(before) as connection:
        wanted = [marked for *_, marked in ROWS]
        assert await connection.fetchval(MARKS, "2") == wanted
        for ack_no, category, child, _ in ROWS:
            await connection.execute(WRITTEN, f"3{ack_no[1:]}", category, child)
        assert await connection.fetchval(MARKS, "3") == wanted
    await migrate(before)
    rules = load_policy(PACKAGED_POLICY).marked
    categories = [*rules.terms, *(f"Other/{term.upper()}-x" for term in rules.terms), "upi_fraud", "grape", "नौकरी"]
    async with connected(before) as connection:
        found = await connection.fetchval(
            "SELECT array_agg(names_protected_matter(c) ORDER BY n)"
            " FROM unnest($1::text[]) WITH ORDINALITY AS t (c, n)",
            categories,
        )
    assert found == [is_protected_matter(one, rules) for one in categories]
