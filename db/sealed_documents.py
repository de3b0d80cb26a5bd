"""Documents of a case: issued ones, copies of FIRs, orders of courts and waivers. They are sealed under its key."""

from dataclasses import dataclass, field
from typing import Final

from asyncpg import Record

from db.body_keys import BodyKey, BodyState, OpensBody, SealedBody, stored_body, use_of
from domain.errors.documents import DocumentErased

PDF: Final = "pdf"
FACTS: Final = "facts"
FIR_COPY: Final = "fir copy"
COURT_ORDER: Final = "court order"
WAIVER: Final = "waiver"

# A document that a release before wrote has these in its facts alone, until it is sealed.
FIR_NO: Final = "coalesce(p.fir_no, p.facts #>> '{fir,number}')"
"""SQL for the number of the FIR that the document of row `p` names; null or empty without one"""
FIR_COPY_DIGEST: Final = "coalesce(p.fir_copy_digest, decode(p.facts #>> '{fir,copy_digest}', 'hex'))"
"""SQL for the SHA-256 of the copy of the FIR that goes with the document of row `p`; null or empty without one"""


@dataclass(frozen=True, slots=True)
class SealedDocument:
    """A document as it is written. It is in clear too, as the parts of a `SealedExchange` are."""

    key: BodyKey
    clear: bytes = field(repr=False)
    sealed: SealedBody


@dataclass(frozen=True, slots=True)
class SealedIssue:
    """An issued document as it is written, with the facts from which it was written."""

    pdf: SealedDocument
    facts: bytes = field(repr=False)


def opened_document(row: Record, opens: OpensBody, kind: str, document: object) -> bytes:
    """Return the document of a row that was read with `body_keys.stored_columns` and the `digest_bytes`.

    `kind` is what was sealed, such as `PDF`. `document` is its id for people. Raises `DocumentErased`.
    """
    opened = opens(stored_body(row, use_of(kind, row["digest_bytes"])))
    if opened.state is not BodyState.OPEN:
        raise DocumentErased(str(document))
    return opened.content
