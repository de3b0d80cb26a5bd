"""How much banks have called and strangers tried: token buckets, shared by all processes.

A bucket is told by the moment at which it is full again. A call moves that moment on by what one call takes to refill;
where that would be further ahead than an empty bucket needs, the call is one too many and nothing is written.
"""

from datetime import timedelta
from typing import Final

from db.pool import Connection
from domain.policy.model import RateLimit
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
    """Take one call out of the bank's bucket, if there is one."""
    full_in: timedelta | None = await connection.fetchval(_TAKE_CALL, *_spans(limit), institution, policy)
    if full_in is not None:
        return Level(taken=True, full_in_seconds=full_in.total_seconds())
    levels = await levels_of(connection, institution)
    return Level(taken=False, full_in_seconds=levels.get(policy, 0.0))


async def take_try(connection: Connection, name: bytes, limit: RateLimit) -> Level:
    """Take one try out of the bucket of that name, if there is one."""
    full_in: timedelta | None = await connection.fetchval(_TAKE_TRY, *_spans(limit), name)
    if full_in is not None:
        return Level(taken=True, full_in_seconds=full_in.total_seconds())
    left: timedelta | None = await connection.fetchval(
        "SELECT full_at - statement_timestamp() FROM try_bucket WHERE name = $1", name
    )
    return Level(taken=False, full_in_seconds=left.total_seconds() if left else 0.0)


async def forget_tries(connection: Connection, limit: int) -> int:
    """Forget buckets that are full again, the oldest first; returns how many."""
    done: str = await connection.execute(
        "DELETE FROM try_bucket WHERE name IN (SELECT name FROM try_bucket WHERE full_at <= now()"
        " ORDER BY full_at LIMIT $1 FOR UPDATE SKIP LOCKED)",
        limit,
    )
    return int(done.rpartition(" ")[2])


def wait_seconds(level: Level, limit: RateLimit) -> float:
    """How long to wait for the next call of a bucket that had none."""
    return max(level.full_in_seconds - limit.seconds + limit.seconds / limit.calls, 0.0)


def _spans(limit: RateLimit) -> tuple[timedelta, timedelta]:
    """What one call takes to refill, and the whole bucket."""
    one = timedelta(seconds=limit.seconds / limit.calls)
    # A microsecond is lost where a call's share of the time is no whole number of them.
    return one, timedelta(seconds=limit.seconds, microseconds=limit.calls)


async def levels_of(connection: Connection, institution: str) -> dict[str, float]:
    """By policy, in how many seconds the bank's bucket is full; what is full is left out."""
    rows = await connection.fetch(
        "SELECT policy, full_at - statement_timestamp() AS full_in FROM rate_bucket"
        " WHERE institution = $1 AND full_at > statement_timestamp()",
        institution,
    )
    return {row["policy"]: row["full_in"].total_seconds() for row in rows}
