"""Workflows that run by a schedule."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.case.outbox import SweepActivities
    from schemas.case.case_workflow import Swept
    from workflows import options


@workflow.defn(name="SweepWorkflow")
class SweepWorkflow:
    """Workflow that a schedule runs. It starts cases and sends notifications that failed while Temporal was away."""

    @workflow.run
    async def run(self) -> Swept:
        """Make the sweeps of one run. Where a worker stops, another one goes on."""
        swept = await self._sweep()
        while swept.is_cut_short:
            swept = swept.with_next(await self._sweep())
        return swept

    async def _sweep(self) -> Swept:
        return await workflow.execute_activity_method(
            SweepActivities.sweep_outbox,
            task_queue=options.CASE_WORK_QUEUE,
            start_to_close_timeout=options.SWEEP_TIMEOUT,
            schedule_to_close_timeout=options.SWEEP_TIMEOUT,
            heartbeat_timeout=options.SWEEP_HEARTBEAT,
            retry_policy=options.SWEEP_RETRY,
        )


with workflow.unsafe.imports_passed_through():
    from activities.gateway.lien_rounds import ReconciliationActivities
    from schemas.gateway.liens import AskForList, RoundDone
    from workflows import options


@workflow.defn(name="ReconciliationWorkflow")
class ReconciliationWorkflow:
    """Workflow that a schedule runs. It keeps no state: the next run repeats what this run could not ask."""

    @workflow.run
    async def run(self) -> RoundDone:
        """Run one round of requests."""
        plan = await workflow.execute_activity_method(
            ReconciliationActivities.plan_round,
            task_queue=options.CASE_WORK_QUEUE,
            start_to_close_timeout=options.ROUND_TIMEOUT,
            schedule_to_close_timeout=options.ROUND_TIMEOUT,
            retry_policy=options.NO_RETRY,
        )
        asked = await asyncio.gather(*(self._ask(request) for request in plan.asks))
        return RoundDone(asked=sum(asked), lists_compared=plan.lists_compared, told=plan.told)

    async def _ask(self, request: AskForList) -> bool:
        """Ask one bank over a channel, else by letter and telephone; return False if the next round must."""
        try:
            if not (request.by_channel and await self._ask_by_channel(request)):
                await self._ask_by_people(request)
        except ActivityError:
            return False
        return True

    async def _ask_by_people(self, request: AskForList) -> None:
        await workflow.execute_activity_method(
            ReconciliationActivities.ask_by_people,
            request,
            task_queue=options.CASE_WORK_QUEUE,
            start_to_close_timeout=options.MAIL_TIMEOUT,
            heartbeat_timeout=options.ACTIVITY_HEARTBEAT,
            schedule_to_close_timeout=options.ROUND_TIMEOUT,
            retry_policy=options.RECORD_RETRY,
        )

    async def _ask_by_channel(self, request: AskForList) -> bool:
        try:
            return await workflow.execute_activity_method(
                ReconciliationActivities.ask_by_channel,
                request,
                task_queue=options.BANK_CALLS_QUEUE,
                start_to_close_timeout=options.LIEN_LIST_ATTEMPT,
                schedule_to_close_timeout=options.LIEN_LIST_WINDOW,
                retry_policy=options.LIEN_LIST_RETRY,
                # Lower priority than every hold request.
                priority=options.bank_call_priority(request.institution, options.LAST_PRIORITY),
            )
        except ActivityError:
            # The bank was unreachable for the whole time, or no worker serves the queue. People ask the bank instead.
            return False


class Alarm:
    """The waits of one workflow. Its timer runs to the earliest of them.

    A wait that ends early leaves the timer as it is: a timer that fires for nothing costs less than one that is
    cancelled and started again.
    """

    def __init__(self) -> None:
        self._dues: list[datetime] = []
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due: datetime | None = None

    async def holds_within(self, condition: Callable[[], bool], timeout: timedelta) -> bool:
        """Wait until `condition` holds or `timeout` is over; return whether it holds."""
        due = workflow.now() + timeout
        self._dues.append(due)
        self._run_timer()
        try:
            await workflow.wait_condition(lambda: condition() or workflow.now() >= due)
        finally:
            self._dues.remove(due)
        return condition()

    def stop(self) -> None:
        """Cancel the timer."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._timer_due = None

    def _run_timer(self) -> None:
        now = workflow.now()
        due = min((due for due in self._dues if due > now), default=None)
        if due is None or (self._timer_due is not None and self._timer_due <= due):
            return
        self.stop()
        self._timer_due = due
        self._timer = asyncio.get_running_loop().call_later((due - now).total_seconds(), self._fired)

    def _fired(self) -> None:
        self._timer = self._timer_due = None
        self._run_timer()
