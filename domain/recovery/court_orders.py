"""How long an order of a court counts by itself, and how far it has come. Pure."""

from datetime import datetime, time, timedelta

from domain.policy.second_officers import CourtOrderRules
from schemas.recovery.court_day import CourtDayStanding
from schemas.recovery.police import CourtOrder
from schemas.restoration_enums import CourtOrderEffect
from schemas.text import IST


def counts_until(order: CourtOrder, rules: CourtOrderRules, at: datetime, clock_factor: float) -> datetime | None:
    """Return when the order ends by itself as it stands at `at`, or None if it has no end.

    It is void without its document after some days, and without its second officer after some more. A keep of a hold
    ends on the day that the order names, else after the policy's time.
    """
    if order.confirmed_at is None:
        seconds = rules.without_document_seconds if order.document_digest is None else rules.confirm_within_seconds
        return at + timedelta(seconds=seconds / clock_factor)
    if order.effect is not CourtOrderEffect.KEEP_HOLD:
        return None
    if order.ends_on is not None:
        return datetime.combine(order.ends_on + timedelta(days=1), time.min, IST)
    return at + timedelta(seconds=rules.keep_seconds / clock_factor)


def warns_at(order: CourtOrder, rules: CourtOrderRules, clock_factor: float) -> datetime | None:
    """Return when a supervisor is warned of the end of a keep.

    None if it is warned of or has no end.
    """
    if not order.counts or order.counts_until is None or order.warned_at is not None:
        return None
    return order.counts_until - timedelta(seconds=rules.warn_before_seconds / clock_factor)


def day_standing(*, waits: bool, has_order: bool, counts: bool) -> CourtDayStanding:
    """Return how far the order about a restoration has come.

    `waits`: the restoration is at a step that ends by an order.
    """
    if not waits:
        return CourtDayStanding.TAKEN
    if not has_order:
        return CourtDayStanding.WAITS
    return CourtDayStanding.IN_FORCE if counts else CourtDayStanding.RECORDED
