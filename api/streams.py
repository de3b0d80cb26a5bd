"""Streams of the growing case log, and the connection that listens for it.

Streams of the growing case log: one notification wakes every stream of the case that changed. A wake has no content,
because the stream reads the log itself from its last event on. So a burst of events is one wake, a slow reader costs no
memory, and no event is missed or sent twice.
"""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import anyio
import asyncpg
from fastapi.sse import format_sse_event
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.problems import TOO_MANY, Refused
from api.request_places import leave_place
from db.pool import Connection, Pool

EVENT_STREAM: Final = "text/event-stream"
RECONNECT_MILLISECONDS: Final = 2_000

SendEvents = Callable[[Send], Awaitable[None]]
"""sends parts of a stream by `send_part`, and returns at its end"""


class StreamResponse(Response):
    """Response that is a stream of server-sent events. It ends when the caller disconnects."""

    def __init__(self) -> None:
        super().__init__(media_type=EVENT_STREAM, headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]

    async def stream(self, scope: Scope, receive: Receive, send: Send, send_events: SendEvents) -> None:
        """Begin the response, send events, and end it."""
        leave_place(scope)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with anyio.create_task_group() as tasks:

            async def end_on_disconnect() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                tasks.cancel_scope.cancel()

            tasks.start_soon(end_on_disconnect)
            await send_part(send, format_sse_event(retry=RECONNECT_MILLISECONDS))
            await send_events(send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            tasks.cancel_scope.cancel()


async def send_part(send: Send, part: bytes) -> None:
    """Send a part of a stream."""
    await send({"type": "http.response.body", "body": part, "more_body": True})


log = logging.getLogger("goldenhour.api")

LISTEN_WAIT_SECONDS: Final = 5.0
RELISTEN_AFTER_SECONDS: Final = 1.0


class Channel:
    """One channel of notifications that this process listens on."""

    def __init__(self) -> None:
        self.callers: dict[Callable[[str], None], Callable[[], None]] = {}
        """what is called with each payload, and what is called when notifications may have been lost"""
        self.ready = asyncio.Event()


class Listener:
    """Listens on several channels with one connection, and again after the connection was lost."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._channels: dict[str, Channel] = {}
        self._stir = asyncio.Event()
        """set when there is a new channel, and when the connection is lost"""
        self._task: asyncio.Task[None] | None = None

    async def listening(self, name: str, heard: Callable[[str], None], missed: Callable[[], None]) -> None:
        """Wait until `heard` is called with the payload of each later notification. Raises TimeoutError.

        `missed` is called when notifications may have been lost. The same callbacks may be given again.
        """
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = Channel()
            self._stir.set()
        channel.callers[heard] = missed
        if self._task is None:
            self._task = asyncio.create_task(self._listen_for_ever())
        async with asyncio.timeout(LISTEN_WAIT_SECONDS):
            await channel.ready.wait()

    async def close(self) -> None:
        """Release the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                async with self._pool.acquire() as connection:
                    await self._listen(connection)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("listening for events failed: %s", type(error).__name__)
            for channel in self._channels.values():
                channel.ready.clear()
            await asyncio.sleep(RELISTEN_AFTER_SECONDS)

    async def _listen(self, connection: Connection) -> None:
        """Listen until the connection is lost."""
        connection.add_termination_listener(lambda _: self._stir.set())
        begun: list[str] = []
        try:
            while not connection.is_closed():
                self._stir.clear()
                for name in [name for name in self._channels if name not in begun]:
                    await connection.add_listener(name, self._notified)
                    begun.append(name)
                    self._channels[name].ready.set()
                    for missed in self._channels[name].callers.values():
                        missed()
                await self._stir.wait()
        finally:
            if not connection.is_closed():
                for name in begun:
                    await connection.remove_listener(name, self._notified)

    def _notified(self, _connection: object, _pid: int, name: str, payload: object) -> None:
        for heard in self._channels[name].callers:
            heard(str(payload))


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
