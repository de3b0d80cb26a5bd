"""Scripts that call an officers' route, by their tokens.

A process reads each token at most twice a second, and forgets what it read after a second. So a token that is revoked
opens nothing within a second, in every process.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

import asyncpg

from activities.officers.script_tokens import DISPLAY_PREFIX, PREFIX, digest_of
from api.officers.tokens import SCRIPT, BadToken, Officer
from db.officers import callers, script_tokens
from db.officers.callers import ScriptStanding
from db.pool import Pool

log = logging.getLogger("goldenhour.api")

KNOWN_SECONDS: Final = 1.0
READ_AGAIN_SHARE: Final = 0.5
"""a row of this share of its age is still used, but read again beside the request, so that a busy caller never waits"""
CALLERS_MAX: Final = 2_000

K = TypeVar("K")
V = TypeVar("V")


class Scripts:
    """Scripts that call this process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known = RecentReads(self._read)

    async def of(self, token: str) -> Officer:
        """Return the script of a token. Raises `BadToken`."""
        return await self._of(token, PREFIX)

    async def display(self, secret: str) -> Officer:
        """Return the display with this secret. Raises `BadToken`."""
        return await self._of(secret, DISPLAY_PREFIX)

    async def _of(self, token: str, prefix: str) -> Officer:
        script = await self._known.get(digest_of(token)) if token.startswith(prefix) else None
        if script is None:
            raise BadToken(BadToken.__doc__)
        return Officer(f"{SCRIPT}{script.name}", script.roles, script.ends_at.timestamp(), token_id=script.token_id)

    async def _read(self, digest: bytes) -> ScriptStanding | None:
        async with self._pool.acquire() as connection:
            script = await callers.script(connection, digest)
            if script is not None and script.last_used_day != script.today:
                try:
                    await script_tokens.used(connection, script.token_id, script.today)
                except asyncpg.PostgresError as error:
                    # A database that takes no writes is still read.
                    log.warning("the use of a script's token is not written: %s", type(error).__name__)
        return script


class _Read(Generic[V]):
    """One read of a row. Its age counts from its beginning, by the clock of the process."""

    def __init__(self, task: "asyncio.Future[V]") -> None:
        self.begun_at = time.monotonic()
        self.task = task

    def age(self) -> float:
        return time.monotonic() - self.begun_at


class RecentReads(Generic[K, V]):
    """Rows read within the last second, or another time, by key. Callers who come at once share one read."""

    def __init__(self, read: Callable[[K], Awaitable[V]], known_seconds: float | None = None) -> None:
        self._read = read
        self._known_seconds = KNOWN_SECONDS if known_seconds is None else known_seconds
        self._known: dict[K, _Read[V]] = {}
        """reads that ended well, the oldest first"""
        self._running: dict[K, _Read[V]] = {}

    async def get(self, key: K) -> V:
        """Return the row of `key` as it was at most a second ago. Raises as the read does."""
        known, running = self._known.get(key), self._running.get(key)
        if known is not None and known.age() < self._known_seconds:
            if known.age() >= READ_AGAIN_SHARE * self._known_seconds and running is None:
                self._begin(key)
            return known.task.result()
        if running is None or running.age() >= self._known_seconds:
            running = self._begin(key)
        # A caller who goes away does not end the read of the others.
        return await asyncio.shield(running.task)

    def _begin(self, key: K) -> _Read[V]:
        read = self._running[key] = _Read(asyncio.ensure_future(self._read(key)))
        read.task.add_done_callback(lambda _: self._ended(key, read))
        return read

    def _ended(self, key: K, read: _Read[V]) -> None:
        if self._running.get(key) is read:
            del self._running[key]
        # The callers who waited may be gone. Then the error of a read that failed is looked at here alone.
        if read.task.cancelled() or read.task.exception() is not None:
            return
        if (newer := self._known.get(key)) is not None and newer.begun_at > read.begun_at:
            return
        self._known.pop(key, None)
        self._known[key] = read
        if len(self._known) > CALLERS_MAX:
            del self._known[next(iter(self._known))]
