"""A bank's feed: its hold requests as they stand, in the order in which they last changed."""

from uuid import UUID

from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import FeedStatus
from schemas.reconciliation.lien_lists import ListWanted
from schemas.tracing.hold_requests import HoldDemand


class FeedHold(HoldDemand):
    """A hold request as its bank sees it.

    While it is open, `hops` are those that still wait for an answer, with what of them is still in play; else all that
    it ever asked about, as they were asked.
    """

    status: FeedStatus
    changed_at: UtcDatetime
    version: int
    """higher with every change that a reader can have seen"""


class FeedPage(FrozenModel):
    """A page of the feed. `next` is the `cursor` of the next call, also when there is nothing more now."""

    items: tuple[FeedHold, ...]
    next: str
    more: bool
    """whether there is another page now"""
    list_wanted: ListWanted | None = None
    """we wait for the list of the bank's liens; None while we do not"""
    orders_waiting: int = 0
    """orders that the bank has not acknowledged yet; one more ends a waiting call"""


class Acknowledged(FrozenModel):
    """The receipt of a hold, the same however often it is acknowledged."""

    hold_id: UUID
    acknowledged_at: UtcDatetime


class AnswerTaken(FrozenModel):
    """What became of an answer's lines, the same however often the same body is posted."""

    hold_id: UUID
    accepted: int
    duplicates: int
    contradictions: int
    """lines that a person must settle: each was taken as far as it fits"""


class PolicyState(FrozenModel):
    """One rate policy and what a bank has left of it."""

    name: str
    calls: int
    """at most at once"""
    seconds: float
    """in which an empty bucket is full again"""
    left: int
    full_in_seconds: float


class Policies(FrozenModel):
    """The rate policies of one bank."""

    waiting_at_once: int
    """calls with `wait_seconds` that may be under way, in one process of ours"""
    policies: tuple[PolicyState, ...]
