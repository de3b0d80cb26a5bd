"""The baseline: the same waves as bare Temporal workflows, with no database and no HTTP.

For every case one workflow, for every hold request one activity on a queue of its own and one signal that stands for
the bank's answer. What this rate is to the engine's is what our transactions, wires and checks cost.
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

Waves = tuple[int, ...]
"""how many hold requests each wave of a case has"""


@dataclass(frozen=True)
class BareCase:
    """A case reduced to its waves."""

    case_no: str
    waves: Waves


@dataclass(frozen=True)
class BareCall:
    """One hold request reduced to its place."""

    case_no: str
    wave: int
    number: int


@workflow.defn
class BareCaseWorkflow:
    """Waves of activities, each answered by a signal."""

    def __init__(self) -> None:
        self._answered: set[tuple[int, int]] = set()

    @workflow.run
    async def run(self, case: BareCase) -> int:
        """Send every wave once the one before it is answered; return how many calls were made."""
        for wave, calls in enumerate(case.waves):
            await asyncio.gather(*(self._call(BareCall(case.case_no, wave, number)) for number in range(calls)))
        return sum(case.waves)

    @workflow.signal
    def answered(self, call: BareCall) -> None:
        """The bank's answer."""
        self._answered.add((call.wave, call.number))

    async def _call(self, call: BareCall) -> None:
        await workflow.execute_activity_method(
            BareBank.ask, call, task_queue=CALL_QUEUE, start_to_close_timeout=timedelta(seconds=60)
        )
        await workflow.wait_condition(lambda: (call.wave, call.number) in self._answered)


@dataclass
class BareBank:
    """Takes a call and answers at once by signal."""

    client: Client
    errands: set[asyncio.Task[None]] = field(default_factory=set)

    @activity.defn
    async def ask(self, call: BareCall) -> None:
        """One call: nothing is done but the answer sent."""
        errand = asyncio.get_running_loop().create_task(self._answer(call))
        self.errands.add(errand)
        errand.add_done_callback(self.errands.discard)

    async def _answer(self, call: BareCall) -> None:
        handle = self.client.get_workflow_handle(f"bare-{call.case_no}")
        await handle.signal(BareCaseWorkflow.answered, call)


async def run_bare(client: Client, cases: Sequence[BareCase]) -> float:
    """Run the cases, `CASES_AT_ONCE` at a time, and return the wall seconds it took."""
    bank = BareBank(client)
    gate = asyncio.Semaphore(CASES_AT_ONCE)

    async def one(case: BareCase) -> None:
        async with gate:
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
