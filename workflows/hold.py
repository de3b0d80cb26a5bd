"""Workflow of one case's money on hold at one account: notice to the holder, warnings before lapse, and lapse."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.holds.lifecycle import HoldActivities
    from schemas.outbox.procedures import ProcedureStart
    from workflows import row_clock


@workflow.defn(name="HoldWorkflow")
class HoldWorkflow:
    """Workflow that keeps the deadlines of one hold until no money is on hold."""

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        self._hold = row_clock.RowClock(start)

    @workflow.run
    async def run(self, start: ProcedureStart) -> None:
        """Notify the holder, warn 30, 15, 7 and 1 day before lapse, then let the hold lapse.

        An order that comes first stops these deadlines.
        """
        while not (state := await self._hold.read_state(HoldActivities.read_hold_state)).over:
            if due := await self._hold.wait(state):
                await self._hold.act(HoldActivities.attend_to_hold, due.what)
            self._hold.continue_if_long()

    @workflow.signal(name="changed")
    def changed(self) -> None:
        """Signal: the row of the hold, or of an order about it, changed."""
        self._hold.mark_changed()
