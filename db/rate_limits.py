"""Limits and locks that all processes share.

Rate limits for banks' calls and for attempts of unknown callers: token buckets, shared by all processes. A bucket is
stored as the time at which it is full again. A call moves that time on by what one call takes to refill. The call is
refused, and nothing written, if that time would be further ahead than a whole bucket takes.

Locks of a session: of several processes one does the work, and another takes over when it stands still. PostgreSQL ends
a session with such a lock that sends nothing for `SILENT_MAX`, and its lock with it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import asyncpg

from db.pool import Connection, note_session_state, ping
from domain.policy.callers import RateLimit
from schemas.base import FrozenModel


class Level(FrozenModel):
    """A bucket at one moment."""

    taken: bool
    """whether the call was granted"""
    full_in_seconds: float


_TAKE: Final = (
    "INSERT INTO {table} AS b ({key}, full_at) VALUES ({values}, statement_timestamp() + $1)"
    " ON CONFLICT ({key}) DO UPDATE SET full_at = greatest(b.full_at, statement_timestamp()) + $1"
    " WHERE greatest(b.full_at, statement_timestamp()) + $1 <= statement_timestamp() + $2"
    " RETURNING full_at - statement_timestamp()"
)
_TAKE_CALL: Final = _TAKE.format(table="rate_bucket", key="institution, policy", values="$3, $4")
_TAKE_TRY: Final = _TAKE.format(table="try_bucket", key="name", values="$3")


async def take(connection: Connection, institution: str, policy: str, limit: RateLimit) -> Level:
    """Take one call out of the bank's bucket, if it has one."""
    full_in: timedelta | None = await connection.fetchval(_TAKE_CALL, *_spans(limit), institution, policy)
    if full_in is not None:
        return Level(taken=True, full_in_seconds=full_in.total_seconds())
    levels = await levels_of(connection, institution)
    return Level(taken=False, full_in_seconds=levels.get(policy, 0.0))


async def take_try(connection: Connection, name: bytes, limit: RateLimit) -> Level:
    """Take one attempt out of the bucket of that name, if it has one."""
    full_in: timedelta | None = await connection.fetchval(_TAKE_TRY, *_spans(limit), name)
    if full_in is not None:
        return Level(taken=True, full_in_seconds=full_in.total_seconds())
    left: timedelta | None = await connection.fetchval(
        "SELECT full_at - statement_timestamp() FROM try_bucket WHERE name = $1", name
    )
    return Level(taken=False, full_in_seconds=left.total_seconds() if left else 0.0)


async def give_back_try(connection: Connection, name: bytes, limit: RateLimit) -> None:
    """Put one attempt back into the bucket of that name."""
    span, _ = _spans(limit)
    await connection.execute("UPDATE try_bucket SET full_at = full_at - $2::interval WHERE name = $1", name, span)


async def forget_tries(connection: Connection, limit: int) -> int:
    """Delete buckets that are full again, the oldest first; return how many."""
    done: str = await connection.execute(
        "DELETE FROM try_bucket WHERE name IN (SELECT name FROM try_bucket WHERE full_at <= now()"
        " ORDER BY full_at LIMIT $1 FOR UPDATE SKIP LOCKED)",
        limit,
    )
    return int(done.rpartition(" ")[2])


def wait_seconds(level: Level, limit: RateLimit) -> float:
    """Return the seconds until an empty bucket has its next call."""
    return max(level.full_in_seconds - limit.seconds + limit.seconds / limit.calls, 0.0)


def _spans(limit: RateLimit) -> tuple[timedelta, timedelta]:
    """Return the refill time of one call, and of the whole bucket."""
    span = timedelta(seconds=limit.seconds / limit.calls)
    # A microsecond is lost where the time of one call is not a whole number of microseconds.
    return span, timedelta(seconds=limit.seconds, microseconds=limit.calls)


async def levels_of(connection: Connection, institution: str) -> dict[str, float]:
    """Return, by policy, the seconds until the bank's bucket is full; full buckets are omitted."""
    rows = await connection.fetch(
        "SELECT policy, full_at - statement_timestamp() AS full_in FROM rate_bucket"
        " WHERE institution = $1 AND full_at > statement_timestamp()",
        institution,
    )
    return {row["policy"]: row["full_in"].total_seconds() for row in rows}


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
