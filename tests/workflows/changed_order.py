"""An order's workflow that could be deployed by mistake while orders of the recorded kind are under way."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.orders.orders import OrderActivities
    from schemas.outbox.procedures import ProcedureStart
    from workflows.bank_order import OrderWorkflow


@workflow.defn(name="OrderWorkflow")
class NeverSends(OrderWorkflow):
    """Climbs the ladder over an order that no bank has."""

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: ProcedureStart) -> None:
        while not (state := await self._order.read_state(OrderActivities.look_at_order)).over:
            if due := await self._order.wait(state):
                await self._order.act(OrderActivities.climb_order, due.what)
