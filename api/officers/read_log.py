"""Writer of the read log, which writes a read before it is answered.

A read that cannot be written is refused. Else a person who stops the writing could read without a trace.
Reads that come while others are being written are written together, in one statement.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from datetime import timedelta
from typing import Final

import asyncpg

from activities.context import Context
from db.pool import Connection
from db.privacy import jurisdiction
from schemas.privacy.personal_data import NewRead

log = logging.getLogger(__name__)

KNOWN_MAX: Final = 10_000
FORGET_EVERY_SECONDS: Final = 60.0


class ReadLog:
    """The read log, as one process writes it."""

    def __init__(self, ctx: Context) -> None:
        self._pool = ctx.pool
        self._ctx = ctx
        self._known: OrderedDict[NewRead, float] = OrderedDict()
        """when each read was written last, by the clock of the process"""
        # Every read that waits here belongs to a request, and the doors limit these.
        self._waiting: list[NewRead] = []
        self._next: asyncio.Future[None] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._forgot_at = time.monotonic()

    async def note(self, read: NewRead) -> None:
        """Return once the read is in the log. Raises as the database does."""
        written_at = self._known.get(read)
        if written_at is not None and time.monotonic() - written_at < self._ctx.policy.read_log.same_seconds:
            return
        self._waiting.append(read)
        if self._next is None:
            self._next = asyncio.ensure_future(self._write())
            self._next.add_done_callback(_look_at_error)
        # A caller who goes away does not take the others' reads along.
        await asyncio.shield(self._next)

    async def _write(self) -> None:
        async with self._one_at_a_time:
            reads, self._waiting, self._next = self._waiting, [], None
            async with self._pool.acquire() as connection:
                await jurisdiction.write(connection, reads)
                self._remember(reads)
                await self._forget(connection)

    async def _forget(self, connection: Connection) -> None:
        """Delete the oldest reads once a minute. A read that is in the log is answered also if that fails."""
        if time.monotonic() - self._forgot_at < FORGET_EVERY_SECONDS:
            return
        self._forgot_at = time.monotonic()
        try:
            await jurisdiction.forget(connection, timedelta(days=self._ctx.policy.read_log.kept_days))
        except asyncpg.PostgresError as error:
            log.warning("old reads are not deleted: %s", type(error).__name__)

    def _remember(self, reads: list[NewRead]) -> None:
        now = time.monotonic()
        for read in reads:
            self._known.pop(read, None)
            self._known[read] = now
        while len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)


def _look_at_error(write: "asyncio.Future[None]") -> None:
    """Look at the error of a write whose callers may all be gone."""
    if not write.cancelled():
        write.exception()
