"""Papers that come by themselves: the lien notice, the notice to a holder, the letter to a victim.

The database writes what is due with what it follows from; here it is issued and put into the outbox in one transaction
that holds the case, so that a worker killed at any point issues no paper twice and forgets none. What keeps a paper
from being issued stands in the case's one task about papers, which also says which reports an officer can issue now.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from activities.context import Context
from activities.documents.issuing import gather, issue_about, missing_of
from activities.notifications import restoration_messages
from activities.notifications.outbox import tell_victim
from activities.police.statutory_duties import finish_follow_up_if_complete
from db import notifications
from db.cases import cases, tasks
from db.documents import document_facts, document_register, due_documents
from db.documents.due_documents import Errand, Standing
from db.outbox import procedure_outbox
from db.police import statutory_duties
from db.pool import Connection
from db.restoration import restorations
from db.restoration.restorations import RestorationRow
from domain.documents import PaperLacks
from schemas.documents.due_documents import ErrandState
from schemas.documents.facts import AccountFacts, IssuedPaper, LienNotice, Missing, PaperHead, Particulars
from schemas.enums import Bucket, Language, ProcedureKind, TaskKind
from schemas.identifiers import account_key
from schemas.notifications import MessageFacts, MessageKind
from schemas.restoration_enums import PaperKind
from schemas.tasks import DocumentWaits, NewTask, TaskCause, TaskFacts

log = logging.getLogger(__name__)

ENGINE: Final = "engine"
ROUND_LIMIT: Final = 20
"""errands at a time; what is issued of them is issued one after the other, as each holds its case while it is set"""
LEASE: Final = timedelta(minutes=5)
LOOK_AGAIN: Final = timedelta(hours=1)
"""what a paper waits for wakes it; this is for what wakes nobody, as a paisa that moves"""
FIRST_WAIT: Final = timedelta(seconds=30)
"""after a fault of ours; it doubles up to `LOOK_AGAIN`"""
NOTHING_WAITS: Final = "no paper waits any more"
CHANGED: Final = "other papers wait, or for something else"
_TO_BANKS_IN: Final = Language.EN
"""a bank's desk may be anywhere in India"""
_NO_COPY: Final = Missing(
    field="fir.copy_digest", law="Khalsa Medical Store v RBI", why="a notice with the FIR goes with its copy"
)
_ACCOUNTED_FOR: Final = (Bucket.IN_PLAY, Bucket.HELD, Bucket.RESTORED, Bucket.RELEASED)
"""what a lien may be of: what is there, and what an order of ours has let go since"""
_SERVERS_AWAY: Final = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError)


async def issue_papers_due(ctx: Context, appeal_address: str = "") -> int:
    """Issue what is due, a few at a time; returns how many were looked at.

    What fails is tried again, and costs no other paper. Raises what a database raises that is away.
    """
    now = ctx.now()
    stands_back = timedelta(seconds=ctx.policy.right_of_way.papers_after_seconds / ctx.clock_factor)
    async with ctx.pool.acquire() as connection:
        claimed = await due_documents.claim(connection, now, now + LEASE, now - stands_back, ROUND_LIMIT)
    by_case: dict[str, list[Errand]] = defaultdict(list)
    for errand in claimed:
        by_case[errand.case_no].append(errand)
    for case_no, errands in by_case.items():
        try:
            await _see_to_case(ctx, errands, appeal_address)
        except _SERVERS_AWAY:
            raise
        except Exception as error:  # a case that cannot even be told of its faults costs no other
            log.warning("papers of case %s wait: %s", case_no, type(error).__name__)
    return len(claimed)


async def _see_to_case(ctx: Context, errands: Sequence[Errand], appeal_address: str) -> None:
    """Look at papers of one case together: most wait for the same, and the case is held once for all of them.

    After each that is issued the case is let go: to set it in type takes longer than all looks.
    """
    left = list(errands)
    while left:
        looked_at: list[Errand] = []
        try:
            async with ctx.pool.acquire() as connection, connection.transaction():
                await cases.hold(connection, left[0].case_no)
                for errand in left:
                    looked_at.append(errand)
                    if await _see_to(connection, ctx, errand, appeal_address):
                        break
                await _tell_desk(connection, errand.case_no, ctx.now())
        except _SERVERS_AWAY:
            raise
        except Exception as error:
            # What was looked at before it is looked at again: it was in the same transaction.
            failed = looked_at[-1] if looked_at else left[0]
            log.warning("paper errand %d waits: %s", failed.errand_id, type(error).__name__)
            await _put_off_failed(ctx, failed, error)
            left.remove(failed)
        else:
            left = left[len(looked_at) :]


async def _put_off_failed(ctx: Context, errand: Errand, error: Exception) -> None:
    wait = min(FIRST_WAIT * 2 ** min(errand.attempts - 1, 10), LOOK_AGAIN)
    again_at, failure = ctx.now() + wait, type(error).__name__
    async with ctx.pool.acquire() as connection, connection.transaction():
        await cases.hold(connection, errand.case_no)
        await due_documents.put_off(connection, errand.errand_id, ErrandState.FAILED, again_at, failure=failure)
        await _tell_desk(connection, errand.case_no, ctx.now())


async def _see_to(connection: Connection, ctx: Context, errand: Errand, appeal_address: str) -> bool:
    """Issue one paper, or write down what keeps it; the case's row is locked. Returns whether one was issued."""
    if not await due_documents.is_open(connection, errand.errand_id):
        return False
    work = _Work(connection, ctx, errand, ctx.now(), appeal_address)
    try:
        async with connection.transaction():
            found = await _HOW[errand.kind](work)
    except PaperLacks as lacks:
        found = _lacks(lacks.missing)
    if found.state in _ENDED:
        await due_documents.end(connection, errand.errand_id, found.state, work.now)
        await work.go_on()
    else:
        again_at = work.now + LOOK_AGAIN
        await due_documents.put_off(connection, errand.errand_id, found.state, again_at, lacking=found.lacking)
    return found.issued


@dataclass(frozen=True, slots=True)
class _Found:
    """What came of an errand."""

    state: ErrandState
    lacking: tuple[str, ...] = ()
    issued: bool = False


_ENDED: Final = frozenset({ErrandState.ISSUED, ErrandState.SERVED, ErrandState.OVERTAKEN})
_ISSUED, _SERVED = _Found(ErrandState.ISSUED, issued=True), _Found(ErrandState.SERVED)
_OVERTAKEN, _READY = _Found(ErrandState.OVERTAKEN), _Found(ErrandState.READY)
_WAITING: Final = _Found(ErrandState.WAITING)


def _lacks(missing: Sequence[Missing]) -> _Found:
    """The fields by name, each once: which of a paper's accounts lacks it is seen when it is asked for."""
    fields = (re.sub(r"\[\d+\]", "[]", one.field) for one in missing)
    return _Found(ErrandState.LACKING, tuple(dict.fromkeys(fields)))


@dataclass(frozen=True)
class _Work:
    """An errand as one transaction does it; the case's row is locked."""

    connection: Connection
    ctx: Context
    errand: Errand
    now: datetime
    appeal_address: str

    async def issue(self, language: Language, revision: int, particulars: Particulars | None = None) -> IssuedPaper:
        """Issue the paper. Raises `PaperLacks` and what rendering raises."""
        return await issue_about(
            self.connection,
            self.ctx,
            self.errand.kind,
            self.errand.subject,
            language=language,
            case_no=self.errand.case_no,
            issued_by=ENGINE,
            now=self.now,
            revision=revision,
            particulars=particulars,
            appeal_address=self.appeal_address,
        )

    @property
    def between_corrections(self) -> timedelta:
        """How long a notice stands, at least, before it is replaced because it says too much.

        By the clock of the trail: it is banks' answers that make a notice say too much.
        """
        return timedelta(seconds=self.ctx.policy.papers.lien_corrected_after_seconds / self.ctx.clock_factor)

    async def next_revision(self) -> int:
        errand = self.errand
        return await document_register.next_revision(self.connection, errand.case_no, errand.kind, errand.subject)

    async def missing(self, subject: str) -> tuple[Missing, ...]:
        return await missing_of(self.connection, self.ctx, self.errand.case_no, self.errand.kind, subject, self.now)

    async def go_on(self) -> None:
        """Have the restoration look again whose step has waited for the paper."""
        if self.errand.restoration_id is not None:
            subject = str(self.errand.restoration_id)
            await procedure_outbox.tell(self.connection, ProcedureKind.RESTORATION, subject, self.now)


# -- kind by kind ------------------------------------------------------------------------------------------------------


async def _lien_notice(work: _Work) -> _Found:
    """To one bank, as soon as the case has an officer; anew where the last one does not say what is so now.

    While money is followed at the bank the sums may still change: the errand waits, and looks again.
    """
    connection, errand = work.connection, work.errand
    case_no, bank = errand.case_no, errand.subject
    on_hold = await document_facts.accounts(connection, case_no, (Bucket.HELD,), bank)
    if not on_hold:
        return _OVERTAKEN
    last = await document_register.latest(connection, case_no, PaperKind.LIEN_NOTICE, bank)
    if last is not None:
        said = LienNotice.model_validate(await document_register.facts_of(connection, last.paper_id))
        gathered = await gather(
            connection, work.ctx, errand.kind, bank, language=_TO_BANKS_IN, case_no=case_no, now=work.now
        )
        if names_all(said.accounts, on_hold) and said.fir == gathered.facts.fir:
            if not says_too_much(
                said.accounts, await document_facts.accounts(connection, case_no, _ACCOUNTED_FOR, bank)
            ):
                return await _while_followed(work, _SERVED)
            if work.now < await document_register.issued_at(connection, last.paper_id) + work.between_corrections:
                return _WAITING
        elif names_all(said.accounts, on_hold) and not gathered.facts.fir.copy_digest:
            return _lacks([_NO_COPY])
    await work.issue(_TO_BANKS_IN, await work.next_revision())
    return await _while_followed(work, _ISSUED)


async def _while_followed(work: _Work, then: _Found) -> _Found:
    followed = await document_facts.accounts(
        work.connection, work.errand.case_no, (Bucket.IN_PLAY,), work.errand.subject
    )
    return replace(_WAITING, issued=then.issued) if followed else then


def names_all(said: Sequence[AccountFacts], on_hold: Sequence[AccountFacts]) -> bool:
    """Whether a notice names every account with at least what is on hold there."""
    named = {account_key(account.account): account.amount_paise for account in said}
    return all(named.get(account_key(account.account), 0) >= account.amount_paise for account in on_hold)


def says_too_much(said: Sequence[AccountFacts], there: Sequence[AccountFacts]) -> bool:
    """Whether a notice names an account with more than came to it and has not left it without an order of ours."""
    known = {account_key(account.account): account.amount_paise for account in there}
    return any(account.amount_paise > known.get(account_key(account.account), 0) for account in said)


async def _report(work: _Work) -> _Found:
    """An officer's to issue: the report to the magistrate, the follow-up to each bank that holds money."""
    connection, errand = work.connection, work.errand
    if not await due_documents.duty_waits(connection, errand.case_no, errand.kind):
        return _SERVED
    if errand.kind is PaperKind.FOLLOW_UP:
        if await finish_follow_up_if_complete(connection, work.ctx, errand.case_no, work.now):
            return _SERVED
        about = await document_register.banks_without(connection, errand.case_no, errand.kind)
        if not about:
            return _WAITING
    elif await statutory_duties.unreported_since(connection, errand.case_no) is None:
        # Issued, and to be handed in: that is a task of its own.
        return _WAITING
    else:
        about = [errand.case_no]
    missing = [one for subject in about for one in await work.missing(subject)]
    return _lacks(missing) if missing else _READY


async def _notice_107(work: _Work) -> _Found:
    """An officer's to issue, who says where and when cause is shown; here it goes to the holder."""
    errand = work.errand
    if not await _is_on_hold(work):
        return _OVERTAKEN
    about = (errand.case_no, errand.kind, errand.subject)
    issued = await document_register.last_since(work.connection, *about, errand.opened_at)
    if not issued:
        return _lacks(await work.missing(errand.subject))
    facts = await document_register.facts_of(work.connection, issued[0].paper_id)
    await _give_notice(work, datetime.fromisoformat(facts["show_cause_by"]), issued)
    return _ISSUED


async def _holder_notice(work: _Work) -> _Found:
    """To a holder whose money is to go back, in every language of the policy; the time to object runs from it."""
    if not await _is_on_hold(work):
        return _OVERTAKEN
    row = await _hearing(work)
    until = work.now + timedelta(seconds=row.policy.steps[row.step].due_seconds)
    revision = await work.next_revision()
    languages = work.ctx.policy.messages.holder_languages
    issued = [await work.issue(language, revision, Particulars(by=until)) for language in languages]
    await _give_notice(work, until, issued)
    return _ISSUED


async def _hearing(work: _Work) -> RestorationRow:
    """The restoration, which stands at the turn that the notice is for: with the turn its errands end."""
    assert work.errand.restoration_id is not None, "a hearing's errand names its turn"
    row = await restorations.find(work.connection, work.errand.restoration_id)
    assert row is not None, "restorations are never deleted"
    return row


async def _is_on_hold(work: _Work) -> bool:
    lines = await restorations.lines(work.connection, (await _hearing(work)).restoration_id)
    return any(line.free_paise for line in lines if str(line.hold_id) == work.errand.subject)


async def _give_notice(work: _Work, until: datetime, issued: Sequence[PaperHead]) -> None:
    connection, row, hold_id = work.connection, await _hearing(work), UUID(work.errand.subject)
    await due_documents.give_time(connection, row.restoration_id, row.step, row.turn, until)
    await restorations.note_heard(connection, row.restoration_id, hold_id)
    await restoration_messages.noticed(connection, work.ctx, row, hold_id, until, issued, work.appeal_address)


async def _status_letter(work: _Work) -> _Found:
    """To the victim, in the victim's language; of several that wait the newest says it all."""
    errand = work.errand
    if await due_documents.is_overtaken(work.connection, errand):
        return _OVERTAKEN
    victim = await notifications.victim(work.connection, errand.subject)
    letter = await work.issue(victim.language, await work.next_revision())
    going = await document_facts.open_restoration(work.connection, errand.case_no, errand.subject)
    facts = MessageFacts(
        occasion=errand.occasion,
        reference=letter.number,
        step=going.step if going else None,
        next_due_at=going.step_due_at if going else None,
    )
    kind = MessageKind.STATUS_LETTER
    await tell_victim(work.connection, work.ctx, errand.subject, kind, facts, papers=[letter])
    return _ISSUED


_HOW: Final[Mapping[PaperKind, Callable[[_Work], Awaitable[_Found]]]] = {
    PaperKind.LIEN_NOTICE: _lien_notice,
    PaperKind.MAGISTRATE_REPORT: _report,
    PaperKind.FOLLOW_UP: _report,
    PaperKind.NOTICE_107: _notice_107,
    PaperKind.HOLDER_NOTICE: _holder_notice,
    PaperKind.STATUS_LETTER: _status_letter,
}


# -- the desk's task ---------------------------------------------------------------------------------------------------


async def _tell_desk(connection: Connection, case_no: str, now: datetime) -> None:
    """Have one open task that says what the case's documents wait for; none where no document waits."""
    documents = documents_waiting(await due_documents.standings(connection, case_no))
    why = CHANGED if documents else NOTHING_WAITS
    task = NewTask(kind=TaskKind.DUTY, cause=TaskCause.DOCUMENTS_WAIT, facts=TaskFacts(documents=documents))
    await tasks.close_other_facts(connection, case_no, task, now, why)
    if documents:
        await tasks.open_tasks(connection, case_no, [task], now)


def documents_waiting(standings: Sequence[Standing]) -> tuple[DocumentWaits, ...]:
    """Return what documents wait for, kind by kind."""
    waits = []
    for kind in dict.fromkeys(one.kind for one in standings):
        of_kind = [one for one in standings if one.kind is kind]
        fields = dict.fromkeys(field for one in of_kind for field in one.lacking)
        failures = dict.fromkeys(one.failure for one in of_kind if one.failure)
        waits.append(DocumentWaits(kind=kind, lacking=tuple(fields), failures=tuple(failures)))
    return tuple(waits)
