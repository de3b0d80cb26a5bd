"""Calls to banks: answers by telephone, and banks that are called back.

Calls that banks promise: the desk waits for them, and a supervisor learns of a missed one. The escalation of the hold
request goes on meanwhile, because a promise freezes no money.

Answers of banks by telephone, as officers enter them. They are taken by the same rules as those over a channel. A line
that contradicts money on hold moves nothing. It is a discrepancy, and what was said is proposed as its resolution, to
which a second officer must agree.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from activities.case.answers import Answered, Teller, answer_in
from activities.case.claims import check_hops, to_claims
from activities.case.desk import LIVE_STATES
from activities.case.discrepancies import propose_as_stated
from activities.case.parked_hops import Done
from activities.case.request_sending import request_task
from activities.case.transaction import ENGINE, CaseTransaction, case_transaction
from activities.context import Context
from activities.isolation import repeated
from adapters.banks.answers import StatusUpdate
from adapters.banks.stated import Asked, Told, answer_lines
from db.banks import rosters
from db.case import cases, requests, telephone
from db.case.requests import RequestRow
from db.case.telephone import CallBack, DueTimes, Entered, NewRow, use_of_speaker
from db.privacy import victim_corrections
from domain.case.telephone import booked_by, check_times, flags_of, hops_left, is_known_number
from domain.errors.case import IdempotencyKeyReused, RequestNotLive
from domain.errors.people import VictimErased
from schemas.case.answers import MovedLine
from schemas.case.case_workflow import FollowUp
from schemas.case.hold_requests import (
    ITEMS_MAX,
    NewTelephoneAnswer,
    Speaker,
    TelephoneAnswers,
    TelephoneAnswerTaken,
    TelephoneAnswerView,
)
from schemas.enums import RequestState, TaskKind
from schemas.events import EventKind
from schemas.tasks import NewTask, TaskCause, TaskFacts, TaskSubject, about
from schemas.text import IST

_CALLS: Final = (TaskCause.REQUEST_SILENT, TaskCause.CALL_BACK_MISSED)
"""causes of the work items to telephone, which wait for the promised call"""


def due_times(ctx: Context, now: datetime) -> DueTimes:
    """Return since when a promised call must be due, or missed, to be acted on."""
    rules = ctx.policy.telephone
    return DueTimes(
        due_before=now - timedelta(seconds=rules.call_again_after_seconds / ctx.clock_factor),
        missed_before=now - timedelta(seconds=rules.supervise_after_seconds / ctx.clock_factor),
    )


async def called(work: CaseTransaction, request_id: UUID) -> None:
    """End the promised call about a request, because the bank has spoken again."""
    await telephone.end_of_request(work.connection, request_id, "called", work.now)


async def promise(work: CaseTransaction, request: RequestRow, telephone_answer_id: UUID, due_at: datetime) -> None:
    """Write that the bank calls back about a request. The desk need not telephone before."""
    await telephone.insert(work.connection, work.case_no, request.request_id, telephone_answer_id, due_at)
    subject = about(TaskSubject.REQUEST, request.request_id)
    await work.close_tasks(subject, _CALLS, "the bank calls back", kinds=[TaskKind.PHONE_BANK])


async def attend(ctx: Context, case_no: str, call_back_ids: Sequence[int]) -> Done:
    """Ask the desk to telephone a bank that did not call back, and after that tell the supervisor.

    A promised call about a request that needs no answer any more ends.
    """
    async with case_transaction(ctx, case_no, ENGINE) as work:
        due = await telephone.still_due(work.connection, case_no, call_back_ids, due_times(ctx, work.now))
        for call_back in due:
            await _attend_to(work, call_back)
    return Done(len(due))


async def _attend_to(work: CaseTransaction, call_back: CallBack) -> None:
    request = await requests.get_of_case(work.connection, work.case_no, call_back.request_id)
    if request.state not in LIVE_STATES:
        await telephone.end(work.connection, call_back.call_back_id, "answered", work.now)
        return
    facts = TaskFacts(institution=request.institution, at=f"{call_back.due_at.astimezone(IST):%d-%m-%Y %H:%M}")
    kind = TaskKind.PHONE_BANK if call_back.missed_at is None else TaskKind.SUPERVISE
    task = request_task(kind, TaskCause.CALL_BACK_MISSED, call_back.request_id, facts)
    if call_back.missed_at is None:
        await telephone.mark_missed(work.connection, call_back.call_back_id, work.now)
    else:
        await telephone.end(work.connection, call_back.call_back_id, "missed", work.now)
    for task_id in await work.ask(task, institution=request.institution):
        await work.log(EventKind.TASK_OPENED, task_id=task_id, kind=kind.value, institution=request.institution)


CHANNEL: Final = "telephone"
"""what the lines of such an answer name as their channel"""


@repeated()
async def take_telephone_answer(
    ctx: Context, ack_no: str, request_id: UUID, new: NewTelephoneAnswer, key: str, officer: str
) -> tuple[TelephoneAnswerTaken, FollowUp | None]:
    """Write what a bank said by telephone, with all its consequences, in one transaction.

    The same key and body of one officer give the same receipt. Returns it with the workflow notification. Raises
    `NotFound`, `NotItsHop`, `IdempotencyKeyReused`, `CannotOpen`. Raises `NotNow` about the times, for a call-back
    about a request that needs no answer any more, and when the personal data of the victim are destroyed.
    """
    await _freshen_directory(ctx, new)
    digest = hashlib.sha256(request_id.bytes + new.model_dump_json(exclude={"speaker"}).encode()).digest()
    async with case_transaction(ctx, ack_no, officer) as work:
        if known := await telephone.entered(work.connection, work.case_no, officer, key):
            return _repeated(ctx, known, digest, new.speaker), None
        request = await requests.get_of_case(work.connection, work.case_no, request_id)
        entry = _Entry.of(work, request=request, new=new, identity=uuid4())
        taken = await entry.take(key, digest)
    if entry.answered is not None:
        entry.answered.record_metrics()
    return taken, entry.answered.receipt.follow_up if entry.answered else None


async def list_telephone_answers(ctx: Context, ack_no: str) -> TelephoneAnswers:
    """Return the telephone answers of a case, the newest first. Raises `NotFound` and `CannotOpen`."""
    async with ctx.pool.acquire() as connection:
        case_no = await cases.case_no_of(connection, ack_no)
        rows = await telephone.of_case(connection, case_no, ITEMS_MAX)
    return TelephoneAnswers(
        items=tuple(
            TelephoneAnswerView(
                **row.model_dump(exclude={"speaker"}), speaker=_speaker(ctx.persons.open_stored(row.speaker))
            )
            for row in rows
        )
    )


def _speaker(opened: str) -> Speaker | None:
    return Speaker.model_validate_json(opened) if opened else None


def _repeated(ctx: Context, known: Entered, digest: bytes, speaker: Speaker) -> TelephoneAnswerTaken:
    """Return the receipt of before. Raises `IdempotencyKeyReused` if something else was entered under the key."""
    if known.body_digest != digest or _speaker(ctx.persons.open_stored(known.speaker)) not in {speaker, None}:
        raise IdempotencyKeyReused
    return TelephoneAnswerTaken.model_validate(known.reply)


async def _freshen_directory(ctx: Context, new: NewTelephoneAnswer) -> None:
    """Read the directory again if it lacks an institution that money moved to. It may have been loaded since."""
    payees = [line.payee for line in new.lines if isinstance(line, MovedLine)]
    resolve = ctx.directory.current.resolve
    if any(resolve(payee.institution, payee.ifsc, payee.account, "payee")[0] is None for payee in payees):
        await ctx.directory.freshen()


@dataclass
class _Entry(CaseTransaction):
    """The entry of one telephone answer, in one transaction."""

    request: RequestRow
    new: NewTelephoneAnswer
    identity: UUID
    number_is_known: bool = False
    answered: Answered | None = None

    async def take(self, key: str, digest: bytes) -> TelephoneAnswerTaken:
        """Write the answer, who gave it and what follows; return the receipt."""
        new, request, within = self.new, self.request, self.ctx.policy.telephone.call_back_within_seconds
        told_at = check_times(new.told_at, new.calls_back_at, request.sent_at, self.now, within)
        if new.calls_back_at is not None and request.state not in LIVE_STATES:
            raise RequestNotLive(request.state)
        self.number_is_known = await self._knows_number()
        person_id, sealed_speaker = await self._sealed_speaker()
        if new.lines:
            await self._answer()
        taken = await self._receipt()
        row = NewRow(
            telephone_answer_id=self.identity,
            case_no=self.case_no,
            request_id=request.request_id,
            institution=request.institution,
            update_id=self.answered.update_id if self.answered else None,
            told_at=told_at,
            number_is_known=self.number_is_known,
            calls_back_at=new.calls_back_at,
            entered_by=self.actor,
            entered_at=self.now,
            person_id=person_id,
            sealed_speaker=sealed_speaker,
            idempotency_key=key,
            body_digest=digest,
            reply=taken.model_dump(mode="json"),
        )
        await telephone.insert_answer(self.connection, row)
        await self._log(row)
        await self._note_call_back(taken.request_state)
        await self._tell_supervisor()
        return taken

    async def _knows_number(self) -> bool:
        """Return whether the directory has the number as one of the bank's."""
        institution = self.request.institution
        officers = (await rosters.officers(self.connection, [institution])).get(institution, ())
        return is_known_number(self.new.speaker.number, [officer.mobile for officer in officers])

    async def _sealed_speaker(self) -> tuple[UUID, bytes]:
        """Return whose key seals who spoke, and the sealed text. Raises `VictimErased` and `CannotOpen`.

        It is the victim of the case's first complaint, so the name of who spoke is kept no longer than the victim's.
        """
        _, stored = await victim_corrections.lock_victim(self.connection, self.case_no)
        if stored.is_erased:
            raise VictimErased(self.case_no)
        text = self.new.speaker.model_dump_json()
        return stored.person_id, self.ctx.persons.seal_text(stored, text, use_of_speaker(self.identity))

    async def _answer(self) -> None:
        """Take the lines as an answer of the bank, and note what they booked."""
        request, new = self.request, self.new
        hops = await telephone.hops_of(self.connection, request.request_id)
        asked = {hop.hop_no: Asked(reference=hop.reference, account=hop.account) for hop in hops}
        check_hops(new.lines, asked)
        provenance = Told(
            flags_of(number_is_known=self.number_is_known), {"channel": CHANNEL, "entered_by": self.actor}
        )
        lines = answer_lines(new.lines, asked, provenance)
        update = StatusUpdate(ack_no=self.case_no, job_id=request.job_id, lines=lines)
        rules, directory = self.ctx.policy.trail, self.ctx.directory.current
        claims = [
            # A line over a channel is no repeat of one by telephone. What both state counts once all the same.
            claim.model_copy(update={"natural_key": f"{claim.natural_key}|{CHANNEL}"})
            for claim in to_claims(lines, request.job_id or "", directory, rules)
        ]
        teller = Teller(request.institution, self.actor, by_telephone=True)
        digest = hashlib.sha256(self.identity.bytes + new.model_dump_json(exclude={"speaker"}).encode()).digest()
        self.answered = await answer_in(self.ctx, self.connection, teller, update, claims, digest)
        assert self.answered.outcome is not None, "no other answer has this digest"
        # What follows in this transaction is written after the answer.
        self.head = self.answered.head
        await telephone.note_booked(self.connection, self.case_no, booked_by(self.answered.outcome))

    async def _receipt(self) -> TelephoneAnswerTaken:
        discrepancy_ids: list[int] = []
        if self.answered and self.answered.update_id is not None:
            discrepancy_ids = await telephone.discrepancies_of(self.connection, self.answered.update_id)
        proposed = await propose_as_stated(self, discrepancy_ids, f"said by telephone ({self.identity})")
        request = await requests.get_of_case(self.connection, self.case_no, self.request.request_id)
        hops = await telephone.hops_of(self.connection, request.request_id)
        receipt = self.answered.receipt if self.answered else None
        return TelephoneAnswerTaken(
            telephone_answer_id=self.identity,
            case_ack_no=self.case_no,
            request_id=request.request_id,
            request_state=request.state,
            number_is_known=self.number_is_known,
            accepted=receipt.accepted if receipt else 0,
            duplicates=receipt.duplicates if receipt else 0,
            discrepancy_ids=tuple(discrepancy_ids),
            for_second_officer=tuple(proposed),
            hops_open=tuple(hop.hop_no for hop in hops if hop.live),
            calls_back_at=self.new.calls_back_at,
        )

    async def _log(self, row: NewRow) -> None:
        """Write the event. Who spoke, and the number, are personal data and stand in the sealed row only."""
        await self.log(
            EventKind.TELEPHONE_ANSWER_ENTERED,
            telephone_answer_id=str(row.telephone_answer_id),
            request_id=str(row.request_id),
            institution=row.institution,
            update_id=row.update_id,
            told_at=row.told_at.isoformat(),
            number_is_known=row.number_is_known,
            calls_back_at=_iso(row.calls_back_at),
        )

    async def _note_call_back(self, state: RequestState) -> None:
        """End the call that the bank promised before, and write the one that it promises now, if it is needed."""
        await called(self, self.request.request_id)
        if self.new.calls_back_at is not None and state in LIVE_STATES:
            await promise(self, self.request, self.identity, self.new.calls_back_at)

    async def _tell_supervisor(self) -> None:
        """Tell the supervisor of an unknown number, and of money that one officer says is gone or moved on.

        It is at once and as for a stop, because a bank is not asked any more about such money. The sum is that of all
        telephone answers of the case, so that parts of it do not pass unseen.
        """
        if self.answered is None or self.answered.outcome is None:
            return
        left = hops_left(self.answered.outcome)
        paise = await telephone.gone_or_moved_paise(self.connection, self.case_no)
        if self.number_is_known and not (left and await self._concerns(left, paise)):
            return
        cause = TaskCause.TELEPHONE_ANSWER_TO_CHECK
        institution = self.request.institution
        facts = TaskFacts(
            institution=institution,
            claimed_paise=paise,
            number_is_known=self.number_is_known,
            # An item about another request is another one.
            request_id=str(self.request.request_id),
        )
        # It is about the case, because the work items of a request end with the request.
        task = NewTask(kind=TaskKind.SUPERVISE, cause=cause, facts=facts, caused_by=self.actor)
        await self.ask(task, institution=institution)
        await self.log(
            EventKind.OFFICER_ALARM, cause=cause.value, request_id=str(self.request.request_id), amount_paise=paise
        )

    async def _concerns(self, left: set[int], paise: int) -> bool:
        asked = await telephone.hops_of(self.connection, self.request.request_id)
        times = [hop.transferred_at for hop in asked if hop.hop_no in left]
        return self.ctx.policy.alarms.concern(paise, times, self.now, self.ctx.clock_factor)


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
