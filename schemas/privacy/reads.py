"""Who may see which case, what was searched for, and what was read."""

from enum import StrEnum
from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, Storable, UtcDatetime
from schemas.enums import Bucket, CaseState

WHOLE_STATE = "*"
"""stands in an officer's districts for every district, as for an officer of a unit of the State"""


class CaseStanding(FrozenModel):
    """An officer and a case."""

    district: str
    """of the first complaint's victim"""
    is_assigned: bool
    officer_districts: tuple[str, ...]
    is_marked: bool = False
    """whether a complaint of the case is marked"""
    has_taken: bool = False
    """whether the officer took a complaint of the case, not longer ago than the policy says"""


MARKED = "!"
"""stands before the key of a district for its marked cases"""


class Within(FrozenModel):
    """Cases that a list is confined to: those assigned to an officer, and those of districts."""

    officer_id: str
    districts: tuple[str, ...]
    """keys of districts (`domain.officers.jurisdiction.list_keys`)"""


class CasePlace(NamedTuple):
    """Whose a case is."""

    district: str
    """of the first complaint's victim, in capitals"""
    is_marked: bool
    officers: frozenset[str]
    """ids of those to whom it is assigned now"""


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


class SearchKind(StrEnum):
    """Kind of what a search text names."""

    ACK_NO = "ack_no"
    """acknowledgement number, ours or the portal's"""
    MOBILE = "mobile"
    """mobile number of a victim"""
    EMAIL = "email"
    """e-mail address of a victim"""
    NAME = "name"
    """name of a victim, at least two terms"""
    REFERENCE = "reference"
    """RRN or UTR of a transfer"""
    ACCOUNT = "account"
    """account or wallet of a transfer, or bank and number"""
    VPA = "vpa"
    """virtual payment address of a transfer"""


class SearchQuestion(FrozenModel):
    """Text to search by. It is in the body, because personal data in a URL would enter logs.

    Without `kind` the search is by every kind that the text can be. `after` is the `next` of the previous page.
    """

    text: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320), Storable],
        Field(repr=False),
    ]
    kind: SearchKind | None = None
    after: Annotated[str, StringConstraints(max_length=200)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class FoundCase(FrozenModel):
    """Case that a search finds, without anything of the victim."""

    case_ack_no: str
    found_by: tuple[SearchKind, ...]
    ack_nos: tuple[str, ...]
    """numbers of the complaints that match, where a complaint does"""
    state: CaseState
    district: str
    opened_at: UtcDatetime
    marked: bool
    """whether a complaint of the case is marked"""
    buckets_paise: dict[Bucket, int]
    merged_with: tuple[str, ...] = ()
    """the other cases that officers have merged with this one; empty unless the reader reads all of them"""


class SearchPage(FrozenModel):
    """Cases that a search finds, the newest first. Cases that the officer does not read are left out."""

    searched_by: tuple[SearchKind, ...]
    items: tuple[FoundCase, ...]
    next: str | None
    is_cut: bool
    """whether more match than are looked at: give more, such as the bank of the account"""
