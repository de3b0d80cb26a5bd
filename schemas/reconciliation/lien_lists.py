"""A bank's list of the liens it holds for us, as we ask for it and as the bank hands it in."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.base import FrozenModel, PositivePaise, Storable, UtcDatetime, WrittenOut

LIENS_MAX = 2_000
"""Most liens on one page."""
PAGES_MAX = 200
"""Most pages of one list."""

ListId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,100}$")]
_Told = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), Storable]


class ListWanted(FrozenModel):
    """We ask for the list of all liens that the bank holds for us at the moment."""

    inquiry_id: UUID
    """the question: the same however often and by whatever way it comes"""
    asked_at: UtcDatetime
    respond_by: UtcDatetime


class LiensRequested(FrozenModel):
    """The event that a bank's webhook receives."""

    type: Literal["liens.requested"] = "liens.requested"
    timestamp: UtcDatetime
    """of this attempt"""
    data: ListWanted


class ToldLien(FrozenModel):
    """A lien, as the bank has it."""

    ack_no: _Told
    reference: _Told
    """RRN or UTR"""
    amount_paise: PositivePaise
    """on hold at the moment"""


class LienListPage(FrozenModel):
    """One page of a bank's list; a list without any lien is one page without any."""

    list_id: ListId
    """the bank's own name for the list, never used for another"""
    inquiry_id: UUID | None = None
    """which question it answers; left out by a bank that hands its list in unasked"""
    as_of: Annotated[UtcDatetime, WrittenOut]
    """when the list was drawn up, the same on all its pages"""
    page: Annotated[int, Field(ge=1, le=PAGES_MAX, strict=True)]
    pages: Annotated[int, Field(ge=1, le=PAGES_MAX, strict=True)]
    liens: Annotated[tuple[ToldLien, ...], Field(max_length=LIENS_MAX)]

    @model_validator(mode="after")
    def _page_is_one_of_pages(self) -> Self:
        if self.page > self.pages:
            raise ValueError("page is more than pages")
        return self


class Compared(FrozenModel):
    """How a list came out beside the ledger."""

    reconciliation_id: int
    rows_in: int
    rows_matched: int
    rows_differing: int
    missing: int
    """transfers that are on hold by the ledger, and not in the list"""


class LienListTaken(FrozenModel):
    """Where a list stands."""

    list_id: str
    pages: int
    pages_missing: tuple[int, ...]
    compared: Compared | None
    """None while a page is missing"""


class BankLiens(FrozenModel):
    """What we want of the bank, and the last list it has begun to hand in."""

    wanted: ListWanted | None
    last: LienListTaken | None
