"""Documents that fall due by themselves: their state, and the views of officers and banks."""

from enum import StrEnum

from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Language
from schemas.recovery.document_facts import DocumentHead, Missing
from schemas.restoration_enums import DocumentKind


class DueDocumentState(StrEnum):
    """State of a due document."""

    WAITING = "waiting"
    """not yet checked, or its content may still change"""
    LACKING = "lacking"
    """facts that the law requires are missing"""
    READY = "ready"
    """ready for an officer to issue"""
    FAILED = "failed"
    """an internal error; it is retried"""
    ISSUED = "issued"
    SERVED = "served"
    """another document already covers it"""
    OVERTAKEN = "overtaken"
    """its subject no longer exists"""


class DocumentPreview(FrozenModel):
    """Result of a check whether a document can be issued now."""

    kind: DocumentKind
    subject: str
    can_be_issued: bool
    lacking: tuple[Missing, ...]


class TextPart(FrozenModel):
    """Part of a document as text: a heading, a sentence, or the rows of a table with their names."""

    heading: str = ""
    text: str = ""
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


class DocumentText(DocumentPreview):
    """Document as it would be issued now, or the fields that it lacks."""

    language: Language
    revision: int
    """revision that was asked for"""
    issued: DocumentHead | None = None
    """the same revision, if it was issued before: a new request returns it as it is"""
    title: str = ""
    law: str = ""
    to: tuple[str, ...] = ()
    subject_line: str = ""
    parts: tuple[TextPart, ...] = ()
    """all that it says, in order; empty while a field is missing"""
    signed: tuple[str, ...] = ()


class BankDocument(DocumentHead):
    """Document sent to a bank, as the bank sees it."""

    kind: DocumentKind
    language: Language
    case_ack_no: str
    revision: int
    size_bytes: int
    issued_at: UtcDatetime
    fir_copy_digest: str
    """SHA-256 of the attached copy of the FIR; "" without one"""


class BankDocumentPage(FrozenModel):
    """Documents of a bank, the newest first."""

    items: tuple[BankDocument, ...]
    next: str | None
