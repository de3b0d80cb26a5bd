"""Logins of banks: addresses, other logins, and the links by which banks set passwords."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import Field

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


class LoginChange(FrozenModel):
    """Another login of a bank, as its contacts are told of it."""

    change_id: UUID
    institution: str
    email: str
    made_at: UtcDatetime
    proposal_id: int | None
    """None: the command has set the password"""
    used_at: UtcDatetime | None
    """when the bank set the password by the link"""


class OpenLoginLink(FrozenModel):
    """A link that can still be used."""

    change_id: UUID
    institution: str
    bank_name: str
    email: str
    valid_until: UtcDatetime
    code_digest: bytes = Field(repr=False)
    wrong_codes: int
    proposal_id: int
    now: UtcDatetime


async def end_open(connection: Connection, institution: str, at: datetime) -> None:
    """End the open link of a bank, if there is one."""
    await connection.execute(
        "UPDATE bank_login_change SET ended_at = $2"
        " WHERE institution = $1 AND digest IS NOT NULL AND used_at IS NULL AND ended_at IS NULL",
        institution,
        at,
    )


async def write(connection: Connection, change_id: UUID, institution: str, email: str, by: str, at: datetime) -> None:
    """Write that the command has set the login of a bank. Its contacts are to be told of it."""
    await connection.execute(
        "INSERT INTO bank_login_change (change_id, institution, email, made_at, made_by) VALUES ($1, $2, $3, $4, $5)",
        change_id,
        institution,
        email,
        at,
        by,
    )
    await _tell(connection, change_id, at)


async def make_link(
    connection: Connection,
    change_id: UUID,
    institution: str,
    email: str,
    by: str,
    at: datetime,
    proposal_id: int,
    digest: bytes,
    life: timedelta,
) -> datetime:
    """Write the link of an agreed proposal; return its end. The bank's contacts are to be told of it."""
    valid_until: datetime = await connection.fetchval(
        "INSERT INTO bank_login_change (change_id, institution, email, made_at, made_by, proposal_id, digest,"
        " code_digest, valid_until) SELECT $1, $2, $3, $4::timestamptz, $5, $6, $7,"
        " (SELECT p.code_digest FROM proposal p WHERE p.proposal_id = $6), $4 + $8::interval"
        " RETURNING valid_until",
        change_id,
        institution,
        email,
        at,
        by,
        proposal_id,
        digest,
        life,
    )
    await _tell(connection, change_id, at)
    return valid_until


async def open_link(connection: Connection, digest: bytes, *, lock: bool = False) -> OpenLoginLink | None:
    """Return the link with this digest if it can be used now. `lock` locks it until the transaction ends."""
    row = await connection.fetchrow(
        "SELECT c.change_id, c.institution, i.name AS bank_name, c.email, c.valid_until, c.code_digest, c.wrong_codes,"
        " c.proposal_id, m.now FROM bank_login_change c JOIN institution i ON i.code = c.institution"
        " CROSS JOIN (SELECT present_moment() AS now) m"
        " WHERE c.digest = $1 AND c.used_at IS NULL AND c.ended_at IS NULL AND c.valid_until > m.now"
        + (" FOR UPDATE OF c" if lock else ""),
        digest,
    )
    return OpenLoginLink(**dict(row)) if row else None


async def use_link(connection: Connection, change_id: UUID, at: datetime) -> None:
    """Use up a link that is locked. The bank's contacts are to be told of it."""
    await connection.execute("UPDATE bank_login_change SET used_at = $2 WHERE change_id = $1", change_id, at)
    await _tell(connection, change_id, at)


async def count_wrong_code(connection: Connection, change_id: UUID, most: int, at: datetime) -> None:
    """Count a wrong code for a link that is locked. The last one of `most` ends the link."""
    await connection.execute(
        "UPDATE bank_login_change SET wrong_codes = wrong_codes + 1,"
        " ended_at = CASE WHEN wrong_codes + 1 >= $2 THEN $3::timestamptz END WHERE change_id = $1",
        change_id,
        most,
        at,
    )


async def _tell(connection: Connection, change_id: UUID, at: datetime) -> None:
    """Have the bank's contacts told of a change as it stands."""
    await outgoing.queue(connection, OutgoingKind.BANK_LOGIN_CHANGE, change_id, at)
