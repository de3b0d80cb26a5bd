"""The circuit breaker of a channel to a bank: dropped when it fails, tried again by itself, taken back when it works.

Three states, as everywhere: *closed* (used), *open* (dropped), *half-open* (one request may try it). A channel *fails*
when a request cannot be delivered over it, and is *silent* when what it delivered is not answered in time. The two are
counted apart: a bank that takes everything and answers nothing is no better reached by taking one thing more.
"""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ChannelState


class BreakerRules(FrozenModel):
    """When a channel is dropped, and when it is tried again."""

    failures_to_open: Annotated[int, Field(ge=1, le=1000)]
    """deliveries that failed, in a row"""
    silences_to_open: Annotated[int, Field(ge=1, le=1000)]
    """requests that nobody answered, with no answer between them"""
    probe_after_seconds: Annotated[float, Field(gt=0)]
    """the first wait of a dropped channel; it doubles with every failure after that"""
    probe_after_max_seconds: Annotated[float, Field(gt=0)]


class Health(FrozenModel):
    """How a channel does."""

    state: ChannelState = ChannelState.CLOSED
    failures: int = 0
    silences: int = 0
    probe_at: UtcDatetime | None = None
    """when a dropped one may be tried"""


WELL = Health()


def usable(health: Health, now: datetime) -> bool:
    """Whether a request may go over the channel: it is closed, or its time to be tried has come."""
    return health.state is ChannelState.CLOSED or (health.probe_at is not None and health.probe_at <= now)


def delivers(health: Health, rules: BreakerRules) -> bool:
    """Whether deliveries go through: what silence has dropped still carries where there is no other way."""
    return health.failures < rules.failures_to_open


def probing(health: Health, now: datetime, rules: BreakerRules) -> Health:
    """One request tries the dropped channel; the next may not before this one's outcome is known, or the wait over."""
    return health.model_copy(update={"state": ChannelState.HALF_OPEN, "probe_at": _next_probe(health, now, rules)})


def failed(health: Health, now: datetime, rules: BreakerRules) -> Health:
    """A delivery failed.

    What fails while the channel is dropped for its failures had begun before: many calls at once that end together are
    one piece of news, and no reason to wait as long as after many tries.
    """
    if health.state is ChannelState.OPEN and not delivers(health, rules):
        return health
    return _judged(health.model_copy(update={"failures": health.failures + 1}), now, rules)


def silent(health: Health, now: datetime, rules: BreakerRules) -> Health:
    """A delivered request was not answered in time."""
    return _judged(health.model_copy(update={"silences": health.silences + 1}), now, rules)


def delivered(health: Health, rules: BreakerRules) -> Health:
    """A delivery went through."""
    return _recovered(health.model_copy(update={"failures": 0}), rules)


def answered(health: Health, rules: BreakerRules) -> Health:
    """The bank answered what came over the channel: it is heard and read."""
    return _recovered(health.model_copy(update={"failures": 0, "silences": 0}), rules)


def _judged(health: Health, now: datetime, rules: BreakerRules) -> Health:
    if health.state is ChannelState.CLOSED and not _bad(health, rules):
        return health
    return health.model_copy(update={"state": ChannelState.OPEN, "probe_at": _next_probe(health, now, rules)})


def _recovered(health: Health, rules: BreakerRules) -> Health:
    if _bad(health, rules):
        return health
    return health.model_copy(update={"state": ChannelState.CLOSED, "probe_at": None})


def _bad(health: Health, rules: BreakerRules) -> bool:
    return health.failures >= rules.failures_to_open or health.silences >= rules.silences_to_open


def _next_probe(health: Health, now: datetime, rules: BreakerRules) -> datetime:
    beyond = max(health.failures - rules.failures_to_open, health.silences - rules.silences_to_open, 0)
    # Bounded before it is multiplied: a channel may fail for months.
    wait_seconds = min(rules.probe_after_seconds * 2.0 ** min(beyond, 30), rules.probe_after_max_seconds)
    return now + timedelta(seconds=wait_seconds)
