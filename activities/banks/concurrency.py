"""Concurrency limit for each bank, with spread times at which a caller without a place tries again.

A caller without a place comes back through Temporal and our database, whether a place is free by then or not. If a
hundred callers tried again every second, calls to all other banks would slow down. So each caller gets the next time in
a queue. The queue advances at the bank's pace: the duration of its calls, or that of the oldest running call.
"""

import itertools
import math
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from adapters.banks.protocol import BankBusy

LEAST_WAIT_SECONDS: Final = 0.2
MOST_WAIT_SECONDS: Final = 15.0
"""the most that is added to the necessary wait; a bank that is fast again must not wait for its own requests"""
LEAST_GAP_SECONDS: Final = 0.02
"""between two callers that come back to one bank: fifty a second at most"""
GAP_AT_DROPPED_BANK_SECONDS: Final = 0.1
"""only the caller that probes a dropped bank gets a place; the others only check"""
AT_ONCE_OF_A_BANK: Final = 4
AT_ONCE_IN_ALL: Final = 32
"""calls of one process for which no queue is needed"""
SLOW_CALL_SECONDS: Final = 0.5
"""a bank whose calls take longer is called by the queue, where it delays no other call"""
SLOW_FOR_SECONDS: Final = 30.0
"""after its last call from this process, a slow bank is tried without the queue again"""
NEWEST_WEIGHT: Final = 0.25
"""weight of the newest call in the average duration of a bank's calls"""


@dataclass
class _Queue:
    """A queue of callers without a place, as the times at which they come back."""

    given_until: float = 0.0

    def next(self, now: float, least_seconds: float, gap_seconds: float) -> float:
        """Return the next time as seconds from now: at least `least_seconds`, and `gap_seconds` after the last one."""
        place = max(now + least_seconds, self.given_until) + max(gap_seconds, LEAST_GAP_SECONDS)
        if place - now > least_seconds + MOST_WAIT_SECONDS:
            # The queue has its greatest length. Further callers are spread over its second half.
            return least_seconds + MOST_WAIT_SECONDS * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        self.given_until = place
        return place - now


@dataclass
class _Bank:
    """One bank: start times of its running calls by number, their average duration, and its queues."""

    under_way: dict[int, float] = field(default_factory=dict)
    call_seconds: float = 0.0
    last_ended: float = -math.inf
    busy: _Queue = field(default_factory=_Queue)
    dropped: _Queue = field(default_factory=_Queue)


class ConcurrencyLimits:
    """The concurrency limits of all banks in one process."""

    def __init__(self, calls_at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Set the limit for each bank. `clock` returns seconds."""
        self._calls_at_once = calls_at_once
        self._clock = clock
        self._banks: dict[str, _Bank] = {}
        self._numbers = itertools.count()

    @contextmanager
    def place(self, institution: str) -> Iterator[None]:
        """Take one of the bank's places while the block runs.

        Raises `BankBusy` when all are taken, because waiting would occupy a worker's slot.
        """
        bank = self._banks.setdefault(institution, _Bank())
        if len(bank.under_way) >= self._calls_at_once:
            wait_seconds = bank.busy.next(self._clock(), LEAST_WAIT_SECONDS, self._place_every_seconds(bank))
            raise BankBusy(institution, retry_after_seconds=wait_seconds)
        number = next(self._numbers)
        bank.under_way[number] = self._clock()
        try:
            yield
        finally:
            bank.last_ended = self._clock()
            took = bank.last_ended - bank.under_way.pop(number)
            bank.call_seconds += NEWEST_WEIGHT * (took - bank.call_seconds)

    def may_call_at_once(self, institution: str) -> bool:
        """Return whether the bank may be called without the queue: few calls run, and its last ones were fast."""
        if sum(len(bank.under_way) for bank in self._banks.values()) >= AT_ONCE_IN_ALL:
            return False
        bank = self._banks.get(institution)
        if bank is None:
            return True
        slow = bank.call_seconds > SLOW_CALL_SECONDS and self._clock() - bank.last_ended < SLOW_FOR_SECONDS
        return len(bank.under_way) < AT_ONCE_OF_A_BANK and not slow

    def after(self, institution: str, seconds: float) -> float:
        """Return the seconds to wait for a bank that is not tried before `seconds` are over."""
        bank = self._banks.setdefault(institution, _Bank())
        return bank.dropped.next(self._clock(), max(seconds, LEAST_WAIT_SECONDS), GAP_AT_DROPPED_BANK_SECONDS)

    def _place_every_seconds(self, bank: _Bank) -> float:
        """Return the seconds after which the bank usually has a free place."""
        oldest = next(iter(bank.under_way.values()))
        return max(bank.call_seconds, self._clock() - oldest) / self._calls_at_once
