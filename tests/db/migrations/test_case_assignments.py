"""The open cases of the release before have their officers, and the engine looks only where one is missing."""

from pathlib import Path
from shutil import copy

import pytest

from db.migrate import migrate
from db.migration_files import MIGRATIONS, Phase
from tests.db.migrations.database import connected, locked, recorded

FIRST = "0036_pre_case_assignments.sql"
FILLED = "0048_pre_complaints_marked.sql"
COPIED = "0049_pre_assignments_copied.sql"
TRIGGER = "0050_pre_assignments_procedures.sql"
LAST = "0051_pre_assignments_completed.sql"
WRITTEN = "LOCK TABLE complaint, victim, case_file, case_officer, procedure IN ROW EXCLUSIVE MODE"
"""the lock of a transaction that has written into these tables and has not ended"""
CASE = (
    "INSERT INTO case_file (case_no, state, opened_at, settled_at, policy)"
    " VALUES ($1, $2, now() - interval '40 days', CASE $2 WHEN 'settled' THEN now() END, '{}')"
)
OFFICER = (
    "INSERT INTO case_officer (case_no, duty, assignment_no, subject, name, rank, police_station, district, phone,"
    " assigned_by, assigned_at) VALUES ($1, $2, $3, $4, 'A', 'Inspector', 'Cell', 'LUCKNOW', '', 'officer:x', now())"
)
PROCEDURE = (
    "INSERT INTO procedure (workflow_id, kind, subject, case_no, created_at, due_at)"
    " VALUES ('grievance-' || $1, 'grievance', $1, $1, now(), NULL)"
)
ROWS = (
    "SELECT right(case_no, 1), io, supervising, look_at < now() - interval '1 day' AS early FROM case_assignment"
    " ORDER BY case_no"
)
BOTH, ONE, SETTLED, IN_PROCEDURE, MEANWHILE = (f"2100000000000{number}" for number in range(1, 6))


async def migrate_before(dsn: str, folder: Path, first: str) -> None:
    for file in MIGRATIONS.glob("*.sql"):
        if file.name < first:
            copy(file, folder)
    await migrate(dsn, folder)


@pytest.fixture
async def before(empty_dsn: str, tmp_path: Path) -> str:
    """A database of the release before, with five cases."""
    await migrate_before(empty_dsn, tmp_path, FIRST)
    async with connected(empty_dsn) as connection:
        for case_no in (BOTH, ONE, SETTLED, IN_PROCEDURE, MEANWHILE):
            await connection.execute(CASE, case_no, "settled" if case_no in (SETTLED, IN_PROCEDURE) else "open")
            await connection.execute(OFFICER, case_no, "io", 1, "old")
            await connection.execute(OFFICER, case_no, "io", 2, "a")
        await connection.execute(OFFICER, BOTH, "supervising", 1, "sp")
        await connection.execute(PROCEDURE, IN_PROCEDURE)
    return empty_dsn


async def test_the_engine_looks_only_for_officers_that_a_case_of_before_does_not_have_and_others_write_meanwhile(
    before: str, tmp_path: Path
) -> None:
    await migrate_before(before, tmp_path, FILLED)
    async with locked(before, WRITTEN):
        await migrate_before(before, tmp_path, COPIED)
    async with connected(before) as connection:
        assert await connection.fetch(ROWS) == []
        await connection.execute(OFFICER, MEANWHILE, "io", 3, "b")
        async with locked(before, WRITTEN):
            await migrate_before(before, tmp_path, TRIGGER)
        assert COPIED in await recorded(before)
        await migrate(before, phase=Phase.PRE)
        assert [tuple(row) for row in await connection.fetch(ROWS)] == [
            ("1", "a", "sp", None),
            ("2", "a", None, True),
            ("4", "a", None, True),
            ("5", "b", None, True),
        ]


async def test_a_procedure_that_begins_during_the_copy_does_not_wait_and_is_not_lost(
    before: str, tmp_path: Path
) -> None:
    await migrate_before(before, tmp_path, COPIED)
    async with connected(before) as other:
        async with locked(before, (MIGRATIONS / COPIED).read_text(encoding="utf-8")) as copying:
            await other.execute("SET lock_timeout = '1s'")
            for case_no in (ONE, SETTLED):
                await other.execute(PROCEDURE, case_no)
            await copying.execute("ROLLBACK")
        await migrate_before(before, tmp_path, TRIGGER)
        await other.execute("DELETE FROM case_assignment WHERE case_no = $1", SETTLED)
        await migrate(before, phase=Phase.PRE)
        assert LAST in await recorded(before)
        rows = {number: (io, looks) for number, io, _, looks in await other.fetch(ROWS)}
        assert rows == {"1": ("a", None), "2": ("a", True), "3": ("a", True), "4": ("a", True), "5": ("a", True)}
