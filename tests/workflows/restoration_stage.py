"""Restorations on a real Temporal server with their own clock; the test acts for officers and banks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.worker import Worker

from activities.context import Context
from activities.recovery.restoration_deadlines import RestorationActivities
from schemas.enums import ProcedureKind
from schemas.restoration_enums import RestorationVerb
from tests.activities.restoration_bench import DESK, Home
from tests.factories import number_apart
from tests.workflows.clock_stage import LOOK_SECONDS, PATIENCE_SECONDS, ClockStage
from tests.workflows.time_passing import AtWorkflowTime, at_workflow_time
from workers.worker import running, sandbox
from workflows import options
from workflows.procedures import RestorationWorkflow

RESTORATION = ProcedureKind.RESTORATION
PASSIVE = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
}
"""events that tell nothing about the workflow: its time was let pass, or was told to"""
AT_REST = {EventType.EVENT_TYPE_TIMER_STARTED, EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED}
"""last other events of a history whose workflow has a timer, or has nothing to do"""


class RestorationStage:
    """One stage: restorations with running workflows, and actions at the time of their workflow."""

    def __init__(self, ctx: Context, client: Client) -> None:
        self.home = Home(ctx)
        self.clocks = ClockStage(client, self.home.bench, self.home.clock)
        self.skipper = self.clocks.skipper

    # -- the workflow --------------------------------------------------------------------------------------------------

    async def begin(self, restoration: UUID, *, skipping: bool = False) -> None:
        """Start the workflow as the outbox does; with `skipping` time jumps while it only waits."""
        await self.clocks.begin(RESTORATION, restoration, await self.case_of(restoration), skipping=skipping)

    def handle(self, restoration: UUID) -> WorkflowHandle[Any, Any]:
        return self.clocks.handle(RESTORATION, restoration)

    async def forward(self, restoration: UUID, days: float) -> None:
        """Let days pass, and a moment: what falls due in them is done meanwhile."""
        await self.clocks.forward(RESTORATION, restoration, days)

    async def do(self, restoration: UUID, act: Callable[[UUID], Awaitable[object]]) -> None:
        """Perform an action at the workflow's time, and notify the workflow as the outbox does."""

        async def act_and_give_notice() -> None:
            await act(restoration)
            await self.home.give_notice(restoration)

        await self.clocks.do(RESTORATION, restoration, act_and_give_notice)

    async def notify(self, restoration: UUID) -> None:
        await self.clocks.notify(RESTORATION, restoration)

    async def outcome(self, restoration: UUID) -> None:
        """Wait until the workflow has ended on its own."""
        await self.clocks.ended(RESTORATION, restoration)

    async def histories(self, restoration: UUID) -> list[WorkflowHistory]:
        """Return the history of every run, the first one first."""
        return await self.clocks.histories(RESTORATION, restoration)

    # -- queries -------------------------------------------------------------------------------------------------------

    async def case_of(self, restoration: UUID) -> str:
        found: str = await self.home.bench.value(
            "SELECT case_no FROM restoration WHERE restoration_id = $1", restoration
        )
        return found

    async def until(self, restoration: UUID, step: str, state: str = "open") -> None:
        """Wait until the restoration is at that step."""
        await self.until_value(
            f"{state} {step}", "SELECT state || ' ' || step FROM restoration WHERE restoration_id = $1", restoration
        )

    async def until_value(self, expected: object, query: str, *values: object) -> None:
        """Wait until a query's first value equals this."""
        await self.clocks.until_value(expected, query, *values)

    async def until_it_waits(self, restoration: UUID) -> None:
        """Wait until the workflow has read the current state and waits for the next deadline."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await self._waits(restoration):  # noqa: ASYNC110 - no event
                await asyncio.sleep(LOOK_SECONDS)

    async def _waits(self, restoration: UUID) -> bool:
        handle = self.handle(restoration)
        found = (await handle.describe()).raw_description
        if found.pending_activities or found.HasField("pending_workflow_task"):
            return False
        # After an activity there is a moment in which the description shows neither it nor the next workflow task. That
        # task may have scheduled another activity by the time that we read the history. Where time passes in that
        # moment, an event about time is the last one.
        events = (await handle.fetch_history()).events
        last = next(event.event_type for event in reversed(events) if event.event_type not in PASSIVE)
        return last in AT_REST

    async def until_divided(self, restoration: UUID) -> None:
        """Wait until every line has its allocated amount."""
        await self.until_value(
            0, "SELECT count(*) FROM restoration_line WHERE restoration_id = $1 AND allocation_id IS NULL", restoration
        )

    # -- sequences that several tests use ------------------------------------------------------------------------------

    async def to_notice(self, restoration: UUID) -> None:
        """Go from the first hold to the holder's notice."""
        await self.forward(restoration, 3)
        await self.until(restoration, "application")
        await self.do(restoration, self.home.apply)
        await self.do(restoration, self.home.verify)

    async def approve(self, restoration: UUID) -> None:
        """Go from the approval to the banks."""
        await self.until(restoration, "approval")
        await self.until_divided(restoration)
        await self.do(restoration, self.home.prepare)
        await self.do(restoration, self.home.approve)
        await self.until(restoration, "credit")

    async def credit(self, restoration: UUID) -> None:
        """Confirm the ordered credits as the banks."""
        await self.do(restoration, self.home.confirm)

    async def bond(self, restoration: UUID) -> None:
        """Receive the victim's bond."""
        await self.until(restoration, "bond")

        async def receive(identity: UUID) -> None:
            await self.home.do(identity, RestorationVerb.RECEIVE_BOND, DESK)

        await self.do(restoration, receive)


def worker_of(stage: RestorationStage) -> Worker:
    """A worker for restorations only, in the sandbox."""
    engine = RestorationActivities(at_workflow_time(stage.home.ctx))
    return Worker(
        stage.skipper.client,
        task_queue=options.RESTORATION_QUEUE,
        workflows=[RestorationWorkflow],
        workflow_runner=sandbox(),
        interceptors=[AtWorkflowTime()],
        activities=[
            engine.read_restoration_state,
            engine.write_application,
            engine.divide_accounts,
            engine.remind_of_step,
            engine.escalate_step,
            engine.move_restoration,
        ],
    )


@asynccontextmanager
async def restoration_stage(ctx: Context, client: Client) -> AsyncIterator[RestorationStage]:
    """A stage with a running worker, and its own case numbers."""
    await number_apart(ctx.pool)
    stage = RestorationStage(ctx, client)
    async with running([worker_of(stage)]):
        yield stage
    await stage.clocks.clear()
