"""Sessions of banks in a browser. Of the token in the cookie only the digest is stored."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import Field

from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime

KEPT_DAYS: Final = 30
FORGOTTEN_MAX: Final = 500


class BankSession(FrozenModel):
    """A session that is not over."""

    session_id: UUID
    institution: str
    ends_at: UtcDatetime
    person_id: UUID | None = None
    """who has signed in; None for the login of the bank itself"""
    name: str = Field(default="", repr=False)
    designation: str = ""
    is_confirmed: bool = False
    """whether the police have confirmed that this person is another one than the bank's other people"""


_FORGET: Final = """
DELETE FROM bank_session WHERE session_id IN (
    SELECT session_id FROM bank_session WHERE ends_at < present_moment() - make_interval(days => $1)
    ORDER BY ends_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING session_id
"""
_BEGIN: Final = """
INSERT INTO bank_session
    (session_id, token_digest, institution, began_at, last_seen_at, ends_at, address, bank_person_id)
SELECT $1, $2, $3, m.now, m.now, m.now + $5::interval, $4, $6 FROM (SELECT present_moment() AS now) m
RETURNING session_id, institution, ends_at
"""
# A bank whose login was taken away has no session, and none once the password alone is not taken any more.
_FIND: Final = """
UPDATE bank_session s SET last_seen_at = greatest(s.last_seen_at, m.now)
FROM (SELECT present_moment() AS now) m, institution i
WHERE s.token_digest = $1 AND s.ended_at IS NULL AND s.ends_at > m.now AND s.last_seen_at > m.now - $2::interval
    AND i.code = s.institution AND i.inbound_email IS NOT NULL
    AND (i.signature_only_from IS NULL OR i.signature_only_from > m.now)
    AND (s.bank_person_id IS NULL
        OR EXISTS (SELECT FROM bank_person p WHERE p.person_id = s.bank_person_id AND p.ended_at IS NULL))
RETURNING s.session_id, s.institution, s.ends_at, s.bank_person_id AS person_id,
    coalesce((SELECT p.name FROM bank_person p WHERE p.person_id = s.bank_person_id), '') AS name,
    coalesce((SELECT p.designation FROM bank_person p WHERE p.person_id = s.bank_person_id), '') AS designation,
    EXISTS (SELECT FROM bank_person p WHERE p.person_id = s.bank_person_id AND p.confirmed_at IS NOT NULL)
        AS is_confirmed
"""


async def begin(
    connection: Connection,
    session_id: UUID,
    token_digest: bytes,
    institution: str,
    address: str,
    longest: timedelta,
    person_id: UUID | None = None,
) -> BankSession:
    """Write a new session, of a person of the bank or of its own login."""
    row = await connection.fetchrow(_BEGIN, session_id, token_digest, institution, address, longest, person_id)
    assert row is not None, "just written"
    return BankSession(**dict(row))


async def find(connection: Connection, token_digest: bytes, idle: timedelta) -> BankSession | None:
    """Return the session with this token and note its use; None if there is none or it is over."""
    row = await connection.fetchrow(_FIND, token_digest, idle)
    return BankSession(**dict(row)) if row else None


async def is_live(connection: Connection, session_id: UUID) -> bool:
    """Return whether a session is not over, which stays so until the transaction ends.

    The caller has locked the bank first, as a new login of the bank does.
    """
    statement = (
        "SELECT true FROM bank_session WHERE session_id = $1 AND ended_at IS NULL AND ends_at > present_moment()"
    )
    return bool(await connection.fetchval(f"{statement} FOR SHARE", session_id))


async def end(connection: Connection, session_id: UUID) -> None:
    """End a session."""
    await connection.execute(
        "UPDATE bank_session SET ended_at = present_moment() WHERE session_id = $1 AND ended_at IS NULL", session_id
    )


async def open_subject(connection: Connection, session_id: UUID, subject_id: UUID) -> None:
    """Write that a session has the form about this hold request or order open."""
    await connection.execute(
        "UPDATE bank_session SET opened_at = present_moment(), subject_id = $2 WHERE session_id = $1",
        session_id,
        subject_id,
    )


_OPEN_ELSEWHERE: Final = """
SELECT subject_id, max(opened_at) AS opened_at FROM bank_session
WHERE institution = $1 AND session_id <> $2 AND ended_at IS NULL AND ends_at > present_moment()
    AND opened_at > present_moment() - $3::interval
GROUP BY subject_id
"""


async def open_elsewhere(connection: Connection, session: BankSession, within: timedelta) -> dict[UUID, datetime]:
    """Return what other sessions of the bank have opened within that time, and when."""
    rows = await connection.fetch(_OPEN_ELSEWHERE, session.institution, session.session_id, within)
    return {row["subject_id"]: row["opened_at"] for row in rows}


async def forget(connection: Connection) -> int:
    """Delete sessions that ended long ago; return how many."""
    return len(await connection.fetch(_FORGET, KEPT_DAYS, FORGOTTEN_MAX))
