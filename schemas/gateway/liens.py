"""Liens and other facts that a bank's own software asks for or sends at the gateway."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.base import FrozenModel, PositivePaise, Storable, UtcDatetime, WrittenOut
from schemas.case.hold_requests import HoldDemand
from schemas.enums import FeedStatus, ListWay, Reason


class ListedLien(FrozenModel):
    """One row of a bank's list; `fault` gives the reason if it could not be read."""

    row_no: int
    ack_no: str = ""
    reference: str = ""
    amount_paise: int = 0
    fault: str = ""


class Difference(FrozenModel):
    """One row that differs, or one transfer that the list lacks (`row_no` None)."""

    row_no: int | None
    reason: Reason
    detail: str = ""
    ack_no: str
    reference: str
    bank_paise: int | None
    """sum of all rows about the transfer"""
    our_paise: int | None


class Reconciliation(FrozenModel):
    """One comparison with its result: `rows_in` = `rows_matched` + `rows_differing`."""

    reconciliation_id: int
    institution: str
    taken_at: datetime
    taken_by: str
    as_of: datetime | None
    """time of the list, if the bank gives it"""
    inquiry_id: UUID | None
    """inquiry that the list answers"""
    rows_in: int
    rows_matched: int
    rows_differing: int
    missing: int
    """transfers with money on hold in the ledger that the list lacks"""
    bank_paise: int
    our_paise: int


class ReconciliationDetail(Reconciliation):
    """One comparison with all differences."""

    differences: tuple[Difference, ...]


class ReconciliationPage(FrozenModel):
    """Comparisons, the newest last."""

    items: tuple[Reconciliation, ...]
    next: str | None


class InquiryOutcome(StrEnum):
    """Outcome of an inquiry."""

    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    """replaced by the next inquiry"""


class Inquiry(FrozenModel):
    """One inquiry to one institution for its list of liens."""

    inquiry_id: UUID
    institution: str
    asked_at: UtcDatetime
    asked_by: str
    due_at: UtcDatetime
    way: ListWay | None
    """None until it is sent"""
    put_at: UtcDatetime | None
    outcome: InquiryOutcome | None
    """None while it is open"""
    closed_at: UtcDatetime | None


class ReconciliationState(FrozenModel):
    """State of one institution: its last inquiry, its last list, and the differences in it."""

    institution: str
    name: str
    inquiry: Inquiry | None
    overdue: bool
    """whether the last list asked for is late"""
    last: Reconciliation | None
    differing: Mapping[Reason, int]
    """number of differences in the last list, by reason"""
    task_id: int | None
    """open work item about the differences"""


class ReconciliationStatePage(FrozenModel):
    """Institutions that were asked or have sent a list, by code."""

    items: tuple[ReconciliationState, ...]
    next: str | None


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


class AskForList(FrozenModel):
    """One inquiry to send to one institution."""

    inquiry_id: str
    institution: str
    by_channel: bool
    """whether the institution has a channel that can carry it"""


class RoundPlan(FrozenModel):
    """Work of one cycle: inquiries to send and work already done."""

    asks: tuple[AskForList, ...] = ()
    lists_compared: int = 0
    """complete lists that had not been compared"""
    told: int = 0
    """overdue lists of which the desk or a supervisor was notified"""


class RoundDone(FrozenModel):
    """Result of one cycle."""

    asked: int = 0
    lists_compared: int = 0
    told: int = 0


class FeedHold(HoldDemand):
    """Hold request as its bank sees it.

    While the request is open, `hops` are the hops that still await an answer, with their amounts still in play.
    Afterwards `hops` are all hops of the request, as first sent.
    """

    status: FeedStatus
    changed_at: UtcDatetime
    version: int
    """rises with every change that a reader can have seen"""


class FeedPage(FrozenModel):
    """Page of the feed. `next` is the `cursor` of the next call, even if there is nothing more now."""

    items: tuple[FeedHold, ...]
    next: str
    more: bool
    """whether there is another page now"""
    list_wanted: ListWanted | None = None
    """request for the bank's list of liens; None if none is awaited"""
    orders_waiting: int = 0
    """number of orders that the bank has not acknowledged; a new one ends a waiting call"""


class Acknowledged(FrozenModel):
    """Receipt of a hold request, the same for every repeated acknowledgement."""

    hold_id: UUID
    acknowledged_at: UtcDatetime


class AnswerTaken(FrozenModel):
    """Result of an answer's lines, the same for every repeat of one body."""

    hold_id: UUID
    accepted: int
    duplicates: int
    contradictions: int
    """lines that an officer must resolve; each was applied as far as it fits"""


class PolicyState(FrozenModel):
    """One rate policy and what is left of it for a bank."""

    name: str
    calls: int
    """most calls at once"""
    seconds: float
    """time in which an empty bucket fills again"""
    left: int
    full_in_seconds: float


class Policies(FrozenModel):
    """Rate policies of one bank."""

    waiting_at_once: int
    """most concurrent calls with `wait_seconds` in one of our processes"""
    policies: tuple[PolicyState, ...]
