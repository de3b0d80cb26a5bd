"""Baseline: the same batches as bare Temporal workflows, without a database and HTTP.

For every case there is one workflow; for every hold request one activity on a separate queue and one signal as the
bank's answer. The ratio of the two rates is the cost of our transactions, interfaces and checks.

The sandbox of the workflow imports this file again, so it imports nothing of the engine: an extension in C that is
imported twice ends the process.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, Worker

CASE_QUEUE = "bare-cases"
CALL_QUEUE = "bare-calls"
CASES_AT_ONCE = 64

Batches = tuple[int, ...]
"""number of hold requests in each batch of a case"""


@dataclass(frozen=True)
class BareCase:
    """A case reduced to its batches."""

    case_no: str
    batches: Batches


@dataclass(frozen=True)
class BareCall:
    """A hold request reduced to its position."""

    case_no: str
    batch: int
    number: int


@workflow.defn
class BareCaseWorkflow:
    """Batches of activities, each answered by a signal."""

    def __init__(self) -> None:
        self._answered: set[tuple[int, int]] = set()

    @workflow.run
    async def run(self, case: BareCase) -> int:
        """Send every batch after the previous one is answered; return the number of calls."""
        for batch, calls in enumerate(case.batches):
            await asyncio.gather(*(self._call(BareCall(case.case_no, batch, number)) for number in range(calls)))
        return sum(case.batches)

    @workflow.signal
    def answered(self, call: BareCall) -> None:
        """Signal: the bank has answered."""
        self._answered.add((call.batch, call.number))

    async def _call(self, call: BareCall) -> None:
        await workflow.execute_activity_method(
            BareBank.ask, call, task_queue=CALL_QUEUE, start_to_close_timeout=timedelta(seconds=60)
        )
        await workflow.wait_condition(lambda: (call.batch, call.number) in self._answered)


@dataclass
class BareBank:
    """Accepts a call and answers at once by signal."""

    client: Client
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @activity.defn
    async def ask(self, call: BareCall) -> None:
        """Handle one call: only send the answer."""
        task = asyncio.get_running_loop().create_task(self._answer(call))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _answer(self, call: BareCall) -> None:
        handle = self.client.get_workflow_handle(f"bare-{call.case_no}")
        await handle.signal(BareCaseWorkflow.answered, call)


async def run_bare(client: Client, cases: Sequence[BareCase]) -> float:
    """Run the cases, `CASES_AT_ONCE` at a time, and return the duration in seconds of real time."""
    bank = BareBank(client)
    limit = asyncio.Semaphore(CASES_AT_ONCE)

    async def one(case: BareCase) -> None:
        async with limit:
            await client.execute_workflow(BareCaseWorkflow.run, case, id=f"bare-{case.case_no}", task_queue=CASE_QUEUE)

    case_worker = Worker(
        client,
        task_queue=CASE_QUEUE,
        workflows=[BareCaseWorkflow],
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        disable_eager_activity_execution=True,
    )
    call_worker = Worker(
        client,
        task_queue=CALL_QUEUE,
        activities=[bank.ask],
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
    )
    async with case_worker, call_worker:
        started = time.monotonic()
        await asyncio.gather(*(one(case) for case in cases))
        return time.monotonic() - started
