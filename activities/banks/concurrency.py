"""Turns at a bank: so many calls at once, and for whoever finds no place a time to come back that makes no crowd.

Who is turned away comes back through Temporal and our database, whether the bank has a place by then or not. A hundred
that all look again every second cost every other bank its speed; so each is given the next place in a line, and the
line moves as fast as the bank does: as its calls took, or as the oldest one under way has taken so far.
"""

import itertools
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from adapters.banks.protocol import BankBusy

LEAST_WAIT_SECONDS: Final = 0.2
MOST_WAIT_SECONDS: Final = 15.0
"""on top of what has to be waited for anyway; a bank that is quick again must not wait for its own requests"""
LEAST_GAP_SECONDS: Final = 0.02
"""between two who come back to one bank: fifty a second at most"""
GAP_AT_A_DROPPED_BANK_SECONDS: Final = 0.1
"""nobody gets a place there but the one who tries it: the others only look"""
NEWEST_WEIGHT: Final = 0.25
"""of the last call, in what a bank's calls take"""


@dataclass
class _Places:
    """A line of those who were turned away, as the times at which they come back."""

    given_until: float = 0.0

    def next(self, now: float, least_seconds: float, gap_seconds: float) -> float:
        """The next place: seconds from now, `least_seconds` or later, and `gap_seconds` after the one before."""
        place = max(now + least_seconds, self.given_until) + max(gap_seconds, LEAST_GAP_SECONDS)
        if place - now > least_seconds + MOST_WAIT_SECONDS:
            # The line is as long as it may be: those at its end are spread over its second half.
            return least_seconds + MOST_WAIT_SECONDS * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        self.given_until = place
        return place - now


@dataclass
class _Line:
    """One bank: its calls under way (by number: when each began), what its calls take, and who comes back when."""

    under_way: dict[int, float] = field(default_factory=dict)
    call_seconds: float = 0.0
    busy: _Places = field(default_factory=_Places)
    dropped: _Places = field(default_factory=_Places)


class Turns:
    """The turns at all banks of one process."""

    def __init__(self, calls_at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._calls_at_once = calls_at_once
        self._clock = clock
        self._lines: dict[str, _Line] = {}
        self._numbers = itertools.count()

    @contextmanager
    def turn(self, institution: str) -> Iterator[None]:
        """One of the bank's calls at once. Raises `BankBusy` when all are taken: nobody waits in a worker's slot."""
        line = self._lines.setdefault(institution, _Line())
        if len(line.under_way) >= self._calls_at_once:
            wait_seconds = line.busy.next(self._clock(), LEAST_WAIT_SECONDS, self._pace_seconds(line))
            raise BankBusy(institution, retry_after_seconds=wait_seconds)
        number = next(self._numbers)
        line.under_way[number] = self._clock()
        try:
            yield
        finally:
            took = self._clock() - line.under_way.pop(number)
            line.call_seconds += NEWEST_WEIGHT * (took - line.call_seconds)

    def after(self, institution: str, seconds: float) -> float:
        """When to come back to a bank that will not be tried before `seconds` are over."""
        line = self._lines.setdefault(institution, _Line())
        return line.dropped.next(self._clock(), max(seconds, LEAST_WAIT_SECONDS), GAP_AT_A_DROPPED_BANK_SECONDS)

    def _pace_seconds(self, line: _Line) -> float:
        """How often the bank has a place."""
        oldest = next(iter(line.under_way.values()))
        return max(line.call_seconds, self._clock() - oldest) / self._calls_at_once
