"""Issue the documents that are due without a request, such as lien notices, holder notices and status letters.

The database writes a due document together with its cause. This module issues it and writes its messages in one
transaction with the case locked. So a worker killed at any point issues no document twice and loses none. One task of
the case says what its documents wait for, and which reports an officer can issue now.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final
from uuid import UUID

from activities.case.transaction import ENGINE, CaseTransaction, case_transaction
from activities.context import Context
from activities.isolation import SERVERS_AWAY
from activities.outgoing import Attempt, Kind
from activities.recovery import message_sending
from activities.recovery.document_issuing import gather, issue_about, missing_of
from activities.recovery.message_recipients import Concerned, notify_people
from activities.recovery.statutory_duties import finish_follow_up_if_complete
from db import tasks
from db.case import cases
from db.outgoing import OutgoingKind
from db.recovery import account_holds, document_facts, document_register, due_documents, notifications, restorations
from db.recovery.due_documents import DueDocument, DueDocumentStatus
from db.recovery.restorations import RestorationRow
from domain.errors.recovery import DocumentErased
from domain.message_rules import NotificationEvent
from domain.recovery.documents import DocumentIncomplete
from schemas.enums import Bucket, Language, ProcedureKind, TaskKind
from schemas.identifiers import account_key
from schemas.notifications import MessageFacts
from schemas.recovery.document_facts import AccountFacts, DocumentHead, IssuedDocument, LienNotice, Missing, Particulars
from schemas.recovery.due_documents import DueDocumentState
from schemas.restoration_enums import DocumentKind
from schemas.tasks import DocumentWaits, NewTask, TaskCause, TaskFacts

log = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=5)
"""time for the documents of the cases that a process takes at a time"""
CHECK_AGAIN: Final = timedelta(hours=1)
"""the wait before an unfinished due document is checked again; most causes wake it earlier, but moved money does not"""
NOTHING_WAITS: Final = "no document waits any more"
CHANGED: Final = "other documents wait, or the same wait for other facts"
_TO_BANKS_IN: Final = Language.EN
"""the language of documents to banks, because a bank's desk may be anywhere in India"""
_NO_COPY: Final = Missing(
    field="fir.copy_digest", law="Khalsa Medical Store v RBI", why="a notice with the FIR goes with its copy"
)
_WHOSE_ACCOUNT: Final = Missing(
    field="account_decision", law="BNSS 107", why="the bank's answer names another account, so an officer decides first"
)
_ACCOUNTED_FOR: Final = (Bucket.IN_PLAY, Bucket.HELD, Bucket.RESTORED, Bucket.RELEASED)
"""buckets that a lien notice may cover: money still there, and money that our orders have moved since"""


@dataclass(frozen=True, slots=True)
class _Found:
    """The result of one attempt at a due document."""

    state: DueDocumentState
    lacking: tuple[str, ...] = ()
    issued: bool = False


_ENDED: Final = frozenset({DueDocumentState.ISSUED, DueDocumentState.SERVED, DueDocumentState.OVERTAKEN})
_ISSUED, _SERVED = _Found(DueDocumentState.ISSUED, issued=True), _Found(DueDocumentState.SERVED)
_OVERTAKEN, _READY = _Found(DueDocumentState.OVERTAKEN), _Found(DueDocumentState.READY)
_WAITING: Final = _Found(DueDocumentState.WAITING)


def _missing_fields(missing: Sequence[Missing]) -> _Found:
    """Return a result with each missing field once, without the index of the account.

    The preview of the document shows which account lacks the field.
    """
    fields = (re.sub(r"\[\d+\]", "[]", item.field) for item in missing)
    return _Found(DueDocumentState.LACKING, tuple(dict.fromkeys(fields)))


class DocumentsWait(Exception):
    """Documents of the case wait for facts or an officer, or one failed."""

    retryable: ClassVar[bool] = True

    def __init__(self, retry_after: timedelta | None) -> None:
        super().__init__("a document failed" if retry_after is None else "documents wait")
        self.retry_after_seconds = None if retry_after is None else retry_after.total_seconds()


async def _issue_documents(attempt: Attempt, due_documents_of_case: Sequence[DueDocument]) -> None:
    """Check the due documents of one case under one lock, because most wait for the same facts.

    The lock is released after each issued document, because rendering takes longer than all checks. A failed document
    delays no other. Raises `DocumentsWait` if not all are issued, and the database's error if it is unreachable.
    """
    left, any_failed, any_waits = list(due_documents_of_case), False, False
    while left:
        checked: list[DueDocument] = []
        try:
            async with case_transaction(attempt.ctx, left[0].case_no, ENGINE) as work:
                for due_document in left:
                    checked.append(due_document)
                    check = await _attend_to(work, due_document, attempt.routes.appeal_address)
                    any_waits |= check.state not in _ENDED
                    if check.issued:
                        break
                await _update_desk_task(work)
        except SERVERS_AWAY:
            raise
        except Exception as error:
            # The documents checked before the failed one are checked again, because the transaction was rolled back.
            failed = checked[-1] if checked else left[0]
            log.warning("due document %d waits: %s", failed.due_document_id, type(error).__name__)
            await _note_failed(attempt.ctx, failed, error)
            left.remove(failed)
            any_failed = True
        else:
            left = left[len(checked) :]
    if any_failed or any_waits:
        raise DocumentsWait(None if any_failed else CHECK_AGAIN)


async def _note_failed(ctx: Context, due_document: DueDocument, error: Exception) -> None:
    async with case_transaction(ctx, due_document.case_no, ENGINE) as work:
        await due_documents.note_wait(
            work.connection, due_document.due_document_id, DueDocumentState.FAILED, failure=type(error).__name__
        )
        await _update_desk_task(work)


def _opened_before(ctx: Context) -> datetime:
    return ctx.now() - timedelta(seconds=ctx.policy.background_priority.documents_after_seconds / ctx.clock_factor)


DUE_DOCUMENTS: Final = Kind(
    OutgoingKind.DUE_DOCUMENT,
    due_documents.of_cases,
    _issue_documents,
    batch=50,
    # One after the other, because rendering happens with the case locked.
    at_once=1,
    call_seconds=LEASE.total_seconds(),
    lease_calls=1,
    opened_before=_opened_before,
    is_endless=True,
)
"""of cases; they are due again at once when a fact comes, and otherwise after a wait"""


async def _attend_to(work: CaseTransaction, due_document: DueDocument, appeal_address: str) -> _Found:
    """Issue one document or record what it waits for."""
    connection, due_document_id = work.connection, due_document.due_document_id
    if not await due_documents.is_open(connection, due_document_id):
        return _OVERTAKEN
    attempt = _Attempt.of(work, due_document=due_document, appeal_address=appeal_address)
    try:
        async with connection.transaction():
            outcome = await _ISSUE[due_document.kind](attempt)
    except DocumentIncomplete as incomplete:
        outcome = _missing_fields(incomplete.missing)
    if outcome.state in _ENDED:
        await due_documents.end(connection, due_document_id, outcome.state, work.now)
        if due_document.restoration_id is not None:
            # A step of the restoration has waited for the document.
            await work.notify(ProcedureKind.RESTORATION, due_document.restoration_id)
    else:
        await due_documents.note_wait(connection, due_document_id, outcome.state, lacking=outcome.lacking)
    return outcome


@dataclass
class _Attempt(CaseTransaction):
    """One transaction on a due document."""

    due_document: DueDocument
    appeal_address: str

    async def issue(self, language: Language, revision: int, particulars: Particulars | None = None) -> IssuedDocument:
        """Issue the document. Raises `DocumentIncomplete` and what rendering raises."""
        return await issue_about(
            self,
            self.due_document.kind,
            self.due_document.subject,
            language=language,
            revision=revision,
            particulars=particulars,
            appeal_address=self.appeal_address,
        )

    @property
    def between_corrections(self) -> timedelta:
        """Return the least time before a notice that names too much is replaced.

        It runs at the clock factor of the trail, because banks' answers cause such notices.
        """
        return timedelta(seconds=self.ctx.policy.documents.lien_corrected_after_seconds / self.ctx.clock_factor)

    async def next_revision(self) -> int:
        kind, subject = self.due_document.kind, self.due_document.subject
        return await document_register.next_revision(self.connection, self.case_no, kind, subject)

    async def missing(self, subject: str) -> tuple[Missing, ...]:
        return await missing_of(self.connection, self.ctx, self.case_no, self.due_document.kind, subject, self.now)


# -- kind by kind ------------------------------------------------------------------------------------------------------


async def _lien_notice(work: _Attempt) -> _Found:
    """Issue the lien notice to one bank, or a new one if the facts differ from the last.

    It needs an officer of the case. While money is traced at the bank the sums may change. So the due document stays
    open and is checked again.
    """
    connection, due_document = work.connection, work.due_document
    case_no, bank = work.case_no, due_document.subject
    on_hold = await document_facts.accounts(connection, case_no, (Bucket.HELD,), bank)
    if not on_hold:
        return _OVERTAKEN
    last = await document_register.latest(connection, case_no, DocumentKind.LIEN_NOTICE, bank)
    facts = await document_register.facts_of(connection, last.document_id, work.ctx.opens) if last else None
    if last is not None and facts is not None:
        named_before = LienNotice.model_validate(facts)
        gathered = await gather(
            connection, work.ctx, due_document.kind, bank, language=_TO_BANKS_IN, case_no=case_no, now=work.now
        )
        if names_all(named_before.accounts, on_hold) and named_before.fir == gathered.facts.fir:
            if not says_too_much(
                named_before.accounts, await document_facts.accounts(connection, case_no, _ACCOUNTED_FOR, bank)
            ):
                return await _open_while_traced(work, _SERVED)
            if work.now < await document_register.issued_at(connection, last.document_id) + work.between_corrections:
                return _WAITING
        elif names_all(named_before.accounts, on_hold) and not gathered.facts.fir.copy_digest:
            return _missing_fields([_NO_COPY])
    await work.issue(_TO_BANKS_IN, await work.next_revision())
    return await _open_while_traced(work, _ISSUED)


async def _open_while_traced(work: _Attempt, then: _Found) -> _Found:
    traced = await document_facts.accounts(
        work.connection, work.due_document.case_no, (Bucket.IN_PLAY,), work.due_document.subject
    )
    return replace(_WAITING, issued=then.issued) if traced else then


def names_all(named_before: Sequence[AccountFacts], on_hold: Sequence[AccountFacts]) -> bool:
    """Return whether a notice names every account with at least the amount on hold there."""
    named = {account_key(account.account): account.amount_paise for account in named_before}
    return all(named.get(account_key(account.account), 0) >= account.amount_paise for account in on_hold)


def says_too_much(named_before: Sequence[AccountFacts], there: Sequence[AccountFacts]) -> bool:
    """Return whether a notice names more for an account than the amount there or moved from it by our orders."""
    known = {account_key(account.account): account.amount_paise for account in there}
    return any(account.amount_paise > known.get(account_key(account.account), 0) for account in named_before)


async def _report(work: _Attempt) -> _Found:
    """Check whether an officer can issue the magistrate's report, or the follow-ups to the banks that hold money."""
    connection, due_document = work.connection, work.due_document
    if not await due_documents.duty_waits(connection, due_document.case_no, due_document.kind):
        return _SERVED
    if due_document.kind is DocumentKind.FOLLOW_UP:
        if await finish_follow_up_if_complete(work):
            return _SERVED
        about = await document_register.banks_without(connection, due_document.case_no, due_document.kind)
        if not about:
            return _WAITING
    elif await due_documents.unreported_since(connection, due_document.case_no) is None:
        # The report is issued. Its submission to the court is a task of its own.
        return _WAITING
    else:
        about = [due_document.case_no]
    missing = [item for subject in about for item in await work.missing(subject)]
    return _missing_fields(missing) if missing else _READY


async def _notice_107(work: _Attempt) -> _Found:
    """Send the holder the notice under BNSS 107 after an officer has issued it with place and time."""
    due_document = work.due_document
    if not await _is_on_hold(work):
        return _OVERTAKEN
    if await _is_in_doubt(work):
        return _missing_fields([_WHOSE_ACCOUNT])
    about = (due_document.case_no, due_document.kind, due_document.subject)
    issued = await document_register.last_since(work.connection, *about, due_document.opened_at)
    if not issued:
        return _missing_fields(await work.missing(due_document.subject))
    facts = await document_register.facts_of(work.connection, issued[0].document_id, work.ctx.opens)
    if facts is None:
        raise DocumentErased(issued[0].number)
    await _give_notice(work, datetime.fromisoformat(facts["show_cause_by"]), issued)
    return _ISSUED


async def _holder_notice(work: _Attempt) -> _Found:
    """Issue the notice to a holder in every language of the policy, which starts the time to object."""
    if not await _is_on_hold(work):
        return _OVERTAKEN
    if await _is_in_doubt(work):
        return _missing_fields([_WHOSE_ACCOUNT])
    row = await _restoration(work)
    until = work.now + timedelta(seconds=row.policy.steps[row.step].due_seconds)
    revision = await work.next_revision()
    languages = work.ctx.policy.messages.holder_languages
    issued = [await work.issue(language, revision, Particulars(by=until)) for language in languages]
    await _give_notice(work, until, issued)
    return _ISSUED


async def _restoration(work: _Attempt) -> RestorationRow:
    """Return the restoration, which is at the visit of the step that the notice is for.

    The end of a visit also ends its due documents.
    """
    assert work.due_document.restoration_id is not None, "a notice to a holder names its restoration"
    row = await restorations.find(work.connection, work.due_document.restoration_id)
    assert row is not None, "restorations are never deleted"
    return row


async def _is_on_hold(work: _Attempt) -> bool:
    lines = await restorations.lines(work.connection, (await _restoration(work)).restoration_id)
    return any(line.free_paise for line in lines if str(line.hold_id) == work.due_document.subject)


async def _is_in_doubt(work: _Attempt) -> bool:
    return await account_holds.account_doubted(work.connection, UUID(work.due_document.subject))


async def _give_notice(work: _Attempt, until: datetime, issued: Sequence[DocumentHead]) -> None:
    connection, row, hold_id = work.connection, await _restoration(work), UUID(work.due_document.subject)
    await due_documents.give_time(connection, row.restoration_id, row.step, row.visit_no, until)
    await restorations.note_noticed(connection, row.restoration_id, hold_id)
    await message_sending.noticed(connection, work.ctx, row, hold_id, until, issued, work.appeal_address, work.now)


async def _status_letter(work: _Attempt) -> _Found:
    """Issue a status letter in the victim's language. Only the newest of several waiting letters is issued."""
    due_document = work.due_document
    if await due_documents.is_overtaken(work.connection, due_document):
        return _OVERTAKEN
    if not await cases.buckets(work.connection, due_document.case_no, due_document.subject):
        # All of it counts for other complaints, so a letter has nothing to say. The page `my case` tells it.
        return _OVERTAKEN
    victim = await notifications.victim(work.connection, due_document.subject)
    letter = await work.issue(victim.language, await work.next_revision())
    restoration = await document_facts.open_restoration(work.connection, due_document.case_no, due_document.subject)
    facts = MessageFacts(
        occasion=due_document.occasion,
        reference=letter.number,
        step=restoration.step if restoration else None,
        next_due_at=restoration.step_due_at if restoration else None,
    )
    concerned = Concerned(ack_no=due_document.subject, documents=[letter])
    await notify_people(work.connection, work.ctx, NotificationEvent.STATUS_LETTER_ISSUED, concerned, facts, work.now)
    return _ISSUED


_ISSUE: Final[Mapping[DocumentKind, Callable[[_Attempt], Awaitable[_Found]]]] = {
    DocumentKind.LIEN_NOTICE: _lien_notice,
    DocumentKind.MAGISTRATE_REPORT: _report,
    DocumentKind.FOLLOW_UP: _report,
    DocumentKind.NOTICE_107: _notice_107,
    DocumentKind.HOLDER_NOTICE: _holder_notice,
    DocumentKind.STATUS_LETTER: _status_letter,
}


# -- the desk's task ---------------------------------------------------------------------------------------------------


async def _update_desk_task(work: CaseTransaction) -> None:
    """Keep one open task that says what the case's documents wait for, or none if no document waits."""
    documents = documents_waiting(await due_documents.standings(work.connection, work.case_no))
    why = CHANGED if documents else NOTHING_WAITS
    task = NewTask(kind=TaskKind.DUTY, cause=TaskCause.DOCUMENTS_WAIT, facts=TaskFacts(documents=documents))
    await tasks.close_other_facts(work.connection, work.case_no, task, work.now, why)
    if documents:
        await work.ask(task)


def documents_waiting(standings: Sequence[DueDocumentStatus]) -> tuple[DocumentWaits, ...]:
    """Return for each kind of document what it waits for."""
    waits = []
    for kind in dict.fromkeys(status.kind for status in standings):
        of_kind = [status for status in standings if status.kind is kind]
        fields = dict.fromkeys(field for status in of_kind for field in status.lacking)
        failures = dict.fromkeys(status.failure for status in of_kind if status.failure)
        waits.append(DocumentWaits(kind=kind, lacking=tuple(fields), failures=tuple(failures)))
    return tuple(waits)
