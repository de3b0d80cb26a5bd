"""Text of a document before its issue. Nothing is issued, numbered or stored."""

from collections.abc import Iterator

from activities.context import Context
from activities.recovery.document_facts import subject_of
from activities.recovery.document_issuing import gather
from db.case.cases import case_no_of
from db.recovery import document_register
from documents.composing import compose
from documents.document import Blanks, Block, Choices, Document, Drawing, Heading, Imprint, Items, Lines, Pairs, Table
from domain.recovery.documents import lacking
from schemas.recovery.document_facts import DocumentAsk, DocumentHead
from schemas.recovery.due_documents import DocumentText, TextPart


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
    found = DocumentText(
        kind=asked.kind,
        subject=subject,
        can_be_issued=not missing,
        lacking=missing,
        language=asked.language,
        revision=asked.revision,
        issued=DocumentHead(document_id=known.document_id, number=known.number, digest=known.digest) if known else None,
    )
    if missing:
        return found
    document = compose(gathered.facts, asked.language, Imprint(number="", issued_at=now))
    return found.model_copy(update=_told(document))


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
