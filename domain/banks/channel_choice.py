"""Choice of the channel for a hold request: the best that works and has been tried least."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.banks.circuit_breaker import WELL, BreakerRules, Health, delivers, usable
from schemas.enums import ChannelKind


def choose(
    channels: Sequence[ChannelKind],
    health: Mapping[ChannelKind, Health],
    turns: Mapping[ChannelKind, int],
    now: datetime,
) -> ChannelKind | None:
    """Return the channel for the next attempt; None if every channel is dropped now.

    `channels` are in order, the best first. `turns` counts the attempts of this request on each. A channel that failed
    this request, or brought no answer, waits until the others have had as many attempts.
    """
    return _first([kind for kind in channels if usable(health.get(kind, WELL), now)], turns)


def last_resort(
    channels: Sequence[ChannelKind],
    health: Mapping[ChannelKind, Health],
    turns: Mapping[ChannelKind, int],
    rules: BreakerRules,
) -> ChannelKind | None:
    """Return a channel that still delivers although all are dropped.

    An unanswered request is better than one that was never sent.
    """
    return _first([kind for kind in channels if delivers(health.get(kind, WELL), rules)], turns)


def _first(candidates: Sequence[ChannelKind], turns: Mapping[ChannelKind, int]) -> ChannelKind | None:
    return min(candidates, key=lambda kind: (turns.get(kind, 0), candidates.index(kind)), default=None)


def next_probe(channels: Sequence[ChannelKind], health: Mapping[ChannelKind, Health]) -> datetime | None:
    """Return the time at which the first dropped channel may be tried; None without a channel."""
    times = [found.probe_at for kind in channels if (found := health.get(kind)) and found.probe_at]
    return min(times, default=None)
