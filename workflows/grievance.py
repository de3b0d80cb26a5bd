"""One account holder's grievance: the clock of the level it is with, until it is decided."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.grievances.deadlines import GrievanceActivities
    from schemas.outbox.procedures import ProcedureStart
    from workflows import row_clock


@workflow.defn(name="GrievanceWorkflow")
class GrievanceWorkflow:
    """Keeps the clock of one grievance; a decision that the holder takes on begins it anew."""

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        self._grievance = row_clock.Procedure(start)

    @workflow.run
    async def run(self, start: ProcedureStart) -> None:
        """Bank, IO, Dy SP, district and State: what a level has not decided in its time goes to the one above."""
        while not (look := await self._grievance.look(GrievanceActivities.look_at_grievance)).over:
            if due := await self._grievance.wait(look):
                await self._grievance.act(GrievanceActivities.move_grievance, due.what)
            self._grievance.continue_if_long()

    @workflow.signal(name="changed")
    def changed(self) -> None:
        """The grievance, or the hold that it is about, was written."""
        self._grievance.take_note()
