"""Activities of a restoration's workflow: read its state, and do the actions that are due.

Each activity may run twice. An action is due by the clocks of the workflow and of the database. The activity does
nothing if it is done or no longer due.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from temporalio import activity

from activities.case.transaction import ENGINE
from activities.context import Context
from activities.recovery import allocation, holder_messages
from activities.recovery.document_issuing import issue_about
from activities.recovery.hold_transaction import refuse_if_early, time_of_action
from activities.recovery.orders import FOR_ITS_BANK
from activities.recovery.restoration_refusals import continue_under_order
from activities.recovery.restoration_transitions import (
    Work,
    ask,
    back_to_approval,
    close,
    go_back,
    move_on,
    order_waiting,
    paid,
    reroute,
    restoration_transaction,
    step_state,
    why_order_dropped,
)
from db.recovery import bank_orders, notifications, openings, restorations
from domain.errors import RuleBroken
from domain.recovery.procedure import dues, waits_for_order
from schemas.enums import TaskKind
from schemas.events import EventKind
from schemas.procedures import ActionInput, RowState
from schemas.recovery.restorations import ClockAction
from schemas.restoration_enums import DocumentKind, RestorationState, Step, StepOutcome
from schemas.tasks import TaskCause

log = logging.getLogger(__name__)

NOTHING_LEFT: Final = "none of its money is on hold any more"
_ENDS_WITH: Final = {Step.COLLECTING: "the trail has been followed", Step.CREDIT: "every order is done or cancelled"}
ORDER_CANCELLED: Final = "an order was cancelled and its money is still on hold"
NO_OBJECTION: Final = "no objection was made in time"


@dataclass(frozen=True)
class RestorationActivities:
    """The activities of `RestorationWorkflow`."""

    ctx: Context

    @activity.defn(name="read_restoration_state")
    async def read_restoration_state(self, asked: ActionInput) -> RowState:
        """Read the state of the restoration, and when each action falls due."""
        async with (
            self.ctx.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            row = await restorations.find(connection, UUID(asked.subject))
            if row is None or row.state is not RestorationState.OPEN:
                return RowState(over=True)
            found = await step_state(connection, self.ctx, row)
        return RowState(over=False, at=row.step.value, dues=dues(found, row.policy, asked.at))

    @activity.defn(name="write_application")
    async def write_application(self, asked: ActionInput) -> None:
        """Issue the application for the victim's signature in the victim's language, once for each visit of the step.

        The victim is told in the same transaction. If facts are missing, a person gets a task. The next read of the
        state tries again. The case is not locked if the application is issued.
        """
        async with self.ctx.pool.acquire() as reading:
            if not await openings.owes_application(reading, UUID(asked.subject)):
                return
        async with restoration_transaction(self.ctx, UUID(asked.subject), ENGINE) as work:
            connection, row = work.connection, work.row
            if row.state is not RestorationState.OPEN or row.step is not Step.APPLICATION:
                return
            victim = await notifications.victim(connection, row.ack_no)
            try:
                async with connection.transaction():
                    issued = await issue_about(
                        work.as_engine,
                        DocumentKind.RESTORATION_APPLICATION,
                        str(row.restoration_id),
                        language=victim.language,
                        revision=row.visit_no,
                    )
            except RuleBroken as error:
                log.info("restoration %s has no application: %s", row.restoration_id, type(error).__name__)
                await ask(work, cause=TaskCause.APPLICATION_LACKS_FACTS)
                return
            await holder_messages.application_issued(connection, self.ctx, row, issued, await _due_at(work), work.now)
            await work.close_tasks(work.subject, [TaskCause.APPLICATION_LACKS_FACTS], "it is written")

    @activity.defn(name="divide_accounts")
    async def divide_accounts(self, asked: ActionInput) -> None:
        """Divide the money held at its accounts between their victims, if it is at the approval step."""
        await allocation.divide(self.ctx, UUID(asked.subject), ENGINE)

    @activity.defn(name="remind_of_step")
    async def remind_of_step(self, asked: ActionInput) -> None:
        """Remind the person who has to act that the step is due soon."""
        await self._do(asked, ClockAction.REMIND)

    @activity.defn(name="escalate_step")
    async def escalate_step(self, asked: ActionInput) -> None:
        """Open a task about the overdue step for the supervisor, and notify the case's supervising officer."""
        await self._do(asked, ClockAction.ESCALATE)

    @activity.defn(name="move_restoration")
    async def move_restoration(self, asked: ActionInput) -> None:
        """Do the action `asked.what`: end the step, change the route, take or drop an order, or wind up."""
        await self._do(asked, ClockAction(asked.what))

    async def _do(self, asked: ActionInput, action: ClockAction) -> None:
        async with restoration_transaction(self.ctx, UUID(asked.subject), ENGINE) as work:
            if work.row.state is not RestorationState.OPEN:
                return
            at = time_of_action(asked, work.now)
            found = dues(await step_state(work.connection, work.ctx, work.row), work.row.policy, at)
            due_at = next((due.at for due in found if due.what == action), None)
            if due_at is None:
                return
            refuse_if_early(asked, due_at, work.now)
            if due_at <= at:
                await _run(work, action)


async def _run(work: Work, action: ClockAction) -> None:
    match action:
        case ClockAction.WIND_UP:
            await _wind_up(work)
        case ClockAction.END_STEP:
            await _end_step(work)
        case ClockAction.ROUTE:
            await reroute(work)
        case ClockAction.TAKE_ORDER:
            order = await order_waiting(work.connection, work.row)
            assert order is not None, "the action is due only with such an order, and the case is locked"
            await continue_under_order(work, order)
        case ClockAction.DROP_ORDER:
            await _drop_order(work)
        case ClockAction.REMIND:
            await restorations.note_reminded(work.connection, work.row.restoration_id, work.now)
            await _log_overdue(work, action)
            await holder_messages.due_soon(work.connection, work.ctx, work.row, await _due_at(work), work.now)
        case ClockAction.ESCALATE:
            await escalate(work)
        case ClockAction.ALLOCATE:
            raise AssertionError("accounts are divided in a transaction that locks all their cases")
        case other:
            assert_never(other)


async def escalate(work: Work) -> None:
    """Escalate the step to the supervisor by a task and a notification.

    At `credit` a bank is late, and its order has an escalation of its own. Its open task is then enough.
    """
    await restorations.note_escalated(work.connection, work.row.restoration_id, work.now)
    await _log_overdue(work, ClockAction.ESCALATE)
    if not await bank_orders.are_asked_about(work.connection, work.row.restoration_id, FOR_ITS_BANK):
        await ask(work, TaskKind.SUPERVISE)
    await holder_messages.overdue(work.connection, work.ctx, work.row, await _due_at(work), work.now)


async def _wind_up(work: Work) -> None:
    """End a restoration without held money: as restored if a bank has credited anything, else as cancelled.

    A bank may have executed a cancelled order.
    """
    if await restorations.restored_paise(work.connection, work.row.restoration_id):
        await paid(work, StepOutcome.SKIPPED, NOTHING_LEFT)
    else:
        await close(work, RestorationState.CANCELLED, StepOutcome.CANCELLED, NOTHING_LEFT)


async def _due_at(work: Work) -> datetime:
    due_at = (await step_state(work.connection, work.ctx, work.row)).due_at
    assert due_at is not None, "an action about a deadline needs a deadline"
    return due_at


async def _drop_order(work: Work) -> None:
    """Drop the court order, and go back to wait for another if the route needs one.

    A newer order that has arrived since is taken at once.
    """
    why = await why_order_dropped(work.connection, work.row)
    assert why is not None, "the action is due only with a reason, and the case is locked"
    await restorations.set_court_order(work.connection, work.row.restoration_id, None)
    step = waits_for_order(work.row.route) if work.row.route else None
    await go_back(work, step or Step.VERIFICATION, why.fact)


async def _end_step(work: Work) -> None:
    step = work.row.step
    if step is Step.CREDIT and await _cancelled_orders_left_money(work):
        await back_to_approval(work, ORDER_CANCELLED)
        return
    await move_on(work, StepOutcome.DONE, _ENDS_WITH.get(step, NO_OBJECTION))


async def _cancelled_orders_left_money(work: Work) -> bool:
    """Return whether cancelled orders left money on hold.

    Then the approval is prepared again, and the application stays valid.
    """
    if not await bank_orders.is_taken_back(work.connection, work.row.restoration_id):
        return False
    if not await restorations.restored_paise(work.connection, work.row.restoration_id):
        return True
    return any(line.due_paise and line.free_paise for line in await work.lines())


async def _log_overdue(work: Work, action: ClockAction) -> None:
    await work.log(
        EventKind.RESTORATION_OVERDUE, step=work.row.step.value, visit_no=work.row.visit_no, what=action.value
    )
