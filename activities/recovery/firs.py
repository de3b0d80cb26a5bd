"""Officers of a case and first information reports: each function is one transaction with its event."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from activities.banks.bodies import stored_sealer
from activities.case.transaction import ENGINE, CaseTransaction, case_transaction, lock_case
from activities.context import Context
from activities.outgoing import Attempt, Kind, NoRouteYet, NotDue, Routes, Write
from activities.recovery import grievance_messages
from activities.recovery.message_recipients import Concerned, notify_people
from activities.recovery.statutory_duties import (
    CLOCKS_DIFFER,
    duty_done,
    notify_of_overdue_duties,
    open_duty,
    subject_of,
)
from adapters.police.cctns import FirRequest, LostTransfer, PoliceRefused, Registered
from db import outgoing, tasks
from db.case import case_outbox, cases, firs
from db.case.firs import ToRegister
from db.outgoing import OutgoingKind
from db.pool import Connection
from db.privacy.body_keys import FIR_COPY
from domain.errors.restoration import (
    AssignedByThemselves,
    FirNeedsNoSignature,
    FirNotRegistered,
    FirReplaced,
    FirStands,
    OtherFirRequested,
    SignatureTimeMissing,
    SignatureTooLate,
    SignedBeforeRegistered,
    TimeInFuture,
)
from domain.message_rules import NotificationEvent
from schemas.case.police import CaseOfficer, Fir, FirByHand, FirCopy, NewFir, NewOfficer, SignFir
from schemas.enums import ProcedureKind, TaskKind
from schemas.events import EventKind
from schemas.identifiers import is_same_person
from schemas.notifications import REFERENCE_MAX_CHARS, MessageFacts
from schemas.restoration_enums import CaseDuty, DutyKind, FirKind, FirState
from schemas.tasks import NewTask, TaskCause, TaskFacts

NO_REGISTER: Final = "no_register"
"""failure of a request while no register is configured"""
NO_REGISTER_WAITS: Final = timedelta(minutes=10)
MISSING: Final = {CaseDuty.IO: TaskCause.IO_MISSING, CaseDuty.SUPERVISING: TaskCause.SUPERVISING_MISSING}
"""cause of the task that no officer has a duty"""
_BY_HAND: Final = NewTask(kind=TaskKind.SUPERVISE, cause=TaskCause.FIR_BY_HAND)
_DEPENDS_ON_FIR: Final = (ProcedureKind.RESTORATION,)


async def assign_officer(ctx: Context, ack_no: str, new: NewOfficer, by: str) -> CaseOfficer:
    """Assign an officer to a duty of a case. Raises `NotFound`, and `AssignedByThemselves` for the officer who acts."""
    if is_same_person(new.subject, by):
        raise AssignedByThemselves(new.subject)
    async with case_transaction(ctx, ack_no, by) as work:
        return await write_assignment(work, new)


async def write_assignment(work: CaseTransaction, new: NewOfficer, /, **chosen: object) -> CaseOfficer:
    """Assign an officer, and tell the officer and the workflows. `chosen` says how the engine chose the officer."""
    connection, case_no = work.connection, work.case_no
    assigned = await firs.assign(connection, case_no, new, work.actor, work.now)
    data = {"duty": new.duty.value, "assignment_no": assigned.assignment_no, "subject": new.subject, **chosen}
    await work.log(EventKind.OFFICER_ASSIGNED, **data)
    if (missing := MISSING.get(new.duty)) is not None:
        await work.close_tasks(None, [missing], "an officer is assigned")
    await notify_of_overdue_duties(work, assigned)
    await case_outbox.notify_procedures(connection, case_no, list(ProcedureKind), work.now)
    await grievance_messages.notify_assigned(connection, work.ctx, case_no, new.duty, work.now)
    return assigned


# -- first information reports -----------------------------------------------------------------------------------------


async def take_fir(ctx: Context, ack_no: str, new: NewFir, by: str) -> Fir:
    """Request a report from the register, or record one that is registered already.

    A repeated request changes nothing. A report of another kind replaces an e-Zero FIR that is only requested.
    Raises `NotFound`. Raises `NotNow` if the case has a report or waits for another.
    """
    async with case_transaction(ctx, ack_no, by) as work:
        connection, case_no = work.connection, work.case_no
        live = await firs.live_fir(connection, case_no)
        if live is not None and live.state is not FirState.REQUESTED:
            if new.by_hand and live.fir_no == new.by_hand.fir_no:
                return live
            assert live.fir_no is not None, "a registered report has its number"
            raise FirStands(live.fir_no, live.state)
        if live is not None and new.by_hand is None and live.kind is not new.kind:
            if live.kind is not FirKind.E_ZERO_FIR:
                raise OtherFirRequested(live.kind)
            await _cancel_request(work, live)
            live = None
        if live is None:
            sections = new.sections or ctx.policy.police.fir.sections
            live = await firs.ask(connection, case_no, new.kind, sections, by, work.now)
            data = {"fir_id": str(live.fir_id), "kind": new.kind.value}
            await work.log(EventKind.FIR_REQUESTED, **data)
        if new.by_hand is not None:
            # This report is the requested one, so the register is not asked again.
            fir = _FirTransaction.of(work, fir_id=live.fir_id, kind=new.kind)
            await fir.by_hand(new.by_hand, new.sections)
        return await firs.fir(connection, case_no, live.fir_id)


async def _cancel_request(work: CaseTransaction, waiting: Fir) -> None:
    await firs.cancel(work.connection, waiting.fir_id)
    data = {"fir_id": str(waiting.fir_id), "kind": waiting.kind.value}
    await work.log(EventKind.FIR_CANCELLED, **data)


async def put_fir_copy(ctx: Context, ack_no: str, fir_id: UUID, copy: FirCopy, by: str) -> Fir:
    """Store the copy of a report. The same copy again changes nothing.

    Raises `NotFound`. Raises `NotNow` if the report is not registered yet.
    """
    async with case_transaction(ctx, ack_no, by) as work:
        connection, case_no = work.connection, work.case_no
        report = await firs.fir(connection, case_no, fir_id)
        if report.fir_no is None:
            raise FirNotRegistered(report.state)
        if report.document_digest != hashlib.sha256(copy.document).hexdigest():
            await _FirTransaction.of(work, fir_id=fir_id, kind=report.kind).copy(copy.document)
        return await firs.fir(connection, case_no, fir_id)


async def sign_fir(ctx: Context, ack_no: str, fir_id: UUID, signing: SignFir, by: str) -> Fir:
    """Record that the complainant signed the e-Zero FIR in time. A lapsed report becomes valid again.

    Raises `NotFound`. Raises `NotNow` if the report needs no signature or is replaced by another.
    """
    async with case_transaction(ctx, ack_no, by) as work:
        connection, case_no = work.connection, work.case_no
        report = await firs.fir(connection, case_no, fir_id)
        if report.state is FirState.SIGNED:
            return report
        _refuse_signature(report, signing.signed_at, work.now)
        live = await firs.live_fir(connection, case_no)
        if live is not None and live.fir_id != fir_id:
            if live.state is not FirState.REQUESTED:
                assert live.fir_no is not None, "a registered report has its number"
                raise FirReplaced(live.fir_no)
            await _cancel_request(work, live)
        fir = _FirTransaction.of(work, fir_id=fir_id, kind=report.kind)
        await fir.signed(signing.signed_at, signing.reason)
        await duty_done(work, DutyKind.FIR_SIGNATURE, reason=signing.reason)
        await case_outbox.notify_procedures(connection, case_no, _DEPENDS_ON_FIR, work.now)
        return await firs.fir(connection, case_no, fir_id)


_MAY_BE_SIGNED: Final = frozenset({FirState.REGISTERED, FirState.LAPSED})


def _refuse_signature(report: Fir, signed_at: datetime, now: datetime) -> None:
    if report.kind is not FirKind.E_ZERO_FIR or report.state not in _MAY_BE_SIGNED:
        raise FirNeedsNoSignature(report.kind, report.state)
    assert report.registered_at is not None, "a registered report has its time"
    assert report.sign_by is not None, "an e-Zero FIR has a time limit to sign"
    _refuse_time_of_signing(signed_at, report.registered_at, report.sign_by, now)


def _refuse_time_of_signing(signed_at: datetime, registered_at: datetime, sign_by: datetime, now: datetime) -> None:
    if signed_at > now + CLOCKS_DIFFER:
        raise TimeInFuture("signed_at")
    if signed_at < registered_at:
        raise SignedBeforeRegistered(registered_at)
    if signed_at > sign_by:
        raise SignatureTooLate(sign_by)


@dataclass
class _FirTransaction(CaseTransaction):
    """Changes to one report, inside a transaction that has locked its case."""

    fir_id: UUID
    kind: FirKind

    async def by_hand(self, stated: FirByHand, sections: Sequence[str]) -> None:
        """Record a report that an officer found in the register.

        Raises `NotNow` for impossible times, and for an unsigned report whose time to sign is over.
        """
        if stated.registered_at > self.now + CLOCKS_DIFFER:
            raise TimeInFuture("registered_at")
        registered = Registered(stated.fir_no, stated.police_station, stated.registered_at, None, stated.document)
        sign_by = self._sign_by(registered)
        if stated.signed_at is not None:
            if sign_by is None:
                raise FirNeedsNoSignature(self.kind, FirState.REGISTERED)
            _refuse_time_of_signing(stated.signed_at, stated.registered_at, sign_by, self.now)
        elif sign_by is not None and sign_by <= self.now:
            raise SignatureTimeMissing(sign_by)
        await self.registered(registered, sections, stated.signed_at)

    async def registered(
        self, stated: Registered, sections: Sequence[str] = (), signed_at: datetime | None = None
    ) -> None:
        """Record the number of the report. For an unsigned e-Zero FIR, open the duty to sign and notify the victim."""
        sign_by = self._sign_by(stated)
        by_person = self.actor != ENGINE
        if not await firs.registered(
            self.connection,
            self.fir_id,
            stated.fir_no,
            stated.police_station,
            stated.registered_at,
            sign_by,
            kind=self.kind if by_person else None,
            sections=sections,
        ):
            await self._not_asked_for(stated)
            return
        data = {
            "kind": self.kind.value,
            "fir_no": stated.fir_no,
            "registered_at": stated.registered_at.isoformat(),
            "sign_by": sign_by.isoformat() if sign_by else None,
        }
        await self._log(EventKind.FIR_REGISTERED, **data)
        if stated.document is not None:
            await self.copy(stated.document)
        await self._close_fir_tasks("it is registered")
        if signed_at is not None:
            await self.signed(signed_at, "stated with its number")
        elif sign_by is not None:
            await open_duty(self, DutyKind.FIR_SIGNATURE, due_at=sign_by, reopen=True)
            facts = MessageFacts(
                occasion=str(self.fir_id), reference=stated.fir_no[:REFERENCE_MAX_CHARS], until=sign_by
            )
            victim = Concerned(ack_no=self.case_no)
            await notify_people(self.connection, self.ctx, NotificationEvent.FIR_UNSIGNED, victim, facts, self.now)
        await case_outbox.notify_procedures(self.connection, self.case_no, _DEPENDS_ON_FIR, self.now)

    async def signed(self, at: datetime, reason: str) -> None:
        """Record the signature, and close the tasks that the lapse had opened."""
        await firs.signed(self.connection, self.fir_id, at)
        await self._log(EventKind.FIR_SIGNED, signed_at=at.isoformat(), reason=reason)
        await self._close_fir_tasks("it is signed")

    async def _not_asked_for(self, stated: Registered) -> None:
        """Open a task for a supervisor if another report replaced this one during the call.

        The register then has two reports for one case.
        """
        report = await firs.fir(self.connection, self.case_no, self.fir_id)
        if report.fir_no == stated.fir_no:
            return
        live = await firs.live_fir(self.connection, self.case_no)
        ours = live.fir_no or live.state.value if live else report.state.value
        facts = TaskFacts(fir_no=stated.fir_no, our_fir=ours)
        task = NewTask(kind=TaskKind.SUPERVISE, cause=TaskCause.TWO_FIRS, facts=facts)
        if await self.ask(task):
            await self._log(EventKind.FIR_TWICE, fir_no=stated.fir_no, ours=ours)

    async def copy(self, document: bytes) -> None:
        """Store the copy of the report. Documents that enclose it can now be sent."""
        sealer = await stored_sealer(self.ctx.persons, self.connection, self.case_no)
        copy = sealer.document(FIR_COPY, document)
        await firs.put_copy(self.connection, self.fir_id, copy)
        await self._log(EventKind.FIR_COPIED, document_digest=copy.sealed.digest.hex())

    async def refused(self, refusal: PoliceRefused) -> None:
        """Record the refusal, and ask a supervisor to have the report registered at the right station."""
        failure = f"{refusal.code}: {refusal.message}" if refusal.message else refusal.code
        if not await firs.refused(self.connection, self.fir_id, failure):
            return
        await self._log(EventKind.FIR_REFUSED, code=refusal.code)
        await self.ask(_BY_HAND)

    def _sign_by(self, stated: Registered) -> datetime | None:
        """Return the time limit to sign: the register's if it is plausible, else the policy's; None without one."""
        if self.kind is not FirKind.E_ZERO_FIR:
            return None
        seconds = self.ctx.policy.police.duties[DutyKind.FIR_SIGNATURE].due_seconds
        ours = stated.registered_at + timedelta(seconds=seconds / self.ctx.procedure_clock_factor)
        return stated.sign_by if stated.sign_by and stated.sign_by > stated.registered_at else ours

    async def _close_fir_tasks(self, reason: str) -> None:
        """Close the tasks to register another report and to check why this one was not signed."""
        await self.close_tasks(None, [TaskCause.FIR_BY_HAND, TaskCause.FIR_LAPSED], reason)
        await self.close_tasks(subject_of(DutyKind.FIR_SIGNATURE), [TaskCause.DUTY_OVERDUE], reason)

    async def _log(self, event: EventKind, /, **data: object) -> None:
        await self.log(event, fir_id=str(self.fir_id), **data)


# -- requests to the register ------------------------------------------------------------------------------------------


async def _look(ctx: Context, routes: Routes, connection: Connection) -> None:
    """Let the requests wait while no register is configured."""
    if routes.register is None:
        now = ctx.now()
        await outgoing.put_off_all(connection, OutgoingKind.FIR, now, now + NO_REGISTER_WAITS, NO_REGISTER)


async def _send(attempt: Attempt, report: ToRegister) -> Write:
    """Request a report. A refusal is an answer too: then a supervisor has it registered at the right station."""
    ctx, register = attempt.ctx, attempt.routes.register
    if register is None:
        raise NoRouteYet(NO_REGISTER)
    request = await _request(ctx, report)
    timeout_seconds = ctx.policy.police.asking.call_timeout_seconds
    try:
        stated = await register.register(request, timeout_seconds=timeout_seconds)
    except PoliceRefused as refusal:
        async with case_transaction(ctx, report.case_no, ENGINE) as work:
            await _FirTransaction.of(work, fir_id=report.fir_id, kind=report.kind).refused(refusal)
        raise NotDue from refusal

    async def write(connection: Connection, _at: datetime) -> None:
        work = await lock_case(ctx, connection, report.case_no, ENGINE)
        await _FirTransaction.of(work, fir_id=report.fir_id, kind=report.kind).registered(stated)

    return write


async def _request(ctx: Context, report: ToRegister) -> FirRequest:
    async with ctx.pool.acquire() as connection:
        facts = await firs.report_facts(connection, report.case_no)
    complainant = ctx.persons.open(facts.complainant)
    return FirRequest(
        fir_id=report.fir_id,
        kind=report.kind,
        case_no=report.case_no,
        category=facts.category,
        sections=report.sections,
        loss_paise=facts.loss_paise,
        complained_at=facts.received_at,
        complainant_name=complainant.name,
        complainant_mobile=complainant.mobile,
        district=facts.district,
        transfers=tuple(LostTransfer(t.reference, t.amount_paise, t.at, t.to_institution) for t in facts.transfers),
    )


async def _unanswered(report: ToRegister, connection: Connection, _at: datetime) -> None:
    head = await cases.lock(connection, report.case_no)
    await tasks.open_tasks(connection, head.case_no, [_BY_HAND], head.now)


REPORTS: Final = Kind(
    OutgoingKind.FIR,
    firs.to_register,
    _send,
    _unanswered,
    before=_look,
    batch=10,
    at_once=5,
    lease_calls=4,
    trying=lambda ctx: ctx.policy.police.asking,
    is_endless=True,
)
"""requests to the register of reports; after the policy's attempts a supervisor has a work item too"""
