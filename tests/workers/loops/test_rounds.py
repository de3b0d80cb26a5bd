"""Rounds go on after a work that fails, rest as long as they may, and say nothing of what failed."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import cast

import pytest

from activities.context import Context
from activities.people.retention import BATCH
from workers.loops.rounds import Rounds, fills_batch


class Works:
    """The first work always fails, the second fails twice in two ways, then works."""

    def __init__(self) -> None:
        self.fails: list[Exception] = [OSError("the database is away"), ValueError("the case of Asha Devi")]
        self.done = asyncio.Event()

    async def broken(self) -> None:
        raise ValueError("an item of Asha Devi")

    async def work(self) -> None:
        if self.fails:
            raise self.fails.pop(0)
        self.done.set()


@asynccontextmanager
async def run(rounds: Rounds) -> AsyncIterator[None]:
    running = asyncio.create_task(rounds.run())
    async with asyncio.timeout(10):
        yield
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_failed_work_keeps_neither_the_others_of_its_round_nor_the_next_round(
    caplog: pytest.LogCaptureFixture,
) -> None:
    works = Works()
    with caplog.at_level(logging.WARNING):
        async with run(Rounds("items", (works.broken, works.work), 0)):
            await works.done.wait()
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING", "ERROR", "ERROR", "ERROR"]
    assert "Asha" not in caplog.text


@pytest.mark.parametrize("first", [True, 1, None])
async def test_the_next_round_follows_soon_only_while_a_work_has_more_to_do(first: object) -> None:
    rounds, again = 0, asyncio.Event()

    async def work() -> object:
        nonlocal rounds
        rounds += 1
        if rounds > 1:
            again.set()
        return first if rounds == 1 else None

    async with run(Rounds("items", (work,), 60.0, short_rest_seconds=0.01)):
        with suppress(TimeoutError):
            await asyncio.wait_for(again.wait(), 10 if first is True else 0.1)
    assert again.is_set() == (first is True)


@pytest.mark.parametrize(("count", "wanted"), [(BATCH - 1, False), (BATCH, True)])
async def test_a_full_batch_of_retention_is_followed_by_another(count: int, wanted: bool) -> None:
    async def work(_: Context) -> int:
        return count

    assert await fills_batch(work, cast("Context", None)) is wanted
