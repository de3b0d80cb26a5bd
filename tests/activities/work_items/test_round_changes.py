"""Rounds that are left out while nothing has changed: what makes the next one due."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from activities.banks.directory import load_directory
from activities.secrets import SecretBox
from activities.work_items.task_notices import TaskNotices
from activities.work_items.task_rounds import LONGEST, REPORTS, LastRound, TaskRounds
from db.databases import rows_written
from db.pool import Connection, Pool
from db.work_items import task_notices, task_views
from tests.activities.task_desk import TaskDesk
from tests.factories import SECRET, institution, make_context
from tests.waiting import until
from workers.embedded.postgres import EmbeddedPostgres

NOON = datetime(2026, 11, 28, 6, 30, tzinfo=UTC)
COUNTED_SECONDS = 60.0
"""the server counts within ten seconds"""


async def written_to(pool: Pool, *without: str) -> int | None:
    async with pool.acquire() as connection:
        return await rows_written(connection, without)


class _Written:
    """The rows that the server has counted, as a test says."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.rows = 0
        self.counts = True
        patch.setattr("activities.work_items.task_rounds.rows_written", self.count)

    async def count(self, _: Connection, without: Sequence[str]) -> int | None:
        assert without == REPORTS
        return self.rows if self.counts else None


async def test_a_round_is_due_again_by_a_row_by_what_the_caller_has_and_by_time(
    database: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    unchanged = LastRound()
    written = _Written(monkeypatch)
    async with database.acquire() as connection:
        assert not await unchanged.lasts(connection, NOON), "no round was done yet"
        assert not await unchanged.lasts(connection, NOON), "the first round was not ended"
        unchanged.until(NOON)
        assert await unchanged.lasts(connection, NOON)
        assert not await unchanged.lasts(connection, NOON, also="other officers")
        unchanged.until(NOON, NOON + timedelta(minutes=1), None)
        assert await unchanged.lasts(connection, NOON + timedelta(seconds=59), also="other officers")
        assert not await unchanged.lasts(connection, NOON + timedelta(minutes=1), also="other officers")
        unchanged.until(NOON, NOON + timedelta(days=1))
        assert not await unchanged.lasts(connection, NOON + LONGEST, also="other officers")
        unchanged.until(NOON)
        written.rows += 1
        assert not await unchanged.lasts(connection, NOON, also="other officers")
        written.counts = False
        unchanged.until(NOON)
        for _ in range(2):
            assert not await unchanged.lasts(connection, NOON, also="other officers"), "the server counts nothing"
            unchanged.until(NOON)


async def test_the_server_counts_every_row_unless_it_is_told_not_to(database: Pool, postgres: EmbeddedPostgres) -> None:
    before = await written_to(database)
    assert before is not None
    await load_directory(database, SecretBox(SECRET), [institution("HDFC")])

    async def is_counted() -> bool:
        return bool(await written_to(database) != before)

    await until(is_counted, COUNTED_SECONDS)
    left = await written_to(database, "institution", "no_such_table")
    assert left is not None
    assert left < (await written_to(database) or 0)
    name = await database.fetchval("SELECT current_database()")
    connection = await asyncpg.connect(postgres.admin_dsn, database=name)
    try:
        await connection.execute("SET track_counts = off")
        assert await rows_written(connection) is None
    finally:
        await connection.close()


async def test_the_rounds_over_work_items_read_none_while_nothing_changes(
    database: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = TaskDesk(await make_context(database))
    await desk.come()
    desk.at_noon()
    written = _Written(monkeypatch)
    rounds, notices = TaskRounds(desk.ctx), TaskNotices(desk.ctx)
    await desk.item()
    for _ in range(2):
        written.rows += 1
        await rounds.run_once()
        await notices.run_once()
    told = await desk.bench.value("SELECT count(*) FROM task_notice")
    assert told
    with monkeypatch.context() as patch:
        for module, name in (
            (task_views, "to_value"),
            (task_views, "forget_closed"),
            (task_notices, "near_deadline"),
            (task_notices, "unheard"),
        ):
            patch.setattr(module, name, None)
        await rounds.run_once()
        await notices.run_once()
    await desk.item()
    written.rows += 1
    await rounds.run_once()
    await notices.run_once()
    assert await desk.bench.value("SELECT count(*) FROM task_notice") > told
