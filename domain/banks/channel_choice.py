"""The circuit breaker of a channel, the channel by which a bank is asked, and which bank first.

Circuit breaker of a channel to a bank: opened by failures, probed automatically, closed when it works. The states are
the usual three: *closed* (used), *open* (dropped), *half-open* (one request may try it). A channel *fails* if a request
cannot be delivered. It is *silent* if a delivered request is not answered in time. The two are counted separately,
because a bank that accepts everything and answers nothing is not reached by one more delivery.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from domain.policy.model import BreakerRules
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ChannelKind, ChannelState
from schemas.procedures import PriorityRules


class ChannelBreaker(FrozenModel):
    """Circuit breaker of one channel: its state, and what led to it."""

    state: ChannelState = ChannelState.CLOSED
    failures: int = 0
    silences: int = 0
    probe_at: UtcDatetime | None = None
    """time at which a dropped channel may be tried"""


WELL = ChannelBreaker()


def usable(health: ChannelBreaker, now: datetime) -> bool:
    """Return whether a request may use the channel: it is closed, or its next probe is due."""
    return health.state is ChannelState.CLOSED or (health.probe_at is not None and health.probe_at <= now)


def delivers(health: ChannelBreaker, rules: BreakerRules) -> bool:
    """Return whether deliveries succeed. A channel dropped for missing answers still delivers if there is no other."""
    return health.failures < rules.failures_to_open


def probing(health: ChannelBreaker, now: datetime, rules: BreakerRules) -> ChannelBreaker:
    """Return the state while one request probes the channel.

    The next probe waits for the outcome of this one, or until the wait is over.
    """
    return health.model_copy(update={"state": ChannelState.HALF_OPEN, "probe_at": _next_probe(health, now, rules)})


def failed(health: ChannelBreaker, now: datetime, rules: BreakerRules, *, reached: bool = False) -> ChannelBreaker:
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


def silent(health: ChannelBreaker, now: datetime, rules: BreakerRules) -> ChannelBreaker:
    """Return the state after a delivered request was not answered in time."""
    return _judged(health.model_copy(update={"silences": health.silences + 1}), now, rules)


def delivered(health: ChannelBreaker, rules: BreakerRules) -> ChannelBreaker:
    """Return the state after a successful delivery."""
    return _recovered(health.model_copy(update={"failures": 0}), rules)


def answered(health: ChannelBreaker, rules: BreakerRules) -> ChannelBreaker:
    """Return the state after the bank answered a request on this channel."""
    return _recovered(health.model_copy(update={"failures": 0, "silences": 0}), rules)


def _judged(health: ChannelBreaker, now: datetime, rules: BreakerRules) -> ChannelBreaker:
    if health.state is ChannelState.CLOSED and not _bad(health, rules):
        return health
    return health.model_copy(update={"state": ChannelState.OPEN, "probe_at": _next_probe(health, now, rules)})


def _recovered(health: ChannelBreaker, rules: BreakerRules) -> ChannelBreaker:
    if _bad(health, rules):
        return health
    return health.model_copy(update={"state": ChannelState.CLOSED, "probe_at": None})


def _bad(health: ChannelBreaker, rules: BreakerRules) -> bool:
    return health.failures >= rules.failures_to_open or health.silences >= rules.silences_to_open


def _next_probe(health: ChannelBreaker, now: datetime, rules: BreakerRules) -> datetime:
    beyond = max(health.failures - rules.failures_to_open, health.silences - rules.silences_to_open, 0)
    # The exponent is bounded first, because a channel may fail for months.
    wait_seconds = min(rules.probe_after_seconds * 2.0 ** min(beyond, 30), rules.probe_after_max_seconds)
    return now + timedelta(seconds=wait_seconds)


def choose(
    channels: Sequence[ChannelKind],
    health: Mapping[ChannelKind, ChannelBreaker],
    attempts: Mapping[ChannelKind, int],
    now: datetime,
) -> ChannelKind | None:
    """Return the channel for the next attempt; None if every channel is dropped now.

    `channels` stand best first; `attempts` counts those that each has made with this very message. A channel that
    has failed this message, or brought no answer, waits until the others have been tried.
    """
    return _first([kind for kind in channels if usable(health.get(kind, WELL), now)], attempts)


def last_resort(
    channels: Sequence[ChannelKind],
    health: Mapping[ChannelKind, ChannelBreaker],
    attempts: Mapping[ChannelKind, int],
    rules: BreakerRules,
) -> ChannelKind | None:
    """Return a channel that delivers although no answer comes, for when every channel is dropped."""
    return _first([kind for kind in channels if delivers(health.get(kind, WELL), rules)], attempts)


def _first(candidates: Sequence[ChannelKind], attempts: Mapping[ChannelKind, int]) -> ChannelKind | None:
    return min(candidates, key=lambda kind: (attempts.get(kind, 0), candidates.index(kind)), default=None)


def next_probe(channels: Sequence[ChannelKind], health: Mapping[ChannelKind, ChannelBreaker]) -> datetime | None:
    """Return the time at which the first dropped channel may be tried; None without a channel."""
    times = [state.probe_at for kind in channels if (state := health.get(kind)) and state.probe_at]
    return min(times, default=None)


def priority_key(rules: PriorityRules, transferred_at: datetime, disputed_paise: int, now: datetime) -> int:
    """Return 1 (first) to 5 (last), by the age of the transfer and the amount (paise).

    Money within the golden hour goes first. Within one age, large amounts go first.
    """
    age_seconds = (now - transferred_at).total_seconds()
    base = 1 if age_seconds <= rules.fresh_seconds else 3 if age_seconds <= rules.warm_seconds else 4
    return base if disputed_paise >= rules.large_paise else base + 1
