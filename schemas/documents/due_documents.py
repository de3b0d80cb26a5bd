"""Papers that come by themselves: how one that is due stands, and what an officer and a bank see of it."""

from enum import StrEnum

from schemas.base import FrozenModel, UtcDatetime
from schemas.documents.facts import Missing, PaperHead
from schemas.enums import Language
from schemas.restoration_enums import PaperKind


class ErrandState(StrEnum):
    """How a paper stands that is due."""

    WAITING = "waiting"
    """nobody has looked yet, or what it says may still change"""
    LACKING = "lacking"
    """its law asks for something that nobody has told"""
    READY = "ready"
    """an officer can issue it"""
    FAILED = "failed"
    """a fault of ours; it is tried again"""
    ISSUED = "issued"
    SERVED = "served"
    """another paper says it already"""
    OVERTAKEN = "overtaken"
    """nothing is left that it would be about"""


class PaperPreview(FrozenModel):
    """Whether a paper could be issued now."""

    kind: PaperKind
    subject: str
    can_be_issued: bool
    lacking: tuple[Missing, ...]


class BankPaper(PaperHead):
    """A paper that went to a bank, as the bank sees it."""

    kind: PaperKind
    language: Language
    case_ack_no: str
    revision: int
    size_bytes: int
    issued_at: UtcDatetime
    fir_copy_digest: str
    """SHA-256 of the copy of the FIR that goes with it; "" where none does"""


class BankPaperPage(FrozenModel):
    """A bank's papers, the newest first."""

    items: tuple[BankPaper, ...]
    next: str | None
