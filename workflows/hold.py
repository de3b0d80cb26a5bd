"""The clocks of one case's money on hold at one account: the holder is told, the lapse is warned of, and comes."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.holds.lifecycle import HoldActivities
    from schemas.outbox.procedures import ProcedureStart
    from workflows import row_clock


@workflow.defn(name="HoldWorkflow")
class HoldWorkflow:
    """Keeps the clocks of one hold until nothing is on hold any more."""

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        self._hold = row_clock.Procedure(start)

    @workflow.run
    async def run(self, start: ProcedureStart) -> None:
        """Tell the holder, warn at 30, 15, 7 and 1 day, let it lapse; an order that comes first stops the clocks."""
        while not (look := await self._hold.look(HoldActivities.look_at_hold)).over:
            if due := await self._hold.wait(look):
                await self._hold.act(HoldActivities.attend_to_hold, due.what)
            self._hold.continue_if_long()

    @workflow.signal(name="changed")
    def changed(self) -> None:
        """The hold, or what is ordered about it, was written."""
        self._hold.take_note()
