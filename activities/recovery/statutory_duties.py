"""Statutory duties of the police after a hold: opening, reminders, escalation and completion.

The rows store the deadlines, and the due list acts on them. The magistrate's report is done when the court's
diary has it. The follow-up is done when its documents are issued, or when no bank waits for one. An officer may
instead state why no document is needed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never
from uuid import UUID

from activities.case.transaction import CaseTransaction, case_transaction
from activities.context import Context
from activities.recovery.message_recipients import Concerned, notify_people
from db.case import case_outbox, firs
from db.pool import Connection
from db.recovery import document_register, due_documents
from domain.case.requests import due_at as level_due_at
from domain.errors.restoration import (
    DiaryEntryMissing,
    DiaryNoUsed,
    DutyDone,
    DutyDoneByReport,
    DutyNotFound,
    DutyNotHandedIn,
    HandedInBeforeHold,
    TimeInFuture,
)
from domain.message_rules import NotificationEvent
from domain.recovery.officer_steps import duty_dues, duty_policy, read_what
from schemas.case.police import CaseOfficer
from schemas.enums import ProcedureKind, TaskKind
from schemas.events import EventKind
from schemas.notifications import MessageFacts
from schemas.procedures import RowState
from schemas.recovery.court_orders import Duty, DutyAction, HandedIn
from schemas.restoration_enums import CaseDuty, DocumentKind, DutyKind
from schemas.tasks import NewTask, Subject, TaskCause, TaskSubject, about

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


async def open_duties(work: CaseTransaction) -> int:
    """Open the duties that follow a hold, and return how many are new.

    A finished duty is reopened if no report covers the hold yet, or if the bank has no follow-up. The duties run from
    the time at which the engine opens the hold.
    """
    unreported_since = await due_documents.unreported_since(work.connection, work.case_no)
    owed = {
        DutyKind.MAGISTRATE_REPORT: unreported_since is not None,
        DutyKind.FOLLOW_UP: await _new_banks_wait(work),
    }
    return sum([await open_duty(work, kind, reopen=owed[kind]) for kind in AFTER_A_HOLD])


async def _new_banks_wait(work: CaseTransaction) -> bool:
    """Return whether a bank without a follow-up placed a hold after the duty was done."""
    connection, case_no = work.connection, work.case_no
    known = await due_documents.get(connection, case_no, DutyKind.FOLLOW_UP)
    since = known.done_at if known else None
    return bool(await document_register.banks_without(connection, case_no, DocumentKind.FOLLOW_UP, held_after=since))


async def open_duty(
    work: CaseTransaction,
    kind: DutyKind,
    *,
    since: datetime | None = None,
    due_at: datetime | None = None,
    reopen: bool = False,
) -> bool:
    """Open one duty with the deadlines of the current policy; return False if the case has it already.

    It runs from `since`, else from now. `due_at` replaces the policy's deadline. With `reopen` a finished duty is
    opened again.
    """
    rule, factor = work.ctx.policy.police.duties[kind], work.ctx.procedure_clock_factor
    since, escalation = since or work.now, duty_policy(rule, factor)
    due_at = due_at or since + timedelta(seconds=rule.due_seconds / factor)
    opened = await due_documents.open_duty(
        work.connection,
        work.case_no,
        kind,
        since,
        remind_at=level_due_at(escalation, DutyAction.REMIND, due_at),
        due_at=due_at,
        escalate_at=level_due_at(escalation, DutyAction.ESCALATE, due_at),
        anew=reopen,
    )
    if not opened:
        return False
    await work.ask(_task(kind, TaskCause.DUTY))
    data = {"kind": kind.value, "due_at": due_at.isoformat(), "policy": work.ctx.policy.version}
    await work.as_engine.log(EventKind.DUTY_OPENED, **data)
    await case_outbox.begin(work.connection, ProcedureKind.DUTIES, work.case_no, work.case_no, work.now)
    return True


async def report_issued(work: CaseTransaction, document_id: UUID) -> None:
    """Record that the report to the magistrate is issued. It must still be submitted to the court.

    The report names all holds of the case.
    """
    connection, case_no, kind = work.connection, work.case_no, DutyKind.MAGISTRATE_REPORT
    if await due_documents.unreported_since(connection, case_no) is not None:
        await open_duty(work, kind, reopen=True)
    await due_documents.report(connection, case_no)
    if await due_documents.issued(connection, case_no, kind, document_id, work.now):
        await work.close_tasks(subject_of(kind), [TaskCause.DUTY], "the report is issued")
        await work.ask(_task(kind, TaskCause.DUTY_TO_HAND_IN))


async def duty_done(
    work: CaseTransaction,
    kind: DutyKind,
    *,
    document_id: UUID | None = None,
    reason: str = "",
    handed_in: HandedIn | None = None,
) -> bool:
    """Finish a duty by a document or for a reason; return False if no such duty is open."""
    connection, case_no = work.connection, work.case_no
    duty = await due_documents.done(
        connection, case_no, kind, work.actor, work.now, document_id=document_id, reason=reason, handed_in=handed_in
    )
    if duty is None:
        return False
    causes = (TaskCause.DUTY, TaskCause.DUTY_TO_HAND_IN, TaskCause.DUTY_OVERDUE)
    await work.close_tasks(subject_of(kind), causes, "the duty is done")
    data = {
        "kind": kind.value,
        "document_id": str(duty.document_id) if duty.document_id else None,
        "late": (handed_in.at if handed_in else work.now) > duty.due_at,
        "reason": reason,
        "policy": work.ctx.policy.version,
    }
    if handed_in is not None:
        data |= {"diary_no": handed_in.diary_no, "handed_in_at": handed_in.at.isoformat()}
    await work.log(EventKind.DUTY_DONE, **data)
    await work.notify(ProcedureKind.DUTIES, case_no)
    await _end_without_duties(work)
    return True


async def _end_without_duties(work: CaseTransaction) -> None:
    """End the clocks of the duties if the case has no open duty."""
    if not await due_documents.any_left(work.connection, work.case_no):
        await case_outbox.end(work.connection, ProcedureKind.DUTIES, work.case_no, work.now)


async def finish_follow_up_if_complete(work: CaseTransaction) -> bool:
    """Finish the follow-up duty if no bank that holds money waits for one; return whether it was finished."""
    if await document_register.banks_without(work.connection, work.case_no, DocumentKind.FOLLOW_UP):
        return False
    return await duty_done(work.as_engine, DutyKind.FOLLOW_UP, reason=NOTHING_LEFT)


async def finish_by_hand(
    ctx: Context, ack_no: str, kind: DutyKind, reason: str, by: str, *, handed_in: HandedIn | None = None
) -> Duty:
    """Record an officer's statement that the report is submitted, or why the duty needs no document.

    The same statement again changes nothing. Money held since then and named in no report opens the duty again.
    Raises `NotFound` and `NotNow`.
    """
    async with case_transaction(ctx, ack_no, by) as work:
        known = await due_documents.get(work.connection, work.case_no, kind)
        if known is None:
            raise DutyNotFound(kind, work.case_no)
        if known.done_at is not None:
            if handed_in is not None and known.diary_no == handed_in.diary_no:
                return known
            raise DutyDone(known.done_at)
        await _check_can_finish(work, known, handed_in)
        await duty_done(work, kind, reason=reason, handed_in=handed_in)
        if handed_in is not None:
            await _mark_reported(work, known, handed_in)
        done = await due_documents.get(work.connection, work.case_no, kind)
    assert done is not None, "a duty stays"
    return done


async def _check_can_finish(work: CaseTransaction, known: Duty, handed_in: HandedIn | None) -> None:
    connection, case_no = work.connection, work.case_no
    if known.kind is DutyKind.FIR_SIGNATURE:
        raise DutyDoneByReport
    if handed_in is None:
        if known.kind is DutyKind.MAGISTRATE_REPORT and await due_documents.is_anything_held(connection, case_no):
            raise DiaryEntryMissing
        return
    if known.kind is not DutyKind.MAGISTRATE_REPORT:
        raise DutyNotHandedIn(known.kind)
    if handed_in.at > work.now + CLOCKS_DIFFER:
        raise TimeInFuture("handed_in.at")
    if handed_in.at < known.opened_at - CLOCKS_DIFFER:
        raise HandedInBeforeHold(known.opened_at)
    if await due_documents.is_in_a_diary(connection, case_no, handed_in.diary_no):
        raise DiaryNoUsed(handed_in.diary_no)


async def _mark_reported(work: CaseTransaction, known: Duty, handed_in: HandedIn) -> None:
    """Mark the holds that a report covers, and reopen the duty if others are unreported.

    A report issued by the engine names its holds. Any other report covers the holds up to its submission.
    """
    if known.issued_at is None:
        await due_documents.report(work.connection, work.case_no, handed_in.at)
    since = await due_documents.unreported_since(work.connection, work.case_no)
    if since is not None:
        await open_duty(work, known.kind, since=since, reopen=True)


async def notify_of_overdue_duties(work: CaseTransaction, assigned: CaseOfficer) -> None:
    """Notify a newly assigned officer of the open duties whose reminder or escalation is past."""
    if assigned.duty is CaseDuty.DECIDING:
        return
    for duty in await due_documents.of_case(work.connection, work.case_no):
        action = {CaseDuty.IO: DutyAction.REMIND, CaseDuty.SUPERVISING: DutyAction.ESCALATE}[assigned.duty]
        past = duty.reminded_at if assigned.duty is CaseDuty.IO else duty.escalated_at
        if duty.done_at is None and past is not None:
            await _notify(work, duty, action, f".{assigned.assignment_no}")


async def _notify(work: CaseTransaction, duty: Duty, action: DutyAction, to: str = "") -> None:
    facts = MessageFacts(
        occasion=f"{duty.kind.value}.{action}.{duty.opened_at:%Y%m%dT%H%M%S}{to}",
        until=duty.due_at,
        duty=duty.kind.value,
    )
    await notify_people(work.connection, work.ctx, _EVENTS[action], Concerned(case_no=work.case_no), facts, work.now)


# -- deadlines ---------------------------------------------------------------------------------------------------------


async def read_duties(connection: Connection, case_no: str) -> RowState:
    """Return the next actions of the case's open duties; over when no duty is open."""
    waiting = [duty for duty in await due_documents.of_case(connection, case_no) if duty.done_at is None]
    dues = sorted((due for duty in waiting for due in duty_dues(duty)), key=lambda due: (due.at, due.what))
    return RowState(over=not waiting, at=" ".join(duty.kind.value for duty in waiting), dues=tuple(dues))


async def attend_to_duties(work: CaseTransaction) -> RowState:
    """Do the due actions of a locked case's duties, and return the next ones."""
    state = await read_duties(work.connection, work.case_no)
    if not (due_now := [due.what for due in state.dues if due.at <= work.now]):
        return state
    for what in due_now:
        await care_for_duty(work, what)
    return await read_duties(work.connection, work.case_no)


async def care_for_duty(work: CaseTransaction, what: str) -> None:
    """Do the action "remind:KIND", "escalate:KIND" or "lapse:KIND", if it is due. A repeated call changes nothing."""
    action, kind = read_what(what)
    duty = await due_documents.get(work.connection, work.case_no, kind)
    # An action before this one may have finished the duty, or reopened it with later deadlines.
    if duty is None or all(due.what != what or due.at > work.now for due in duty_dues(duty)):
        return
    if kind is DutyKind.FOLLOW_UP and await finish_follow_up_if_complete(work):
        return
    await _DutyTransaction.of(work, duty=duty).do(action)


@dataclass
class _DutyTransaction(CaseTransaction):
    """Actions about one duty, inside a transaction that has locked its case."""

    duty: Duty

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
        if await due_documents.reminded(self.connection, self.case_no, self.duty.kind, self.now):
            await _notify(self, self.duty, DutyAction.REMIND)

    async def escalate(self) -> None:
        """Notify the supervising officer that the duty is overdue."""
        if await due_documents.escalated(self.connection, self.case_no, self.duty.kind, self.now):
            await self._overdue()

    async def lapse(self) -> None:
        """Record that the FIR has lapsed. The supervisor decides whether another is requested."""
        connection, case_no, kind = self.connection, self.case_no, self.duty.kind
        if not await due_documents.escalated(connection, case_no, kind, self.now):
            return
        fir_id = await firs.lapse(connection, case_no)
        if fir_id is not None:
            await self.log(EventKind.FIR_LAPSED, fir_id=str(fir_id), sign_by=self.duty.due_at.isoformat())
            await self._reopen_follow_up(fir_id)
        await self._overdue()
        await due_documents.done(connection, case_no, kind, self.actor, self.now, document_id=None, reason=LAPSED)
        await self.close_tasks(subject_of(kind), [TaskCause.DUTY], LAPSED)
        await case_outbox.notify_procedures(connection, case_no, [ProcedureKind.RESTORATION], self.now)
        await _end_without_duties(self)

    async def _reopen_follow_up(self, fir_id: UUID) -> None:
        """Reopen the follow-up duty, because documents sent under the lapsed report now have no FIR."""
        if await document_register.banks_without(self.connection, self.case_no, DocumentKind.FOLLOW_UP):
            await open_duty(self, DutyKind.FOLLOW_UP, reopen=True)
        if await document_register.names_fir(self.connection, self.case_no, fir_id):
            await self.ask(NewTask(kind=TaskKind.SUPERVISE, cause=TaskCause.FIR_LAPSED))

    async def _overdue(self) -> None:
        """Notify the supervising officer, or ask the desk's supervisor if the case has none."""
        kinds = [TaskKind.DUTY]
        if await firs.officer(self.connection, self.case_no, CaseDuty.SUPERVISING) is None:
            kinds.append(TaskKind.SUPERVISE)
        cause, subject = TaskCause.DUTY_OVERDUE, subject_of(self.duty.kind)
        await self.ask(*(NewTask(kind=kind, cause=cause, subject=subject) for kind in kinds))
        data = {"kind": self.duty.kind.value, "due_at": self.duty.due_at.isoformat()}
        await self.log(EventKind.DUTY_OVERDUE, **data)
        await _notify(self, self.duty, DutyAction.ESCALATE)
