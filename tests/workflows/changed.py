"""Changed case workflows: most must fail the replay of open cases, and one with a patch must pass."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from schemas.case.case_workflow import CaseOutcome, CaseStart
    from schemas.enums import EscalationLevel
    from workflows.case import CaseWorkflow


@workflow.defn(name="Case")
class WaitsFirst(CaseWorkflow):
    """Begins with a timer."""

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CaseStart) -> CaseOutcome:
        await workflow.sleep(timedelta(seconds=1))
        return await super().run(start)


@workflow.defn(name="Case")
class NeverSettles(CaseWorkflow):
    """Ends without recording that the case is closed."""

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CaseStart) -> CaseOutcome:
        return await super().run(start)

    async def _settle(self) -> bool:
        return True


@workflow.defn(name="Case")
class SkipsTheReminder(CaseWorkflow):
    """Escalates to the nodal officer at once."""

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        levels = {
            answer_class: tuple(step for step in ladder if step.level is not EscalationLevel.REMINDER)
            for answer_class, ladder in start.policy.ladders.items()
        }
        super().__init__(start.model_copy(update={"policy": start.policy.model_copy(update={"ladders": levels})}))

    @workflow.run
    async def run(self, start: CaseStart) -> CaseOutcome:
        return await super().run(start)


@workflow.defn(name="Case")
class WaitsFirstIfNew(CaseWorkflow):
    """The change of `WaitsFirst` behind a patch, so that old cases keep their old behaviour."""

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CaseStart) -> CaseOutcome:
        if workflow.patched("wait-first"):
            await workflow.sleep(timedelta(seconds=1))
        return await super().run(start)
