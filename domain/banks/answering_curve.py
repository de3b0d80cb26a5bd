"""How long things last at a bank: money in an account, and silence after a request. Pure.

One kind of curve serves both. Time is cut into bands, and within a band what still lasts ends at a constant rate, so
that a curve is a handful of numbers which an officer can be shown. The policy gives every curve as shares ("85 % gone
after ten minutes"). A bank with a history of its own has its own rates: in each band, what ended there divided by the
time that was spent in it, the policy's curve counting as some cases among the bank's own. What has not ended yet counts
by the time it has lasted: a silent bank is not taken for a quick one.
"""

import math
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from schemas.base import FrozenModel
from schemas.enums import AnswerClass

HAZARD_MAX: Final = 700.0
"""Of what stands this long, one part in 10^304 is left: PostgreSQL calls anything less an error."""

_Seconds = Annotated[float, Field(gt=0, le=400 * 86_400)]
_Share = Annotated[float, Field(gt=0, lt=1)]


class Shares(FrozenModel):
    """A curve as the policy gives it: what share has ended after so many seconds."""

    after_seconds: Annotated[tuple[_Seconds, ...], Field(min_length=1, max_length=20)]
    shares: Annotated[tuple[_Share, ...], Field(min_length=1, max_length=20)]
    source: Annotated[str, Field(min_length=3)]

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if len(self.after_seconds) != len(self.shares):
            raise ValueError("there is one share for each time")
        for values in (self.after_seconds, self.shares):
            if any(before >= after for before, after in pairwise(values)):
                raise ValueError("times and shares rise")
        return self


class CallRules(FrozenModel):
    """The policy of the call list."""

    horizon_seconds: _Seconds
    """a call is not worth it when the bank answers by itself within this time"""
    min_history: Annotated[int, Field(ge=1)]
    """from so many requests or lines on, a bank's own history counts"""
    prior_history: Annotated[float, Field(gt=0)]
    """the default counts as so many requests or lines among the bank's own"""
    history_days: Annotated[int, Field(ge=1, le=366)]
    source: Annotated[str, Field(min_length=3)]
    leaving: Shares
    """of the money that arrived in an account, what has left it"""
    answering: dict[AnswerClass, Shares]
    """of the requests that a bank has, what it has answered"""

    @model_validator(mode="after")
    def _knows_every_class(self) -> Self:
        missing = [answer_class.value for answer_class in AnswerClass if answer_class not in self.answering]
        if missing:
            raise ValueError(f"answering lacks {', '.join(missing)}")
        return self

    @property
    def history(self) -> timedelta:
        """How far a bank's own history goes back."""
        return timedelta(days=self.history_days)


@dataclass(frozen=True, slots=True)
class Curve:
    """Bands of constant rates: band *i* begins at `starts[i]` seconds, the first at zero, and the last has no end."""

    starts: tuple[float, ...]
    rates: tuple[float, ...]
    """by second, of what still lasts"""
    sums: tuple[float, ...]
    """the hazard gathered until each band begins"""
    own_history: int = 0
    """how many requests or lines of the bank's own it stands on; 0 for a default"""

    def hazard(self, seconds: float) -> float:
        """The hazard gathered until then."""
        band = bisect_right(self.starts, seconds) - 1
        return self.sums[band] + self.rates[band] * (seconds - self.starts[band])

    def lasting(self, seconds: float) -> float:
        """The share that still lasts after so many seconds."""
        return math.exp(-min(HAZARD_MAX, self.hazard(max(0.0, seconds))))

    def lasting_on(self, seconds: float, more_seconds: float) -> float:
        """Of what has lasted so long, the share that lasts that much longer."""
        seconds = max(0.0, seconds)
        return math.exp(-min(HAZARD_MAX, self.hazard(seconds + more_seconds) - self.hazard(seconds)))


@dataclass(frozen=True, slots=True)
class BandCount:
    """What of a bank's history came to its end, or to our last look at it, within one band (numbered from 0)."""

    band: int
    count: int
    ended: int
    """the others still last, as far as we know"""
    seconds_within: float
    """spent in this band, by all of them together"""


def default_curve(shares: Shares, clock_factor: float) -> Curve:
    """The policy's curve, its times divided by `clock_factor`. After its last share it goes on at the last rate."""
    starts = (0.0, *(seconds / clock_factor for seconds in shares.after_seconds))
    hazards = (0.0, *(-math.log1p(-share) for share in shares.shares))
    rates = [
        (upper - lower) / (end - start)
        for (start, end), (lower, upper) in zip(pairwise(starts), pairwise(hazards), strict=True)
    ]
    return _curve(starts, (*rates, rates[-1]))


def fitted_curve(default: Curve, history: Collection[BandCount], rules: CallRules) -> Curve:
    """The curve of a bank's own history; the default where the history is short."""
    own_history = sum(found.count for found in history)
    if own_history < rules.min_history:
        return default
    ended, spent_seconds = _observed(default.starts, history)
    left = [math.exp(-hazard) for hazard in default.sums] + [0.0]
    rates = []
    for band, rate in enumerate(default.rates):
        # So many of the default's own kind would end in this band, having spent that much time in it.
        prior_ended = rules.prior_history * (left[band] - left[band + 1])
        rates.append((prior_ended + ended[band]) / (prior_ended / rate + spent_seconds[band]))
    return _curve(default.starts, rates, own_history)


def _observed(starts: Sequence[float], history: Iterable[BandCount]) -> tuple[list[int], list[float]]:
    """What ended in each band, and the time spent in it: whatever came to a later band has passed it whole."""
    ended, spent_seconds = [0] * len(starts), [0.0] * len(starts)
    for found in history:
        ended[found.band] += found.ended
        spent_seconds[found.band] += found.seconds_within
        for band in range(found.band):
            spent_seconds[band] += found.count * (starts[band + 1] - starts[band])
    return ended, spent_seconds


def _curve(starts: Sequence[float], rates: Sequence[float], own_history: int = 0) -> Curve:
    sums = [0.0]
    for (start, end), rate in zip(pairwise(starts), rates, strict=False):
        sums.append(sums[-1] + rate * (end - start))
    return Curve(tuple(starts), tuple(rates), tuple(sums), own_history)
