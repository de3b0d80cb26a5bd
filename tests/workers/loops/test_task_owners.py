"""The loop over work items goes on after a failed round, and says nothing of what failed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from workers.loops.task_owners import TaskOwnerLoop


class Rounds:
    """The first work always fails, the second fails twice in two ways, then works."""

    def __init__(self) -> None:
        self.fails: list[Exception] = [OSError("the database is away"), ValueError("the case of Asha Devi")]
        self.done = asyncio.Event()

    @property
    def works(self) -> tuple[Callable[[], Awaitable[object]], ...]:
        return self.broken, self.work

    async def broken(self) -> None:
        raise ValueError("an item of Asha Devi")

    async def work(self) -> None:
        if self.fails:
            raise self.fails.pop(0)
        self.done.set()


async def test_a_failed_work_keeps_neither_the_others_of_its_round_nor_the_next_round(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rounds = Rounds()
    with caplog.at_level(logging.WARNING):
        running = asyncio.create_task(TaskOwnerLoop(rounds, every_seconds=0).run())
        async with asyncio.timeout(10):
            await rounds.done.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING", "ERROR", "ERROR", "ERROR"]
    assert "Asha" not in caplog.text
