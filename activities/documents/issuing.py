"""Issue a document: check it against its law, number, render, hash and store it, in one transaction.

The issuer locks the case, so a repeated request issues the document once. Then it locks the number series until the
transaction ends, so the numbers have no gap. For that reason a transaction issues one document, or several of one
kind.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID, uuid4

from activities.cases.transaction import CaseTransaction, case_transaction, lock_case
from activities.context import Context
from activities.documents.facts import GATHER, Gathered, Gathering, subject_of
from activities.notifications.people import Concerned, notify_people
from activities.police.statutory_duties import duty_done, report_issued
from db.cases import events
from db.cases.cases import case_no_of
from db.documents import document_facts, document_register
from db.police import firs
from db.pool import Connection
from documents.composing import compose
from documents.document import Imprint
from documents.rendering import render, template_version
from domain.documents import TO_A_BANK, PaperDiffers, lacking, refuse_if_lacking, said_otherwise, series_of
from domain.errors.documents import AttachmentNeedsSecondOfficer, NoInvestigator
from domain.notifications.rules import NotificationEvent
from schemas.documents.due_documents import PaperPreview
from schemas.documents.facts import (
    AttachmentApproval,
    IssuedPaper,
    Missing,
    PaperAsk,
    PaperFacts,
    PaperLinks,
    Particulars,
)
from schemas.enums import EventKind, Language
from schemas.notifications import MessageFacts
from schemas.police import CaseDuty
from schemas.restoration.restorations import Acting
from schemas.restoration_enums import DutyKind, OrderKind, PaperKind

APPEAL_PATH: Final = "/appeal"
"""the path of the holders' appeal page below the public address"""


def appeal_address(public_url: str | None) -> str:
    """Return the address of the appeal page for documents and messages; empty without a public address."""
    return f"{public_url}{APPEAL_PATH}" if public_url else ""


async def issue(
    work: CaseTransaction,
    facts: PaperFacts,
    *,
    subject: str,
    language: Language,
    revision: int = 1,
    links: PaperLinks | None = None,
) -> IssuedPaper:
    """Issue a document with these facts inside the caller's transaction, once for each subject and revision.

    Raises `PaperLacks` with all missing fields, and what `documents.rendering.render` raises.
    """
    connection, case_no, now = work.connection, work.case_no, work.now
    known = await document_register.find(connection, case_no, facts.kind, subject, language, revision)
    if known is not None:
        return known
    refuse_if_lacking(facts, now)
    log_seq, log_hash = await events.last(connection, case_no)
    facts = facts.model_copy(update={"log_seq": log_seq, "log_hash": log_hash})
    series = series_of(facts.kind, now)
    number = f"{series}/{await document_register.next_number(connection, series):06}"
    pdf = await render(compose(facts, language, Imprint(number=number, issued_at=now)), now)
    paper = await document_register.insert(
        connection,
        uuid4(),
        number,
        facts,
        pdf,
        subject=subject,
        language=language,
        revision=revision,
        links=links or PaperLinks(),
        template_version=template_version(),
        issued_at=now,
        issued_by=work.actor,
    )
    data = {
        "paper_id": str(paper.paper_id),
        "number": number,
        "kind": facts.kind.value,
        "language": language.value,
        "revision": revision,
        "digest": paper.digest,
    }
    await work.log(EventKind.PAPER_ISSUED, **data)
    return paper


async def issue_about(
    work: CaseTransaction,
    kind: PaperKind,
    subject: str,
    *,
    language: Language,
    revision: int = 1,
    particulars: Particulars | None = None,
    appeal_address: str = "",
) -> IssuedPaper:
    """Issue a document about `subject` with facts from the rows, inside the caller's transaction.

    Raises `NotFound`, `PaperDiffers` if it was issued with other particulars, and what `issue` raises.
    """
    connection, case_no = work.connection, work.case_no
    subject = subject_of(kind, subject, case_no)
    known = await document_register.find(connection, case_no, kind, subject, language, revision)
    if known is not None:
        await _refuse_if_different(connection, known, particulars or Particulars())
        return known
    gathered = await gather(
        connection,
        work.ctx,
        kind,
        subject,
        language=language,
        case_no=case_no,
        now=work.now,
        particulars=particulars,
        appeal_address=appeal_address,
    )
    paper = await issue(
        work, gathered.facts, subject=subject, language=language, revision=revision, links=gathered.links
    )
    await _record_duty(work, kind, paper)
    if kind in TO_A_BANK:
        facts = MessageFacts(occasion=str(paper.paper_id), reference=paper.number)
        bank = Concerned(case_no=case_no, bank=subject, papers=[paper], language=language)
        await notify_people(connection, NotificationEvent.BANK_NOTICE_ISSUED, bank, facts, work.now)
    return paper


async def _refuse_if_different(connection: Connection, known: IssuedPaper, asked: Particulars) -> None:
    fields = said_otherwise(asked, await document_register.facts_of(connection, known.paper_id))
    if fields:
        raise PaperDiffers(known.number, fields)


async def gather(
    connection: Connection,
    ctx: Context,
    kind: PaperKind,
    subject: str,
    *,
    language: Language,
    case_no: str,
    now: datetime,
    particulars: Particulars | None = None,
    appeal_address: str = "",
) -> Gathered:
    """Return the current facts for a document about `subject`. Raises `NotFound`."""
    asked = Gathering(
        connection=connection,
        ctx=ctx,
        case_no=case_no,
        subject=subject_of(kind, subject, case_no),
        particulars=particulars or Particulars(),
        language=language,
        now=now,
        appeal_address=appeal_address,
    )
    return await GATHER[kind](asked)


async def missing_of(
    connection: Connection, ctx: Context, case_no: str, kind: PaperKind, subject: str, now: datetime
) -> tuple[Missing, ...]:
    """Return the fields that a document would lack if it were issued now without particulars. Raises `NotFound`."""
    gathered = await gather(connection, ctx, kind, subject, language=Language.EN, case_no=case_no, now=now)
    return lacking(gathered.facts, now)


async def preview(ctx: Context, ack_no: str, kind: PaperKind, subject: str) -> PaperPreview:
    """Return whether an officer could issue a document now, and which fields it lacks. Raises `NotFound`."""
    async with ctx.pool.acquire() as connection, connection.transaction(readonly=True):
        case_no = await case_no_of(connection, ack_no)
        missing = await missing_of(connection, ctx, case_no, kind, subject, ctx.now())
    return PaperPreview(
        kind=kind, subject=subject_of(kind, subject, case_no), can_be_issued=not missing, lacking=missing
    )


async def _record_duty(work: CaseTransaction, kind: PaperKind, paper: IssuedPaper) -> None:
    """Record a statutory duty's progress: the report is issued, or every bank has its follow-up."""
    if kind is PaperKind.MAGISTRATE_REPORT:
        await report_issued(work, paper.paper_id)
    elif kind is PaperKind.FOLLOW_UP and not await document_register.banks_without(work.connection, work.case_no, kind):
        await duty_done(work, DutyKind.FOLLOW_UP, paper_id=paper.paper_id)


async def issue_for_officer(
    ctx: Context, ack_no: str, asked: PaperAsk, officer: str, *, appeal_address: str = ""
) -> IssuedPaper:
    """Issue the document that an officer requests. Raises what `issue_about` raises."""
    async with case_transaction(ctx, ack_no, officer) as work:
        return await issue_about(
            work,
            asked.kind,
            asked.subject,
            language=asked.language,
            revision=asked.revision,
            particulars=asked.particulars,
            appeal_address=appeal_address,
        )


async def approve_attachment(ctx: Context, hold_id: UUID, reason: str, by: Acting) -> AttachmentApproval:
    """Record a Superintendent's approval to ask the court to attach the held money.

    A repeated approval changes nothing. Raises `NotFound`, `NotNow` if the case has no investigating officer, and
    `SameEyes` for that officer.
    """
    async with case_transaction(ctx, partial(document_facts.case_of_hold, hold_id=hold_id), by.actor) as work:
        connection, case_no = work.connection, work.case_no
        io = await firs.officer(connection, case_no, CaseDuty.IO)
        if io is None:
            raise NoInvestigator(case_no)
        if io.subject == by.subject:
            raise AttachmentNeedsSecondOfficer(by.subject)
        if await document_register.approve_attachment(connection, hold_id, case_no, by.subject, reason, work.now):
            await work.log(EventKind.ATTACHMENT_APPROVED, hold_id=str(hold_id), reason=reason)
        return await document_register.attachment_approval(connection, hold_id)


@dataclass(frozen=True)
class OrderPapers:
    """The documents that go with orders to banks."""

    ctx: Context

    async def of(self, order_id: UUID) -> bytes:
        """Return the PDF of an order, and issue it first if needed.

        It is in English, because a bank's desk may be anywhere in India. Raises `NotFound`, and `PaperLacks` while
        fields are missing.
        """
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            order = await document_facts.order(connection, order_id)
            work = await lock_case(self.ctx, connection, order.case_no, order.ordered_by)
            kind = PaperKind.RESTORATION_ORDER if order.kind is OrderKind.RESTORE else PaperKind.RELEASE_ORDER
            paper = await issue_about(work, kind, str(order_id), language=Language.EN)
            _, pdf = await document_register.read(connection, paper.paper_id)
        return pdf
