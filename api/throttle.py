"""Token buckets in memory: how often something may be tried."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

NAMES_MAX: Final = 10_000
"""Names remembered; beyond it the one that was tried longest ago is forgotten."""


class Throttle:
    """For each name a bucket of `burst` tries that refills one in `refill_seconds`."""

    def __init__(self, burst: int, refill_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._refill_seconds = refill_seconds
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_seconds(self, name: str) -> float:
        """Take a try from `name`'s bucket: 0, or how many seconds to wait when it is empty."""
        now = self._clock()
        left, seen = self._buckets.pop(name, (float(self._burst), now))
        left = min(float(self._burst), left + (now - seen) / self._refill_seconds)
        wait = 0.0 if left >= 1 else (1 - left) * self._refill_seconds
        self._buckets[name] = (left - 1 if left >= 1 else left, now)
        if len(self._buckets) > NAMES_MAX:
            self._buckets.popitem(last=False)
        return wait
