"""Feed of a bank: its hold requests in their current state, in the order of their last change."""

from uuid import UUID

from schemas.base import FrozenModel, UtcDatetime
from schemas.case.hold_requests import HoldDemand
from schemas.enums import FeedStatus
from schemas.gateway.liens import ListWanted


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
