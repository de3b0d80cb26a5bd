"""A bank's list of its liens for us: our inquiry and the bank's list."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.base import FrozenModel, PositivePaise, Storable, UtcDatetime, WrittenOut

LIENS_MAX = 2_000
"""Most liens on one page."""
PAGES_MAX = 200
"""Most pages of one list."""

ListId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,100}$")]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), Storable]


class ListWanted(FrozenModel):
    """Inquiry for the list of all liens that the bank holds for us at the moment."""

    inquiry_id: UUID
    """id of the inquiry, the same for every repeat and channel"""
    asked_at: UtcDatetime
    respond_by: UtcDatetime


class LiensRequested(FrozenModel):
    """Event that a bank's webhook receives."""

    type: Literal["liens.requested"] = "liens.requested"
    timestamp: UtcDatetime
    """time of this attempt"""
    data: ListWanted


class StatedLien(FrozenModel):
    """Lien as the bank records it."""

    ack_no: ShortText
    reference: ShortText
    """RRN or UTR"""
    amount_paise: PositivePaise
    """amount on hold at the moment"""


class LienListPage(FrozenModel):
    """One page of a bank's list. A list without liens is one empty page."""

    list_id: ListId
    """the bank's own name for the list, never used for another list"""
    inquiry_id: UUID | None = None
    """inquiry that it answers; omitted if the bank sends its list unasked"""
    as_of: Annotated[UtcDatetime, WrittenOut]
    """time of the list, the same on all its pages"""
    page: Annotated[int, Field(ge=1, le=PAGES_MAX, strict=True)]
    pages: Annotated[int, Field(ge=1, le=PAGES_MAX, strict=True)]
    liens: Annotated[tuple[StatedLien, ...], Field(max_length=LIENS_MAX)]

    @model_validator(mode="after")
    def _page_is_one_of_pages(self) -> Self:
        if self.page > self.pages:
            raise ValueError("page is more than pages")
        return self


class Compared(FrozenModel):
    """Result of the comparison of a list with the ledger."""

    reconciliation_id: int
    rows_in: int
    rows_matched: int
    rows_differing: int
    missing: int
    """transfers on hold in the ledger that the list lacks"""


class LienListTaken(FrozenModel):
    """State of a list."""

    list_id: str
    pages: int
    pages_missing: tuple[int, ...]
    compared: Compared | None
    """None while a page is missing"""


class BankLiens(FrozenModel):
    """Our open inquiry to the bank, and the list it last began to send."""

    wanted: ListWanted | None
    last: LienListTaken | None
