"""A restoration workflow that could be deployed by mistake while others are open."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from schemas.outbox.procedures import ProcedureStart
    from workflows.restoration import RestorationWorkflow


@workflow.defn(name="RestorationWorkflow")
class RestsFirst(RestorationWorkflow):
    """Begins with a pause."""

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: ProcedureStart) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await super().run(start)
