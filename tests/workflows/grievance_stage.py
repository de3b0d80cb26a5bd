"""Grievances on a real Temporal server, each with its own clock."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError
from temporalio.testing import TimeSkipper
from temporalio.worker import Worker

from activities.context import Context
from activities.grievances.deadlines import GrievanceActivities
from db.outbox import procedure_outbox
from schemas.enums import ProcedureKind
from schemas.outbox.procedures import ProcedureStart
from tests.activities.hold_world import Holds
from tests.factories import number_apart
from tests.workflows.time_passing import AtWorkflowTime, at_workflow_time, let_pass
from workers.loops.procedures import WORKFLOWS
from workers.worker import sandbox
from workflows import options
from workflows.grievance import GrievanceWorkflow

PATIENCE_SECONDS = 180.0
LOOK_SECONDS = 0.02
MOMENT = timedelta(seconds=1)
GRIEVANCE = ProcedureKind.GRIEVANCE


class GrievanceStage:
    """One stage: people act at the time of the workflow concerned."""

    def __init__(self, ctx: Context, client: Client) -> None:
        self.holds = Holds(ctx)
        self.skipper = TimeSkipper(client)
        self.started: list[str] = []

    # -- the workflows -------------------------------------------------------------------------------------------------

    async def begin(self, kind: ProcedureKind, subject: UUID, case_no: str, *, skipping: bool = False) -> None:
        """Start a workflow as the outbox does; with `skipping` time jumps while it only waits."""
        workflow_id = procedure_outbox.workflow_id(kind, str(subject))
        start = ProcedureStart(workflow_id=workflow_id, kind=kind, subject=str(subject), case_no=case_no)
        if skipping:
            await self._start(start)
        else:
            with self.skipper.with_time_skipping_disabled():
                await self._start(start)
        self.started.append(workflow_id)

    async def _start(self, start: ProcedureStart) -> None:
        await self.skipper.client.start_workflow(
            WORKFLOWS[start.kind], start, id=start.workflow_id, task_queue=options.RESTORATION_QUEUE
        )

    async def reach(self, kind: ProcedureKind, subject: UUID, case_no: str) -> None:
        """Notify a workflow as the outbox does: an ended one starts again, an ending one reads the state again."""
        workflow_id = procedure_outbox.workflow_id(kind, str(subject))
        with self.skipper.with_time_skipping_disabled():
            await self.skipper.client.start_workflow(
                WORKFLOWS[kind],
                ProcedureStart(workflow_id=workflow_id, kind=kind, subject=str(subject), case_no=case_no),
                id=workflow_id,
                task_queue=options.RESTORATION_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal="changed",
            )

    def handle(self, kind: ProcedureKind, subject: UUID, run_id: str | None = None) -> WorkflowHandle[Any, Any]:
        workflow_id = procedure_outbox.workflow_id(kind, str(subject))
        return self.skipper.client.get_workflow_handle(workflow_id, run_id=run_id)

    async def forward(self, kind: ProcedureKind, subject: UUID, days: float) -> None:
        """Let days pass, and a moment: what falls due in them is done meanwhile."""
        await let_pass(self.skipper, self.handle(kind, subject), timedelta(days=days) + MOMENT)

    async def do(self, kind: ProcedureKind, subject: UUID, act: Callable[[], Awaitable[object]]) -> None:
        """Perform an action at the workflow's time, and notify the workflow as the outbox does."""
        self.holds.clock.at = await self.skipper.get_current_time(self.handle(kind, subject))
        await act()
        await self.notify(kind, subject)

    async def notify(self, kind: ProcedureKind, subject: UUID) -> None:
        await self.handle(kind, subject).signal("changed")

    async def ended(self, kind: ProcedureKind, subject: UUID) -> None:
        """Wait until the workflow has ended on its own."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.handle(kind, subject).result()

    async def histories(self, kind: ProcedureKind, subject: UUID) -> list[WorkflowHistory]:
        """Return the history of every run, the first one first."""
        workflow_id = procedure_outbox.workflow_id(kind, str(subject))
        runs = [run async for run in self.skipper.client.list_workflows(f"WorkflowId = '{workflow_id}'")]
        runs.sort(key=lambda run: run.start_time)
        return [await self.handle(kind, subject, run.run_id).fetch_history() for run in runs]

    # -- queries -------------------------------------------------------------------------------------------------------

    async def until_value(self, expected: object, query: str, *values: object) -> None:
        """Wait until a query's first value equals this."""
        found = None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while (found := await self.holds.bench.value(query, *values)) != expected:  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise AssertionError(f"it is {found!r}, not {expected!r}") from None

    async def until_events(self, case_no: str, kind: str, count: int = 1) -> None:
        """Wait until the case's log has this many events of a kind."""
        query = "SELECT count(*) FROM case_event WHERE case_no = $1 AND kind = $2"
        await self.until_value(count, query, case_no, kind)

    async def until_level(self, grievance_id: UUID, level: str) -> None:
        """Wait until a grievance is at that level."""
        await self.until_value(level, "SELECT level FROM grievance WHERE grievance_id = $1", grievance_id)

    async def clear(self) -> None:
        """Terminate workflows that still run, so that the next stage's worker does not get them."""
        for workflow_id in self.started:
            try:
                await self.skipper.client.get_workflow_handle(workflow_id).terminate("the test is over")
            except RPCError:
                continue


def worker_of(stage: GrievanceStage) -> Worker:
    """A worker for grievances only, in the sandbox."""
    grievances = GrievanceActivities(at_workflow_time(stage.holds.ctx))
    return Worker(
        stage.skipper.client,
        task_queue=options.RESTORATION_QUEUE,
        workflows=[GrievanceWorkflow],
        workflow_runner=sandbox(),
        interceptors=[AtWorkflowTime()],
        activities=[grievances.read_grievance_state, grievances.move_grievance],
    )


@asynccontextmanager
async def grievance_stage(ctx: Context, client: Client) -> AsyncIterator[GrievanceStage]:
    """A stage with a running worker, and its own case numbers."""
    await number_apart(ctx.pool)
    stage = GrievanceStage(ctx, client)
    async with worker_of(stage):
        yield stage
        await stage.clear()
