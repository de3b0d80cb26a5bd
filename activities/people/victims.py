"""Victims as officers see them: the search for one, and the correction of personal data by two officers."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Final

from activities.case.transaction import CaseTransaction, case_transaction
from activities.context import Context
from activities.people.draft_saving import told_reach
from activities.recovery import credit_accounts
from activities.recovery.message_recipients import Concerned, notify_people
from db import proposals
from db.case import cases
from db.pool import Connection
from db.privacy import person_keys, victim_corrections, victims
from db.privacy.person_keys import FoundRow, StoredPerson
from db.privacy.victim_corrections import CorrectionRow
from db.proposals import Decision, Kind, NewProposal
from db.recovery import notifications
from domain.errors.people import (
    VictimCorrectionDecided,
    VictimCorrectionNeedsSecondOfficer,
    VictimCorrectionProposed,
    VictimErased,
    VictimNameOfOneTerm,
    VictimUnchanged,
)
from domain.message_rules import NotificationEvent
from domain.privacy.search import contact_terms, name_terms
from schemas.enums import TaskKind
from schemas.events import EventKind
from schemas.identifiers import is_same_person
from schemas.notifications import MessageFacts
from schemas.privacy.personal_data import (
    FoundVictim,
    FoundVictims,
    NewVictimCorrection,
    VictimCorrection,
    VictimCorrectionDone,
    VictimCorrections,
    VictimQuestion,
    VictimView,
    Within,
)
from schemas.tasks import NewTask, TaskCause, TaskFacts, TaskSubject, about

MOBILE_END_CHARS: Final = 4
MESSAGES_SHOWN_MAX: Final = 100


async def find(ctx: Context, asked: VictimQuestion, within: Within | None) -> FoundVictims:
    """Return the complaints of the victims who have everything that is asked for, of the cases of `within`.

    Raises `LimitExceeded` for a name of one term alone.
    """
    async with ctx.pool.acquire() as connection:
        rows, more = await found_by_terms(
            ctx, connection, terms_of(asked.name or "", asked.mobile or "", asked.email or ""), within
        )
    opened = [(row, ctx.persons.open_or_empty(row.person)) for row in rows]
    items = tuple(
        FoundVictim(
            ack_no=row.ack_no,
            case_ack_no=row.case_no,
            received_at=row.received_at,
            name=person.name,
            mobile=person.mobile[-MOBILE_END_CHARS:],
            district=row.district,
        )
        for row, person in opened
    )
    return FoundVictims(items=items, more=more)


def terms_of(name: str = "", mobile: str = "", email: str = "") -> frozenset[str]:
    """Return the search terms that a victim must have; none for a name without a letter.

    Raises `LimitExceeded` for a name of one term alone, because a common one would list a large share of all victims.
    """
    contacts, names = frozenset(contact_terms(mobile, email)), name_terms(name)
    if len(names) == 1 and not contacts:
        raise VictimNameOfOneTerm
    return contacts | {f"name|{term}" for term in names}


async def found_by_terms(
    ctx: Context, connection: Connection, terms: Collection[str], within: Within | None
) -> tuple[list[FoundRow], bool]:
    """Return complaints whose victims have all terms, the newest first, and whether more do than one search shows."""
    if not terms:
        return [], False
    most = ctx.policy.personal_data.found_max
    rows = await person_keys.find(connection, ctx.persons.digests(sorted(terms)), most + 1, within)
    return rows[:most], len(rows) > most


async def view(ctx: Context, ack_no: str) -> VictimView:
    """Return the victim of a complaint, and what the victim was told. Raises `NotFound` and `CannotOpen`."""
    async with ctx.pool.acquire() as connection:
        row = await victims.of_complaint(connection, ack_no)
        first_told = await victim_corrections.first_told(connection, ack_no)
        reach = await told_reach(ctx, connection, ack_no)
        messages = await notifications.to_victim(connection, row.case_no, row.person.person_id, MESSAGES_SHOWN_MAX)
    return VictimView(
        **row.model_dump(exclude={"case_no", "person"}),
        case_ack_no=row.case_no,
        victim=ctx.persons.open(row.person),
        is_erased=row.person.is_erased,
        first_told=ctx.persons.open(first_told) if first_told else None,
        reach=reach,
        messages=messages,
    )


async def corrections(ctx: Context, ack_no: str) -> VictimCorrections:
    """Return the corrections of a complaint's victim. Raises `NotFound` and `CannotOpen`."""
    async with ctx.pool.acquire() as connection:
        await cases.case_of_complaint(connection, ack_no)
        rows = await victim_corrections.of_complaint(connection, ack_no)
    return VictimCorrections(corrections=tuple(_shown(ctx, row) for row in rows))


async def propose(ctx: Context, ack_no: str, new: NewVictimCorrection, by: str) -> VictimCorrectionDone:
    """Record other data of a victim. They count only after a second officer has agreed.

    Whether they differ from those that are stored is not said: an act is no read, and a refusal would confirm a guess
    to an officer who may not read them. Raises `NotFound` and `CannotOpen`. Raises `NotNow` when a correction waits,
    and when the key of the data is destroyed.
    """
    async with case_transaction(ctx, partial(cases.case_of_complaint, ack_no=ack_no), by) as work:
        connection = work.connection
        victim_id, stored = await lock_with_key(work, ack_no)
        if (open_id := await victim_corrections.proposed(connection, victim_id)) is not None:
            raise VictimCorrectionProposed(open_id)
        person = ctx.persons.open(stored)
        given = new.model_dump(exclude={"reason"}, exclude_none=True)
        fields = list(given)
        sealed = {
            "before": stored.sealed,
            "after": ctx.persons.seal_again(stored, person.model_copy(update=given)).sealed.hex(),
            "reason": ctx.persons.seal_text(stored, new.reason).hex(),
        }
        correction = NewProposal(
            kind=Kind.VICTIM_CORRECTION,
            subject=str(victim_id),
            case_no=work.case_no,
            body={"ack_no": ack_no, "fields": fields, **sealed},
            proposed_by=by,
            proposed_at=work.now,
        )
        written = await proposals.insert(connection, correction)
        assert written is not None, "the victim is locked"
        correction_id = written.proposal_id
        facts = TaskFacts(correction_id=correction_id)
        subject, cause = about(TaskSubject.COMPLAINT, ack_no), TaskCause.VICTIM_CORRECTION_TO_DECIDE
        await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=subject, facts=facts, caused_by=by))
        await _log(work, EventKind.VICTIM_CORRECTION_PROPOSED, ack_no, correction_id, fields)
        return _done(await victim_corrections.get(connection, ack_no, correction_id))


async def lock_with_key(work: CaseTransaction, ack_no: str) -> tuple[int, StoredPerson]:
    """Lock the victim of a complaint, and return the number and the sealed data. Raises `VictimErased`."""
    victim_id, stored = await victim_corrections.lock_victim(work.connection, ack_no)
    if stored.is_erased:
        raise VictimErased(ack_no)
    return victim_id, stored


async def agree(ctx: Context, ack_no: str, correction_id: int, by: str, *, page: str = "") -> VictimCorrectionDone:
    """Correct the victim as the second officer, and tell the victim at the old contact and at the new one.

    Links that were sent to the old contact are void, and the new one gets its own: `page` is the address of the page
    about an account to be credited. Raises `NotFound`, `SameEyes` and `CannotOpen`. Raises `NotNow` when it is decided,
    and when nothing would change.
    """
    async with case_transaction(ctx, partial(cases.case_of_complaint, ack_no=ack_no), by) as work:
        row = await _undecided(work.connection, ack_no, correction_id)
        if is_same_person(row.proposed_by, by):
            raise VictimCorrectionNeedsSecondOfficer(by)
        if row.person.is_erased:
            raise VictimErased(ack_no)
        after = ctx.persons.open(row.person_after())
        if after == ctx.persons.open(row.person_before()):
            raise VictimUnchanged(ack_no)
        await _tell_victim(work, row, "before")
        await proposals.decide(work.connection, correction_id, Decision.AGREED, by, work.now)
        terms = ctx.persons.terms(after)
        await victim_corrections.apply(work.connection, row, terms, ctx.persons.terms_key)
        if {"mobile", "email"} & {*row.fields}:
            await _tell_victim(work, row, "after")
            await credit_accounts.tell_again(work, ack_no, correction_id, page)
        await _close(work, row, EventKind.VICTIM_CORRECTED, "the victim is corrected")
        return _done(await victim_corrections.get(work.connection, ack_no, correction_id))


async def reject(ctx: Context, ack_no: str, correction_id: int, by: str) -> VictimCorrectionDone:
    """Reject a correction, which then has no effect. Raises `NotFound`, and `NotNow` when it is decided."""
    async with case_transaction(ctx, partial(cases.case_of_complaint, ack_no=ack_no), by) as work:
        row = await _undecided(work.connection, ack_no, correction_id)
        await proposals.decide(work.connection, correction_id, Decision.REFUSED, by, work.now)
        await _close(work, row, EventKind.VICTIM_CORRECTION_REJECTED, "the correction is rejected")
        return _done(await victim_corrections.get(work.connection, ack_no, correction_id))


async def _undecided(connection: Connection, ack_no: str, correction_id: int) -> CorrectionRow:
    await victim_corrections.lock_victim(connection, ack_no)
    row = await victim_corrections.get(connection, ack_no, correction_id)
    if row.decision is not None:
        assert row.decided_by is not None, "a decision names who decided"
        raise VictimCorrectionDecided(row.decision, row.decided_by)
    return row


async def _tell_victim(work: CaseTransaction, row: CorrectionRow, when: str) -> None:
    facts = MessageFacts(occasion=f"{row.correction_id}.{when}")
    concerned = Concerned(ack_no=row.ack_no)
    event = NotificationEvent.VICTIM_CORRECTED
    await notify_people(work.connection, work.ctx, event, concerned, facts, work.now)


async def _close(work: CaseTransaction, row: CorrectionRow, kind: EventKind, reason: str) -> None:
    subject = about(TaskSubject.COMPLAINT, row.ack_no)
    await work.close_tasks(subject, [TaskCause.VICTIM_CORRECTION_TO_DECIDE], reason)
    await _log(work, kind, row.ack_no, row.correction_id, row.fields)


async def _log(work: CaseTransaction, kind: EventKind, ack_no: str, correction_id: int, fields: Sequence[str]) -> None:
    # The log is kept for ever, so it says what changed, and not from what to what.
    await work.log(kind, ack_no=ack_no, correction_id=correction_id, fields=list(fields))


def _shown(ctx: Context, row: CorrectionRow) -> VictimCorrection:
    return VictimCorrection(
        **_done(row).model_dump(),
        before=ctx.persons.open(row.person_before()),
        after=ctx.persons.open(row.person_after()),
        reason=ctx.persons.open_text(row.person, row.reason),
    )


def _done(row: CorrectionRow) -> VictimCorrectionDone:
    # An act is no read: it asks for no reason, and the read log does not have it. So it returns no personal data.
    return VictimCorrectionDone(**row.model_dump(include=set(VictimCorrectionDone.model_fields)))
