"""One order to a bank: carried over the channels, chased by the ladder, until the bank has done it.

One that is taken back is carried and chased in the same way, until the bank has said that it does it no more.
"""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.orders.cancellations import CancellationActivities
    from activities.orders.orders import OrderActivities
    from schemas.outbox.procedures import Look, OrderAction, OrderStage, ProcedureStart
    from schemas.restoration_enums import OrderState
    from workflows import options, row_clock

_CARRIES: dict[str, Any] = {
    OrderState.PLANNED: OrderActivities.send_order,
    OrderStage.TO_TELL: CancellationActivities.send_cancellation,
}
"""what is put before the bank, by where the order stands"""


@workflow.defn(name="OrderWorkflow")
class OrderWorkflow:
    """Keeps the clocks of one order."""

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        self._order = row_clock.Procedure(start)

    @workflow.run
    async def run(self, start: ProcedureStart) -> None:
        """Deliver the order, and climb the ladder until it is confirmed, or taken back and the bank knows it."""
        while not (look := await self._order.look(OrderActivities.look_at_order)).over:
            if (carry := _CARRIES.get(look.at)) and await self._delivered(look, carry):
                continue
            due = await self._order.wait(look)
            if due is not None and due.what != OrderAction.TRY_AGAIN:
                taken_back = look.at in {OrderStage.TO_TELL, OrderStage.TOLD}
                climb = CancellationActivities.climb_cancellation if taken_back else OrderActivities.climb_order
                await self._order.act(climb, due.what)
            self._order.continue_if_long()

    @workflow.signal(name="changed")
    def changed(self) -> None:
        """The order was written."""
        self._order.take_note()

    async def _delivered(self, look: Look, carry: Any) -> bool:
        """Try the channels until the next rung; that nobody could be reached is what the ladder is for."""
        left = [due.at - workflow.now() for due in look.dues if due.what != OrderAction.TRY_AGAIN]
        try:
            return await workflow.execute_activity_method(
                carry,
                self._order.asked(),
                task_queue=options.BANK_CALLS_QUEUE,
                start_to_close_timeout=row_clock.ORDER_CALL_TIMEOUT,
                schedule_to_close_timeout=max(min([*left, row_clock.ORDER_CALL_FOR]), timedelta(seconds=1)),
                retry_policy=row_clock.ORDER_CALL_RETRY,
                # Behind every hold request: this money does not run away.
                priority=options.bank_call_priority(self._order.start.subject, options.LAST_PRIORITY),
            )
        except ActivityError:
            return False
