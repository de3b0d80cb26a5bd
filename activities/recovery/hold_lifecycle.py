"""Deadlines of a hold: notify the holder, warn before the lapse, release at the lapse."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, assert_never
from uuid import UUID

from activities.case.transaction import CaseTransaction
from activities.context import Context
from activities.recovery.hold_releases import is_braked
from activities.recovery.hold_transaction import HoldTransaction
from activities.recovery.holder_messages import HolderMessages, stamp
from activities.recovery.message_outbox import way_to
from activities.recovery.message_recipients import Concerned, Holder, notify_people
from activities.recovery.order_releases import order_release, release_parts
from activities.recovery.release_proposals import drop_proposal
from activities.recovery.unassigned_holds import ask_about_retained_holds
from db.case import cases, procedure_outbox
from db.recovery import account_holds, firs, free_amounts, grievances, hold_views
from db.recovery.account_holds import AccountHold
from domain.recovery.holds import HoldClocks, Part, by_end, dues, lapsed, not_kept, warned_to, warnings
from domain.recovery.message_rules import NotificationEvent
from schemas.enums import ProcedureKind, TaskKind
from schemas.events import EventKind
from schemas.identifiers import account_end
from schemas.notifications import MessageFacts
from schemas.procedures import DueAction, RowState
from schemas.recovery.holds import HoldAction
from schemas.recovery.orders import NewOrderLine
from schemas.restoration_enums import CaseDuty, OrderReason
from schemas.tasks import NewTask, TaskCause, TaskFacts

DUES_MAX: Final = 20
"""the most due actions of one read state"""
_NOTICES: Final = frozenset({HoldAction.TELL_HOLDER, HoldAction.TELL_OFFICER, HoldAction.TELL_LATE})
"""actions that change the hold's row and no amount"""
NOTHING_LEFT: Final = "nothing is on hold any more"


@dataclass(frozen=True)
class HoldDeadlines:
    """The actions on holds that fall due by themselves."""

    ctx: Context
    appeal_address: str = ""
    """the address for appeals in the holder's message; "" if none is configured"""

    async def attend(self, case: CaseTransaction, hold_id: UUID) -> RowState:
        """Do the due actions of one hold of a locked case, and return the next ones.

        The hold is over when nothing is on hold any more.
        """
        if await account_holds.end_if_empty(case.connection, hold_id, case.now):
            await case.log(EventKind.HOLD_ENDED, hold_id=str(hold_id))
        work = HoldTransaction.of(case, hold=await account_holds.get(case.connection, hold_id))
        await self._messages(work).notify_of_release()
        if work.hold.state == "ended":
            await _end_hold(work)
            return RowState(over=True)
        state, braked = await self._do_due_actions(work, work.now)
        if ends := by_end(state):
            await free_amounts.mark_end(work.connection, hold_id, min(ends))
        return RowState(over=False, at=work.hold.state, dues=self._next(work, state, braked)[:DUES_MAX])

    def _next(self, work: HoldTransaction, state: HoldClocks, braked: Collection[str]) -> tuple[DueAction, ...]:
        """Return the next actions. What waits for a supervisor is tried when the count may be lower."""
        found = [due for due in dues(state) if due.what not in braked or due.at > work.now]
        if braked:
            window = self.ctx.policy.automatic_release.window(self.ctx.procedure_clock_factor)
            found.append(DueAction(what=min(braked), at=work.now + window))
        return tuple(sorted(found, key=lambda due: due.at))

    async def _do_due_actions(self, work: HoldTransaction, at: datetime) -> tuple[HoldClocks, set[str]]:
        """Do each action once that is due at `at`; return the state of the hold after them.

        Also returns the actions that wait for a supervisor.
        """
        done, braked = set[str](), set[str]()
        state = await _read_state(work)
        while what := next((what for what in _due_now(state, at) if what not in done), None):
            done.add(what)
            if await self._attend(work, state, what, at):
                waits = {what} if what == HoldAction.RELEASE_EXCESS else {*filter(_is_of_lapse, _due_now(state, at))}
                done |= waits
                braked |= waits
            work.hold = await account_holds.get(work.connection, work.hold.hold_id)
            if HoldAction.of(what) in _NOTICES:
                state = state.model_copy(update=_times_of_row(work.hold))
            else:
                state = await _read_state(work)
        return state, braked

    async def _attend(self, work: HoldTransaction, state: HoldClocks, what: str, at: datetime) -> bool:
        """Do one due action; return whether it waits for a supervisor instead."""
        messages = self._messages(work)
        match HoldAction.of(what):
            case HoldAction.TELL_HOLDER:
                await messages.notify_of_hold(state.newest_at)
                await _ask_about_small_hold(work)
            case HoldAction.TELL_OFFICER:
                await messages.notify_of_officer(state.newest_at)
            case HoldAction.TELL_LATE:
                await messages.ask_supervisor(state.newest_at)
            case HoldAction.RELEASE_EXCESS:
                return await self._release_excess(work)
            case HoldAction.LAPSE | HoldAction.WARN:
                return await self._lapse_or_warn(work, state, at)
            case other:
                assert_never(other)
        return False

    async def _lapse_or_warn(self, work: HoldTransaction, state: HoldClocks, at: datetime) -> bool:
        """Let the hold lapse if that is due, else warn of the lapse; return whether the lapse waits.

        After an outage both may be due. A warning about a past lapse would be useless.
        """
        if HoldAction.LAPSE in _due_now(state, at):
            if not await self._lapse(work, lapsed(state, at)):
                return False
            if warnings(state, at):
                await self._warn(work, state, at)
            return True
        await self._warn(work, state, at)
        return False

    # -- steps -----------------------------------------------------------------------------------------------------

    def _messages(self, work: HoldTransaction) -> HolderMessages:
        return HolderMessages(work.connection, self.ctx, work.hold, work.now, self.appeal_address)

    async def _release_excess(self, work: HoldTransaction) -> bool:
        lines = [
            NewOrderLine(hop_no=one.hop_no, hold_id=work.hold.hold_id, amount_paise=one.excess_paise, excess=True)
            for one in await free_amounts.too_much(work.connection, work.hold.hold_id)
        ]
        if await is_braked(work, sum(line.amount_paise for line in lines)):
            return True
        await order_release(work, work.hold, OrderReason.EXCESS, lines)
        return False

    async def _lapse(self, work: HoldTransaction, parts: Sequence[Part]) -> bool:
        """Release the parts that have lapsed, and notify the holder, the victims and the officer.

        A part lapses after 90 days (policy) without an order, unless it is retained. Returns whether it waits for a
        supervisor.
        """
        paise = sum(part.free_paise for part in parts)
        if await is_braked(work, paise):
            return True
        await release_parts(work, work.hold, OrderReason.LAPSED, parts)
        await work.log(EventKind.HOLD_LAPSED, paise=paise, policy=work.hold.policy.version)
        await close_tasks(work, "lapsed")
        await self._notify(work, NotificationEvent.HOLD_LAPSED, parts, f"{work.now:%Y%m%dT%H%M%S}")
        return False

    async def _warn(self, work: HoldTransaction, state: HoldClocks, at: datetime) -> None:
        """Warn the officer, the victims and the desk that the money returns to the holder without an order."""
        task = NewTask(kind=TaskKind.HOLD_LAPSES, cause=TaskCause.HOLD_LAPSES, subject=work.subject)
        await work.ask(task, institution=work.hold.institution)
        for warning in warnings(state, at):
            days = warning.days
            await work.log(EventKind.HOLD_WARNED, days=days)
            occasion = f"{days}.{warning.lapses_at:%Y%m%dT%H%M%S}"
            await self._notify(work, NotificationEvent.HOLD_LAPSES_SOON, warning.parts, occasion, days)
            await free_amounts.mark_warned(work.connection, work.hold.hold_id, days, warned_to(state, at))

    async def _notify(
        self,
        work: HoldTransaction,
        event: NotificationEvent,
        parts: Sequence[Part],
        occasion: str,
        days: int | None = None,
    ) -> None:
        """Notify of the lapse of these parts of a hold, or warn of it."""
        by_victim: Counter[str] = Counter()
        for part in parts:
            # Excess is in no bucket, so it belongs to no complainant.
            by_victim[part.ack_no] += 0 if part.excess else part.free_paise
        holder = Holder(self.ctx, work.hold.hold_id, link=self.appeal_address, occasion=stamp(work.now))
        concerned = Concerned(case_no=work.case_no, shares=by_victim, holder=holder)
        paise = sum(part.free_paise for part in parts)
        facts = MessageFacts(occasion=f"{work.hold.hold_id}.{occasion}", amount_paise=paise, days=days)
        await notify_people(work.connection, work.ctx, event, concerned, facts, work.now)


def _is_of_lapse(what: str) -> bool:
    return HoldAction.of(what) in {HoldAction.LAPSE, HoldAction.WARN}


def _due_now(state: HoldClocks, at: datetime) -> list[str]:
    return [due.what for due in dues(state) if due.at <= at]


async def _ask_about_small_hold(work: HoldTransaction) -> None:
    """Ask an officer to decide on a small-value hold, unless it is decided. The task names bank and account."""
    connection, hold = work.connection, work.hold
    if not hold.small or await free_amounts.small_hold_decision(connection, hold.hold_id) is not None:
        return
    there = await account_holds.at_account(connection, hold.case_no, hold.institution, hold.account_key)
    facts = TaskFacts(
        institution=hold.institution,
        account_end=account_end(hold.account_key),
        other_business=there.balance_paise is not None,
    )
    task = NewTask(kind=TaskKind.SMALL_HOLD, cause=TaskCause.SMALL_HOLD, subject=work.subject, facts=facts)
    await work.ask(task, institution=hold.institution)


async def close_tasks(work: HoldTransaction, why: str) -> None:
    """Close the desk's tasks about the hold."""
    await work.close_tasks(work.subject, [TaskCause.HOLD_LAPSES, TaskCause.SMALL_HOLD], why)


async def _end_hold(work: HoldTransaction) -> None:
    hold_id = work.hold.hold_id
    await close_tasks(work, NOTHING_LEFT)
    await drop_proposal(work, hold_id, NOTHING_LEFT)
    await ask_about_retained_holds(work.connection, work.case_no, work.now)
    for grievance_id in await grievances.open_about(work.connection, hold_id):
        await work.notify(ProcedureKind.GRIEVANCE, grievance_id)
    await procedure_outbox.end(work.connection, ProcedureKind.HOLD, str(hold_id), work.now)


async def _read_state(work: HoldTransaction) -> HoldClocks:
    connection, hold = work.connection, work.hold
    hold_id = hold.hold_id
    claimed = await hold_views.parts(connection, hold_id)
    held_times = [part.held_at for part in claimed]
    if (booked_at := await free_amounts.newest_at(connection, hold_id)) is not None:
        held_times.append(booked_at)
    free = [*await free_amounts.parts(connection, hold_id), *claimed]
    return HoldClocks(
        policy=hold.policy,
        newest_at=max(held_times, default=hold.first_held_at),
        reachable=way_to(await work.ctx.persons.holder_or_unreachable(connection, hold_id)) is not None,
        officer=await firs.officer(connection, hold.case_no, CaseDuty.IO) is not None,
        parts=not_kept(free, await free_amounts.court_keeps(connection, hold_id)),
        excess_paise=sum(one.excess_paise for one in await free_amounts.too_much(connection, hold_id)),
        appeal=await grievances.appealed(connection, hold_id) if hold.policy.appeal_keeps_seconds else None,
        confirm_by=await _confirm_by(work),
        **_times_of_row(hold),
    )


async def _confirm_by(work: HoldTransaction) -> datetime | None:
    """Return when the holds of the case end unless a complainant is confirmed. People type in real time."""
    since = await cases.unconfirmed_since(work.connection, work.case_no)
    return since + timedelta(seconds=work.ctx.policy.public_form.confirm_within_seconds) if since else None


def _times_of_row(hold: AccountHold) -> dict[str, Any]:
    """Return the fields of `HoldClocks` that stand on the hold's row."""
    return {
        "told_to": hold.told_to,
        "tried_to": hold.tried_to,
        "late_to": hold.late_to,
        "officer_told": hold.officer_told,
        "lapses_from": hold.lapses_from,
        "warned_to": hold.warned_to,
    }
