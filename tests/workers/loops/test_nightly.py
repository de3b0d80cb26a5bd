"""The nightly loop goes on after a failure."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

from activities.evidence.nightly import NightlyRuns
from schemas.evidence import NightlyRun
from workers.loops.nightly import NightlyLoop


@dataclass
class AwayAtFirst:
    """Runs whose database is away at the first look."""

    looks: int = 0
    looked_again: asyncio.Event = field(default_factory=asyncio.Event)

    async def run_due(self) -> list[NightlyRun]:
        self.looks += 1
        if self.looks == 1:
            raise OSError("the database is away")
        self.looked_again.set()
        return []


async def test_a_look_that_fails_is_followed_by_another() -> None:
    runs = AwayAtFirst()
    running = asyncio.create_task(NightlyLoop(cast("NightlyRuns", runs), check_every_seconds=0.01).run())
    async with asyncio.timeout(30):
        await runs.looked_again.wait()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
