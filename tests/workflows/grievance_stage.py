"""Grievances on a real Temporal server, each with its own clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from temporalio.client import Client
from temporalio.worker import Worker

from activities.context import Context
from activities.recovery.grievance_access import GrievanceActivities
from schemas.enums import ProcedureKind
from tests.activities.hold_world import Holds
from tests.factories import number_apart
from tests.workflows.clock_stage import ClockStage
from tests.workflows.time_passing import AtWorkflowTime, at_workflow_time
from workers.worker import running, sandbox
from workflows import options
from workflows.procedures import GrievanceWorkflow

GRIEVANCE = ProcedureKind.GRIEVANCE


class GrievanceStage(ClockStage):
    """One stage: people act at the time of the workflow concerned."""

    def __init__(self, ctx: Context, client: Client) -> None:
        self.holds = Holds(ctx)
        super().__init__(client, self.holds.bench, self.holds.clock)

    async def until_events(self, case_no: str, kind: str, count: int = 1) -> None:
        """Wait until the case's log has this many events of a kind."""
        query = "SELECT count(*) FROM case_event WHERE case_no = $1 AND kind = $2"
        await self.until_value(count, query, case_no, kind)

    async def until_level(self, grievance_id: UUID, level: str) -> None:
        """Wait until a grievance is at that level."""
        await self.until_value(level, "SELECT level FROM grievance WHERE grievance_id = $1", grievance_id)


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
    async with running([worker_of(stage)]):
        yield stage
    await stage.clear()
