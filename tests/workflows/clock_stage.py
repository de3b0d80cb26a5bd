"""Row-clock workflows on a real Temporal server: begin them, let time pass, act at their time, and read their runs."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError
from temporalio.testing import TimeSkipper

from db.case import case_outbox
from schemas.enums import ProcedureKind
from schemas.procedures import ProcedureStart
from tests.activities.bench import Bench
from tests.clock import Clock
from tests.workflows.time_passing import let_pass
from workers.loops.procedures import WORKFLOWS
from workflows import options

PATIENCE_SECONDS = 180.0
LOOK_SECONDS = 0.1
MOMENT = timedelta(seconds=1)


class ClockStage:
    """One stage: people act at the time of the workflow concerned."""

    def __init__(self, client: Client, bench: Bench, clock: Clock) -> None:
        self.bench = bench
        self.clock = clock
        self.skipper = TimeSkipper(client)
        self.started: list[str] = []

    # -- the workflows -------------------------------------------------------------------------------------------------

    async def begin(self, kind: ProcedureKind, subject: UUID, case_no: str, *, skipping: bool = False) -> None:
        """Start a workflow as the outbox does; with `skipping` time jumps while it only waits."""
        workflow_id = case_outbox.workflow_id(kind, str(subject))
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
        workflow_id = case_outbox.workflow_id(kind, str(subject))
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
        workflow_id = case_outbox.workflow_id(kind, str(subject))
        return self.skipper.client.get_workflow_handle(workflow_id, run_id=run_id)

    async def forward(self, kind: ProcedureKind, subject: UUID, days: float) -> None:
        """Let days pass, and a moment: what falls due in them is done meanwhile."""
        await let_pass(self.skipper, self.handle(kind, subject), timedelta(days=days) + MOMENT)

    async def do(self, kind: ProcedureKind, subject: UUID, act: Callable[[], Awaitable[object]]) -> None:
        """Perform an action at the workflow's time, and notify the workflow as the outbox does."""
        self.clock.at = await self.skipper.get_current_time(self.handle(kind, subject))
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
        handle = self.handle(kind, subject)
        last = (await handle.describe()).run_id
        query = f"WorkflowId = '{handle.id}'"
        runs: dict[str, datetime] = {}
        async with asyncio.timeout(PATIENCE_SECONDS):
            while last not in runs:
                runs = {run.run_id: run.start_time async for run in self.skipper.client.list_workflows(query)}
                await asyncio.sleep(LOOK_SECONDS)
        in_order = sorted(runs, key=lambda run_id: runs[run_id])
        return [await self.handle(kind, subject, run_id).fetch_history() for run_id in in_order]

    # -- queries -------------------------------------------------------------------------------------------------------

    async def until_value(self, expected: object, query: str, *values: object) -> None:
        """Wait until a query's first value equals this."""
        found = None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while (found := await self.bench.value(query, *values)) != expected:  # noqa: ASYNC110 - no event
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise AssertionError(f"it is {found!r}, not {expected!r}") from None

    async def clear(self) -> None:
        """Terminate workflows that still run, so that the next stage's worker does not get them."""
        for workflow_id in self.started:
            try:
                await self.skipper.client.get_workflow_handle(workflow_id).terminate("the test is over")
            except RPCError:
                continue
