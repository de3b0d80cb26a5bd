"""The loop that counts the stages of days, on a real database."""

import asyncio
from contextlib import suppress

import asyncpg
import pytest

from activities.reporting.stage_counts import count_next
from db.pool import Pool
from tests.factories import make_context
from tests.waiting import until
from workers.loops import stage_counts
from workers.loops.stage_counts import StageCountLoop


async def test_it_counts_a_day_after_a_failed_one(database: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx = await make_context(database)
    await database.execute(
        "INSERT INTO case_file (case_no, state, opened_at, policy) VALUES ('31112026000001', 'open', now(), '{}')"
    )
    calls = 0

    async def fails_once(*told: object) -> bool:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise asyncpg.CannotConnectNowError
        return await count_next(ctx)

    monkeypatch.setattr(stage_counts, "count_next", fails_once)
    running = asyncio.create_task(StageCountLoop(ctx, check_every_seconds=0.01).run())

    async def is_counted() -> bool:
        return bool(await database.fetchval("SELECT count(counted_at) FROM stage_day"))

    await until(is_counted)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert calls > 1
