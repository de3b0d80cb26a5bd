"""Workflows of rows with deadlines: orders, restorations, grievances.

Workflow of one order to a bank: deliver it, remind the bank, escalate until the bank confirms it. A cancelled order is
delivered and escalated in the same way, until the bank acknowledges the cancellation.
"""

from datetime import timedelta
from typing import Any, assert_never

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.recovery.cancellations import CancellationActivities
    from activities.recovery.orders import OrderActivities
    from schemas.procedures import OrderAction, OrderStage, ProcedureStart, RowState
    from schemas.restoration_enums import OrderState
    from workflows import options

_SENDERS: dict[str, Any] = {
    OrderState.PLANNED: OrderActivities.send_order,
    OrderStage.TO_TELL: CancellationActivities.send_cancellation,
}
"""the activity that calls the bank, by the state of the order"""


@workflow.defn(name="OrderWorkflow")
class OrderWorkflow:
    """Workflow that keeps the deadlines of one order."""

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        self._order = RowClock(start)

    @workflow.run
    async def run(self, start: ProcedureStart) -> None:
        """Deliver the order and escalate it until the bank confirms it or acknowledges its cancellation."""
        while not (state := await self._order.read_state(OrderActivities.read_order_state)).over:
            if (send := _SENDERS.get(state.at)) and await self._delivered(state, send):
                continue
            due = await self._order.wait(state)
            if due is not None and due.what != OrderAction.TRY_AGAIN:
                cancelled = state.at in {OrderStage.TO_TELL, OrderStage.TOLD}
                escalate = CancellationActivities.escalate_cancellation if cancelled else OrderActivities.escalate_order
                await self._order.act(escalate, due.what)
            self._order.continue_if_long()

    @workflow.signal(name="changed")
    def changed(self) -> None:
        """Signal: the order's row changed."""
        self._order.mark_changed()

    async def _delivered(self, state: RowState, send: Any) -> bool:
        """Try the channels until the next deadline; return whether a bank took it.

        A failure to reach the bank is not an error here, because escalation deals with it.
        """
        left = [due.at - workflow.now() for due in state.dues if due.what != OrderAction.TRY_AGAIN]
        try:
            return await workflow.execute_activity_method(
                send,
                self._order.action_input(),
                task_queue=options.BANK_CALLS_QUEUE,
                start_to_close_timeout=ORDER_CALL_TIMEOUT,
                schedule_to_close_timeout=max(min([*left, ORDER_CALL_WINDOW]), timedelta(seconds=1)),
                retry_policy=ORDER_CALL_RETRY,
                # Lower priority than every hold request, because this money is already on hold.
                priority=options.bank_call_priority(self._order.start.subject, options.LAST_PRIORITY),
            )
        except ActivityError:
            return False


with workflow.unsafe.imports_passed_through():
    from activities.recovery.restoration_deadlines import RestorationActivities
    from schemas.procedures import ProcedureStart
    from schemas.recovery.restorations import ClockAction
    from schemas.restoration_enums import Step


@workflow.defn(name="RestorationWorkflow")
class RestorationWorkflow:
    """Workflow that keeps the deadlines of one restoration.

    Officers move it; each decision is a separate transaction.
    """

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        self._restoration = RowClock(start)

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


with workflow.unsafe.imports_passed_through():
    from activities.recovery.grievance_access import GrievanceActivities
    from schemas.procedures import ProcedureStart


@workflow.defn(name="GrievanceWorkflow")
class GrievanceWorkflow:
    """Workflow that keeps the deadline of one grievance. An appeal to the next level starts it again."""

    @workflow.init
    def __init__(self, start: ProcedureStart) -> None:
        self._grievance = RowClock(start)

    @workflow.run
    async def run(self, start: ProcedureStart) -> None:
        """Pass the grievance up when a level misses its deadline: bank, IO, Dy SP, district, State."""
        while not (state := await self._grievance.read_state(GrievanceActivities.read_grievance_state)).over:
            if due := await self._grievance.wait(state):
                await self._grievance.act(GrievanceActivities.move_grievance, due.what)
            self._grievance.continue_if_long()

    @workflow.signal(name="changed")
    def changed(self) -> None:
        """Signal: the row of the grievance, or of its hold, changed."""
        self._grievance.mark_changed()


with workflow.unsafe.imports_passed_through():
    from schemas.procedures import ActionInput, DueAction, ProcedureStart, RowState
    from workflows import options
    from workflows.case_state import holds_within

ORDER_CALL_TIMEOUT = timedelta(seconds=30)
ORDER_CALL_WINDOW = timedelta(hours=1)
ORDER_CALL_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=5), backoff_coefficient=2, maximum_interval=timedelta(minutes=15)
)
"""covers an outage of one hour; after a longer one, the policy decides when to try again"""


class RowClock:
    """Clock of one row: reads its state, and waits until the row changes or an action is due."""

    def __init__(self, start: ProcedureStart) -> None:
        self.start = start
        self._changed = True

    def mark_changed(self) -> None:
        """Record that the row changed."""
        self._changed = True

    def action_input(self, what: str = "") -> ActionInput:
        """Return the input for an activity about the row, at the current time."""
        return ActionInput(subject=self.start.subject, case_no=self.start.case_no, what=what, at=workflow.now())

    async def read_state(self, activity: Any) -> RowState:
        """Return the state of the row. Any later change wakes `wait`.

        If the row was finished but has changed meanwhile, it may have been reopened, so it is read again.
        """
        while True:
            self._changed = False
            state: RowState = await workflow.execute_activity_method(
                activity,
                self.action_input(),
                task_queue=options.RESTORATION_QUEUE,
                start_to_close_timeout=options.RECORD_TIMEOUT,
                schedule_to_close_timeout=options.RECORD_WINDOW,
                retry_policy=options.RECORD_RETRY,
            )
            if not (state.over and self._changed):
                return state

    async def act(self, activity: Any, what: str = "") -> Any:
        """Run an activity about the row, and retry it until it succeeds."""
        return await workflow.execute_activity_method(
            activity,
            self.action_input(what),
            task_queue=options.RESTORATION_QUEUE,
            start_to_close_timeout=options.MAIL_TIMEOUT,
            heartbeat_timeout=options.ACTIVITY_HEARTBEAT,
            schedule_to_close_timeout=options.RECORD_WINDOW,
            retry_policy=options.RECORD_RETRY,
        )

    async def wait(self, state: RowState) -> DueAction | None:
        """Wait until the row changes (return None), or until the first due action (return it)."""
        if not state.dues:
            await workflow.wait_condition(lambda: self._changed)
            return None
        due = state.dues[0]
        return None if await holds_within(lambda: self._changed, due.at - workflow.now()) else due

    def continue_if_long(self) -> None:
        """Continue in a new history if the server suggests it."""
        if workflow.info().is_continue_as_new_suggested():
            workflow.continue_as_new(self.start)
