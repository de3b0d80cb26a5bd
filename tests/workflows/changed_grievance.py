"""A changed workflow of grievances, which must fail the replay of recorded ones."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from schemas.procedures import ProcedureStart
    from workflows.procedures import GrievanceWorkflow


@workflow.defn(name="GrievanceWorkflow")
class GrievanceRestsFirst(GrievanceWorkflow):
    """Begins with a timer."""

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: ProcedureStart) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await super().run(start)
