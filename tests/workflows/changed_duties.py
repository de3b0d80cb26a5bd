"""A changed duties workflow, which must fail the replay of recorded cases."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.police.statutory_duties import StatutoryDutyActivities
    from schemas.outbox.procedures import ProcedureStart
    from workflows.statutory_duties import DutiesWorkflow


@workflow.defn(name="DutiesWorkflow")
class ActsAtOnce(DutiesWorkflow):
    """Does not wait for the deadline."""

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: ProcedureStart) -> None:
        while not (state := await self._duties.read_state(StatutoryDutyActivities.read_duties_state)).over:
            await self._duties.act(StatutoryDutyActivities.care_for_duty, state.dues[0].what)
