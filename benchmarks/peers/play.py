"""Play complaints against one engine, at a steady pace or at once, and wait for the last answer."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from benchmarks.measuring import Progress
from benchmarks.peers.engine import Engine
from benchmarks.peers.figures import Played
from benchmarks.peers.tree import complaint_of, tree

POSTS_AT_ONCE: Final = 32
RETRY_SECONDS: Final = 0.2
POLL_SECONDS: Final = 0.5
NS_IN_SECOND: Final = 1_000_000_000


async def at_pace(
    engine: Engine, seed: int, numbers: Sequence[int], per_second: float, limit_seconds: float, progress: Progress
) -> Played:
    """Send the complaints on schedule, whatever the answers; return what was seen when all was answered."""
    await engine.prepare(numbers)
    before = await engine.accepted()
    began = time.monotonic_ns()
    scheduled = {number: began + round(position * NS_IN_SECOND / per_second) for position, number in enumerate(numbers)}
    async with asyncio.TaskGroup() as group:
        for number, at in scheduled.items():
            await asyncio.sleep(max((at - time.monotonic_ns()) / NS_IN_SECOND, 0.0))
            group.create_task(_until_accepted(engine, number, time.monotonic() + limit_seconds))
            progress.tick(f"complaint {number - numbers[0] + 1} of {len(numbers)} at {per_second:g} a second")
    return await _played(engine, seed, scheduled, before, limit_seconds, progress)


async def at_once(
    engine: Engine,
    seed: int,
    numbers: Sequence[int],
    limit_seconds: float,
    progress: Progress,
    *,
    killed_halfway: bool = False,
) -> Played:
    """Send the complaints as fast as they are accepted; with `killed_halfway` a worker is killed once meanwhile."""
    await engine.prepare(numbers)
    before = await engine.accepted()
    scheduled = dict.fromkeys(numbers, time.monotonic_ns())
    limit = asyncio.Semaphore(POSTS_AT_ONCE)
    deadline = time.monotonic() + limit_seconds

    async def post(number: int) -> None:
        async with limit:
            await _until_accepted(engine, number, deadline)

    async with asyncio.TaskGroup() as group:
        for number in numbers:
            group.create_task(post(number))
        if killed_halfway:
            group.create_task(_kill_halfway(engine, before + expected(seed, numbers) // 2, limit_seconds))
    return await _played(engine, seed, scheduled, before, limit_seconds, progress)


def expected(seed: int, numbers: Sequence[int]) -> int:
    """Return how many transfers these complaints lead to."""
    return sum(1 for number in numbers for _ in tree(seed, number).all())


async def _until_accepted(engine: Engine, number: int, deadline: float) -> None:
    """Send a complaint until it is accepted or the monotonic `deadline` is over; then it counts as missing."""
    # Nothing says when another process is there again.
    while time.monotonic() < deadline and not await engine.post(number):  # noqa: ASYNC110
        await asyncio.sleep(RETRY_SECONDS)


async def _kill_halfway(engine: Engine, accepted: int, limit_seconds: float) -> None:
    deadline = time.monotonic() + limit_seconds
    # Another process counts the answers and sends no event.
    while await engine.accepted() < accepted and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(POLL_SECONDS / 5)
    await engine.kill_worker()


async def _played(
    engine: Engine, seed: int, scheduled: dict[int, int], before: int, limit_seconds: float, progress: Progress
) -> Played:
    """Wait until all answers are accepted, or time is up; return what was seen."""
    wanted = expected(seed, list(scheduled))
    deadline = time.monotonic() + limit_seconds
    while (accepted := await engine.accepted() - before) < wanted and time.monotonic() < deadline:
        progress.tick(f"{accepted} of {wanted} answers")
        await asyncio.sleep(POLL_SECONDS)
    # The bank notes the reply to the last answer a moment after the database has it.
    await asyncio.sleep(POLL_SECONDS)
    log, recorded = await engine.log(), await engine.recorded()
    return Played(
        seed,
        scheduled,
        {reference: asked for reference, asked in log.items() if complaint_of(reference) in scheduled},
        {reference for reference in recorded if complaint_of(reference) in scheduled},
    )
