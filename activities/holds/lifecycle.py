"""Activities of a hold's life: notify the holder, warn before the lapse, release at the lapse."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from temporalio import activity

from activities.context import Context
from activities.notifications.holder_messages import Telling, stamp, subject_of
from activities.notifications.outbox import way_to
from activities.notifications.people import Concerned, Holder, notify_people
from activities.orders.releases import order_release, release_parts
from activities.orders.unassigned_holds import ask_about_retained_holds
from db import notifications
from db.cases import cases, events, tasks
from db.cases.events import Event
from db.grievances import grievances
from db.holds import account_holds, disputed_holds, free_amounts
from db.holds.account_holds import AccountHold
from db.outbox import procedure_outbox
from db.police import firs
from db.pool import Connection
from domain.holds.lapse import (
    HoldStands,
    Part,
    by_end,
    dues,
    lapsed,
    not_kept,
    warned_to,
    warnings,
)
from domain.notifications.rules import NotificationEvent
from schemas.enums import EventKind, ProcedureKind, TaskKind
from schemas.holds import HoldAction
from schemas.identifiers import account_end
from schemas.notifications import MessageFacts
from schemas.orders.orders import NewOrderLine
from schemas.outbox.procedures import Look, ProcedureOrder
from schemas.police import CaseDuty
from schemas.restoration_enums import OrderReason
from schemas.tasks import NewTask, TaskCause, TaskFacts

ENGINE: Final = "engine"
DUES_MAX: Final = 20
"""the most due actions of one read state; the state is read again after each of them"""


@dataclass(frozen=True)
class HoldActivities:
    """The activities of `HoldWorkflow`."""

    ctx: Context
    appeal_address: str = ""
    """the address for appeals in the holder's message; "" if none is configured"""

    @activity.defn(name="look_at_hold")
    async def look_at_hold(self, asked: ProcedureOrder) -> Look:
        """Do the hold's due actions, and return the next ones; over when nothing is on hold any more.

        Actions that are due at once, such as notifying the holder, run here and not in an activity of their own. There
        is a hold for every account, so this saves many activities.
        """
        hold_id = UUID(asked.subject)
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            await cases.hold(connection, asked.case_no)
            if await account_holds.end_if_empty(connection, hold_id, asked.at):
                ended = Event(EventKind.HOLD_ENDED, {"hold_id": str(hold_id)})
                await events.append(connection, asked.case_no, asked.at, ENGINE, [ended])
            hold = await account_holds.get(connection, hold_id)
            await self._telling(connection, hold, asked.at).of_release()
            if hold.state == "ended":
                await _end_hold(connection, hold, asked.at)
                return Look(over=True)
            state = await self._do_due_actions(connection, hold, asked.at)
            if ends := by_end(state):
                await free_amounts.mark_end(connection, hold_id, min(ends))
            return Look(over=False, at=hold.state, dues=dues(state)[:DUES_MAX])

    @activity.defn(name="attend_to_hold")
    async def attend_to_hold(self, asked: ProcedureOrder) -> None:
        """Do the due action `asked.what`, if it is still due."""
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            await cases.hold(connection, asked.case_no)
            hold = await account_holds.get(connection, UUID(asked.subject))
            if hold.state == "ended":
                return
            state = await _read_state(connection, hold)
            if asked.what in _due_now(state, asked.at):
                await self._attend(connection, hold, state, asked.what, asked.at)

    async def _do_due_actions(self, connection: Connection, hold: AccountHold, at: datetime) -> HoldStands:
        """Do each due action once, and return the state of the hold after them."""
        done: set[str] = set()
        state = await _read_state(connection, hold)
        while what := next((what for what in _due_now(state, at) if what not in done), None):
            done.add(what)
            await self._attend(connection, hold, state, what, at)
            hold = await account_holds.get(connection, hold.hold_id)
            state = await _read_state(connection, hold)
        return state

    async def _attend(
        self, connection: Connection, hold: AccountHold, state: HoldStands, what: str, at: datetime
    ) -> None:
        telling = self._telling(connection, hold, at)
        match HoldAction.of(what):
            case HoldAction.TELL_HOLDER:
                await telling.of_hold(state.newest_at)
                await _ask_about_small_hold(connection, hold, at)
            case HoldAction.TELL_OFFICER:
                await telling.of_officer(state.newest_at)
            case HoldAction.TELL_LATE:
                await telling.late(state.newest_at)
            case HoldAction.RELEASE_EXCESS:
                await self._release_excess(connection, hold, at)
            case HoldAction.LAPSE | HoldAction.WARN:
                await self._lapse_or_warn(connection, hold, state, at)
            case other:
                assert_never(other)

    async def _lapse_or_warn(self, connection: Connection, hold: AccountHold, state: HoldStands, at: datetime) -> None:
        """Let the hold lapse if that is due, else warn of the lapse.

        After an outage both may be due. A warning about a past lapse would be useless.
        """
        if HoldAction.LAPSE in _due_now(state, at):
            await self._lapse(connection, hold, lapsed(state, at), at)
        else:
            await self._warn(connection, hold, state, at)

    # -- steps -----------------------------------------------------------------------------------------------------

    def _telling(self, connection: Connection, hold: AccountHold, at: datetime) -> Telling:
        return Telling(connection, self.ctx, hold, at, self.appeal_address)

    async def _release_excess(self, connection: Connection, hold: AccountHold, at: datetime) -> None:
        lines = [
            NewOrderLine(hop_no=one.hop_no, hold_id=hold.hold_id, amount_paise=one.excess_paise, excess=True)
            for one in await free_amounts.too_much(connection, hold.hold_id)
        ]
        await order_release(connection, self.ctx, hold, OrderReason.EXCESS, lines, ENGINE, at)

    async def _lapse(self, connection: Connection, hold: AccountHold, parts: Sequence[Part], at: datetime) -> None:
        """Release the parts that have lapsed, and notify the holder, the victims and the officer.

        A part lapses after 90 days (policy) without an order, unless it is retained.
        """
        await release_parts(connection, self.ctx, hold, OrderReason.LAPSED, parts, ENGINE, at)
        paise = sum(part.free_paise for part in parts)
        data = {
            "hold_id": str(hold.hold_id),
            "institution": hold.institution,
            "paise": paise,
            "policy": hold.policy.version,
        }
        await events.append(connection, hold.case_no, at, ENGINE, [Event(EventKind.HOLD_LAPSED, data)])
        await close_tasks(connection, hold, at, "lapsed")
        await self._notify(connection, hold, NotificationEvent.HOLD_LAPSED, parts, f"{at:%Y%m%dT%H%M%S}", at)

    async def _warn(self, connection: Connection, hold: AccountHold, state: HoldStands, at: datetime) -> None:
        """Warn the officer, the victims and the desk that the money returns to the holder without an order."""
        subject = subject_of(hold.hold_id)
        task = NewTask(kind=TaskKind.HOLD_LAPSES, cause=TaskCause.HOLD_LAPSES, subject=subject)
        await tasks.open_tasks(connection, hold.case_no, [task], at, institution=hold.institution)
        for warning in warnings(state, at):
            days = warning.days
            data = {"hold_id": str(hold.hold_id), "institution": hold.institution, "days": days}
            await events.append(connection, hold.case_no, at, ENGINE, [Event(EventKind.HOLD_WARNED, data)])
            occasion = f"{days}.{warning.lapses_at:%Y%m%dT%H%M%S}"
            event = NotificationEvent.HOLD_LAPSES_SOON
            await self._notify(connection, hold, event, warning.parts, occasion, at, days)
            await free_amounts.mark_warned(connection, hold.hold_id, days, warned_to(state, at))

    async def _notify(
        self,
        connection: Connection,
        hold: AccountHold,
        event: NotificationEvent,
        parts: Sequence[Part],
        occasion: str,
        at: datetime,
        days: int | None = None,
    ) -> None:
        """Notify of the lapse of these parts of a hold, or warn of it."""
        by_victim: Counter[str] = Counter()
        for part in parts:
            # Excess is in no bucket, so it belongs to no complainant.
            by_victim[part.ack_no] += 0 if part.excess else part.free_paise
        holder = Holder(self.ctx, hold.hold_id, occasion=stamp(at))
        concerned = Concerned(case_no=hold.case_no, shares=by_victim, holder=holder)
        paise = sum(part.free_paise for part in parts)
        facts = MessageFacts(occasion=f"{hold.hold_id}.{occasion}", amount_paise=paise, days=days)
        await notify_people(connection, event, concerned, facts, at)


def _due_now(state: HoldStands, at: datetime) -> list[str]:
    return [due.what for due in dues(state) if due.at <= at]


async def _ask_about_small_hold(connection: Connection, hold: AccountHold, at: datetime) -> None:
    """Ask an officer to decide on a small-value hold, unless it is decided. The task names bank and account."""
    if not hold.micro or await free_amounts.micro_decision(connection, hold.hold_id) is not None:
        return
    there = await account_holds.at_account(connection, hold.case_no, hold.institution, hold.account_key)
    facts = TaskFacts(
        institution=hold.institution,
        account_end=account_end(hold.account_key),
        other_business=there.balance_paise is not None,
    )
    cause, subject = TaskCause.SMALL_HOLD, subject_of(hold.hold_id)
    task = NewTask(kind=TaskKind.MICRO_HOLD, cause=cause, subject=subject, facts=facts)
    await tasks.open_tasks(connection, hold.case_no, [task], at, institution=hold.institution)


async def close_tasks(connection: Connection, hold: AccountHold, at: datetime, why: str) -> None:
    """Close the desk's tasks about the hold."""
    causes = [TaskCause.HOLD_LAPSES, TaskCause.SMALL_HOLD]
    await tasks.close_about(connection, hold.case_no, subject_of(hold.hold_id), causes, at, why)


async def _end_hold(connection: Connection, hold: AccountHold, at: datetime) -> None:
    await close_tasks(connection, hold, at, "nothing is on hold any more")
    await ask_about_retained_holds(connection, hold.case_no, at)
    for grievance_id in await grievances.open_about(connection, hold.hold_id):
        await procedure_outbox.tell(connection, ProcedureKind.GRIEVANCE, str(grievance_id), at)
    await procedure_outbox.end(connection, ProcedureKind.HOLD, str(hold.hold_id), at)


async def _read_state(connection: Connection, hold: AccountHold) -> HoldStands:
    hold_id = hold.hold_id
    claimed = await disputed_holds.parts(connection, hold_id)
    held_times = [part.held_at for part in claimed]
    if (booked_at := await free_amounts.newest_at(connection, hold_id)) is not None:
        held_times.append(booked_at)
    free = [*await free_amounts.parts(connection, hold_id), *claimed]
    return HoldStands(
        policy=hold.policy,
        newest_at=max(held_times, default=hold.first_held_at),
        told_to=hold.told_to,
        tried_to=hold.tried_to,
        late_to=hold.late_to,
        reachable=way_to(await notifications.holder(connection, hold_id)) is not None,
        officer=await firs.officer(connection, hold.case_no, CaseDuty.IO) is not None,
        officer_told=hold.officer_told,
        lapses_from=hold.lapses_from,
        warned_to=hold.warned_to,
        parts=not_kept(free, await free_amounts.court_keeps(connection, hold_id)),
        excess_paise=sum(one.excess_paise for one in await free_amounts.too_much(connection, hold_id)),
    )
