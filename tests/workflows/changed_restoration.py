"""A changed restoration workflow, which must fail the replay of recorded restorations."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from schemas.procedures import ProcedureStart
    from workflows.procedures import RestorationWorkflow


@workflow.defn(name="RestorationWorkflow")
class RestsFirst(RestorationWorkflow):
    """Begins with a timer."""

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: ProcedureStart) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await super().run(start)
