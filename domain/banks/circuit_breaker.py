"""Circuit breaker of a channel to a bank: opened by failures, probed automatically, closed when it works.

The states are the usual three: *closed* (used), *open* (dropped), *half-open* (one request may try it). A channel
*fails* if a request cannot be delivered. It is *silent* if a delivered request is not answered in time. The two are
counted separately, because a bank that accepts everything and answers nothing is not reached by one more delivery.
"""

from datetime import datetime, timedelta

from domain.policy.model import BreakerRules
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ChannelState


class Health(FrozenModel):
    """State of a channel."""

    state: ChannelState = ChannelState.CLOSED
    failures: int = 0
    silences: int = 0
    probe_at: UtcDatetime | None = None
    """time at which a dropped channel may be tried"""


WELL = Health()


def usable(health: Health, now: datetime) -> bool:
    """Return whether a request may use the channel: it is closed, or its next probe is due."""
    return health.state is ChannelState.CLOSED or (health.probe_at is not None and health.probe_at <= now)


def delivers(health: Health, rules: BreakerRules) -> bool:
    """Return whether deliveries succeed. A channel dropped for missing answers still delivers if there is no other."""
    return health.failures < rules.failures_to_open


def probing(health: Health, now: datetime, rules: BreakerRules) -> Health:
    """Return the state while one request probes the channel.

    The next probe waits for the outcome of this one, or until the wait is over.
    """
    return health.model_copy(update={"state": ChannelState.HALF_OPEN, "probe_at": _next_probe(health, now, rules)})


def failed(health: Health, now: datetime, rules: BreakerRules, *, reached: bool = False) -> Health:
    """Return the state after a failed delivery.

    A failure on a channel already dropped for failures began before the drop and does not count. Many concurrent calls
    that fail together must not cause the wait of many retries. `reached`: the bank replied, and its reply could not be
    read. Such a bank may well have the request, so the wait for the next probe does not grow.
    """
    if health.state is ChannelState.OPEN and not delivers(health, rules):
        return health
    failures = health.failures + 1
    if reached:
        failures = min(failures, rules.failures_to_open)
    return _judged(health.model_copy(update={"failures": failures}), now, rules)


def silent(health: Health, now: datetime, rules: BreakerRules) -> Health:
    """Return the state after a delivered request was not answered in time."""
    return _judged(health.model_copy(update={"silences": health.silences + 1}), now, rules)


def delivered(health: Health, rules: BreakerRules) -> Health:
    """Return the state after a successful delivery."""
    return _recovered(health.model_copy(update={"failures": 0}), rules)


def answered(health: Health, rules: BreakerRules) -> Health:
    """Return the state after the bank answered a request on this channel."""
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
    # The exponent is bounded first, because a channel may fail for months.
    wait_seconds = min(rules.probe_after_seconds * 2.0 ** min(beyond, 30), rules.probe_after_max_seconds)
    return now + timedelta(seconds=wait_seconds)
