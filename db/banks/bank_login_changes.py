"""Other logins of banks, and the links by which banks set their passwords. The contacts are told of both."""

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import Field

from db import outgoing
from db.outgoing import OutgoingKind
from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime


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
