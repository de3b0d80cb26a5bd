"""Search of an officer: one text, and the cases that it finds."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, Storable, UtcDatetime
from schemas.enums import Bucket, CaseState


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
