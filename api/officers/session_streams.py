"""Ends the streams of sessions that are over.

One query every half second is for all streams of a process.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import asyncpg

from activities.context import Context
from api.officers.sessions import Sessions
from db.officers import sessions

log = logging.getLogger("goldenhour.api")

LOOKED_EVERY_SECONDS: Final = 0.5


class Watched:
    """One stream of a session. A stream of a caller without a session is never over by it."""

    def __init__(self, session_id: UUID | None, wake: Callable[[], None]) -> None:
        self.session_id = session_id
        self.is_over = False
        self._wake = wake

    def end(self) -> None:
        """Note that the session is over, and wake the stream."""
        self.is_over = True
        self._wake()


class SessionWatch:
    """Looks for sessions with streams in this process that are over."""

    def __init__(self, ctx: Context, known: Sessions) -> None:
        self._ctx = ctx
        self._idle = known.idle
        self._streams: set[Watched] = set()
        self._looker: asyncio.Task[None] | None = None

    @contextmanager
    def watched(self, session_id: UUID | None, wake: Callable[[], None]) -> Iterator[Watched]:
        """Watch a session while the block runs. `wake` is called when it is over."""
        stream = Watched(session_id, wake)
        if session_id is None:
            yield stream
            return
        self._streams.add(stream)
        if self._looker is None or self._looker.done():
            self._looker = asyncio.create_task(self._look_for_ever())
        try:
            yield stream
        finally:
            self._streams.discard(stream)

    async def look(self) -> None:
        """End the streams of sessions that are over."""
        watched = {stream.session_id for stream in self._streams if stream.session_id is not None}
        if not watched:
            return
        async with self._ctx.pool.acquire() as connection:
            live = await sessions.live_ones(connection, sorted(watched), self._idle)
        for stream in [one for one in self._streams if one.session_id in watched - live]:
            stream.end()

    async def close(self) -> None:
        """Stop looking."""
        if self._looker is not None:
            self._looker.cancel()
            await asyncio.gather(self._looker, return_exceptions=True)

    async def _look_for_ever(self) -> None:
        while self._streams:
            await asyncio.sleep(LOOKED_EVERY_SECONDS)
            try:
                await self.look()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                # Without the database no stream gets an event either.
                log.warning("looking for sessions that are over failed: %s", type(error).__name__)
