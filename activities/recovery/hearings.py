"""Days of courts: hearings, waivers, and orders whose time runs."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Final
from uuid import UUID

from activities.banks.bodies import stored_sealer
from activities.case.outbox import OfCourts
from activities.case.transaction import ENGINE, CaseTransaction, case_transaction
from activities.context import Context
from activities.recovery import message_sending
from activities.recovery.court_orders import DEPEND_ON_ORDERS, OVER_WITH_IT, end_time, retained_events, subject_of
from activities.recovery.message_recipients import Concerned, notify_people
from activities.recovery.restoration_decisions import decision, refuse_undecided
from activities.recovery.restoration_transitions import Work, restoration_transaction
from activities.recovery.unassigned_holds import ask_about_retained_holds
from db.case import case_outbox
from db.case.events import Event
from db.pool import Connection
from db.privacy.body_keys import WAIVER
from db.recovery import account_holds, court_hearings, court_orders
from documents.spreadsheet import Table, Value
from domain.errors.restoration import (
    CourtHearingChanged,
    CourtHearingDayRefused,
    CourtHearingNotExpected,
    HoldNotOfRestoration,
    NoticeNotServed,
    WaiverNeedsDocument,
    WaiverRecorded,
)
from domain.message_rules import NotificationEvent
from domain.recovery.officer_steps import warns_at
from domain.recovery.procedure import ORDERS_OF
from schemas.enums import ProcedureKind, TaskKind
from schemas.events import EventKind
from schemas.notifications import COURT_MAX_CHARS, MessageFacts
from schemas.officers.officers import Acting
from schemas.recovery.court_orders import DAYS_AHEAD_MAX, CourtDayLine, CourtHearings, CourtOrder, NewCourtHearing
from schemas.recovery.restorations import NoticeWaived, RestorationDone
from schemas.restoration_enums import CourtOrderEnd, RestorationState, RestorationVerb
from schemas.tasks import NewTask, TaskCause, TaskFacts
from schemas.text import IST

HEADER: Final = (
    "ack_no",
    "case_ack_no",
    "round_no",
    "route",
    "district",
    "held_paise",
    "accounts",
    "application_received",
    "signed_by_code",
    "notices_issued",
    "notices",
    "open_objections",
    "open_appeals",
    "contested",
    "due",
    "standing",
    "hearing_on",
    "hearing_court",
    "court",
    "order_no",
    "made_on",
    "effect",
)


def court_day_table(lines: Iterable[CourtDayLine]) -> Table:
    """Return the list as a table. It names no person, and of an account its last four characters."""
    return Table(title="court-day", header=HEADER, rows=tuple(tuple(_cells(line)) for line in lines))


def _cells(line: CourtDayLine) -> Iterator[Value]:
    yield from (line.ack_no, line.case_ack_no, line.round_no, line.route.value, line.district)
    yield line.held_paise
    yield "; ".join(f"{account.institution} …{account.account_end}" for account in line.accounts)
    yield line.applied_at.astimezone(IST).date().isoformat() if line.applied_at else ""
    yield int(line.signed_by_code)
    yield from (line.notices_issued, line.notices, line.open_objections, line.open_appeals, line.contested)
    yield line.due_at.astimezone(IST).date().isoformat() if line.due_at else ""
    yield line.standing.value
    yield from (line.hearing.held_on.isoformat(), line.hearing.court) if line.hearing else ("", "")
    order = line.order
    yield from (
        (order.court, order.order_no, order.made_on.isoformat(), order.effect.value) if order else ("", "", "", "")
    )


async def record(ctx: Context, restoration_id: UUID, new: NewCourtHearing, by: str) -> CourtHearings:
    """Record the day of a hearing in place of the one that stands, or that there is none.

    The same again changes nothing. Raises `NotFound`. Raises `NotNow` if the restoration waits for no court, if the
    officer saw another hearing than the one that stands, or for a day that has passed or is too far ahead.
    """
    async with restoration_transaction(ctx, restoration_id, by) as work:
        await _record(work, new)
        return await court_hearings.listed(work.connection, restoration_id)


async def _record(work: Work, new: NewCourtHearing) -> None:
    row, connection = work.row, work.connection
    if row.state is not RestorationState.OPEN or row.step not in ORDERS_OF:
        raise CourtHearingNotExpected(str(row.restoration_id))
    before = await court_hearings.standing(connection, row.restoration_id)
    if new.held_on is not None and before is not None and (before.held_on, before.court) == (new.held_on, new.court):
        return
    if new.seen != (before.court_hearing_id if before else None):
        raise CourtHearingChanged
    if before is not None:
        await court_hearings.end(connection, before.court_hearing_id, work.actor, new.reason, work.now)
    if new.held_on is None:
        if before is not None:
            await work.log(EventKind.COURT_HEARING_ENDED, held_on=before.held_on.isoformat(), reason=new.reason)
        return
    today = work.now.astimezone(IST).date()
    if not today <= new.held_on <= today + timedelta(days=DAYS_AHEAD_MAX):
        raise CourtHearingDayRefused(new.held_on, DAYS_AHEAD_MAX)
    court_hearing_id = await court_hearings.insert(
        connection, row.restoration_id, row.case_no, new.held_on, new.court, new.reason, work.actor, work.now
    )
    await work.log(
        EventKind.COURT_HEARING_RECORDED,
        court_hearing_id=court_hearing_id,
        held_on=new.held_on.isoformat(),
        court=new.court,
        reason=new.reason,
    )


async def tell_of_hearings(ctx: Context, case_no: str, court_hearing_ids: Sequence[int]) -> int:
    """Tell the investigating officer of a case of these hearings; return of how many."""
    async with case_transaction(ctx, case_no, ENGINE) as work:
        hearings = await court_hearings.untold(work.connection, case_no, court_hearing_ids)
        for hearing in hearings:
            facts = MessageFacts(
                occasion=f"court_hearing.{hearing.court_hearing_id}",
                until=datetime.combine(hearing.held_on, time.min, IST),
                court=hearing.court[:COURT_MAX_CHARS],
            )
            about = Concerned(case_no=case_no)
            await notify_people(work.connection, ctx, NotificationEvent.COURT_HEARING_NEAR, about, facts, work.now)
            await court_hearings.note_told(work.connection, hearing.court_hearing_id, work.now)
        return len(hearings)


async def _hearings_due(
    ctx: Context, connection: Connection, now: datetime, without: Sequence[str], limit: int
) -> list[tuple[str, list[int]]]:
    before = timedelta(seconds=ctx.policy.court_orders.hearing_notice_seconds / ctx.procedure_clock_factor)
    today, until = now.astimezone(IST).date(), (now + before).astimezone(IST).date()
    return await court_hearings.due(connection, today, until, without, limit)


HEARINGS: Final = OfCourts(_hearings_due, tell_of_hearings)
"""hearings of which the investigating officer is told"""
_REASONS: Final = {
    CourtOrderEnd.VOID: "its document or its second officer did not come in time",
    CourtOrderEnd.OVER: "its time is over",
}
_TASKS: Final = {
    CourtOrderEnd.VOID: TaskCause.COURT_ORDER_VOID,
    CourtOrderEnd.OVER: TaskCause.COURT_ORDER_OVER,
}


async def attend_to_orders(ctx: Context, case_no: str, court_order_ids: Sequence[int]) -> int:
    """End the orders of a case whose time is over, and warn of those that end soon.

    Returns how many changed.
    """
    async with case_transaction(ctx, case_no, ENGINE) as work:
        return sum([await _attend(work, court_order_id) for court_order_id in court_order_ids])


async def _orders_due(
    ctx: Context, connection: Connection, now: datetime, without: Sequence[str], limit: int
) -> list[tuple[str, list[int]]]:
    warn_before = timedelta(seconds=ctx.policy.court_orders.warn_before_seconds / ctx.procedure_clock_factor)
    return await court_orders.due(connection, now + warn_before, without, limit, now)


ORDERS: Final = OfCourts(_orders_due, attend_to_orders)
"""orders whose time is over, or that end soon"""


async def _attend(work: CaseTransaction, court_order_id: int) -> int:
    order = await court_orders.get(work.connection, work.case_no, court_order_id)
    if order.withdrawn_at is not None or order.counts_until is None:
        return 0
    if order.counts_until <= work.now:
        await _end(work, order)
        return 1
    warning_at = warns_at(order, work.ctx.policy.court_orders, work.ctx.procedure_clock_factor)
    if warning_at is None or warning_at > work.now:
        return 0
    await court_orders.note_warned(work.connection, court_order_id, work.now)
    facts = TaskFacts(at=end_time(order.counts_until))
    cause, subject = TaskCause.COURT_ORDER_ENDS, subject_of(court_order_id)
    await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=subject, facts=facts))
    return 1


async def _end(work: CaseTransaction, order: CourtOrder) -> None:
    connection, case_no, now, court_order_id = work.connection, work.case_no, work.now, order.court_order_id
    ended_as = CourtOrderEnd.OVER if order.counts else CourtOrderEnd.VOID
    reason = _REASONS[ended_as]
    await court_orders.withdraw(connection, court_order_id, work.actor, reason, now, ended_as=ended_as)
    freed = await court_orders.let_holds_go(connection, case_no, court_order_id)
    await account_holds.warn_anew(connection, [UUID(hold_id) for hold_id in freed], now)
    await ask_about_retained_holds(connection, case_no, now)
    subject = subject_of(court_order_id)
    await work.close_tasks(subject, OVER_WITH_IT, reason)
    by = order.taken_by if ended_as is CourtOrderEnd.VOID else None
    await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=_TASKS[ended_as], subject=subject, caused_by=by))
    data = {"court_order_id": court_order_id, "effect": order.effect.value, "ended_as": ended_as.value}
    await work.log_all(
        [Event(EventKind.COURT_ORDER_ENDED, data), *retained_events(court_order_id, freed, retained=False)]
    )
    await case_outbox.notify_procedures(connection, case_no, DEPEND_ON_ORDERS, now)


async def waive_notice(
    ctx: Context, restoration_id: UUID, waived: NoticeWaived, by: Acting, appeal_address: str = ""
) -> RestorationDone:
    """Record that the holder of one hold waives the rest of the time to object, and tell the holder.

    When the holder of every hold with money has waived, the step is due when the last of them can contradict no more,
    if that is earlier. An objection or a grievance stops it as at any time. Raises as `end_step`. Raises `NotNow`
    without the document or the hold, for a holder without a notice, and if an objection or a grievance is undecided.
    """
    async with decision(ctx, restoration_id, RestorationVerb.WAIVE_NOTICE, waived, by) as work:
        connection, row, lines = work.connection, work.row, await work.lines()
        await refuse_undecided(work)
        holds = {line.hold_id: line for line in lines}
        hold_id = waived.hold_id or (next(iter(holds)) if len(holds) == 1 else None)
        if waived.document is None or hold_id is None:
            raise WaiverNeedsDocument
        if hold_id not in holds:
            raise HoldNotOfRestoration(hold_id)
        if not await court_hearings.is_served(connection, restoration_id, row.visit_no, hold_id):
            raise NoticeNotServed
        seconds = ctx.policy.restoration.waiver_contradiction_seconds / ctx.procedure_clock_factor
        until = work.now + timedelta(seconds=seconds)
        sealer = await stored_sealer(ctx.persons, connection, work.case_no)
        document = sealer.document(WAIVER, waived.document)
        digest = await court_hearings.insert_waiver(
            connection, restoration_id, row.visit_no, hold_id, document, waived.reason, by.actor, work.now, until
        )
        if digest is None:
            raise WaiverRecorded(hold_id)
        await work.log(
            EventKind.HEARING_WAIVED,
            hold_id=str(hold_id),
            institution=holds[hold_id].institution,
            document_digest=digest,
            contradict_until=until.isoformat(),
            reason=waived.reason,
        )
        await message_sending.hearing_waived(connection, ctx, row, lines, hold_id, until, appeal_address, work.now)
        recorded = await court_hearings.of_visit(connection, restoration_id, row.visit_no)
        heard = {line.hold_id for line in lines if line.free_paise}
        if heard <= {waiver.hold_id for waiver in recorded}:
            last = max(waiver.contradict_until for waiver in recorded)
            await court_hearings.end_by(connection, restoration_id, last, work.now)
            await work.notify(ProcedureKind.RESTORATION, restoration_id)
    return work.done()
