"""The loop over the owners of work items goes on after a failed round, and says nothing of what failed."""

import asyncio
import logging
from contextlib import suppress
from typing import cast

import pytest

from activities.reporting.task_rounds import TaskRounds
from workers.loops import task_owners
from workers.loops.task_owners import TaskOwnerLoop


class Rounds:
    """Fails twice in two ways, then works."""

    def __init__(self) -> None:
        self.fails: list[Exception] = [OSError("the database is away"), ValueError("the case of Asha Devi")]
        self.done = asyncio.Event()

    async def run_once(self) -> None:
        if self.fails:
            raise self.fails.pop(0)
        self.done.set()


async def test_a_failed_round_is_followed_by_the_next(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(task_owners, "LOOK_EVERY_SECONDS", 0)
    rounds = Rounds()
    with caplog.at_level(logging.WARNING):
        running = asyncio.create_task(TaskOwnerLoop(cast(TaskRounds, rounds)).run())
        async with asyncio.timeout(10):
            await rounds.done.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]
    assert "Asha" not in caplog.text
