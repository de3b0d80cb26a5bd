"""The rehearsal runs the real code on every connection, and leaves nothing."""

import logging

import pytest

from activities.metrics import METRICS
from db.pool import Pool
from tests.factories import institution, make_context
from workers import rehearsal
from workers.rehearsal import rehearse

TABLES = ("case_file", "complaint", "hop", "hold_request", "answer", "case_event", "case_news", "ledger_entry")
CONNECTIONS = 2


async def rows(pool: Pool) -> dict[str, int]:
    """Return the number of rows of each table that a golden hour writes."""
    return {table: await pool.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES}


async def test_a_rehearsal_leaves_no_row_and_no_count(database: Pool, caplog: pytest.LogCaptureFixture) -> None:
    ctx = await make_context(database, [institution("HDFC"), institution("ICIC")])
    before, counted = await rows(database), METRICS.text()
    with caplog.at_level(logging.WARNING, logger=rehearsal.__name__):
        await rehearse(ctx, CONNECTIONS)
    assert [record.getMessage() for record in caplog.records if record.name == rehearsal.__name__] == []
    assert await rows(database) == before
    assert METRICS.text() == counted


async def test_a_rehearsal_prepares_the_statements_of_the_golden_hour(database: Pool) -> None:
    ctx = await make_context(database, [institution("HDFC"), institution("ICIC")])
    await rehearse(ctx, 1)
    prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE $1"
    async with database.acquire() as connection:
        for part in (
            *("%INSERT INTO case_file%", "%AS number_locked%", "%AS main_hop_no%"),
            *("%request_plan(%", "%request_delivered(%", "%answer_begin(%", "%answer_effects(%", "%case_tell(%"),
        ):
            assert await connection.fetchval(prepared, part) == 1, part


async def test_a_directory_without_banks_needs_no_rehearsal(database: Pool) -> None:
    await rehearse(await make_context(database, []), CONNECTIONS)
    assert (await rows(database))["case_file"] == 0
