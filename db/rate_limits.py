"""Rate limits for banks' calls and for attempts of unknown callers: token buckets, shared by all processes.

A bucket is stored as the time at which it is full again. A call moves that time on by what one call takes to refill.
The call is refused, and nothing written, if that time would be further ahead than a whole bucket takes.
"""

from datetime import timedelta
from typing import Final

from db.pool import Connection
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
    one, _ = _spans(limit)
    await connection.execute("UPDATE try_bucket SET full_at = full_at - $2::interval WHERE name = $1", name, one)


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
    one = timedelta(seconds=limit.seconds / limit.calls)
    # A microsecond is lost where the time of one call is not a whole number of microseconds.
    return one, timedelta(seconds=limit.seconds, microseconds=limit.calls)


async def levels_of(connection: Connection, institution: str) -> dict[str, float]:
    """Return, by policy, the seconds until the bank's bucket is full; full buckets are omitted."""
    rows = await connection.fetch(
        "SELECT policy, full_at - statement_timestamp() AS full_in FROM rate_bucket"
        " WHERE institution = $1 AND full_at > statement_timestamp()",
        institution,
    )
    return {row["policy"]: row["full_in"].total_seconds() for row in rows}
