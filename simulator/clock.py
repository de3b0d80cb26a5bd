"""The world's clock: `factor` times faster than the wall's, and mapped onto true instants both ways."""

import time
from datetime import UTC, datetime, timedelta, timezone

IST = timezone(timedelta(hours=5, minutes=30), "IST")


class Clock:
    """World time in seconds, 0 at the start of the day. Stands at 0 until it is started."""

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self._origin = datetime.now(UTC)
        self._started: float | None = None

    @property
    def running(self) -> bool:
        """Whether the day has begun."""
        return self._started is not None

    def start(self) -> None:
        """Begin the day now. Starting twice changes nothing."""
        if self._started is None:
            self._origin, self._started = datetime.now(UTC), time.monotonic()

    def now(self) -> float:
        """World time, in seconds of the world."""
        return 0.0 if self._started is None else (time.monotonic() - self._started) * self.factor

    def instant(self, world_seconds: float) -> datetime:
        """The true (wall) instant at which something of the world happens or happened, in UTC."""
        return self._origin + timedelta(seconds=world_seconds / self.factor)

    def wall_seconds(self, world_seconds: float) -> float:
        """How long so many seconds of the world last on the wall."""
        return world_seconds / self.factor
