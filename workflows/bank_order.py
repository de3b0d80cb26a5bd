"""Workflow of one order to a bank: deliver it, remind the bank, escalate until the bank confirms it.

A cancelled order is delivered and escalated in the same way, until the bank acknowledges the cancellation.
"""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.recovery.cancellations import CancellationActivities
    from activities.recovery.orders import OrderActivities
    from schemas.procedures import OrderAction, OrderStage, ProcedureStart, RowState
    from schemas.restoration_enums import OrderState
    from workflows import options, row_clock

_SENDERS: dict[str, Any] = {
    OrderState.PLANNED: OrderActivities.send_order,
    OrderStage.TO_TELL: CancellationActivities.send_cancellation,
}
"""the activity that calls the bank, by the state of the order"""


@workflow.defn(name="OrderWorkflow")
class OrderWorkflow:
    """Workflow that keeps the deadlines of one order."""

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        self._order = row_clock.RowClock(start)

    @workflow.run
    async def run(self, start: ProcedureStart) -> None:
        """Deliver the order and escalate it until the bank confirms it or acknowledges its cancellation."""
        while not (state := await self._order.read_state(OrderActivities.read_order_state)).over:
            if (send := _SENDERS.get(state.at)) and await self._delivered(state, send):
                continue
            due = await self._order.wait(state)
            if due is not None and due.what != OrderAction.TRY_AGAIN:
                cancelled = state.at in {OrderStage.TO_TELL, OrderStage.TOLD}
                escalate = CancellationActivities.escalate_cancellation if cancelled else OrderActivities.escalate_order
                await self._order.act(escalate, due.what)
            self._order.continue_if_long()

    @workflow.signal(name="changed")
    def changed(self) -> None:
        """Signal: the order's row changed."""
        self._order.mark_changed()

    async def _delivered(self, state: RowState, send: Any) -> bool:
        """Try the channels until the next deadline; return whether a bank took it.

        A failure to reach the bank is not an error here, because escalation deals with it.
        """
        left = [due.at - workflow.now() for due in state.dues if due.what != OrderAction.TRY_AGAIN]
        try:
            return await workflow.execute_activity_method(
                send,
                self._order.action_input(),
                task_queue=options.BANK_CALLS_QUEUE,
                start_to_close_timeout=row_clock.ORDER_CALL_TIMEOUT,
                schedule_to_close_timeout=max(min([*left, row_clock.ORDER_CALL_WINDOW]), timedelta(seconds=1)),
                retry_policy=row_clock.ORDER_CALL_RETRY,
                # Lower priority than every hold request, because this money is already on hold.
                priority=options.bank_call_priority(self._order.start.subject, options.LAST_PRIORITY),
            )
        except ActivityError:
            return False
