"""The channel by which a bank is asked, and which bank first."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.banks.answering import WELL, Health, delivers, usable
from domain.policy.model import BreakerRules
from schemas.enums import ChannelKind
from schemas.procedures import PriorityRules


def choose(
    channels: Sequence[ChannelKind],
    health: Mapping[ChannelKind, Health],
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
    health: Mapping[ChannelKind, Health],
    attempts: Mapping[ChannelKind, int],
    rules: BreakerRules,
) -> ChannelKind | None:
    """Return a channel that delivers although no answer comes, for when every channel is dropped."""
    return _first([kind for kind in channels if delivers(health.get(kind, WELL), rules)], attempts)


def _first(candidates: Sequence[ChannelKind], attempts: Mapping[ChannelKind, int]) -> ChannelKind | None:
    return min(candidates, key=lambda kind: (attempts.get(kind, 0), candidates.index(kind)), default=None)


def next_probe(channels: Sequence[ChannelKind], health: Mapping[ChannelKind, Health]) -> datetime | None:
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
