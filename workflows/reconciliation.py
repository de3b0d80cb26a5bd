"""Workflow that asks banks for their lists of liens when they are due."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError

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
