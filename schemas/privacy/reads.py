"""Reads of cases, accounts, persons and documents by officers and scripts, as the read log has them."""

from enum import StrEnum
from uuid import UUID

from schemas.base import FrozenModel, UtcDatetime

REASON_MAX_CHARS = 500


class ReadKind(StrEnum):
    """Kind of what a read shows."""

    CASE = "case"
    ACCOUNT = "account"
    PERSON = "person"
    DOCUMENT = "document"
    LIST = "list"
    """a list over many cases"""


class NewRead(FrozenModel):
    """One read, before it is written."""

    reader: str
    kind: ReadKind
    subject: str
    """the number as it was asked for; of an account its bank and number"""
    reference: str | None
    """the kind of that number, by which its case is found"""
    route: str
    address: str
    session_id: UUID | None
    token_id: int | None
    reason: str = ""
    outside: bool = False


class ReadEntry(FrozenModel):
    """One read in the read log."""

    read_id: int
    at: UtcDatetime
    reader: str
    """`officer:<id>` or `script:<name>`"""
    kind: ReadKind
    subject: str
    case_no: str | None
    route: str
    address: str
    session_id: UUID | None
    token_id: int | None
    reason: str
    outside: bool
    """whether the reader is not responsible for the case"""


class ReadPage(FrozenModel):
    """A page of the read log, the newest first."""

    reads: tuple[ReadEntry, ...]
    next: str | None
