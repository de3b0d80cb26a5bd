"""Events that wait for one caller: the newest of each thing, within a limit, and sent not too often."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from schemas.work_items.officer_streams import StreamEnd

Key = tuple[str, str]
"""kind of an event, and what it is about"""


@dataclass(frozen=True, slots=True)
class Sent:
    """One event for a caller. An event without a number has no place in the order of what is kept."""

    number: int | None
    kind: str
    body: bytes


class Pace:
    """Allows so many sendings at once, and so many a second after those.

    A pace may have a second one above it, which it shares with others.
    """

    def __init__(self, at_once: float, per_second: float, shared: "Pace | None" = None) -> None:
        self._most = float(at_once)
        self._per_second = per_second
        self._left = float(at_once)
        self._at = 0.0
        self._shared = shared

    def wait_seconds(self, now: float) -> float:
        """Return how long the next one waits. `now` is a number of seconds that never goes back."""
        self._refill(now)
        own = max(0.0, (1.0 - self._left) / self._per_second)
        return own if self._shared is None else max(own, self._shared.wait_seconds(now))

    def go(self, now: float) -> None:
        """Count one."""
        self._refill(now)
        self._left -= 1.0
        if self._shared is not None:
            self._shared.go(now)

    def _refill(self, now: float) -> None:
        self._left = min(self._most, self._left + (now - self._at) * self._per_second)
        self._at = max(self._at, now)


class WaitingEvents:
    """The events that wait for one caller."""

    def __init__(self, most: int, pace: Pace) -> None:
        self._most = most
        self._pace = pace
        self._events: OrderedDict[Key, Sent] = OrderedDict()
        self._wake = asyncio.Event()
        self.ended_as: StreamEnd | None = None

    def offer(self, about: str, event: Sent) -> None:
        """Let an event wait, in place of an older one about the same thing.

        A caller for whom too much waits is too slow, and the stream ends.
        """
        if self.ended_as is not None:
            return
        key = event.kind, about
        self._events[key] = event
        # The numbers rise in the order of sending, so that the last one says what the caller has.
        self._events.move_to_end(key)
        if len(self._events) > self._most:
            self.end(StreamEnd.SLOW)
        self._wake.set()

    def end(self, why: StreamEnd) -> None:
        """End the stream. What waits is not sent any more."""
        if self.ended_as is None:
            self.ended_as = why
            self._events.clear()
        self._wake.set()

    def wake(self) -> None:
        """Let the caller's stream look again."""
        self._wake.set()

    async def take(self, wait_seconds: float) -> list[Sent]:
        """Return what waits, at the pace of the stream; nothing after `wait_seconds`, at a wake and at the end."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(wait_seconds):
                await self._wake.wait()
                if self._events and (pause := self._pace.wait_seconds(loop.time())) > 0:
                    await asyncio.sleep(pause)
        except TimeoutError:
            return []
        self._wake.clear()
        if not self._events:
            return []
        self._pace.go(loop.time())
        taken = list(self._events.values())
        self._events.clear()
        return taken
