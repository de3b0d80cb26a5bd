"""How much banks have called: token buckets, shared by all processes.

A bucket is told by the moment at which it is full again. A call moves that moment on by what one call takes to refill;
where that would be further ahead than an empty bucket needs, the call is one too many and nothing is written.
"""

from datetime import timedelta

from db.pool import Connection
from domain.policy import RateLimit
from schemas.base import Noun


class Level(Noun):
    """A bucket at one moment."""

    taken: bool
    """whether the call was granted"""
    full_in_seconds: float


async def take(connection: Connection, institution: str, policy: str, limit: RateLimit) -> Level:
    """Take one call out of the bank's bucket, if there is one."""
    full_in: timedelta | None = await connection.fetchval(
        "INSERT INTO rate_bucket AS b (institution, policy, full_at) VALUES ($1, $2, statement_timestamp() + $3)"
        " ON CONFLICT (institution, policy) DO UPDATE"
        " SET full_at = greatest(b.full_at, statement_timestamp()) + $3"
        " WHERE greatest(b.full_at, statement_timestamp()) + $3 <= statement_timestamp() + $4"
        " RETURNING full_at - statement_timestamp()",
        institution,
        policy,
        timedelta(seconds=limit.seconds / limit.calls),
        # A microsecond is lost where a call's share of the time is no whole number of them.
        timedelta(seconds=limit.seconds, microseconds=limit.calls),
    )
    if full_in is not None:
        return Level(taken=True, full_in_seconds=full_in.total_seconds())
    levels = await levels_of(connection, institution)
    return Level(taken=False, full_in_seconds=levels.get(policy, 0.0))


async def levels_of(connection: Connection, institution: str) -> dict[str, float]:
    """By policy, in how many seconds the bank's bucket is full; what is full is left out."""
    rows = await connection.fetch(
        "SELECT policy, full_at - statement_timestamp() AS full_in FROM rate_bucket"
        " WHERE institution = $1 AND full_at > statement_timestamp()",
        institution,
    )
    return {row["policy"]: row["full_in"].total_seconds() for row in rows}
