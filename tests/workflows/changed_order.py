"""A changed order workflow, which must fail the replay of recorded orders."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.recovery.orders import OrderActivities
    from schemas.procedures import ProcedureStart
    from workflows.procedures import OrderWorkflow


@workflow.defn(name="OrderWorkflow")
class NeverSends(OrderWorkflow):
    """Escalates an order that no bank has received."""

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: ProcedureStart) -> None:
        while not (state := await self._order.read_state(OrderActivities.read_order_state)).over:
            if due := await self._order.wait(state):
                await self._order.act(OrderActivities.escalate_order, due.what)
