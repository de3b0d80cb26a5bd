"""Workflow of a case's statutory duties: what the law requires of the police after a hold."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.police.statutory_duties import StatutoryDutyActivities
    from schemas.outbox.procedures import ProcedureStart
    from workflows import row_clock


@workflow.defn(name="DutiesWorkflow")
class DutiesWorkflow:
    """Workflow that keeps the deadlines of a case's duties. A later duty of the same case starts it again."""

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        self._duties = row_clock.RowClock(start)

    @workflow.run
    async def run(self, start: ProcedureStart) -> None:
        """Remind officers of each duty before its deadline and escalate overdue duties, until all are done."""
        while not (state := await self._duties.read_state(StatutoryDutyActivities.read_duties_state)).over:
            if due := await self._duties.wait(state):
                await self._duties.act(StatutoryDutyActivities.care_for_duty, due.what)
            self._duties.continue_if_long()

    @workflow.signal(name="changed")
    def changed(self) -> None:
        """Signal: the row of a duty changed."""
        self._duties.mark_changed()
