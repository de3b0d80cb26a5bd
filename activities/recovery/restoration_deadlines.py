"""Deadlines of a restoration, and refusals.

Activities of a restoration's workflow: read its state, and do the actions that are due. Each activity may run twice. An
action is due by the clocks of the workflow and of the database. The activity does nothing if it is done or no longer
due.

Refusal or cancellation of a restoration or a part of it, and its reopening. If a bank has credited a part already, the
restoration ends as restored, with its bond. The money still on hold is marked as excluded, with actor, time and reason.
No later round takes it by itself. An officer reopens it, or a court orders to restore it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from temporalio import activity

from activities.case.transaction import ENGINE, refuse_if_early, time_of_action
from activities.context import Context
from activities.recovery import allocation, message_sending
from activities.recovery.document_issuing import issue_about
from activities.recovery.orders import FOR_ITS_BANK
from activities.recovery.restoration_transitions import (
    Work,
    ask,
    back_to_approval,
    close,
    go_back,
    move_on,
    notify_appealed_holds,
    order_waiting,
    paid,
    reroute,
    restoration_transaction,
    step_state,
    why_order_dropped,
)
from db.recovery import account_holds, bank_orders, notifications, openings, restorations
from db.recovery.openings import As, Why
from db.recovery.restoration_facts import CourtOrderRow
from db.recovery.restorations import Line
from domain.errors import RuleBroken
from domain.errors.restoration import NothingToReopen
from domain.recovery import authority
from domain.recovery.procedure import ENDS_BY, dues, waits_for_order
from schemas.enums import TaskKind
from schemas.events import EventKind
from schemas.officers.officers import Acting
from schemas.procedures import ActionInput, RowState
from schemas.recovery.restorations import ClockAction, ReopenReason, RestorationDone
from schemas.restoration_enums import CourtOrderEffect, DocumentKind, RestorationState, Step, StepOutcome
from schemas.tasks import TaskCause

_EXCLUDED_AS: dict[RestorationState, As] = {
    RestorationState.REFUSED: "refused",
    RestorationState.CANCELLED: "cancelled",
}


async def end(
    work: Work, state: RestorationState, outcome: StepOutcome, reason: str, court_order_id: int | None = None
) -> None:
    """End the restoration without further credits. The victim keeps credited money and gives a bond for it."""
    lines = [line for line in await work.lines() if line.held_paise and not line.is_out]
    why = Why(as_=_EXCLUDED_AS[state], by=work.actor, reason=reason, court_order_id=court_order_id)
    if await restorations.restored_paise(work.connection, work.row.restoration_id):
        if lines:
            await _exclude(work, lines, why)
        await paid(work, outcome, reason)
    else:
        hop_nos = [line.hop_no for line in lines]
        await openings.exclude(work.connection, work.row.restoration_id, hop_nos, why, work.now)
        await close(work, state, outcome, reason)


async def _exclude(work: Work, lines: Sequence[Line], why: Why) -> None:
    """Exclude this money, so that the restoration ends or continues without it."""
    hop_nos = [line.hop_no for line in lines]
    paise = sum(line.held_paise for line in lines)
    restored_paise = await restorations.restored_paise(work.connection, work.row.restoration_id)
    await openings.exclude(work.connection, work.row.restoration_id, hop_nos, why, work.now)
    await notify_appealed_holds(work)
    await work.log(
        EventKind.RESTORATION_REFUSED_IN_PART,
        court_order_id=why.court_order_id,
        hop_nos=hop_nos,
        outcome=why.as_,
        excluded_paise=paise,
        restored_paise=restored_paise,
        reason=why.reason,
    )
    if why.as_ == "cancelled" and paise:
        await message_sending.cancelled_in_part(work.connection, work.ctx, work.row, "cancelled", paise, work.now)
    if why.as_ == "refused" and paise:
        occasion = f"refused.{why.court_order_id or 'rest'}"
        await message_sending.refused_in_part(
            work.connection, work.ctx, work.row, occasion, paise, restored_paise, work.now
        )


async def continue_under_order(work: Work, order: CourtOrderRow) -> None:
    """Continue under a court order, or end as it says. Money that it does not refuse waits for another order."""
    reason = f"court order {order.court_order_id}"
    lines = [line for line in await work.lines() if not line.is_out]
    refused = [line for line in lines if order.is_about(line)]
    if order.effect is CourtOrderEffect.REFUSE and len(refused) < len(lines):
        why = Why(as_="refused", by=work.actor, reason=reason, court_order_id=order.court_order_id)
        await _exclude(work, refused, why)
        await work.notify_own()
        return
    await restorations.set_court_order(work.connection, work.row.restoration_id, order.court_order_id)
    work.row = work.row.model_copy(update={"court_order_id": order.court_order_id})
    if order.effect is CourtOrderEffect.REFUSE:
        await end(work, RestorationState.REFUSED, ENDS_BY[order.effect], reason, order.court_order_id)
    else:
        await move_on(work, ENDS_BY[order.effect], reason)


async def reopen(ctx: Context, restoration_id: UUID, why: ReopenReason, by: Acting) -> RestorationDone:
    """Reopen a refused or cancelled restoration: its held money starts the next round at the first step.

    For a restored one this is the excluded money. Raises `NotFound`, `MayNot`. Raises `NotNow` if it ended otherwise or
    none of its money is on hold and free.
    """
    async with restoration_transaction(ctx, restoration_id, by.actor) as work:
        excluded = await openings.of_restoration(work.connection, restoration_id)
        authority.check_reopening(by.roles, work.row.state, has_excluded=bool(excluded))
        if not await account_holds.mark_to_open_again(
            work.connection, work.case_no, work.now, restoration_id=restoration_id, anew=True
        ):
            raise NothingToReopen
        await work.log(EventKind.RESTORATION_REOPENED, state=work.row.state.value, reason=why.reason)
    return work.done()


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
            state = await step_state(connection, self.ctx, row)
        return RowState(over=False, at=row.step.value, dues=dues(state, row.policy, asked.at))

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
            await message_sending.application_issued(connection, self.ctx, row, issued, await _due_at(work), work.now)
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
            actions = dues(await step_state(work.connection, work.ctx, work.row), work.row.policy, at)
            due_at = next((due.at for due in actions if due.what == action), None)
            if due_at is None:
                return
            refuse_if_early(asked, due_at, work.now)
            if due_at <= at:
                work.is_read_again = True
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
            await message_sending.due_soon(work.connection, work.ctx, work.row, await _due_at(work), work.now)
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
    await message_sending.overdue(work.connection, work.ctx, work.row, await _due_at(work), work.now)


async def _wind_up(work: Work) -> None:
    """End a restoration without held money: as restored if a bank has credited anything, else as cancelled.

    A bank may have executed a cancelled order.
    """
    if await restorations.restored_paise(work.connection, work.row.restoration_id):
        await paid(work, StepOutcome.SKIPPED, NOTHING_LEFT)
    else:
        await close(work, RestorationState.CANCELLED, StepOutcome.CANCELLED, NOTHING_LEFT)


async def _due_at(work: Work) -> datetime:
    visits = await restorations.visits(work.connection, work.row.restoration_id)
    due_at = next(visit.due_at for visit in visits if visit.outcome is None)
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
