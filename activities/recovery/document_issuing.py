"""Issue of a document, and its text before the issue.

Issue a document: check it against its law, number, render, hash and store it, in one transaction. The issuer locks the
case, so a repeated request issues the document once. Then it locks the number series until the transaction ends, so the
numbers have no gap. For that reason a transaction issues one document, or several of one kind.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID, uuid4

from activities.banks.bodies import stored_sealer
from activities.case.transaction import CaseTransaction, case_transaction, lock_case
from activities.context import Context
from activities.recovery.document_facts import GATHER, Gathered, Gathering, subject_of
from activities.recovery.message_recipients import Concerned, notify_people
from activities.recovery.statutory_duties import duty_done, report_issued
from db.case import events, firs
from db.case.cases import case_no_of
from db.pool import Connection
from db.recovery import document_facts, document_register
from documents.composing import compose
from documents.rendering import (
    Blanks,
    Block,
    Choices,
    Document,
    Drawing,
    Heading,
    Imprint,
    Items,
    Lines,
    Pairs,
    Table,
    render,
    template_version,
)
from domain.errors.recovery import AttachmentNeedsSecondOfficer, NoInvestigator
from domain.message_rules import NotificationEvent
from domain.recovery.documents import TO_A_BANK, DocumentDiffers, lacking, refuse_if_lacking, said_otherwise, series_of
from schemas.enums import Language
from schemas.events import EventKind
from schemas.identifiers import is_same_person
from schemas.notifications import MessageFacts
from schemas.officers.officers import Acting
from schemas.recovery.document_facts import (
    AttachmentApproval,
    DocumentAsk,
    DocumentFacts,
    DocumentHead,
    DocumentLinks,
    IssuedDocument,
    Missing,
    Particulars,
)
from schemas.recovery.due_documents import DocumentPreview, DocumentText, TextPart
from schemas.restoration_enums import CaseDuty, DocumentKind, DutyKind, OrderKind

APPEAL_PATH: Final = "/appeal"
"""the path of the holders' appeal page below the public address"""


def appeal_address(public_url: str | None) -> str:
    """Return the address of the appeal page for documents and messages; empty without a public address."""
    return f"{public_url}{APPEAL_PATH}" if public_url else ""


async def issue(
    work: CaseTransaction,
    facts: DocumentFacts,
    *,
    subject: str,
    language: Language,
    revision: int = 1,
    links: DocumentLinks | None = None,
) -> IssuedDocument:
    """Issue a document with these facts inside the caller's transaction, once for each subject and revision.

    Raises `DocumentIncomplete` with all missing fields, and what `documents.rendering.render` raises.
    """
    connection, case_no, now = work.connection, work.case_no, work.now
    known = await document_register.find(connection, case_no, facts.kind, subject, language, revision)
    if known is not None:
        return known
    refuse_if_lacking(facts, now)
    log_seq, log_hash = await events.last(connection, case_no)
    facts = facts.model_copy(update={"log_seq": log_seq, "log_hash": log_hash})
    sealer = await stored_sealer(work.ctx.persons, connection, case_no)
    series = series_of(facts.kind, now)
    number = f"{series}/{await document_register.next_number(connection, series):06}"
    pdf = await render(compose(facts, language, Imprint(number=number, issued_at=now)), now)
    document = await document_register.insert(
        connection,
        uuid4(),
        number,
        facts,
        sealer.issued(facts.model_dump(mode="json"), pdf),
        subject=subject,
        language=language,
        revision=revision,
        links=links or DocumentLinks(),
        template_version=template_version(),
        issued_at=now,
        issued_by=work.actor,
    )
    data = {
        "document_id": str(document.document_id),
        "number": number,
        "kind": facts.kind.value,
        "language": language.value,
        "revision": revision,
        "digest": document.digest,
    }
    await work.log(EventKind.DOCUMENT_ISSUED, **data)
    return document


async def issue_about(
    work: CaseTransaction,
    kind: DocumentKind,
    subject: str,
    *,
    language: Language,
    revision: int = 1,
    particulars: Particulars | None = None,
    appeal_address: str = "",
) -> IssuedDocument:
    """Issue a document about `subject` with facts from the rows, inside the caller's transaction.

    Raises `NotFound`, `DocumentDiffers` if it was issued with other particulars, and what `issue` raises.
    """
    connection, case_no = work.connection, work.case_no
    subject = subject_of(kind, subject, case_no)
    known = await document_register.find(connection, case_no, kind, subject, language, revision)
    if known is not None:
        await _refuse_if_different(work, known, particulars or Particulars())
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
    document = await issue(
        work, gathered.facts, subject=subject, language=language, revision=revision, links=gathered.links
    )
    await _record_duty(work, kind, document)
    if kind in TO_A_BANK:
        facts = MessageFacts(occasion=str(document.document_id), reference=document.number)
        bank = Concerned(case_no=case_no, bank=subject, documents=[document], language=language)
        await notify_people(connection, work.ctx, NotificationEvent.BANK_NOTICE_ISSUED, bank, facts, work.now)
    return document


async def _refuse_if_different(work: CaseTransaction, known: IssuedDocument, asked: Particulars) -> None:
    facts = await document_register.facts_of(work.connection, known.document_id, work.ctx.opens)
    fields = said_otherwise(asked, facts or {})
    if fields:
        raise DocumentDiffers(known.number, fields)


async def gather(
    connection: Connection,
    ctx: Context,
    kind: DocumentKind,
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
    connection: Connection, ctx: Context, case_no: str, kind: DocumentKind, subject: str, now: datetime
) -> tuple[Missing, ...]:
    """Return the fields that a document would lack if it were issued now without particulars. Raises `NotFound`."""
    gathered = await gather(connection, ctx, kind, subject, language=Language.EN, case_no=case_no, now=now)
    return lacking(gathered.facts, now)


async def preview(ctx: Context, ack_no: str, kind: DocumentKind, subject: str) -> DocumentPreview:
    """Return whether an officer could issue a document now, and which fields it lacks. Raises `NotFound`."""
    async with ctx.pool.acquire() as connection, connection.transaction(readonly=True):
        case_no = await case_no_of(connection, ack_no)
        missing = await missing_of(connection, ctx, case_no, kind, subject, ctx.now())
    return DocumentPreview(
        kind=kind, subject=subject_of(kind, subject, case_no), can_be_issued=not missing, lacking=missing
    )


async def _record_duty(work: CaseTransaction, kind: DocumentKind, document: IssuedDocument) -> None:
    """Record a statutory duty's progress: the report is issued, or every bank has its follow-up."""
    if kind is DocumentKind.MAGISTRATE_REPORT:
        await report_issued(work, document.document_id)
    elif kind is DocumentKind.FOLLOW_UP and not await document_register.banks_without(
        work.connection, work.case_no, kind
    ):
        await duty_done(work, DutyKind.FOLLOW_UP, document_id=document.document_id)


async def issue_for_officer(
    ctx: Context, ack_no: str, asked: DocumentAsk, officer: str, *, appeal_address: str = ""
) -> IssuedDocument:
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
        if is_same_person(io.subject, by.subject):
            raise AttachmentNeedsSecondOfficer(by.subject)
        if await document_register.approve_attachment(connection, hold_id, case_no, by.subject, reason, work.now):
            await work.log(EventKind.ATTACHMENT_APPROVED, hold_id=str(hold_id), reason=reason)
        return await document_register.attachment_approval(connection, hold_id)


@dataclass(frozen=True)
class OrderDocuments:
    """The documents that go with orders to banks."""

    ctx: Context

    async def of(self, order_id: UUID) -> bytes:
        """Return the PDF of an order, and issue it first if needed.

        It is in English, because a bank's desk may be anywhere in India. Raises `NotFound`, and
        `DocumentIncomplete` while fields are missing.
        """
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            order = await document_facts.order(connection, order_id)
            work = await lock_case(self.ctx, connection, order.case_no, order.ordered_by)
            kind = DocumentKind.RESTORATION_ORDER if order.kind is OrderKind.RESTORE else DocumentKind.RELEASE_ORDER
            document = await issue_about(work, kind, str(order_id), language=Language.EN)
            _, pdf = await document_register.read(connection, document.document_id, self.ctx.opens)
        return pdf


async def text_of(ctx: Context, ack_no: str, asked: DocumentAsk, *, appeal_address: str = "") -> DocumentText:
    """Return the text of the document that an officer asks for, or its missing fields. Raises `NotFound`."""
    now = ctx.now()
    async with ctx.pool.acquire() as connection, connection.transaction(readonly=True):
        case_no = await case_no_of(connection, ack_no)
        subject = subject_of(asked.kind, asked.subject, case_no)
        known = await document_register.find(connection, case_no, asked.kind, subject, asked.language, asked.revision)
        gathered = await gather(
            connection,
            ctx,
            asked.kind,
            asked.subject,
            language=asked.language,
            case_no=case_no,
            now=now,
            particulars=asked.particulars,
            appeal_address=appeal_address,
        )
    missing = lacking(gathered.facts, now)
    document_text = DocumentText(
        kind=asked.kind,
        subject=subject,
        can_be_issued=not missing,
        lacking=missing,
        language=asked.language,
        revision=asked.revision,
        issued=DocumentHead(document_id=known.document_id, number=known.number, digest=known.digest) if known else None,
    )
    if missing:
        return document_text
    document = compose(gathered.facts, asked.language, Imprint(number="", issued_at=now))
    return document_text.model_copy(update=_told(document))


def _told(document: Document) -> dict[str, object]:
    return {
        "title": document.title,
        "law": document.law,
        "to": document.to,
        "subject_line": document.subject,
        "parts": (*_references(document), *(part for block in document.blocks for part in _parts(block))),
        "signed": document.signed,
    }


def _references(document: Document) -> Iterator[TextPart]:
    rows = tuple((name, value) for name, value in document.references if value)
    if rows:
        yield TextPart(rows=rows)


def _parts(block: Block) -> Iterator[TextPart]:
    match block:
        case Heading():
            yield TextPart(heading=block.text)
        case Pairs():
            yield TextPart(rows=block.rows)
        case Items():
            yield TextPart(rows=tuple((str(number), item) for number, item in enumerate(block.items, start=1)))
        case Table():
            foot = ((*("",) * (len(block.head) - len(block.foot)), *block.foot),) if block.foot else ()
            yield TextPart(head=block.head, rows=(*block.rows, *foot))
        case Blanks():
            yield TextPart(text=block.text)
            yield TextPart(rows=tuple((label, "") for label in block.labels))
        case Lines():
            yield TextPart(rows=tuple((label, "") for label in block.labels))
        case Choices():
            yield TextPart(text=f"{block.label}: {' / '.join(block.options)}")
        case Drawing():
            yield TextPart(text=block.alt)
        case _:
            yield TextPart(text=block.text)
