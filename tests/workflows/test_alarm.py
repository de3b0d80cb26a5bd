"""One timer for all waits of a workflow, whatever they wait for."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import TimeSkipper
from temporalio.worker import Worker

from tests.waiting import until
from tests.workflows.time_passing import let_pass
from workers.worker import running
from workflows.sweeps import Alarm

QUEUE = "alarm"
LONG_SECONDS = 3600.0
PATIENCE_SECONDS = 240.0

STARTED = EventType.EVENT_TYPE_TIMER_STARTED
FIRED = EventType.EVENT_TYPE_TIMER_FIRED
CANCELED = EventType.EVENT_TYPE_TIMER_CANCELED
TIMERS = (STARTED, FIRED, CANCELED)


@workflow.defn(name="Waits", sandboxed=False)
class Waits:
    """Waits in groups, one after another; the waits of a group begin together, and each signal ends one group."""

    def __init__(self) -> None:
        self._alarm = Alarm()
        self._signals = 0

    @workflow.run
    async def run(self, groups: Sequence[Sequence[float]]) -> list[list[bool]]:
        """Return of every wait whether its condition held."""
        held = [
            list(await asyncio.gather(*(self._wait(number, seconds) for seconds in group)))
            for number, group in enumerate(groups)
        ]
        self._alarm.stop()
        # The timer's cancellation is a command only if the workflow does not end with it.
        await workflow.wait_condition(lambda: self._signals > len(groups))
        return held

    @workflow.signal
    def go_on(self) -> None:
        """End the next group."""
        self._signals += 1

    async def _wait(self, number: int, seconds: float) -> bool:
        return await self._alarm.holds_within(lambda: self._signals > number, timedelta(seconds=seconds))


Handle = WorkflowHandle[Waits, list[list[bool]]]


@asynccontextmanager
async def waiting(client: Client, *groups: Sequence[float]) -> AsyncIterator[Handle]:
    """Run these groups of waits."""
    async with running([Worker(client, task_queue=QUEUE, workflows=[Waits])]):
        handle = await client.start_workflow(Waits.run, list(groups), id=f"waits-{uuid4()}", task_queue=QUEUE)
        yield handle


@asynccontextmanager
async def stepping(skipper: TimeSkipper, *groups: Sequence[float]) -> AsyncIterator[Handle]:
    """Run these groups of waits; their time passes by `let_pass` only, besides the little that the test takes."""
    with skipper.with_time_skipping_disabled():
        async with waiting(skipper.client, *groups) as handle:
            yield handle


async def timers(handle: Handle) -> list[EventType.ValueType]:
    """Return what became of the workflow's timers, in order."""
    return [
        event.event_type
        async for event in handle.fetch_history_events()
        if event.event_type in (STARTED, FIRED, CANCELED)
    ]


async def until_timers(handle: Handle, *expected: EventType.ValueType) -> None:
    """Wait until exactly this has become of the timers, and the workflow has seen it.

    A signal that comes with the end of a timer in one task counts before it.
    """

    async def are_seen() -> bool:
        return await timers(handle) == list(expected) and await has_seen_all(handle)

    await until(are_seen)


async def has_seen_all(handle: Handle) -> bool:
    """Return whether a workflow task was completed after the last timer that fired."""
    kinds = [event.event_type async for event in handle.fetch_history_events()]
    after = kinds[::-1].index(FIRED) if FIRED in kinds else None
    return after is None or EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED in kinds[len(kinds) - after :]


async def end(handle: Handle, *, signals: int) -> list[list[bool]]:
    """Send the signals that are left, and return the result."""
    for _ in range(signals):
        await handle.signal(Waits.go_on)
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await handle.result()


async def test_many_waits_of_one_length_cost_one_timer(temporal_client: Client) -> None:
    async with waiting(temporal_client, [0.2] * 30) as handle:
        await until_timers(handle, STARTED, FIRED)
        assert await end(handle, signals=2) == [[False] * 30]
        assert await timers(handle) == [STARTED, FIRED]


async def test_the_timer_runs_to_the_earliest_wait_and_then_to_the_next(temporal_client: Client) -> None:
    async with waiting(temporal_client, [LONG_SECONDS, 0.2, 2 * LONG_SECONDS]) as handle:
        await until_timers(handle, STARTED, FIRED, STARTED)
        assert await end(handle, signals=2) == [[True, False, True]]
        assert await timers(handle) == [STARTED, FIRED, STARTED, CANCELED]


async def test_a_wait_that_ends_early_leaves_the_timer_for_later_waits(temporal_client: Client) -> None:
    async with waiting(temporal_client, [LONG_SECONDS], [2 * LONG_SECONDS], [3 * LONG_SECONDS]) as handle:
        await until_timers(handle, STARTED)
        assert await end(handle, signals=4) == [[True], [True], [True]]
        assert await timers(handle) == [STARTED, CANCELED]


async def test_a_timer_that_fires_for_a_wait_that_ended_early_ends_no_other(time_skipping: TimeSkipper) -> None:
    async with stepping(time_skipping, [LONG_SECONDS], [3 * LONG_SECONDS]) as handle:
        await until_timers(handle, STARTED)
        await handle.signal(Waits.go_on)
        await let_pass(time_skipping, handle, timedelta(seconds=LONG_SECONDS))
        await until_timers(handle, STARTED, FIRED, STARTED)
        assert await end(handle, signals=2) == [[True], [True]]


async def test_a_shorter_wait_that_begins_later_takes_the_timer_over(temporal_client: Client) -> None:
    async with waiting(temporal_client, [LONG_SECONDS], [0.2]) as handle:
        await until_timers(handle, STARTED)
        await handle.signal(Waits.go_on)
        await until_timers(handle, STARTED, CANCELED, STARTED, FIRED)
        assert await end(handle, signals=2) == [[True], [False]]


async def test_a_wait_of_no_time_is_over_at_once(temporal_client: Client) -> None:
    async with waiting(temporal_client, [0.0, -1.0], [LONG_SECONDS]) as handle:
        await until_timers(handle, STARTED)
        assert await end(handle, signals=3) == [[False, False], [True]]
