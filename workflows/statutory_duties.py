"""The duties of one case: what the law asks of the police after a hold, each with its own clock."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.police.statutory_duties import StatutoryDutyActivities
    from schemas.outbox.procedures import ProcedureStart
    from workflows import row_clock


@workflow.defn(name="DutiesWorkflow")
class DutiesWorkflow:
    """Keeps the clocks of a case's duties; the next duty of a case whose duties were all done begins it anew."""

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        self._duties = row_clock.Procedure(start)

    @workflow.run
    async def run(self, start: ProcedureStart) -> None:
        """Remind of each duty before it is due, and escalate what is overdue, until all are done."""
        while not (look := await self._duties.look(StatutoryDutyActivities.look_at_duties)).over:
            if due := await self._duties.wait(look):
                await self._duties.act(StatutoryDutyActivities.care_for_duty, due.what)
            self._duties.continue_if_long()

    @workflow.signal(name="changed")
    def changed(self) -> None:
        """A duty was written."""
        self._duties.take_note()
