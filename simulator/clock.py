"""Clock and seeds of the simulator.

Random numbers from one seed: every draw has a name and does not depend on other draws. A draw is named by labels
("delay", the bank, the RRN …). The same seed and labels give the same draw in any process and order. The simulated day
is therefore the same world, whatever the timing of the tested engine.
"""

import hashlib
import math
import random
import time
from datetime import UTC, datetime, timedelta, timezone
from statistics import NormalDist

NS_PER_SECOND = 1_000_000_000
IST = timezone(timedelta(hours=5, minutes=30), "IST")


def wall_clock() -> datetime:
    """Return the real present time in UTC. No other module of the simulator reads the wall clock."""
    return datetime.now(UTC)


class Clock:
    """Simulated time in seconds, 0 at the start of the day. Stays at 0 until it is started."""

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self._origin = wall_clock()
        self._started: float | None = None

    @property
    def running(self) -> bool:
        """Whether the day has begun."""
        return self._started is not None

    def start(self) -> None:
        """Begin the day now. A second start changes nothing."""
        if self._started is None:
            self._origin, self._started = wall_clock(), time.monotonic()

    def now(self) -> float:
        """Return the simulated time in seconds."""
        return 0.0 if self._started is None else (time.monotonic() - self._started) * self.factor

    def instant(self, world_seconds: float) -> datetime:
        """Return the real time in UTC of a simulated time."""
        return self._origin + timedelta(seconds=world_seconds / self.factor)

    def monotonic_ns(self, world_seconds: float) -> int:
        """Return the monotonic time in ns of a simulated time. The clock has started."""
        assert self._started is not None, "the clock starts before the day"
        return round((self._started + world_seconds / self.factor) * NS_PER_SECOND)

    def wall_seconds(self, world_seconds: float) -> float:
        """Return the real duration of a simulated duration, in seconds."""
        return world_seconds / self.factor


Label = str | int
_NORMAL = NormalDist()
_TOP = 2**53


def _digest(seed: int, labels: tuple[Label, ...], size: int) -> int:
    text = "\x1f".join((str(seed), *map(str, labels)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=size).digest())


def unit(seed: int, *labels: Label) -> float:
    """Return the named draw, uniform in [0, 1)."""
    return (_digest(seed, labels, 8) >> 11) / _TOP


def chance(seed: int, rate: float, *labels: Label) -> bool:
    """Return whether the named event, which has probability `rate`, happens."""
    return rate > 0 and unit(seed, *labels) < rate


def lognormal(seed: int, median: float, sigma: float, *labels: Label) -> float:
    """Return the named draw from the lognormal distribution with that median.

    `sigma` is the standard deviation of its logarithm.
    """
    quantile = min(max(unit(seed, *labels), 1e-9), 1 - 1e-9)
    return median * math.exp(sigma * _NORMAL.inv_cdf(quantile))


def happens(rng: random.Random, rate: float) -> bool:
    """Return whether an event of probability `rate` happens, by the next draw of a stream."""
    return rng.random() < rate


def stream(seed: int, *labels: Label) -> random.Random:
    """Return a separate generator for the named thing, for many draws."""
    return random.Random(_digest(seed, labels, 16))


def secret(seed: int, size: int, *labels: Label) -> bytes:
    """Return `size` bytes (≤ 64) for the named credential. Reproducible, so for simulated banks only."""
    return _digest(seed, labels, size).to_bytes(size)
