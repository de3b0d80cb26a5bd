"""A case's duties on real Temporal and PostgreSQL, and the recorded path."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.testing import TimeSkipper
from temporalio.worker import Worker

from activities.cases.transaction import ENGINE, case_transaction
from activities.context import Context
from activities.police.statutory_duties import StatutoryDutyActivities, duty_done, open_duties
from schemas.restoration_enums import DutyKind
from tests.activities.bench import Bench
from tests.factories import number_apart, row, rrn, transfer
from tests.workflows.time_passing import AtWorkflowTime, at_workflow_time, let_pass
from workers.loops.procedures import ProcedureStarter
from workers.worker import sandbox
from workflows import options
from workflows.statutory_duties import DutiesWorkflow

PATIENCE_SECONDS = 180.0
LOOK_SECONDS = 0.02
HOUR = timedelta(hours=1)


@dataclass
class DutyStage:
    """Duties of cases, with the real procedure starter and a clock that the test moves."""

    ctx: Context
    client: Client
    skipper: TimeSkipper

    async def open(self) -> str:
        """Create a case whose duties are open and whose workflow runs; return its number."""
        bench, root = Bench(self.ctx), rrn()
        case_no = await bench.complain(transfer(1_000_00, reference=root))
        await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
        await self.open_again(case_no)
        return case_no

    async def open_again(self, case_no: str) -> None:
        async with case_transaction(self.ctx, case_no, ENGINE) as work:
            await open_duties(work)
        await self.notify()

    async def notify(self) -> None:
        """Start and notify workflows from the outbox."""
        await ProcedureStarter(self.ctx, self.client).run_once()

    async def done(self, case_no: str, kind: DutyKind) -> None:
        async with case_transaction(self.ctx, case_no, "officer:io") as work:
            assert await duty_done(work, kind)
        await self.notify()

    async def skip(self, case_no: str, wait: timedelta) -> None:
        """Let the workflow's clock go on."""
        await let_pass(self.skipper, self.handle(case_no), wait)

    def handle(self, case_no: str) -> WorkflowHandle[DutiesWorkflow, None]:
        return self.client.get_workflow_handle_for(DutiesWorkflow.run, f"duties-{case_no}")

    async def ended(self, case_no: str) -> None:
        """Wait until the workflow has ended."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.handle(case_no).result()

    async def until(self, case_no: str, kind: str, count: int) -> None:
        """Wait until the case's log has this many events of a kind."""
        await self.until_row(count, "SELECT count(*) FROM case_event WHERE case_no = $1 AND kind = $2", case_no, kind)

    async def until_row(self, expected: object, query: str, *values: Any) -> None:
        """Wait until a query's first value equals this."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.ctx.pool.fetchval(query, *values) != expected:  # noqa: ASYNC110 - no event is set
                await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def duty_stage(ctx: Context, client: Client) -> AsyncIterator[DutyStage]:
    """A stage with a running worker; the workflows' clocks stand still unless the test moves them."""
    await number_apart(ctx.pool)
    skipper = TimeSkipper(client)
    duties = StatutoryDutyActivities(at_workflow_time(ctx))
    worker = Worker(
        skipper.client,
        task_queue=options.RESTORATION_QUEUE,
        workflows=[DutiesWorkflow],
        activities=[duties.read_duties_state, duties.care_for_duty],
        workflow_runner=sandbox(),
        interceptors=[AtWorkflowTime()],
    )
    with skipper.with_time_skipping_disabled():
        async with worker:
            yield DutyStage(ctx, skipper.client, skipper)


async def no_response_and_work(stage: DutyStage) -> str:
    """The first duty gets a reminder, is overdue and done late; the second is done in time; then all are done."""
    case_no = await stage.open()
    await stage.skip(case_no, 19 * HOUR)
    await stage.until_row(1, "SELECT count(*) FROM duty WHERE case_no = $1 AND reminded_at IS NOT NULL", case_no)
    await stage.skip(case_no, 7 * HOUR)
    await stage.until(case_no, "duty_overdue", 1)
    await stage.done(case_no, DutyKind.MAGISTRATE_REPORT)
    await stage.done(case_no, DutyKind.FOLLOW_UP)
    await stage.ended(case_no)
    return case_no
