"""Workflow of one restoration: the deadlines of its steps, from the first hold to closure."""

from typing import assert_never

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.recovery.restoration_deadlines import RestorationActivities
    from schemas.procedures import ProcedureStart
    from schemas.recovery.restorations import ClockAction
    from schemas.restoration_enums import Step
    from workflows import row_clock


@workflow.defn(name="RestorationWorkflow")
class RestorationWorkflow:
    """Workflow that keeps the deadlines of one restoration.

    Officers move it; each decision is a separate transaction.
    """

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        self._restoration = row_clock.RowClock(start)

    @workflow.run
    async def run(self, start: ProcedureStart) -> None:
        """Remind, escalate, end steps that need no officer, and allocate money for approval, until closure."""
        while not (state := await self._restoration.read_state(RestorationActivities.read_restoration_state)).over:
            if state.at == Step.APPLICATION:
                await self._restoration.act(RestorationActivities.write_application)
            if due := await self._restoration.wait(state):
                match ClockAction(due.what):
                    case ClockAction.REMIND:
                        await self._restoration.act(RestorationActivities.remind_of_step)
                    case ClockAction.ESCALATE:
                        await self._restoration.act(RestorationActivities.escalate_step)
                    case ClockAction.ALLOCATE:
                        await self._restoration.act(RestorationActivities.divide_accounts)
                    case (
                        ClockAction.END_STEP
                        | ClockAction.ROUTE
                        | ClockAction.TAKE_ORDER
                        | ClockAction.DROP_ORDER
                        | ClockAction.WIND_UP
                    ):
                        await self._restoration.act(RestorationActivities.move_restoration, due.what)
                    case other:
                        assert_never(other)
            self._restoration.continue_if_long()

    @workflow.signal(name="changed")
    def changed(self) -> None:
        """Signal: the row of the restoration, or of something it depends on, changed."""
        self._restoration.mark_changed()
