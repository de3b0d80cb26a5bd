"""Statutory duties of the police after a hold: opening, reminders, escalation and completion.

The rows store the deadlines, and `DutiesWorkflow` acts on them. The magistrate's report is done when the court's
diary has it. The follow-up is done when its documents are issued, or when no bank waits for one. An officer may
instead state why no document is needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never
from uuid import UUID

from temporalio import activity

from activities.context import Context
from activities.notifications.people import Concerned, notify_people
from db.cases import cases, events, tasks
from db.cases.events import Event
from db.documents import document_register
from db.outbox import procedure_outbox
from db.police import firs, statutory_duties
from db.pool import Connection
from domain.errors.police import (
    DiaryEntryMissing,
    DiaryNoUsed,
    DutyDone,
    DutyDoneByReport,
    DutyNotFound,
    DutyNotHandedIn,
    HandedInBeforeHold,
    TimeInFuture,
)
from domain.escalation import due_at as level_due_at
from domain.notifications.rules import NotificationEvent
from domain.police import duty_dues, duty_policy, read_what
from schemas.enums import EventKind, ProcedureKind, TaskKind
from schemas.notifications import MessageFacts
from schemas.outbox.procedures import Look, ProcedureOrder
from schemas.police import CaseDuty, CaseOfficer, Duty, DutyAction, HandedIn
from schemas.restoration_enums import DutyKind, PaperKind
from schemas.tasks import NewTask, Subject, TaskCause, TaskSubject, about

ENGINE: Final = "engine"
AFTER_A_HOLD: Final = (DutyKind.MAGISTRATE_REPORT, DutyKind.FOLLOW_UP)
LAPSED: Final = "it was not signed in time: it has lapsed"
NOTHING_LEFT: Final = "every bank that holds money has the FIR and the case number"
_EVENTS: Final = {
    DutyAction.REMIND: NotificationEvent.DUTY_DUE,
    DutyAction.ESCALATE: NotificationEvent.DUTY_OVERDUE,
}
CLOCKS_DIFFER: Final = timedelta(minutes=10)
"""how far another system's clock may be ahead of ours"""


def subject_of(kind: DutyKind) -> Subject:
    """Return the subject of the tasks about a duty."""
    return about(TaskSubject.DUTY, kind.value)


def _task(kind: DutyKind, cause: TaskCause) -> NewTask:
    return NewTask(kind=TaskKind.DUTY, cause=cause, subject=subject_of(kind))


# -- opening and ending, inside the caller's transaction ---------------------------------------------------------------


async def open_duties(connection: Connection, ctx: Context, case_no: str, now: datetime) -> int:
    """Open the duties that follow a hold, and return how many are new.

    A finished duty is reopened if no report covers the hold yet, or if the bank has no follow-up. The caller has locked
    the case. `now` is the time at which the engine took up the hold.
    """
    owed = {
        DutyKind.MAGISTRATE_REPORT: await statutory_duties.unreported_since(connection, case_no) is not None,
        DutyKind.FOLLOW_UP: await _new_banks_wait(connection, case_no),
    }
    opened = [await open_duty(connection, ctx, case_no, kind, now, reopen=owed[kind]) for kind in AFTER_A_HOLD]
    return sum(opened)


async def _new_banks_wait(connection: Connection, case_no: str) -> bool:
    """Return whether a bank without a follow-up placed a hold after the duty was done."""
    known = await statutory_duties.get(connection, case_no, DutyKind.FOLLOW_UP)
    since = known.done_at if known else None
    return bool(await document_register.banks_without(connection, case_no, PaperKind.FOLLOW_UP, held_after=since))


async def open_duty(
    connection: Connection,
    ctx: Context,
    case_no: str,
    kind: DutyKind,
    now: datetime,
    *,
    due_at: datetime | None = None,
    reopen: bool = False,
) -> bool:
    """Open one duty with the deadlines of the current policy; return False if the case has it already.

    `due_at` replaces the policy's deadline. With `reopen` a finished duty is opened again. The caller has locked the
    case.
    """
    rule, factor = ctx.policy.police.duties[kind], ctx.procedure_clock_factor
    due_at, escalation = due_at or now + timedelta(seconds=rule.due_seconds / factor), duty_policy(rule, factor)
    opened = await statutory_duties.open_duty(
        connection,
        case_no,
        kind,
        now,
        remind_at=level_due_at(escalation, DutyAction.REMIND, due_at),
        due_at=due_at,
        escalate_at=level_due_at(escalation, DutyAction.ESCALATE, due_at),
        anew=reopen,
    )
    if not opened:
        return False
    await tasks.open_tasks(connection, case_no, [_task(kind, TaskCause.DUTY)], now)
    data = {"kind": kind.value, "due_at": due_at.isoformat(), "policy": ctx.policy.version}
    await events.append(connection, case_no, now, ENGINE, [Event(EventKind.DUTY_OPENED, data)])
    await procedure_outbox.begin(connection, ProcedureKind.DUTIES, case_no, case_no, now)
    await procedure_outbox.tell(connection, ProcedureKind.DUTIES, case_no, now)
    return True


async def report_issued(connection: Connection, ctx: Context, case_no: str, paper_id: UUID, now: datetime) -> None:
    """Record that the report to the magistrate is issued. It must still be submitted to the court.

    The report names all holds of the case. The caller has locked the case.
    """
    kind = DutyKind.MAGISTRATE_REPORT
    if await statutory_duties.unreported_since(connection, case_no) is not None:
        await open_duty(connection, ctx, case_no, kind, now, reopen=True)
    await statutory_duties.report(connection, case_no)
    if await statutory_duties.issued(connection, case_no, kind, paper_id, now):
        subject = subject_of(kind)
        await tasks.close_about(connection, case_no, subject, [TaskCause.DUTY], now, "the report is issued")
        await tasks.open_tasks(connection, case_no, [_task(kind, TaskCause.DUTY_TO_HAND_IN)], now)


async def duty_done(
    connection: Connection,
    ctx: Context,
    case_no: str,
    kind: DutyKind,
    paper_id: UUID | None,
    by: str,
    now: datetime,
    *,
    reason: str = "",
    handed_in: HandedIn | None = None,
) -> bool:
    """Finish a duty by a document or for a reason; return False if no such duty is open.

    The caller has locked the case.
    """
    duty = await statutory_duties.done(
        connection, case_no, kind, by, now, paper_id=paper_id, reason=reason, handed_in=handed_in
    )
    if duty is None:
        return False
    causes = (TaskCause.DUTY, TaskCause.DUTY_TO_HAND_IN, TaskCause.DUTY_OVERDUE)
    await tasks.close_about(connection, case_no, subject_of(kind), causes, now, "the duty is done")
    data = {
        "kind": kind.value,
        "paper_id": str(duty.paper_id) if duty.paper_id else None,
        "late": (handed_in.at if handed_in else now) > duty.due_at,
        "reason": reason,
        "policy": ctx.policy.version,
    }
    if handed_in is not None:
        data |= {"diary_no": handed_in.diary_no, "handed_in_at": handed_in.at.isoformat()}
    await events.append(connection, case_no, now, by, [Event(EventKind.DUTY_DONE, data)])
    await procedure_outbox.tell(connection, ProcedureKind.DUTIES, case_no, now)
    if not await statutory_duties.any_left(connection, case_no):
        await procedure_outbox.end(connection, ProcedureKind.DUTIES, case_no, now)
    return True


async def finish_follow_up_if_complete(connection: Connection, ctx: Context, case_no: str, now: datetime) -> bool:
    """Finish the follow-up duty if no bank that holds money waits for one; return whether it was finished.

    The caller has locked the case.
    """
    if await document_register.banks_without(connection, case_no, PaperKind.FOLLOW_UP):
        return False
    return await duty_done(connection, ctx, case_no, DutyKind.FOLLOW_UP, None, ENGINE, now, reason=NOTHING_LEFT)


async def finish_by_hand(
    ctx: Context, ack_no: str, kind: DutyKind, reason: str, by: str, *, handed_in: HandedIn | None = None
) -> Duty:
    """Record an officer's statement that the report is submitted, or why the duty needs no document.

    The same statement again changes nothing. Money held since then and named in no report opens the duty again.
    Raises `NotFound` and `NotNow`.
    """
    now = ctx.now()
    async with ctx.pool.acquire() as connection, connection.transaction():
        head = await cases.lock(connection, ack_no)
        known = await statutory_duties.get(connection, head.case_no, kind)
        if known is None:
            raise DutyNotFound(kind, head.case_no)
        if known.done_at is not None:
            if handed_in is not None and known.diary_no == handed_in.diary_no:
                return known
            raise DutyDone(known.done_at)
        await _check_can_finish(connection, head.case_no, known, handed_in, now)
        await duty_done(connection, ctx, head.case_no, kind, None, by, now, reason=reason, handed_in=handed_in)
        if handed_in is not None:
            await _mark_reported(connection, ctx, head.case_no, known, handed_in)
        done = await statutory_duties.get(connection, head.case_no, kind)
    assert done is not None, "a duty stays"
    return done


async def _check_can_finish(
    connection: Connection, case_no: str, known: Duty, handed_in: HandedIn | None, now: datetime
) -> None:
    if known.kind is DutyKind.FIR_SIGNATURE:
        raise DutyDoneByReport
    if handed_in is None:
        if known.kind is DutyKind.MAGISTRATE_REPORT and await statutory_duties.is_anything_held(connection, case_no):
            raise DiaryEntryMissing
        return
    if known.kind is not DutyKind.MAGISTRATE_REPORT:
        raise DutyNotHandedIn(known.kind)
    if handed_in.at > now + CLOCKS_DIFFER:
        raise TimeInFuture("handed_in.at")
    if handed_in.at < known.opened_at - CLOCKS_DIFFER:
        raise HandedInBeforeHold(known.opened_at)
    if await statutory_duties.is_in_a_diary(connection, case_no, handed_in.diary_no):
        raise DiaryNoUsed(handed_in.diary_no)


async def _mark_reported(connection: Connection, ctx: Context, case_no: str, known: Duty, handed_in: HandedIn) -> None:
    """Mark the holds that a report covers, and reopen the duty if others are unreported.

    A report issued by the engine names its holds. Any other report covers the holds up to its submission.
    """
    if known.issued_at is None:
        await statutory_duties.report(connection, case_no, handed_in.at)
    since = await statutory_duties.unreported_since(connection, case_no)
    if since is not None:
        await open_duty(connection, ctx, case_no, known.kind, since, reopen=True)


async def notify_of_overdue_duties(connection: Connection, case_no: str, assigned: CaseOfficer, now: datetime) -> None:
    """Notify a newly assigned officer of the open duties whose reminder or escalation is past.

    The caller has locked the case.
    """
    if assigned.duty is CaseDuty.DECIDING:
        return
    for duty in await statutory_duties.of_case(connection, case_no):
        action = {CaseDuty.IO: DutyAction.REMIND, CaseDuty.SUPERVISING: DutyAction.ESCALATE}[assigned.duty]
        past = duty.reminded_at if assigned.duty is CaseDuty.IO else duty.escalated_at
        if duty.done_at is None and past is not None:
            await _notify(connection, case_no, duty, action, now, f".{assigned.assignment_no}")


async def _notify(
    connection: Connection, case_no: str, duty: Duty, action: DutyAction, now: datetime, to: str = ""
) -> None:
    facts = MessageFacts(
        occasion=f"{duty.kind.value}.{action}.{duty.opened_at:%Y%m%dT%H%M%S}{to}",
        until=duty.due_at,
        duty=duty.kind.value,
    )
    await notify_people(connection, _EVENTS[action], Concerned(case_no=case_no), facts, now)


# -- activities of the workflow ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StatutoryDutyActivities:
    """The activities of `DutiesWorkflow`."""

    ctx: Context

    @activity.defn(name="look_at_duties")
    async def look_at_duties(self, asked: ProcedureOrder) -> Look:
        """Return the due actions of the case's open duties; over when no duty is open."""
        async with self.ctx.pool.acquire() as connection:
            waiting = [
                duty for duty in await statutory_duties.of_case(connection, asked.case_no) if duty.done_at is None
            ]
        dues = sorted((due for duty in waiting for due in duty_dues(duty)), key=lambda due: (due.at, due.what))
        return Look(over=not waiting, at=" ".join(duty.kind.value for duty in waiting), dues=tuple(dues))

    @activity.defn(name="care_for_duty")
    async def care_for_duty(self, asked: ProcedureOrder) -> None:
        """Do the due action "remind:KIND", "escalate:KIND" or "lapse:KIND". A repeated attempt changes nothing."""
        action, kind = read_what(asked.what)
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            await cases.hold(connection, asked.case_no)
            duty = await statutory_duties.get(connection, asked.case_no, kind)
            # The duty was finished, or reopened with later deadlines, after the workflow had read its state.
            if duty is None or all(due.what != asked.what or due.at > asked.at for due in duty_dues(duty)):
                return
            if kind is DutyKind.FOLLOW_UP and await finish_follow_up_if_complete(
                connection, self.ctx, asked.case_no, asked.at
            ):
                return
            work = _DutyTransaction(connection, self.ctx, asked.case_no, duty, asked.at)
            await work.do(action)


@dataclass(frozen=True)
class _DutyTransaction:
    """Actions about one duty, inside a transaction that has locked its case."""

    connection: Connection
    ctx: Context
    case_no: str
    duty: Duty
    at: datetime

    async def do(self, action: DutyAction) -> None:
        """Do the due action."""
        match action:
            case DutyAction.REMIND:
                await self.remind()
            case DutyAction.ESCALATE:
                await self.escalate()
            case DutyAction.LAPSE:
                await self.lapse()
            case other:
                assert_never(other)

    async def remind(self) -> None:
        """Notify the investigating officer that the duty is due soon."""
        if await statutory_duties.reminded(self.connection, self.case_no, self.duty.kind, self.at):
            await _notify(self.connection, self.case_no, self.duty, DutyAction.REMIND, self.at)

    async def escalate(self) -> None:
        """Notify the supervising officer that the duty is overdue."""
        kind = self.duty.kind
        if not await statutory_duties.escalated(self.connection, self.case_no, kind, self.at):
            return
        await self._overdue()

    async def lapse(self) -> None:
        """Record that the FIR has lapsed. The supervisor decides whether another is requested."""
        if not await statutory_duties.escalated(self.connection, self.case_no, self.duty.kind, self.at):
            return
        fir_id = await firs.lapse(self.connection, self.case_no)
        if fir_id is not None:
            data = {"fir_id": str(fir_id), "sign_by": self.duty.due_at.isoformat()}
            await self._log(EventKind.FIR_LAPSED, data)
            await self._reopen_follow_up(fir_id)
        await self._overdue()
        await statutory_duties.done(
            self.connection, self.case_no, self.duty.kind, ENGINE, self.at, paper_id=None, reason=LAPSED
        )
        subject, causes = subject_of(self.duty.kind), [TaskCause.DUTY]
        await tasks.close_about(self.connection, self.case_no, subject, causes, self.at, LAPSED)
        await firs.tell_procedures(self.connection, self.case_no, [ProcedureKind.RESTORATION], self.at)
        if not await statutory_duties.any_left(self.connection, self.case_no):
            await procedure_outbox.end(self.connection, ProcedureKind.DUTIES, self.case_no, self.at)

    async def _reopen_follow_up(self, fir_id: UUID) -> None:
        """Reopen the follow-up duty, because documents sent under the lapsed report now have no FIR."""
        if await document_register.banks_without(self.connection, self.case_no, PaperKind.FOLLOW_UP):
            await open_duty(self.connection, self.ctx, self.case_no, DutyKind.FOLLOW_UP, self.at, reopen=True)
        if await document_register.names_fir(self.connection, self.case_no, fir_id):
            task = NewTask(kind=TaskKind.SUPERVISE, cause=TaskCause.FIR_LAPSED)
            await tasks.open_tasks(self.connection, self.case_no, [task], self.at)

    async def _overdue(self) -> None:
        """Notify the supervising officer, or ask the desk's supervisor if the case has none."""
        kinds = [TaskKind.DUTY]
        if await firs.officer(self.connection, self.case_no, CaseDuty.SUPERVISING) is None:
            kinds.append(TaskKind.SUPERVISE)
        cause, subject = TaskCause.DUTY_OVERDUE, subject_of(self.duty.kind)
        asked = [NewTask(kind=kind, cause=cause, subject=subject) for kind in kinds]
        await tasks.open_tasks(self.connection, self.case_no, asked, self.at)
        await self._log(EventKind.DUTY_OVERDUE, {"kind": self.duty.kind.value, "due_at": self.duty.due_at.isoformat()})
        await _notify(self.connection, self.case_no, self.duty, DutyAction.ESCALATE, self.at)

    async def _log(self, kind: EventKind, data: Mapping[str, object]) -> None:
        await events.append(self.connection, self.case_no, self.at, ENGINE, [Event(kind, dict(data))])
