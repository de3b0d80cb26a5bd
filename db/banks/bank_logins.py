"""Addresses from which banks have logged in, and the letters that tell a bank of a new one."""

from datetime import datetime
from typing import Final

from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime


class LoginToTell(FrozenModel):
    """A login from a new address that the bank's nodal officers are still to be told of."""

    institution: str
    address: str
    first_at: UtcDatetime
    attempts: int
    """number of attempts, this one included"""


async def verified(connection: Connection, institution: str, address: str, mark: bytes, at: datetime) -> None:
    """Write that a login from this address was verified.

    The bank is to be told of an address that is new.
    """
    await connection.execute(
        "INSERT INTO bank_login (institution, address, mark, first_at, verified_at, next_attempt_at)"
        " VALUES ($1, $2, $3, $4, $4, $4) ON CONFLICT (institution, address)"
        " DO UPDATE SET mark = EXCLUDED.mark, verified_at = EXCLUDED.verified_at",
        institution,
        address,
        mark,
        at,
    )


_CLAIM: Final = f"""
UPDATE bank_login l SET attempts = attempts + 1, next_attempt_at = $2 FROM (
    SELECT institution, address FROM bank_login WHERE next_attempt_at <= $1
    ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED
) AS due WHERE l.institution = due.institution AND l.address = due.address
RETURNING {", ".join(f"l.{name}" for name in LoginToTell.model_fields)}
"""


async def claim(connection: Connection, now: datetime, lease_until: datetime, limit: int) -> list[LoginToTell]:
    """Claim the logins that banks are due to be told of; others leave them until `lease_until`."""
    return [LoginToTell(**dict(row)) for row in await connection.fetch(_CLAIM, now, lease_until, limit)]


async def told(connection: Connection, institution: str, address: str, at: datetime) -> None:
    """Write that the bank was told of a login."""
    await connection.execute(
        "UPDATE bank_login SET told_at = $3, next_attempt_at = NULL WHERE institution = $1 AND address = $2",
        institution,
        address,
        at,
    )


async def put_off(connection: Connection, institution: str, address: str, again_at: datetime | None) -> None:
    """Write when the next attempt to tell the bank is; None for no further one."""
    await connection.execute(
        "UPDATE bank_login SET next_attempt_at = $3 WHERE institution = $1 AND address = $2 AND told_at IS NULL",
        institution,
        address,
        again_at,
    )


PURGE: Final = """
DELETE FROM bank_login WHERE (institution, address) IN (
    SELECT institution, address FROM bank_login WHERE verified_at < $1 AND next_attempt_at IS NULL
    ORDER BY verified_at LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING institution
"""


async def purge(connection: Connection, verified_before: datetime, limit: int) -> int:
    """Delete addresses without a verified login since `verified_before`, the oldest first; return how many."""
    return len(await connection.fetch(PURGE, verified_before, limit))
