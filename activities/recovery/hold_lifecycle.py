"""Life of a hold, from its opening.

Work that follows from money on hold: the account hold, the victim's restoration and the statutory duties. The ledger
writes a `held_hop` row with every posting that puts money on hold. So this work can be late, but not lost.
"""

import secrets
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, assert_never
from uuid import UUID

from activities.case.transaction import ENGINE, CaseTransaction, background_transaction
from activities.context import Context
from activities.recovery.hold_releases import is_braked
from activities.recovery.hold_transaction import HoldTransaction
from activities.recovery.message_outbox import way_to
from activities.recovery.message_recipients import Concerned, Holder, notify_people
from activities.recovery.message_sending import HolderMessages, stamp, subject_of
from activities.recovery.order_releases import drop_proposal, order_release, release_parts
from activities.recovery.statutory_duties import open_duties
from activities.recovery.unassigned_holds import ask_about_excluded_hops, ask_about_retained_holds
from db.case import case_outbox, cases, firs, hops
from db.case.events import Event
from db.recovery import account_holds, court_orders, free_amounts, grievances, hold_views, openings
from db.recovery.account_holds import AccountHold, HeldHop
from db.recovery.claims import Account
from domain.message_rules import NotificationEvent
from domain.recovery.holds import HoldClocks, Part, by_end, dues, is_small, lapsed, not_kept, warned_to, warnings
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
        actions = [due for due in dues(state) if due.what not in braked or due.at > work.now]
        if braked:
            window = self.ctx.policy.automatic_release.window(self.ctx.procedure_clock_factor)
            actions.append(DueAction(what=min(braked), at=work.now + window))
        return tuple(sorted(actions, key=lambda due: due.at))

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
            NewOrderLine(hop_no=hop.hop_no, hold_id=work.hold.hold_id, amount_paise=hop.excess_paise, excess=True)
            for hop in await free_amounts.too_much(work.connection, work.hold.hold_id)
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
    await case_outbox.end(work.connection, ProcedureKind.HOLD, str(hold_id), work.now)


async def _read_state(work: HoldTransaction) -> HoldClocks:
    connection, hold = work.connection, work.hold
    hold_id = hold.hold_id
    claimed = await hold_views.parts(connection, hold_id)
    held_times = [part.held_at for part in claimed]
    if (booked_at := await free_amounts.newest_at(connection, hold_id)) is not None:
        held_times.append(booked_at)
    # A bank states real time, and in a demo the clock of holds runs faster.
    factor = work.ctx.procedure_clock_factor
    free = [*(part.at_factor(factor) for part in await free_amounts.parts(connection, hold_id)), *claimed]
    return HoldClocks(
        policy=hold.policy,
        newest_at=max(held_times, default=hold.first_held_at),
        reachable=way_to(await work.ctx.persons.holder_or_unreachable(connection, hold_id)) is not None,
        account_doubted=await account_holds.account_doubted(connection, hold_id),
        officer=await firs.officer(connection, hold.case_no, CaseDuty.IO) is not None,
        parts=not_kept(free, await free_amounts.court_keeps(connection, hold_id)),
        excess_paise=sum(hop.excess_paise for hop in await free_amounts.too_much(connection, hold_id)),
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


_LETTERS: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""without the characters that look or sound alike"""
REFERENCE_LENGTH: Final = 10


def new_reference() -> str:
    """Return a random reference for an account holder.

    It cannot be guessed, and it reveals neither case nor account.
    """
    return "".join(secrets.choice(_LETTERS) for _ in range(REFERENCE_LENGTH))


async def open_for_new_holds(ctx: Context, case_no: str, *, wait: bool = True, since: datetime | None = None) -> int:
    """Open account holds, restorations and duties for the case's new holds; return how many hops were new.

    The first hold waits `since` then, and what follows counts as waiting as long. Runs in one transaction; a repeated
    run changes nothing. Without `wait` a case that another transaction has locked is left alone. Raises `NotFound` for
    an unknown case.
    """
    async with background_transaction(ctx, case_no, ENGINE, wait=wait) as work:
        if work is None:
            return 0
        connection = work.connection
        new_hops = await account_holds.new_held_hops(connection, case_no)
        # A hop with nothing on hold any more needs no deadlines, because it was resolved in the meantime.
        if on_hold := [hop for hop in new_hops if hop.held_paise or hop.claimed_paise]:
            opening = _HoldOpening.of(work)
            await opening.holds(on_hold)
            await opening.restorations([hop for hop in on_hold if hop.held_paise])
            if any(hop.held_paise for hop in on_hold):
                await open_duties(work)
            await work.log_all(opening.written)
            await ask_about_retained_holds(connection, case_no, work.now)
        await account_holds.mark_opened(connection, case_no, work.now)
        if since is not None:
            await case_outbox.make_as_old(connection, work.case_no, since)
    return len(new_hops)


@dataclass
class _HoldOpening(CaseTransaction):
    """Open what follows from the holds of a case, inside the transaction that takes them up."""

    written: list[Event] = field(default_factory=list)
    """events to be written after everything is opened"""
    hold_of: dict[Account, UUID] = field(default_factory=dict)

    async def holds(self, hops: Sequence[HeldHop]) -> None:
        """Begin or extend the account hold of each account. A hold that grows may exceed the small-value limit."""
        by_account: dict[Account, list[HeldHop]] = defaultdict(list)
        for hop in hops:
            by_account[hop.institution, hop.account_key].append(hop)
        for account, of_account in by_account.items():
            self.hold_of[account] = await self._hold(of_account)

    async def _hold(self, hops: Sequence[HeldHop]) -> UUID:
        connection, version = self.connection, self.ctx.policy.version
        policy = self.ctx.policy.hold.promised(version, self.ctx.procedure_clock_factor)
        first = min(hops, key=lambda hop: (hop.held_at, hop.hop_no))
        at_account = await account_holds.at_account(connection, self.case_no, first.institution, first.account_key)
        claimed_paise = sum(hop.claimed_paise for hop in hops)
        small = is_small(
            at_account.model_copy(update={"held_paise": at_account.held_paise + claimed_paise}),
            policy.small_below_paise,
            self.ctx.policy.hold.other_business_from_paise,
        )
        was_empty = await account_holds.end_if_was_empty(
            connection, self.case_no, first.institution, first.account_key, self.now
        )
        if was_empty is not None:
            self.written.append(Event(EventKind.HOLD_ENDED, {"hold_id": str(was_empty)}))
            # The victims were heard about other money.
            await drop_proposal(self, was_empty, "nothing of what it was about is on hold")
        hold_id, began = await account_holds.begin(
            connection, self.case_no, first, new_reference(), policy, small=small
        )
        # A hold that began earlier becomes due, because it has more money now.
        await case_outbox.begin(connection, ProcedureKind.HOLD, str(hold_id), self.case_no, self.now)
        if began:
            data: dict[str, object] = {"hold_id": str(hold_id), "institution": first.institution, "policy": version}
            self.written.append(Event(EventKind.HOLD_BEGAN, data))
            if (order_id := await court_orders.keep_hold(connection, hold_id)) is not None:
                data = {"hold_id": str(hold_id), "court_order_id": order_id, "kept": True}
                self.written.append(Event(EventKind.HOLD_KEPT, data))
        elif await account_holds.has_grown(connection, hold_id):
            await self.close_tasks(subject_of(hold_id), [TaskCause.SMALL_HOLD], "it is no small hold any more")
        return hold_id

    async def restorations(self, held_hops: Sequence[HeldHop]) -> None:
        """Add each hop to its victim's restoration, or open the next round.

        More money on a hop that is in a round joins that round. More money on an excluded hop is a supervisor's
        decision, because the old and new money of one hop cannot be separated. Money of a withdrawn hop is in no round.
        """
        numbers = [hop.hop_no for hop in held_hops]
        withdrawn = await hops.withdrawn(self.connection, self.case_no, numbers)
        in_a_round = await openings.in_a_round(self.connection, self.case_no, numbers)
        of_hold = [(hop.hop_no, self.hold_of[hop.institution, hop.account_key]) for hop in held_hops]
        await openings.stand_on(self.connection, self.case_no, of_hold)
        await openings.divide_again(self.connection, self.case_no, list(in_a_round))
        excluded = await openings.of_case(self.connection, self.case_no)
        by_victim: dict[str, list[HeldHop]] = defaultdict(list)
        for hop in held_hops:
            if hop.hop_no not in {*in_a_round, *excluded, *withdrawn}:
                by_victim[hop.ack_no].append(hop)
        for ack_no, of_victim in by_victim.items():
            await self._join(ack_no, of_victim)
        asked_about = {hop.hop_no for hop in held_hops if hop.hop_no in excluded and hop.hop_no not in in_a_round}
        await ask_about_excluded_hops(self, asked_about)
        # Each round of a victim depends on the money on hold in all rounds.
        await case_outbox.notify_procedures(self.connection, self.case_no, [ProcedureKind.RESTORATION], self.now)

    async def _join(self, ack_no: str, hops: Sequence[HeldHop]) -> None:
        connection, version = self.connection, self.ctx.policy.version
        opened = await openings.joinable(connection, ack_no)
        if opened is None:
            policy = self.ctx.policy.restoration.promised(version, self.ctx.procedure_clock_factor)
            held_at = min(hop.held_at for hop in hops)
            opened = await openings.open_round(connection, self.case_no, ack_no, policy, held_at, self.now)
            subject = str(opened.restoration_id)
            await case_outbox.begin(connection, ProcedureKind.RESTORATION, subject, self.case_no, self.now)
            data = {
                "restoration_id": subject,
                "ack_no": ack_no,
                "round_no": opened.round_no,
                "policy": version,
            }
            self.written.append(Event(EventKind.RESTORATION_OPENED, data))
        lines = [(hop.hop_no, self.hold_of[hop.institution, hop.account_key]) for hop in hops]
        await openings.add_lines(connection, opened.restoration_id, self.case_no, lines)
        facts = MessageFacts(occasion=str(opened.restoration_id))
        concerned = Concerned(ack_no=ack_no)
        await notify_people(connection, self.ctx, NotificationEvent.MONEY_HELD, concerned, facts, self.now)
