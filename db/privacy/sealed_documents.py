"""Documents of a case: issued ones, copies of FIRs, orders of courts and waivers. They are sealed under its key."""

from dataclasses import dataclass, field
from typing import Final

from asyncpg import Record

from db.privacy.body_keys import BodyKey, BodyState, OpensBody, SealedBody, stored_body, use_of
from domain.errors.documents import DocumentErased

PDF: Final = "pdf"
FACTS: Final = "facts"
FIR_COPY: Final = "fir copy"
COURT_ORDER: Final = "court order"
WAIVER: Final = "waiver"


@dataclass(frozen=True, slots=True)
class SealedDocument:
    """A document as it is written."""

    key: BodyKey
    sealed: SealedBody


@dataclass(frozen=True, slots=True)
class SealedIssue:
    """An issued document as it is written, with the facts from which it was written."""

    pdf: SealedDocument
    size_bytes: int
    """of the PDF"""
    facts: bytes = field(repr=False)


def opened_document(row: Record, opens: OpensBody, kind: str, document: object) -> bytes:
    """Return the document of a row that was read with `body_keys.stored_columns` and the `digest_bytes`.

    `kind` is what was sealed, such as `PDF`. `document` is its id for people. Raises `DocumentErased`.
    """
    opened = opens(stored_body(row, use_of(kind, row["digest_bytes"])))
    if opened.state is not BodyState.OPEN:
        raise DocumentErased(str(document))
    return opened.content
