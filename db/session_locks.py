"""Locks of a session: of several processes one does the work, and another takes over when it stands still.

PostgreSQL ends a session with such a lock that sends nothing for `SILENT_MAX`, and its lock with it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import asyncpg

from db.pool import Connection, note_session_state, ping

log = logging.getLogger(__name__)

SILENT_MAX: Final = timedelta(seconds=30)
BEATS: Final = 5
"""signs of life within that time; some may be late"""
_TRY: Final = (
    "SELECT CASE WHEN pg_try_advisory_lock($1) THEN set_config('idle_session_timeout', $2, false) IS NOT NULL"
    " ELSE false END"
)
_PREPARE_TO_WAIT: Final = (
    "SELECT set_config('idle_session_timeout', $1, false), set_config('lock_timeout', '0', false),"
    " set_config('statement_timeout', '0', false)"
)


async def try_to_lock(connection: Connection, key: int, silent_max: timedelta = SILENT_MAX) -> bool:
    """Return whether this session gets the lock. Use the connection for nothing else, within `kept_alive`.

    The pool gives the lock back with the connection.
    """
    note_session_state(connection)
    locked: bool = await connection.fetchval(_TRY, key, _milliseconds(silent_max))
    return locked


async def wait_to_lock(connection: Connection, key: int, timeout_seconds: float) -> bool:
    """Wait for the lock of `try_to_lock`; false if that takes longer than `timeout_seconds`."""
    note_session_state(connection)
    await connection.fetchrow(_PREPARE_TO_WAIT, _milliseconds(SILENT_MAX))
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", key, timeout=timeout_seconds)
    except TimeoutError:
        return False
    return True


@asynccontextmanager
async def kept_alive(connection: Connection, silent_max: timedelta = SILENT_MAX) -> AsyncIterator[None]:
    """Send signs of life over a connection with a lock while the block runs. A lost connection ends no block.

    The work checks its rows itself, so two processes that both work do nothing twice.
    """
    over = asyncio.Event()
    beats = asyncio.create_task(_beat(connection, silent_max.total_seconds() / BEATS, over))
    try:
        yield
    finally:
        over.set()
        await beats


async def _beat(connection: Connection, every_seconds: float, over: asyncio.Event) -> None:
    while True:
        try:
            # Not `wait_for`: in Python 3.11 it returns, and forgets a cancellation, when both come at once.
            async with asyncio.timeout(every_seconds):
                await over.wait()
            return
        except TimeoutError:
            pass
        try:
            async with asyncio.timeout(every_seconds):
                await ping(connection)
        except TimeoutError:
            continue
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("the lock of a session is lost: %s", type(error).__name__)
            return


def _milliseconds(time: timedelta) -> str:
    return f"{round(time.total_seconds() * 1000)}ms"
