"""Ends the streams of callers whose session, token or role is over.

One look every half second, of one query for sessions and one for tokens of scripts, is for all streams of a process.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import asyncpg

from activities.context import Context
from api.officers.sessions import Sessions
from api.officers.tokens import Officer
from db.officers import script_tokens, sessions
from domain.officers.officers import allowed_by
from schemas.enums import Role

log = logging.getLogger("goldenhour.api")

LOOKED_EVERY_SECONDS: Final = 0.5


class Watched:
    """One stream of a caller."""

    def __init__(self, caller: Officer, allowed: Collection[Role], wake: Callable[[], None]) -> None:
        self.caller = caller
        self.is_over = False
        self.has_other_roles = False
        """whether the caller has lost or got a role since the stream began"""
        self._allowed = allowed
        self._roles: frozenset[Role] | None = None
        """the caller's roles at the first look"""
        self._wake = wake

    def look(self, roles: frozenset[Role]) -> None:
        """End the stream, and wake it, unless one of the roles that are live may read it."""
        self._roles = roles if self._roles is None else self._roles
        self.is_over = allowed_by(roles, self._allowed) is None
        self.has_other_roles = roles != self._roles or not self.caller.roles <= roles
        if self.is_over or self.has_other_roles:
            self._wake()


class CallerWatch:
    """Looks for callers with streams in this process who may not read them any more."""

    def __init__(self, ctx: Context, known: Sessions) -> None:
        self._ctx = ctx
        self._idle = known.idle
        self._streams: set[Watched] = set()
        self._looker: asyncio.Task[None] | None = None

    @contextmanager
    def watched(self, caller: Officer, allowed: Collection[Role], wake: Callable[[], None]) -> Iterator[Watched]:
        """Watch a caller who needs one of these roles while the block runs. `wake` is called when it is over."""
        stream = Watched(caller, allowed, wake)
        self._streams.add(stream)
        if self._looker is None or self._looker.done():
            self._looker = asyncio.create_task(self._look_for_ever())
        try:
            yield stream
        finally:
            self._streams.discard(stream)

    async def look(self) -> None:
        """End the streams of callers who may not read them any more."""
        streams = list(self._streams)
        session_ids = {
            open_stream.caller.session_id for open_stream in streams if open_stream.caller.session_id is not None
        }
        token_ids = {open_stream.caller.token_id for open_stream in streams if open_stream.caller.token_id is not None}
        if not streams:
            return
        of_sessions: dict[UUID, frozenset[Role]] = {}
        of_tokens: dict[int, frozenset[Role]] = {}
        async with self._ctx.pool.acquire() as connection:
            if session_ids:
                of_sessions = await sessions.live_roles(connection, session_ids, self._idle)
            if token_ids:
                of_tokens = await script_tokens.live_roles(connection, token_ids)
        for stream in streams:
            session_id, token_id = stream.caller.session_id, stream.caller.token_id
            roles = of_tokens.get(token_id) if token_id is not None else None
            roles = of_sessions.get(session_id) if session_id is not None else roles
            stream.look(roles or frozenset())

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
                log.warning("looking for callers who may not read any more failed: %s", type(error).__name__)
