"""The register of documents: each is issued once, numbered without a gap, sealed, and never changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from asyncpg import Record

from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.privacy.body_keys import (
    FACTS,
    FIR_COPY,
    PDF,
    BodyState,
    OpensBody,
    SealedIssue,
    opened_document,
    stored_body,
    stored_columns,
    use_of,
)
from db.rows import Rows
from domain.errors import BadCursor
from domain.errors.case import CaseNotFound
from domain.errors.recovery import AttachmentNotApproved, DocumentNotFound, FirCopyOfDocumentNotFound
from domain.recovery.documents import TO_A_BANK
from schemas.enums import Language
from schemas.recovery.document_facts import (
    AttachmentApproval,
    DocumentFacts,
    DocumentHead,
    DocumentLinks,
    DocumentPage,
    DocumentView,
    IssuedDocument,
)
from schemas.recovery.due_documents import BankDocument, BankDocumentPage
from schemas.restoration_enums import DocumentKind

_ISSUED: Final = "document_id, number, encode(digest, 'hex') AS digest"
_VIEW: Final = (
    f"{_ISSUED}, kind, language, case_no, subject, revision, template_version, size_bytes,"
    " issued_at, issued_by, ack_no, institution, restoration_id, grievance_id, order_id, hold_id, request_id"
)


async def find(
    connection: Connection, case_no: str, kind: DocumentKind, subject: str, language: Language, revision: int
) -> IssuedDocument | None:
    """Return the document issued about this subject, or None. The issuing caller has locked the case's row."""
    row = await connection.fetchrow(
        f"SELECT {_ISSUED} FROM document"
        " WHERE case_no = $1 AND kind = $2 AND subject = $3 AND language = $4 AND revision = $5",
        case_no,
        kind.value,
        subject,
        language.value,
        revision,
    )
    return IssuedDocument(**dict(row), repeated=True) if row else None


async def next_number(connection: Connection, series: str) -> int:
    """Return the next number of a series, locked until the transaction ends; a rollback frees it."""
    number: int = await connection.fetchval(
        "INSERT INTO document_counter AS c (series, last_number) VALUES ($1, 1)"
        " ON CONFLICT (series) DO UPDATE SET last_number = c.last_number + 1 RETURNING last_number",
        series,
    )
    return number


async def insert(
    connection: Connection,
    document_id: UUID,
    number: str,
    facts: DocumentFacts,
    sealed: SealedIssue,
    *,
    subject: str,
    language: Language,
    revision: int,
    links: DocumentLinks,
    template_version: str,
    issued_at: datetime,
    issued_by: str,
) -> IssuedDocument:
    """Write a document. Beside what is sealed stand the number and the copy of its FIR, which the engine searches."""
    return await Rows(connection, IssuedDocument).one(
        "INSERT INTO document (document_id, number, kind, case_no, ack_no, institution, restoration_id, grievance_id,"
        " order_id, hold_id, request_id, language, template_version, digest, issued_at, issued_by, subject, revision,"
        " person_id, sealed_facts, sealed_pdf, size_bytes, fir_no, fir_copy_digest)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,"
        f" nullif($23, ''), nullif($24::bytea, '')) RETURNING {_ISSUED}",
        document_id,
        number,
        facts.kind.value,
        facts.case_no,
        links.ack_no,
        links.institution,
        links.restoration_id,
        links.grievance_id,
        links.order_id,
        links.hold_id,
        links.request_id,
        language.value,
        template_version,
        sealed.pdf.sealed.digest,
        issued_at,
        issued_by,
        subject,
        revision,
        sealed.pdf.key.person_id,
        sealed.facts,
        sealed.pdf.sealed.sealed,
        sealed.size_bytes,
        facts.fir.number,
        bytes.fromhex(facts.fir.copy_digest),
    )


_STORED_PDF: Final = stored_columns("p", "sealed_pdf")


async def read(connection: Connection, document_id: UUID, opens: OpensBody) -> tuple[DocumentView, bytes]:
    """Return a document and its bytes. Raises `NotFound`."""
    row = await connection.fetchrow(
        f"SELECT {_VIEW}, digest AS digest_bytes, {_STORED_PDF} FROM document p WHERE document_id = $1", document_id
    )
    if row is None:
        raise DocumentNotFound(document_id)
    return _view(row), opened_document(row, opens, PDF, document_id)


async def facts_of(connection: Connection, document_id: UUID, opens: OpensBody) -> dict[str, Any] | None:
    """Return the facts from which a document was written; None once they are erased. Raises `NotFound`."""
    row = await connection.fetchrow(
        f"SELECT p.digest, {stored_columns('p', 'sealed_facts')} FROM document p WHERE document_id = $1",
        document_id,
    )
    if row is None:
        raise DocumentNotFound(document_id)
    opened = opens(stored_body(row, use_of(FACTS, row["digest"])))
    return orjson.loads(opened.content) if opened.state is BodyState.OPEN else None


async def issued_at(connection: Connection, document_id: UUID) -> datetime:
    """Return when a document was issued. Raises `NotFound`."""
    moment: datetime | None = await connection.fetchval(
        "SELECT issued_at FROM document WHERE document_id = $1", document_id
    )
    if moment is None:
        raise DocumentNotFound(document_id)
    return moment


async def approve_attachment(
    connection: Connection, hold_id: UUID, case_no: str, by: str, reason: str, at: datetime
) -> bool:
    """Write the approval to ask a court to attach a hold; false if it was approved before."""
    written = await connection.fetchval(
        "INSERT INTO attachment_approval (hold_id, case_no, approved_by, approved_at, reason)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (hold_id) DO NOTHING RETURNING true",
        hold_id,
        case_no,
        by,
        at,
        reason,
    )
    return bool(written)


async def attachment_approval(connection: Connection, hold_id: UUID) -> AttachmentApproval:
    """Return the approval of an attachment. Raises `NotFound`."""
    return await Rows(connection, AttachmentApproval).one(
        "SELECT hold_id, case_no AS case_ack_no, approved_by, approved_at, reason FROM attachment_approval"
        " WHERE hold_id = $1",
        hold_id,
        missing=AttachmentNotApproved(hold_id),
    )


async def latest(connection: Connection, case_no: str, kind: DocumentKind, institution: str) -> DocumentHead | None:
    """Return the last document of a kind that went to a bank in a case, or None."""
    return await Rows(connection, DocumentHead).first(
        f"SELECT {_ISSUED} FROM document WHERE case_no = $1 AND kind = $2 AND institution = $3"
        " ORDER BY revision DESC, issued_at DESC LIMIT 1",
        case_no,
        kind.value,
        institution,
    )


async def next_revision(connection: Connection, case_no: str, kind: DocumentKind, subject: str) -> int:
    """Return the next free revision of a document, over all languages.

    The issuing caller has locked the case's row.
    """
    revision: int = await connection.fetchval(
        "SELECT coalesce(max(revision), 0) + 1 FROM document WHERE case_no = $1 AND kind = $2 AND subject = $3",
        case_no,
        kind.value,
        subject,
    )
    return revision


async def last_since(
    connection: Connection, case_no: str, kind: DocumentKind, subject: str, since: datetime
) -> list[DocumentHead]:
    """Return the last revision about a subject in every language issued since then."""
    return await Rows(connection, DocumentHead).many(
        f"SELECT {_ISSUED} FROM document WHERE case_no = $1 AND kind = $2 AND subject = $3 AND issued_at >= $4"
        " AND revision = (SELECT max(revision) FROM document WHERE case_no = $1 AND kind = $2 AND subject = $3)"
        " ORDER BY issued_at, document_id",
        case_no,
        kind.value,
        subject,
        since,
    )


async def banks_without(
    connection: Connection, case_no: str, kind: DocumentKind, *, held_after: datetime | None = None
) -> list[str]:
    """Return the banks that hold money of the case and have no document of this kind.

    With `held_after` only banks with a hold newer than that count. A document under a lapsed FIR does not count.
    """
    rows = await connection.fetch(
        "SELECT DISTINCT h.institution FROM hop h JOIN ledger_balance b USING (case_no, hop_no)"
        " WHERE h.case_no = $1 AND b.bucket = 'held' AND b.balance_paise > 0 AND h.institution IS NOT NULL"
        " AND ($3::timestamptz IS NULL OR EXISTS (SELECT FROM held_hop k WHERE k.case_no = $1 AND k.hop_no = h.hop_no"
        "  AND k.held_at > $3))"
        " AND NOT EXISTS (SELECT FROM document p WHERE p.case_no = $1 AND p.kind = $2 AND p.institution = h.institution"
        "  AND NOT EXISTS (SELECT FROM fir f WHERE f.case_no = $1 AND f.state = 'lapsed'"
        "   AND f.fir_no = p.fir_no))"
        " ORDER BY h.institution",
        case_no,
        kind.value,
        held_after,
    )
    return [row["institution"] for row in rows]


async def names_fir(connection: Connection, case_no: str, fir_id: UUID) -> bool:
    """Return whether a bank or the magistrate has a document that names this FIR."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM document p JOIN fir f ON f.case_no = p.case_no WHERE p.case_no = $1"
        " AND f.fir_id = $2 AND p.kind = ANY($3) AND p.fir_no = f.fir_no)",
        case_no,
        fir_id,
        [*_FOR_BANKS, DocumentKind.MAGISTRATE_REPORT.value],
    )
    return exists


_FOR_BANKS: Final = tuple(sorted(kind.value for kind in TO_A_BANK))
"""A bank reads the document of an order with the order. A letter to its customer has the customer's code for an
appeal."""
_BANKS_VIEW: Final = (
    f"{_ISSUED}, kind, language, case_no AS case_ack_no, revision, size_bytes, issued_at,"
    " coalesce(encode(fir_copy_digest, 'hex'), '') AS fir_copy_digest"
)


async def page_of_bank(
    connection: Connection, institution: str, ack_no: str | None, after: str | None, limit: int
) -> BankDocumentPage:
    """Return the documents that went to a bank, of one case or of all, the newest first. Raises `BadCursor`."""
    issued_at, document_id = _position(after)
    fetched = await connection.fetch(
        f"SELECT {_BANKS_VIEW} FROM document p WHERE institution = $1 AND kind = ANY($2)"
        " AND ($3::text IS NULL OR case_no = (SELECT c.case_no FROM complaint c WHERE c.ack_no = $3))"
        " AND ($4::timestamptz IS NULL OR (issued_at, document_id) < ($4, $5::uuid))"
        " ORDER BY issued_at DESC, document_id DESC LIMIT $6",
        institution,
        _FOR_BANKS,
        ack_no,
        issued_at,
        document_id,
        limit + 1,
    )
    rows, more = cut(fetched, limit)
    return BankDocumentPage(
        items=tuple(BankDocument(**dict(row)) for row in rows), next=_cursor(rows) if more else None
    )


async def read_of_bank(connection: Connection, institution: str, document_id: UUID, opens: OpensBody) -> bytes:
    """Return the bytes of a document that went to this bank. Raises `NotFound`."""
    row = await connection.fetchrow(
        f"SELECT digest AS digest_bytes, {_STORED_PDF} FROM document p WHERE document_id = $1 AND institution = $2"
        " AND kind = ANY($3)",
        document_id,
        institution,
        _FOR_BANKS,
    )
    if row is None:
        raise DocumentNotFound(document_id)
    return opened_document(row, opens, PDF, document_id)


async def fir_of_bank(connection: Connection, institution: str, document_id: UUID, opens: OpensBody) -> bytes:
    """Return the FIR copy that goes with a document to this bank. Raises `NotFound`."""
    row = await connection.fetchrow(
        f"SELECT c.digest AS digest_bytes, {stored_columns('c', 'sealed')} FROM document p"
        " JOIN fir_copy c ON c.case_no = p.case_no AND c.digest = p.fir_copy_digest"
        " WHERE p.document_id = $1 AND p.institution = $2 AND p.kind = ANY($3)",
        document_id,
        institution,
        _FOR_BANKS,
    )
    if row is None:
        raise FirCopyOfDocumentNotFound(document_id)
    return opened_document(row, opens, FIR_COPY, document_id)


async def page(connection: Connection, ack_no: str, after: str | None, limit: int) -> DocumentPage:
    """Return the documents of a case by any of its numbers, the newest first. Raises `NotFound` and `BadCursor`."""
    case_no: str | None = await connection.fetchval("SELECT case_no FROM complaint WHERE ack_no = $1", ack_no)
    if case_no is None:
        raise CaseNotFound(ack_no)
    issued_at, document_id = _position(after)
    fetched = await connection.fetch(
        f"SELECT {_VIEW} FROM document WHERE case_no = $1"
        " AND ($2::timestamptz IS NULL OR (issued_at, document_id) < ($2, $3::uuid))"
        " ORDER BY issued_at DESC, document_id DESC LIMIT $4",
        case_no,
        issued_at,
        document_id,
        limit + 1,
    )
    rows, more = cut(fetched, limit)
    return DocumentPage(items=tuple(_view(row) for row in rows), next=_cursor(rows) if more else None)


def _cursor(rows: Sequence[Record]) -> str:
    return to_cursor(rows[-1]["issued_at"].isoformat(), str(rows[-1]["document_id"]))


def _position(after: str | None) -> tuple[datetime | None, UUID | None]:
    if after is None:
        return None, None
    issued_at, document_id = from_cursor(after, str, str)
    try:
        moment = datetime.fromisoformat(str(issued_at))
        if moment.tzinfo is None:
            raise ValueError("without a zone")
        return moment, UUID(str(document_id))
    except ValueError:
        raise BadCursor from None


_NOT_SHOWN: Final = frozenset({"digest_bytes", "person_id", "wrapped", "sealed"})
"""columns with the sealed PDF of a document"""


def _view(row: Record) -> DocumentView:
    values = {name: value for name, value in row.items() if name not in _NOT_SHOWN}
    links = DocumentLinks(**{name: values.pop(name) for name in DocumentLinks.model_fields})
    return DocumentView(case_ack_no=values.pop("case_no"), links=links, **values)
