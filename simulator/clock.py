"""The simulated clock: `factor` times faster than real time, and convertible to real times in both directions."""

import time
from datetime import UTC, datetime, timedelta, timezone

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
