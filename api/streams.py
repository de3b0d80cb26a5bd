"""The case log as it grows: one LISTEN connection wakes every stream of the case that changed.

A wake carries nothing: the stream reads the log itself, from where it stands. So a burst of events is one wake, a
slow reader costs no memory, and nothing is missed or sent twice.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg

from api.problems import TOO_MANY, Refused
from db.pool import Pool

log = logging.getLogger("goldenhour.api")

STREAMS_MAX: Final = 200
STREAMS_PER_OFFICER_MAX: Final = 20
LISTEN_WAIT_SECONDS: Final = 5.0
RELISTEN_AFTER_SECONDS: Final = 1.0
CASE_EVENTS: Final = "case_event"
"""the channel of notifications whose payload is a case's number"""


class Subscription:
    """One ear on one subject: a case, or a bank's feed."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """There may be more of the subject, or the hub is closing."""
        self._wake.set()

    async def woken(self, wait_seconds: float) -> bool:
        """Wait for a wake, at most so long; whether one came."""
        try:
            async with asyncio.timeout(wait_seconds):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True


class EventHub:
    """Spreads the database's notifications on one channel to those of this process who wait for them."""

    def __init__(self, pool: Pool, channel: str = CASE_EVENTS) -> None:
        """`channel`: the notifications to hear; their payload is the subject."""
        self._pool = pool
        self._channel = channel
        self._ears: set[Subscription] = set()
        self._by_caller: Counter[str] = Counter()
        self._listening = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None
        self.closing = False

    @contextmanager
    def subscribed(self, subject: str, caller: str, most_of_caller: int | None = None) -> Iterator[Subscription]:
        """An ear on the subject while the block runs. Raises `Refused` when there are too many.

        Of one caller there are `STREAMS_PER_OFFICER_MAX` at most, or `most_of_caller`.
        """
        most = STREAMS_PER_OFFICER_MAX if most_of_caller is None else most_of_caller
        if self.closing or len(self._ears) >= STREAMS_MAX or self._by_caller[caller] >= most:
            raise Refused(TOO_MANY, f"at most {STREAMS_MAX} wait at once, {most} of one caller")
        ear = Subscription(subject)
        self._ears.add(ear)
        self._by_caller[caller] += 1
        try:
            yield ear
        finally:
            self._ears.discard(ear)
            self._by_caller -= Counter((caller,))

    async def listening(self) -> None:
        """Wait until notifications come in; what is written after this wakes. Raises TimeoutError."""
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen_for_ever())
        async with asyncio.timeout(LISTEN_WAIT_SECONDS):
            await self._listening.wait()

    async def close(self) -> None:
        """End every stream and give the connection back."""
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

        def heard(_connection: object, _pid: int, _channel: str, payload: object) -> None:
            for ear in self._ears:
                if ear.subject == payload:
                    ear.wake()

        async with self._pool.acquire() as connection:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(self._channel, heard)
            self._listening.set()
            # Whatever was written while nobody listened is read now.
            self._wake_all()
            try:
                await lost.wait()
            finally:
                if not connection.is_closed():
                    await connection.remove_listener(self._channel, heard)

    def _wake_all(self) -> None:
        for ear in self._ears:
            ear.wake()
