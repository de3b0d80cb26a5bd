"""Workflow of one account holder's grievance: the deadline of its current level, until it is decided."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.recovery.grievance_access import GrievanceActivities
    from schemas.procedures import ProcedureStart
    from workflows import row_clock


@workflow.defn(name="GrievanceWorkflow")
class GrievanceWorkflow:
    """Workflow that keeps the deadline of one grievance. An appeal to the next level starts it again."""

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        self._grievance = row_clock.RowClock(start)

    @workflow.run
    async def run(self, start: ProcedureStart) -> None:
        """Pass the grievance up when a level misses its deadline: bank, IO, Dy SP, district, State."""
        while not (state := await self._grievance.read_state(GrievanceActivities.read_grievance_state)).over:
            if due := await self._grievance.wait(state):
                await self._grievance.act(GrievanceActivities.move_grievance, due.what)
            self._grievance.continue_if_long()

    @workflow.signal(name="changed")
    def changed(self) -> None:
        """Signal: the row of the grievance, or of its hold, changed."""
        self._grievance.mark_changed()
