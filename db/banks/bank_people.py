"""People of banks with logins of their own. Of a password and of a code only hashes are stored."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from db.pool import Connection
from schemas.banks.people import BankPerson
from schemas.base import FrozenModel

PEOPLE_MAX: Final = 20
"""people of a bank at one time; a trigger holds it"""
ENDED_SHOWN: Final = timedelta(days=90)
_SHOWN_MAX: Final = 200
_ROW: Final = """
SELECT person_id, institution, email, name, designation, added_at, ended_at, told_at, last_sign_in_at,
    next_attempt_at IS NOT NULL AS is_due,
    CASE WHEN ended_at IS NOT NULL THEN 'ended' WHEN password_hash IS NULL THEN 'invited' ELSE 'active' END AS state
FROM bank_person
"""


class PersonLogin(FrozenModel):
    """A person with the password and code of the login."""

    person: BankPerson
    password_hash: str | None
    code_digest: bytes | None
    code_until: datetime | None
    knows_address: bool
    """whether the person has signed in from that address lately"""


async def add(
    connection: Connection, person_id: UUID, institution: str, email: str, name: str, designation: str, at: datetime
) -> None:
    """Write a person, to whom a code is due.

    Raises `asyncpg.UniqueViolationError` for an e-mail that another person has, and `asyncpg.CheckViolationError` where
    the bank has enough people.
    """
    await connection.execute(
        "INSERT INTO bank_person (person_id, institution, email, name, designation, added_at, next_attempt_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $6)",
        person_id,
        institution,
        email,
        name,
        designation,
        at,
    )


async def people_of(connection: Connection, institution: str, now: datetime) -> list[BankPerson]:
    """Return the people of a bank, and those that ended lately, in the order in which they were added."""
    rows = await connection.fetch(
        f"{_ROW} WHERE institution = $1 AND (ended_at IS NULL OR ended_at > $2) ORDER BY added_at, person_id LIMIT $3",
        institution,
        now - ENDED_SHOWN,
        _SHOWN_MAX,
    )
    return [BankPerson(**dict(row)) for row in rows]


async def login_of(connection: Connection, email: str, address: str) -> PersonLogin | None:
    """Return the person with this e-mail who is not ended, or None."""
    row = await connection.fetchrow(
        "SELECT p.*, b.password_hash, b.code_digest, b.code_until, EXISTS (SELECT FROM bank_session s"
        " WHERE s.institution = p.institution AND s.bank_person_id = p.person_id AND s.address = $2) AS knows_address"
        f" FROM ({_ROW}) p JOIN bank_person b USING (person_id) WHERE p.email = $1 AND p.ended_at IS NULL",
        email,
        address,
    )
    if row is None:
        return None
    fields = dict(row)
    beside = {name: fields.pop(name) for name in ("password_hash", "code_digest", "code_until", "knows_address")}
    return PersonLogin(person=BankPerson(**fields), **beside)


async def end(connection: Connection, institution: str, person_id: UUID, at: datetime) -> bool:
    """End a person of a bank, whose sessions end too; return whether there was one."""
    done: bool | None = await connection.fetchval(
        "UPDATE bank_person SET ended_at = $3, password_hash = NULL, code_digest = NULL, code_until = NULL,"
        " next_attempt_at = NULL WHERE institution = $1 AND person_id = $2 AND ended_at IS NULL RETURNING true",
        institution,
        person_id,
        at,
    )
    return bool(done)


async def end_all(connection: Connection, institution: str, at: datetime) -> None:
    """End all people of a bank, whose sessions end too.

    It waits for a person who is being added, so that this person ends too.
    """
    await connection.execute("SELECT FROM institution WHERE code = $1 FOR NO KEY UPDATE", institution)
    await connection.execute(
        "UPDATE bank_person SET ended_at = $2, password_hash = NULL, code_digest = NULL, code_until = NULL,"
        " next_attempt_at = NULL WHERE institution = $1 AND ended_at IS NULL",
        institution,
        at,
    )


async def keep_login(connection: Connection, person_id: UUID, password_hash: str) -> bool:
    """Return whether a person still has this password, which stays so until the transaction ends."""
    # The sign-in writes the row afterwards, which two with a shared lock would do in a deadlock.
    statement = "SELECT true FROM bank_person WHERE person_id = $1 AND password_hash = $2 FOR NO KEY UPDATE"
    return bool(await connection.fetchval(statement, person_id, password_hash))


async def renew(connection: Connection, institution: str, person_id: UUID, at: datetime) -> bool:
    """End the password of a person, to whom a new code is due; return whether there was one."""
    done: bool | None = await connection.fetchval(
        "UPDATE bank_person SET password_hash = NULL, code_digest = NULL, code_until = NULL, next_attempt_at = $3,"
        " attempts = 0, told_at = NULL WHERE institution = $1 AND person_id = $2 AND ended_at IS NULL RETURNING true",
        institution,
        person_id,
        at,
    )
    return bool(done)


async def set_password(connection: Connection, person_id: UUID, code_digest: bytes, password_hash: str) -> bool:
    """Write a password by a code, which is then used; return whether the code was still there."""
    done: bool | None = await connection.fetchval(
        "UPDATE bank_person SET password_hash = $3, code_digest = NULL, code_until = NULL"
        " WHERE person_id = $1 AND code_digest = $2 AND code_until > present_moment() AND ended_at IS NULL"
        " RETURNING true",
        person_id,
        code_digest,
        password_hash,
    )
    return bool(done)


async def signed_in(connection: Connection, person_id: UUID, at: datetime) -> None:
    """Write when a person last signed in."""
    await connection.execute("UPDATE bank_person SET last_sign_in_at = $2 WHERE person_id = $1", person_id, at)


CLAIM: Final = """
UPDATE bank_person p SET attempts = p.attempts + 1, next_attempt_at = $2 FROM (
    SELECT person_id FROM bank_person WHERE next_attempt_at <= $1
    ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED
) AS due WHERE p.person_id = due.person_id
RETURNING p.person_id, p.attempts
"""


async def claim(
    connection: Connection, now: datetime, lease_until: datetime, limit: int
) -> Sequence[tuple[BankPerson, int]]:
    """Claim the people to whom a code is due, each with the number of its attempt."""
    attempts = {row["person_id"]: row["attempts"] for row in await connection.fetch(CLAIM, now, lease_until, limit)}
    rows = await connection.fetch(f"{_ROW} WHERE person_id = ANY ($1)", list(attempts))
    return [(BankPerson(**dict(row)), attempts[row["person_id"]]) for row in rows]


async def write_code(connection: Connection, person_id: UUID, code_digest: bytes, until: datetime) -> bool:
    """Write a new code over the one before; return whether a code is still due."""
    done: bool | None = await connection.fetchval(
        "UPDATE bank_person SET code_digest = $2, code_until = $3 WHERE person_id = $1 AND ended_at IS NULL"
        " AND password_hash IS NULL AND next_attempt_at IS NOT NULL RETURNING true",
        person_id,
        code_digest,
        until,
    )
    return bool(done)


async def told(connection: Connection, person_id: UUID, code_digest: bytes, at: datetime) -> None:
    """Write that this code was sent. A code that became due meanwhile stays due."""
    await connection.execute(
        "UPDATE bank_person SET next_attempt_at = NULL, told_at = $3 WHERE person_id = $1 AND code_digest = $2",
        person_id,
        code_digest,
        at,
    )


async def put_off(connection: Connection, person_id: UUID, again_at: datetime | None) -> None:
    """Write when the next attempt is; None for no further one."""
    await connection.execute(
        "UPDATE bank_person SET next_attempt_at = $2 WHERE person_id = $1 AND ended_at IS NULL", person_id, again_at
    )
