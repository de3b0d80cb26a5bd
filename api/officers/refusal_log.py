"""Writer of the log of refused acts.

A refusal is answered whether or not it can be written, because a refused act changes and shows nothing. The first act
of a kind is written within a second. The same acts of the minute after it are counted, and written as one line.
"""

import asyncio
import logging
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import asyncpg

from activities.context import Context
from db.officers import changes
from db.pool import Connection
from schemas.officers.sign_in import NewRefusedAct

log = logging.getLogger(__name__)

WRITE_EVERY_SECONDS: Final = 1.0
LINE_SECONDS: Final = 60.0
"""time whose acts of one kind are one line"""
FORGET_EVERY_SECONDS: Final = 60.0
SEVERAL: Final = {"route": "*", "code": "several", "method": "ANY", "address": ""}
"""what stands in the line of all further acts of a caller who has enough lines"""
_NOT_TAKEN: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""errors of a database that takes nothing now"""


@dataclass(slots=True)
class _Counted:
    """Count of a refused act that is not written yet, and when it is due by the process clock."""

    times: int = 0
    due_at: float = 0.0


class RefusalLog:
    """The log of refused acts, as one process writes it."""

    def __init__(self, ctx: Context) -> None:
        self._pool = ctx.pool
        self._ctx = ctx
        self._acts: dict[NewRefusedAct, _Counted] = {}
        self._lines: Counter[tuple[str | None, bool]] = Counter()
        """kinds of acts in `_acts`, by `_sender`"""
        self._writer: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._forgot_at = time.monotonic()

    def note(self, act: NewRefusedAct) -> None:
        """Count a refused act, which is written soon."""
        if act not in self._acts and self._lines[_sender(act)] >= self._ctx.policy.refusal_log.lines_a_minute:
            act = act.model_copy(update=SEVERAL)
        if act not in self._acts:
            self._acts[act] = _Counted()
            self._lines[_sender(act)] += 1
        self._acts[act].times += 1
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_while_any())

    async def flush(self) -> None:
        """Write everything that was counted."""
        await self._write(whole=True)

    async def close(self) -> None:
        """Write everything, and write nothing more."""
        if self._writer is not None:
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer
            await self.flush()

    async def _write_while_any(self) -> None:
        while self._acts and not self._pool.is_closing():
            # A write that has begun is not cut off, because its acts would be counted twice.
            await asyncio.shield(self._write(whole=False))
            await asyncio.sleep(WRITE_EVERY_SECONDS)

    async def _write(self, *, whole: bool) -> None:
        async with self._one_at_a_time:
            now = time.monotonic()
            due = {
                act: tally.times for act, tally in self._acts.items() if tally.times and (whole or tally.due_at <= now)
            }
            if due and not await self._written(due):
                return
            for act, times in due.items():
                self._acts[act].times -= times
                self._acts[act].due_at = now + LINE_SECONDS
            for act in [act for act, tally in self._acts.items() if not tally.times and tally.due_at <= now]:
                del self._acts[act]
                self._lines[_sender(act)] -= 1
            self._lines = +self._lines

    async def _written(self, acts: dict[NewRefusedAct, int]) -> bool:
        """Write these acts. Return False if the database takes none now: they are tried again."""
        try:
            async with self._pool.acquire() as connection:
                await self._put(connection, acts)
                await self._forget(connection)
        except _NOT_TAKEN as error:
            log.warning("refused acts are not written yet: %s", type(error).__name__)
            return False
        return True

    async def _put(self, connection: Connection, acts: dict[NewRefusedAct, int]) -> None:
        """Write these acts in one statement. If the database refuses one, write them one by one, and drop that one."""
        try:
            await changes.write(connection, acts)
        except asyncpg.IntegrityConstraintViolationError:
            async with connection.transaction():
                for act, times in acts.items():
                    await _put_one(connection, act, times)

    async def _forget(self, connection: Connection) -> None:
        """Delete the oldest lines once a minute. What is in the log counts as written also if that fails."""
        if time.monotonic() - self._forgot_at < FORGET_EVERY_SECONDS:
            return
        self._forgot_at = time.monotonic()
        try:
            await changes.forget(connection, timedelta(days=self._ctx.policy.refusal_log.kept_days))
        except _NOT_TAKEN as error:
            log.warning("old refused acts are not deleted: %s", type(error).__name__)


async def _put_one(connection: Connection, act: NewRefusedAct, times: int) -> None:
    try:
        async with connection.transaction():
            await changes.write(connection, {act: times})
    except asyncpg.IntegrityConstraintViolationError as error:
        # An act that never fits would keep all others out of the log.
        log.error("a refused act does not fit into the log: %s", error.constraint_name)


def _sender(act: NewRefusedAct) -> tuple[str | None, bool]:
    """Return the caller, and whether it is proven: who only names a caller takes none of that caller's lines."""
    return act.caller, act.is_proven
