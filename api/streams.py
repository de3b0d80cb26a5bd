"""Streams of the growing case log: one notification wakes every stream of the case that changed.

A wake has no content, because the stream reads the log itself from its last event on. So a burst of events is one
wake, a slow reader costs no memory, and no event is missed or sent twice.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from api.listener import Listener
from api.problems import TOO_MANY, Refused

CASE_EVENTS: Final = "case_event"
"""the channel of PostgreSQL notifications with a case number as payload"""


class Subscription:
    """Subscription of one caller to one subject: a case, or a bank's feed."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Wake the caller, because the subject may have changed or the hub is closing."""
        self._wake.set()

    async def woken(self, wait_seconds: float) -> bool:
        """Wait for a wake, at most `wait_seconds`. Return whether one came."""
        try:
            async with asyncio.timeout(wait_seconds):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True


class EventHub:
    """Distributes the PostgreSQL notifications of one channel to the subscriptions of this process."""

    def __init__(self, listener: Listener, channel: str, *, most: int, most_of_one: int) -> None:
        """Listen on `channel`, whose payloads are subjects.

        At most `most` subscriptions exist at once, and `most_of_one` of one caller.
        """
        self._listener = listener
        self._channel = channel
        self._most = most
        self._most_of_one = most_of_one
        self._subscriptions: set[Subscription] = set()
        self._by_subject: defaultdict[str, set[Subscription]] = defaultdict(set)
        self._by_caller: Counter[str] = Counter()
        self.closing = False

    @contextmanager
    def subscribed(self, subject: str, caller: str) -> Iterator[Subscription]:
        """Subscribe to the subject while the block runs. Raises `Refused` if there are too many subscriptions."""
        is_full = len(self._subscriptions) >= self._most or self._by_caller[caller] >= self._most_of_one
        if self.closing or is_full:
            raise Refused(TOO_MANY, f"at most {self._most} calls wait at once, {self._most_of_one} of one caller")
        subscription = Subscription(subject)
        self._subscriptions.add(subscription)
        self._by_subject[subject].add(subscription)
        self._by_caller[caller] += 1
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            self._by_subject[subject].discard(subscription)
            if not self._by_subject[subject]:
                del self._by_subject[subject]
            self._by_caller -= Counter((caller,))

    async def listening(self) -> None:
        """Wait until the hub listens. Every later commit wakes its subscriptions. Raises TimeoutError."""
        await self._listener.listening(self._channel, self._notified, self._wake_all)

    def close(self) -> None:
        """End every stream."""
        self.closing = True
        self._wake_all()

    def _notified(self, payload: str) -> None:
        for subscription in self._by_subject.get(payload, ()):
            subscription.wake()

    def _wake_all(self) -> None:
        """Wake every stream to read now, because notifications may have been lost."""
        for subscription in self._subscriptions:
            subscription.wake()
