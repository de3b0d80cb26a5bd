"""Curves of duration at a bank: of money in an account, and of requests without an answer.

Pure. One kind of curve serves both. Time is cut into bands, with a constant rate of ending in each, so that a curve is
a few numbers that an officer can be shown. The policy gives every curve as shares ("85 % gone after ten minutes").

A bank with enough history has its own rates. The rate of a band is the number of endings in it divided by the time
spent in it, with the policy's curve counted as some cases of the bank. Unfinished cases count with their time so far,
so that a bank without answers does not look like a quick one.
"""

import math
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from domain.policy.telephone import CallRules, Shares

HAZARD_MAX: Final = 700.0
"""At this hazard one part in 10^304 is left; PostgreSQL raises an error for anything less."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Bands of constant rates: band *i* starts at `starts[i]` seconds; the first at zero, the last has no end."""

    starts: tuple[float, ...]
    rates: tuple[float, ...]
    """rate of ending per second, among those that remain"""
    sums: tuple[float, ...]
    """cumulative hazard at the start of each band"""
    own_history: int = 0
    """requests or lines of the bank behind the curve; 0 for a default"""

    def hazard(self, seconds: float) -> float:
        """Return the cumulative hazard after `seconds`."""
        band = bisect_right(self.starts, seconds) - 1
        return self.sums[band] + self.rates[band] * (seconds - self.starts[band])

    def lasting(self, seconds: float) -> float:
        """Return the share that remains after `seconds`."""
        return math.exp(-min(HAZARD_MAX, self.hazard(max(0.0, seconds))))

    def lasting_on(self, seconds: float, more_seconds: float) -> float:
        """Return the share of those that remain after `seconds` that remain `more_seconds` longer."""
        seconds = max(0.0, seconds)
        return math.exp(-min(HAZARD_MAX, self.hazard(seconds + more_seconds) - self.hazard(seconds)))


@dataclass(frozen=True, slots=True)
class BandCount:
    """Cases of a bank's history that ended or were last seen within one band (numbered from 0)."""

    band: int
    count: int
    ended: int
    """the others have not ended, as far as known"""
    seconds_within: float
    """total time of all of them in this band"""


def default_curve(shares: Shares, clock_factor: float) -> Curve:
    """Return the policy's curve, its times divided by `clock_factor`. The last rate continues after the last share."""
    starts = (0.0, *(seconds / clock_factor for seconds in shares.after_seconds))
    hazards = (0.0, *(-math.log1p(-share) for share in shares.shares))
    rates = [
        (upper - lower) / (end - start)
        for (start, end), (lower, upper) in zip(pairwise(starts), pairwise(hazards), strict=True)
    ]
    return _curve(starts, (*rates, rates[-1]))


def fitted_curve(default: Curve, history: Collection[BandCount], rules: CallRules) -> Curve:
    """Return the curve of a bank's own history, or the default if the history is short."""
    own_history = sum(band_count.count for band_count in history)
    if own_history < rules.min_history:
        return default
    ended, spent_seconds = _observed(default.starts, history)
    left = [math.exp(-hazard) for hazard in default.sums] + [0.0]
    rates = []
    for band, rate in enumerate(default.rates):
        # Number of cases of the default that would end in this band, with that much time in it.
        prior_ended = rules.prior_history * (left[band] - left[band + 1])
        rates.append((prior_ended + ended[band]) / (prior_ended / rate + spent_seconds[band]))
    return _curve(default.starts, rates, own_history)


def _observed(starts: Sequence[float], history: Iterable[BandCount]) -> tuple[list[int], list[float]]:
    """Return the endings in each band and the time spent in it.

    A case of a later band has passed the earlier bands completely.
    """
    ended, spent_seconds = [0] * len(starts), [0.0] * len(starts)
    for band_count in history:
        ended[band_count.band] += band_count.ended
        spent_seconds[band_count.band] += band_count.seconds_within
        for band in range(band_count.band):
            spent_seconds[band] += band_count.count * (starts[band + 1] - starts[band])
    return ended, spent_seconds


def _curve(starts: Sequence[float], rates: Sequence[float], own_history: int = 0) -> Curve:
    sums = [0.0]
    for (start, end), rate in zip(pairwise(starts), rates, strict=False):
        sums.append(sums[-1] + rate * (end - start))
    return Curve(tuple(starts), tuple(rates), tuple(sums), own_history)
