"""The round: banks whose time has come are asked for their lists of liens."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.reconciliation.rounds import ReconciliationActivities
    from schemas.reconciliation.rounds import AskForList, RoundDone
    from workflows import options


@workflow.defn(name="ReconciliationWorkflow")
class ReconciliationWorkflow:
    """Run by a schedule. It keeps nothing: what a round has not put to a bank is put by the next."""

    @workflow.run
    async def run(self) -> RoundDone:
        """One round."""
        plan = await workflow.execute_activity_method(
            ReconciliationActivities.plan_round,
            task_queue=options.CASE_WORK_QUEUE,
            start_to_close_timeout=options.ROUND_TIMEOUT,
            schedule_to_close_timeout=options.ROUND_TIMEOUT,
            retry_policy=options.SWEEP_RETRY,
        )
        asked = await asyncio.gather(*(self._ask(order) for order in plan.asks))
        return RoundDone(asked=sum(asked), lists_compared=plan.lists_compared, told=plan.told)

    async def _ask(self, order: AskForList) -> bool:
        """Over a channel where one takes it, else by letter and telephone; false where the next round must."""
        try:
            if not (order.by_channel and await self._ask_by_channel(order)):
                await self._ask_by_people(order)
        except ActivityError:
            return False
        return True

    async def _ask_by_people(self, order: AskForList) -> None:
        await workflow.execute_activity_method(
            ReconciliationActivities.ask_by_people,
            order,
            task_queue=options.CASE_WORK_QUEUE,
            start_to_close_timeout=options.MAIL_TIMEOUT,
            heartbeat_timeout=options.ACTIVITY_HEARTBEAT,
            schedule_to_close_timeout=options.ROUND_TIMEOUT,
            retry_policy=options.RECORD_RETRY,
        )

    async def _ask_by_channel(self, order: AskForList) -> bool:
        try:
            return await workflow.execute_activity_method(
                ReconciliationActivities.ask_by_channel,
                order,
                task_queue=options.BANK_CALLS_QUEUE,
                start_to_close_timeout=options.LIST_ASK_ATTEMPT,
                schedule_to_close_timeout=options.LIST_ASK_FOR,
                retry_policy=options.LIST_ASK_RETRY,
                # Behind every hold request.
                priority=options.bank_call_priority(order.institution, options.LAST_PRIORITY),
            )
        except ActivityError:
            # The bank was away for all that time, or nobody serves the queue: people ask.
            return False
