"""The holds and duties of the release before are in the due list at once."""

from pathlib import Path
from shutil import copy

import pytest

from db.migrate import migrate
from db.migration_files import MIGRATIONS
from db.outbox import due_list
from tests.db.migrations.database import connected

FIRST = "0020_pre_procedure_due.sql"
ALONE = "ALTER TABLE procedure DROP CONSTRAINT procedure_case_no_fkey"
ROW = (
    "INSERT INTO procedure (workflow_id, kind, subject, case_no, created_at, started_at, ended_at)"
    " VALUES ($1 || '-1', $1, '1', 'A', now() - interval '40 days', now() - interval '40 days',"
    " CASE WHEN $2 THEN now() END)"
)


@pytest.fixture
async def before(empty_dsn: str, tmp_path: Path) -> str:
    """A database of the release before, with a hold and a restoration that run, and duties that have ended."""
    for file in MIGRATIONS.glob("*.sql"):
        if file.name < FIRST:
            copy(file, tmp_path)
    await migrate(empty_dsn, tmp_path)
    async with connected(empty_dsn) as connection:
        await connection.execute(ALONE)
        for kind, ended in (("hold", False), ("restoration", False), ("duties", True)):
            await connection.execute(ROW, kind, ended)
    return empty_dsn


async def test_what_ran_and_what_a_process_of_the_release_before_begins_is_due_and_what_has_ended_is_not(
    before: str,
) -> None:
    await migrate(before)
    async with connected(before) as connection:
        now = await connection.fetchval("SELECT now()")
        assert [one.workflow_id for one in await due_list.of_case(connection, "A", now)] == ["hold-1"]
        await connection.execute("DELETE FROM procedure")
        await connection.execute(ROW, "duties", False)
        now = await connection.fetchval("SELECT now()")
        assert [one.workflow_id for one in await due_list.of_case(connection, "A", now)] == ["duties-1"]
