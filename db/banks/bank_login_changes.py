"""Other logins of banks: the links by which banks set their passwords, and whether the contacts are told."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import Field

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
    attempts: int
    """attempts to tell the bank, this one included"""


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
        "INSERT INTO bank_login_change (change_id, institution, email, made_at, made_by, next_attempt_at)"
        " VALUES ($1, $2, $3, $4, $5, $4)",
        change_id,
        institution,
        email,
        at,
        by,
    )


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
        " code_digest, valid_until, next_attempt_at) SELECT $1, $2, $3, $4::timestamptz, $5, $6, $7,"
        " (SELECT p.code_digest FROM administration_proposal p WHERE p.proposal_id = $6), $4 + $8::interval, $4"
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
    await connection.execute(
        "UPDATE bank_login_change SET used_at = $2, next_attempt_at = $2, attempts = 0, told_at = NULL"
        " WHERE change_id = $1",
        change_id,
        at,
    )


async def count_wrong_code(connection: Connection, change_id: UUID, most: int, at: datetime) -> None:
    """Count a wrong code for a link that is locked. The last one of `most` ends the link."""
    await connection.execute(
        "UPDATE bank_login_change SET wrong_codes = wrong_codes + 1,"
        " ended_at = CASE WHEN wrong_codes + 1 >= $2 THEN $3::timestamptz END WHERE change_id = $1",
        change_id,
        most,
        at,
    )


_CLAIM: Final = f"""
UPDATE bank_login_change c SET attempts = attempts + 1, next_attempt_at = $2 FROM (
    SELECT change_id FROM bank_login_change WHERE next_attempt_at <= $1
    ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED
) AS due WHERE c.change_id = due.change_id
RETURNING {", ".join(f"c.{name}" for name in LoginChange.model_fields)}
"""


async def claim(connection: Connection, now: datetime, lease_until: datetime, limit: int) -> Sequence[LoginChange]:
    """Claim the changes that banks are due to be told of; others leave them until `lease_until`."""
    return [LoginChange(**dict(row)) for row in await connection.fetch(_CLAIM, now, lease_until, limit)]


async def told(connection: Connection, change: LoginChange, at: datetime) -> None:
    """Write that the bank was told of a change as it stood."""
    await _tell(connection, change, None, at)


async def put_off(connection: Connection, change: LoginChange, again_at: datetime | None) -> None:
    """Write when the next attempt to tell the bank is; None for no further one."""
    await _tell(connection, change, again_at, None)


async def _tell(
    connection: Connection, change: LoginChange, again_at: datetime | None, told_at: datetime | None
) -> None:
    # A link that was used meanwhile is to be told of again, so it stays due.
    await connection.execute(
        "UPDATE bank_login_change SET next_attempt_at = $2, told_at = $3"
        " WHERE change_id = $1 AND used_at IS NOT DISTINCT FROM $4",
        change.change_id,
        again_at,
        told_at,
        change.used_at,
    )
