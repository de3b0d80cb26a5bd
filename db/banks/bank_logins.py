"""Addresses from which banks have logged in, and the letters that tell a bank of a new one."""

from datetime import datetime
from typing import Final
from uuid import UUID

from db import outgoing
from db.outgoing import OutgoingKind, is_due
from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime


class LoginToTell(FrozenModel):
    """A login from a new address that the bank's nodal officers are told of."""

    institution: str
    address: str
    first_at: UtcDatetime


async def verified(connection: Connection, institution: str, address: str, mark: bytes, at: datetime) -> None:
    """Write that a login from this address was verified.

    The bank is to be told of an address that is new.
    """
    async with connection.transaction():
        new: UUID | None = await connection.fetchval(
            "INSERT INTO bank_login (institution, address, mark, first_at, verified_at) VALUES ($1, $2, $3, $4, $4)"
            " ON CONFLICT (institution, address) DO UPDATE SET mark = EXCLUDED.mark, verified_at = EXCLUDED.verified_at"
            " RETURNING CASE WHEN first_at = verified_at THEN login_id END",
            institution,
            address,
            mark,
            at,
        )
        if new is not None:
            await outgoing.queue(connection, OutgoingKind.BANK_LOGIN, new, at)


PURGE: Final = f"""
DELETE FROM bank_login WHERE login_id IN (
    SELECT login_id FROM bank_login WHERE verified_at < $1 AND NOT {is_due(OutgoingKind.BANK_LOGIN, "login_id")}
    ORDER BY verified_at LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING login_id
"""


async def purge(connection: Connection, verified_before: datetime, limit: int) -> int:
    """Delete addresses without a verified login since `verified_before`, the oldest first; return how many."""
    rows = await connection.fetch(PURGE, verified_before, limit)
    await outgoing.forget(connection, OutgoingKind.BANK_LOGIN, [row["login_id"] for row in rows])
    return len(rows)
