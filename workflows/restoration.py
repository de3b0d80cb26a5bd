"""One victim's money on its way home: the clocks of its steps, from the first hold to the closure."""

from typing import assert_never

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.restoration.deadlines import RestorationActivities
    from schemas.outbox.procedures import ProcedureStart
    from schemas.restoration.restorations import Errand
    from schemas.restoration_enums import Step
    from workflows import row_clock


@workflow.defn(name="RestorationWorkflow")
class RestorationWorkflow:
    """Keeps the clocks of one restoration; officers move it from step to step, each verb a transaction of its own."""

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        self._restoration = row_clock.Procedure(start)

    @workflow.run
    async def run(self, start: ProcedureStart) -> None:
        """Remind and escalate, end what nobody has to end, divide what is up for approval; until it is over."""
        while not (look := await self._restoration.look(RestorationActivities.look_at_restoration)).over:
            if look.at == Step.APPLICATION:
                await self._restoration.act(RestorationActivities.write_application)
            if due := await self._restoration.wait(look):
                match Errand(due.what):
                    case Errand.REMIND:
                        await self._restoration.act(RestorationActivities.remind_of_step)
                    case Errand.ESCALATE:
                        await self._restoration.act(RestorationActivities.escalate_step)
                    case Errand.ALLOCATE:
                        await self._restoration.act(RestorationActivities.divide_accounts)
                    case Errand.END_STEP | Errand.ROUTE | Errand.TAKE_ORDER | Errand.DROP_ORDER | Errand.WIND_UP:
                        await self._restoration.act(RestorationActivities.move_restoration, due.what)
                    case other:
                        assert_never(other)
            self._restoration.continue_if_long()

    @workflow.signal(name="changed")
    def changed(self) -> None:
        """The restoration, or what its way depends on, was written."""
        self._restoration.take_note()
