"""Streams of the growing case log: one LISTEN connection wakes every stream of the case that changed.

A wake has no content, because the stream reads the log itself from its last event on. So a burst of events is one
wake, a slow reader costs no memory, and no event is missed or sent twice.
"""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg

from api.problems import TOO_MANY, Refused
from db.pool import Pool

log = logging.getLogger("goldenhour.api")

LISTEN_WAIT_SECONDS: Final = 5.0
RELISTEN_AFTER_SECONDS: Final = 1.0
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

    def __init__(self, pool: Pool, channel: str, *, most: int, most_of_one: int) -> None:
        """Listen on `channel`, whose payloads are subjects.

        At most `most` subscriptions exist at once, and `most_of_one` of one caller.
        """
        self._pool = pool
        self._channel = channel
        self._most = most
        self._most_of_one = most_of_one
        self._subscriptions: set[Subscription] = set()
        self._by_subject: defaultdict[str, set[Subscription]] = defaultdict(set)
        self._by_caller: Counter[str] = Counter()
        self._listening = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None
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
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen_for_ever())
        async with asyncio.timeout(LISTEN_WAIT_SECONDS):
            await self._listening.wait()

    async def close(self) -> None:
        """End every stream, and release the connection."""
        self.closing = True
        self._wake_all()
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                await self._listen()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("listening for events failed: %s", type(error).__name__)
            self._listening.clear()
            await asyncio.sleep(RELISTEN_AFTER_SECONDS)

    async def _listen(self) -> None:
        """Listen until the connection is lost."""
        lost = asyncio.Event()

        def notified(_connection: object, _pid: int, _channel: str, payload: object) -> None:
            for subscription in self._by_subject.get(str(payload), ()):
                subscription.wake()

        async with self._pool.acquire() as connection:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(self._channel, notified)
            self._listening.set()
            # Every stream reads now, because notifications were lost while the hub did not listen.
            self._wake_all()
            try:
                await lost.wait()
            finally:
                if not connection.is_closed():
                    await connection.remove_listener(self._channel, notified)

    def _wake_all(self) -> None:
        for subscription in self._subscriptions:
            subscription.wake()
