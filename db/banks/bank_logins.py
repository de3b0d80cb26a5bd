"""Logins of banks, and their sessions."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from pydantic import Field

from db import outgoing, proofs, sessions
from db.outgoing import OutgoingKind, is_due
from db.pool import Connection
from db.proofs import OpenLink
from db.sessions import SessionKind
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


class OpenLoginLink(OpenLink):
    """A link of a bank that can still be used."""

    change_id: UUID
    institution: str
    bank_name: str
    email: str
    code_digest: bytes = Field(repr=False)
    """of the code that every link of a bank needs"""


async def write(
    connection: Connection, institution: str, email: str, by: str, at: datetime, proof_id: UUID | None = None
) -> UUID:
    """Write another login of a bank; return the id of the change.

    The bank's contacts are to be told of it. `proof_id` is the link by which the bank sets the password; None if the
    command has set it.
    """
    change_id = uuid4()
    await connection.execute(
        "INSERT INTO bank_login_change (change_id, institution, email, made_at, made_by, proof_id)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        change_id,
        institution,
        email,
        at,
        by,
        proof_id,
    )
    await tell(connection, change_id, at)
    return change_id


async def open_link(connection: Connection, digest: bytes, *, lock: bool = False) -> OpenLoginLink | None:
    """Return the link with this digest if it can be used now. `lock` locks it until the transaction ends."""
    columns = "c.change_id, c.institution, i.name AS bank_name, c.email"
    banks = "JOIN bank_login_change c ON c.proof_id = p.proof_id JOIN institution i ON i.code = c.institution"
    return await proofs.find_link(connection, digest, OpenLoginLink, columns, banks, lock=lock)


async def tell(connection: Connection, change_id: UUID, at: datetime) -> None:
    """Have the bank's contacts told of a change as it stands."""
    await outgoing.queue(connection, OutgoingKind.BANK_LOGIN_CHANGE, change_id, at)


async def changes_to_tell(connection: Connection, change_ids: Sequence[str]) -> dict[str, LoginChange]:
    """Return changes of which the banks' contacts are told, by their ids."""
    rows = await connection.fetch(
        "SELECT c.change_id, c.institution, c.email, c.made_at, p.proposal_id, p.used_at FROM bank_login_change c"
        " LEFT JOIN proof p USING (proof_id) WHERE c.change_id = ANY($1)",
        change_ids,
    )
    return {str(row["change_id"]): LoginChange(**dict(row)) for row in rows}


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


# A bank whose login was taken away has no session, and none once the password alone is not taken any more.
_ADMITTED: Final = """
i.code = s.institution AND i.inbound_email IS NOT NULL
    AND (i.signature_only_from IS NULL OR i.signature_only_from > m.now)
    AND (s.bank_person_id IS NULL
        OR EXISTS (SELECT FROM bank_person p WHERE p.person_id = s.bank_person_id AND p.ended_at IS NULL))
"""
_SHOWN: Final = """
s.session_id, s.institution, s.ends_at, s.bank_person_id AS person_id,
    coalesce((SELECT p.name FROM bank_person p WHERE p.person_id = s.bank_person_id), '') AS name,
    coalesce((SELECT p.designation FROM bank_person p WHERE p.person_id = s.bank_person_id), '') AS designation,
    EXISTS (SELECT FROM bank_person p WHERE p.person_id = s.bank_person_id AND p.confirmed_at IS NOT NULL)
        AS is_confirmed
"""


async def begin_session(
    connection: Connection,
    institution: str,
    token_digest: bytes,
    address: str,
    longest: timedelta,
    person_id: UUID | None = None,
) -> None:
    """Write a new session, of a person of the bank or of its own login."""
    of_bank = {"address": address, "bank_person_id": person_id}
    await sessions.begin(connection, SessionKind.BANK, institution, token_digest, longest, **of_bank)


async def find_session(connection: Connection, token_digest: bytes, idle: timedelta) -> BankSession | None:
    """Return the session with this token and note its use; None if there is none or it is over."""
    return await sessions.find(
        connection, SessionKind.BANK, token_digest, idle, BankSession, _SHOWN, "institution i", _ADMITTED
    )


async def is_live(connection: Connection, session_id: UUID) -> bool:
    """Return whether a session is not over, which stays so until the transaction ends.

    The caller has locked the bank first, as a new login of the bank does.
    """
    statement = "SELECT true FROM session WHERE session_id = $1 AND ended_at IS NULL AND ends_at > present_moment()"
    return bool(await connection.fetchval(f"{statement} FOR SHARE", session_id))


async def open_subject(connection: Connection, session_id: UUID, subject_id: UUID) -> None:
    """Write that a session has the form about this hold request or order open."""
    await connection.execute(
        "UPDATE session SET opened_at = present_moment(), opened_id = $2 WHERE session_id = $1 AND ended_at IS NULL",
        session_id,
        subject_id,
    )


_OPEN_ELSEWHERE: Final = """
SELECT opened_id, max(opened_at) AS opened_at FROM session
WHERE institution = $1 AND session_id <> $2 AND ended_at IS NULL AND ends_at > present_moment()
    AND opened_at > present_moment() - $3::interval
GROUP BY opened_id
"""


async def open_elsewhere(connection: Connection, session: BankSession, within: timedelta) -> dict[UUID, datetime]:
    """Return what other sessions of the bank have opened within that time, and when."""
    rows = await connection.fetch(_OPEN_ELSEWHERE, session.institution, session.session_id, within)
    return {row["opened_id"]: row["opened_at"] for row in rows}
