"""People of banks with logins of their own. Of a password and of a code only hashes are stored."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from db import outgoing
from db.outgoing import OutgoingKind, is_due
from db.pool import Connection
from schemas.banks.institutions import BankPerson
from schemas.base import FrozenModel

PEOPLE_MAX: Final = 20
"""people of a bank at one time; a trigger holds it"""
ADDED_MAX: Final = 100
"""people whom a bank adds in the time of `ENDED_SHOWN`; a trigger holds it"""
ENDED_SHOWN: Final = timedelta(days=90)
FORGOTTEN_MAX: Final = 500
CONFIRMED_LEAST: Final = 2
"""confirmed people without whom no reply by two can be given"""
_SHOWN_MAX: Final = 200
_CODE_IS_DUE: Final = is_due(OutgoingKind.BANK_PERSON, "person_id")
_ROW: Final = f"""
SELECT person_id, institution, email, name, designation, added_at, ended_at, did_not_ask, last_sign_in_at, confirmed_at,
    (SELECT o.ended_at FROM outgoing o WHERE o.kind = '{OutgoingKind.BANK_PERSON}' AND o.subject = person_id::text
     AND o.outcome = 'sent') AS told_at,
    ended_at IS NULL AND {_CODE_IS_DUE} AS is_due,
    CASE WHEN ended_at IS NOT NULL THEN 'ended' WHEN password_hash IS NULL THEN 'invited' ELSE 'active' END AS state
FROM bank_person
"""

_SET_ENDED: Final = "UPDATE bank_person SET ended_at = $1, password_hash = NULL, code_digest = NULL, code_until = NULL"
_END: Final = f"{_SET_ENDED} WHERE ended_at IS NULL"


class PersonLogin(FrozenModel):
    """A person with the password of the login."""

    person: BankPerson
    password_hash: str
    knows_address: bool
    """whether the person has signed in from that address lately"""


async def add(
    connection: Connection, person_id: UUID, institution: str, email: str, name: str, designation: str, at: datetime
) -> None:
    """Write a person, to whom a code is due.

    Raises `asyncpg.UniqueViolationError` for an e-mail that another person of the bank has, and
    `asyncpg.CheckViolationError` where the bank has enough people, or has added enough of them lately.
    """
    await connection.execute(
        "INSERT INTO bank_person (person_id, institution, email, name, designation, added_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        person_id,
        institution,
        email,
        name,
        designation,
        at,
    )
    await outgoing.queue(connection, OutgoingKind.BANK_PERSON, person_id, at)


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
    """Return the person with this e-mail who has set a password, or None."""
    row = await connection.fetchrow(
        "SELECT p.*, b.password_hash, EXISTS (SELECT FROM session s"
        " WHERE s.institution = p.institution AND s.bank_person_id = p.person_id AND s.address = $2) AS knows_address"
        f" FROM ({_ROW}) p JOIN bank_person b USING (person_id) WHERE p.email = $1 AND b.password_hash IS NOT NULL",
        email,
        address,
    )
    if row is None:
        return None
    fields = dict(row)
    beside = {name: fields.pop(name) for name in ("password_hash", "knows_address")}
    return PersonLogin(person=BankPerson(**fields), **beside)


async def invited(connection: Connection, email: str, code_digest: bytes) -> UUID | None:
    """Return the person with this e-mail to whom this code was sent, while it is good; None without one."""
    person_id: UUID | None = await connection.fetchval(
        "SELECT person_id FROM bank_person WHERE email = $1 AND code_digest = $2 AND code_until > present_moment()"
        " AND ended_at IS NULL",
        email,
        code_digest,
    )
    return person_id


async def lock_bank(connection: Connection, institution: str) -> None:
    """Lock a bank against other writers of its people and of its login, until the transaction ends."""
    await connection.execute("SELECT FROM institution WHERE code = $1 FOR NO KEY UPDATE", institution)


async def end(connection: Connection, institution: str, person_id: UUID, at: datetime) -> bool:
    """End a person of a bank, whose sessions end too; return whether there was one."""
    done: bool | None = await connection.fetchval(
        f"{_END} AND institution = $2 AND person_id = $3 RETURNING true", at, institution, person_id
    )
    return bool(done)


async def refuse_code(connection: Connection, person_id: UUID, code_digest: bytes, at: datetime) -> str | None:
    """End the person to whom this code was sent; return the bank, or None without such a code."""
    institution: str | None = await connection.fetchval(
        f"{_SET_ENDED}, did_not_ask = true WHERE ended_at IS NULL AND person_id = $2 AND code_digest = $3"
        " AND code_until > present_moment() RETURNING institution",
        at,
        person_id,
        code_digest,
    )
    return institution


async def end_all(connection: Connection, institution: str, at: datetime) -> None:
    """End all people of a bank, whose sessions end too.

    It waits for a person who is being added, so that this person ends too.
    """
    await lock_bank(connection, institution)
    await connection.execute(f"{_END} AND institution = $2", at, institution)


async def keep_login(connection: Connection, person_id: UUID, password_hash: str) -> bool:
    """Return whether a person still has this password, which stays so until the transaction ends."""
    # The sign-in writes the row afterwards, which two with a shared lock would do in a deadlock.
    statement = "SELECT true FROM bank_person WHERE person_id = $1 AND password_hash = $2 FOR NO KEY UPDATE"
    return bool(await connection.fetchval(statement, person_id, password_hash))


async def renew_hash(connection: Connection, person_id: UUID, before: str, after: str) -> bool:
    """Write another hash of the same password; return whether the hash was still the one `before`.

    The sessions of the person end.
    """
    statement = "UPDATE bank_person SET password_hash = $3 WHERE person_id = $1 AND password_hash = $2 RETURNING true"
    return bool(await connection.fetchval(statement, person_id, before, after))


async def renew(connection: Connection, institution: str, person_id: UUID, at: datetime) -> bool:
    """End the password of a person, to whom a new code is due; return whether there was one."""
    done: bool | None = await connection.fetchval(
        "UPDATE bank_person SET password_hash = NULL, code_digest = NULL, code_until = NULL"
        " WHERE institution = $1 AND person_id = $2 AND ended_at IS NULL RETURNING true",
        institution,
        person_id,
    )
    if done:
        await outgoing.queue(connection, OutgoingKind.BANK_PERSON, person_id, at)
    return bool(done)


async def set_password(connection: Connection, person_id: UUID, code_digest: bytes, password_hash: str) -> bool:
    """Write a password by a code, which is then used; return whether the code was still there.

    Raises `asyncpg.UniqueViolationError` if the e-mail is the login of a bank, or of a person of another bank.
    """
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


async def confirmed(connection: Connection, institution: str) -> set[UUID]:
    """Return the people of a bank who count where its replies need two people."""
    rows = await connection.fetch(
        "SELECT person_id FROM bank_person WHERE institution = $1 AND ended_at IS NULL AND confirmed_at IS NOT NULL",
        institution,
    )
    return {row["person_id"] for row in rows}


async def confirm(
    connection: Connection, institution: str, people: Sequence[UUID], proposal_id: int, at: datetime
) -> list[UUID]:
    """Write that two admins have confirmed these people of a bank; return those who are there.

    PostgreSQL looks for their proposal at the end of the transaction.
    """
    rows = await connection.fetch(
        "UPDATE bank_person SET confirmed_at = $4, confirmed_proposal = $3 WHERE institution = $1"
        " AND person_id = ANY ($2) AND ended_at IS NULL RETURNING person_id",
        institution,
        people,
        proposal_id,
        at,
    )
    return [row["person_id"] for row in rows]


async def unconfirm(connection: Connection, institution: str, people: Sequence[UUID]) -> list[UUID]:
    """Take the confirmation of these people of a bank back; return those who are there."""
    rows = await connection.fetch(
        "UPDATE bank_person SET confirmed_at = NULL, confirmed_proposal = NULL WHERE institution = $1"
        " AND person_id = ANY ($2) AND ended_at IS NULL RETURNING person_id",
        institution,
        people,
    )
    return [row["person_id"] for row in rows]


async def forget(connection: Connection) -> int:
    """Delete people who ended long ago and never signed in, because nothing names them; return how many."""
    rows = await connection.fetch(
        "DELETE FROM bank_person WHERE person_id IN (SELECT person_id FROM bank_person WHERE last_sign_in_at IS NULL"
        " AND ended_at < present_moment() - $1::interval ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED)"
        " RETURNING person_id",
        ENDED_SHOWN,
        FORGOTTEN_MAX,
    )
    await outgoing.forget(connection, OutgoingKind.BANK_PERSON, [row["person_id"] for row in rows])
    return len(rows)


async def to_send(connection: Connection, person_ids: Sequence[str]) -> dict[str, BankPerson]:
    """Return the people to whom a code is sent, without those who have ended."""
    rows = await connection.fetch(f"{_ROW} WHERE person_id = ANY($1) AND ended_at IS NULL", person_ids)
    return {str(row["person_id"]): BankPerson(**dict(row)) for row in rows}


async def write_code(connection: Connection, person_id: UUID, code_digest: bytes, until: datetime) -> bool:
    """Write a new code over the one before; return whether a code is still due."""
    done: bool | None = await connection.fetchval(
        "UPDATE bank_person SET code_digest = $2, code_until = $3 WHERE person_id = $1 AND ended_at IS NULL"
        f" AND password_hash IS NULL AND {_CODE_IS_DUE} RETURNING true",
        person_id,
        code_digest,
        until,
    )
    return bool(done)


async def has_code(connection: Connection, person_id: UUID, code_digest: bytes) -> bool:
    """Return whether this is still the code of a person."""
    statement = "SELECT EXISTS (SELECT FROM bank_person WHERE person_id = $1 AND code_digest = $2)"
    return bool(await connection.fetchval(statement, person_id, code_digest))
