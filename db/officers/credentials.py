"""Passwords, authenticators and recovery codes of officers, and the links by which they are set."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from pydantic import Field

from db import outgoing, proofs
from db.outgoing import OutgoingKind
from db.pool import Connection
from db.proofs import OpenLink, ProofPurpose
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Language


class Credentials(FrozenModel):
    """Credentials of an officer who tries to sign in from an address."""

    now: UtcDatetime
    officer_id: str | None
    """None for a name that no officer has"""
    is_disabled: bool
    password_hash: str | None
    sealed_secret: bytes | None
    knows_address: bool
    """whether the officer has signed in from this address lately"""


async def find(connection: Connection, name: str, address: str, known_for: timedelta) -> Credentials:
    """Return the credentials of the officer with this name, empty ones for a name that no officer has."""
    row = await connection.fetchrow(
        "SELECT m.now, o.officer_id, coalesce(o.disabled_at <= m.now, false) AS is_disabled, p.password_hash,"
        " t.sealed_secret, EXISTS (SELECT FROM sign_in_entry e WHERE e.officer_id = $1 AND e.address = $2"
        "  AND e.at > m.now - $3::interval AND e.outcome = 'signed_in') AS knows_address"
        " FROM (SELECT present_moment() AS now) m LEFT JOIN officer o ON o.officer_id = $1"
        " LEFT JOIN officer_password p ON p.officer_id = o.officer_id"
        " LEFT JOIN officer_totp t ON t.officer_id = o.officer_id",
        name,
        address,
        known_for,
    )
    assert row is not None, "the moment is always there"
    return Credentials(**dict(row))


async def use_step(connection: Connection, officer_id: str, step: int) -> bool:
    """Use up a time step and all before it; false if it was used before."""
    done = await connection.fetchval(
        "UPDATE officer_totp SET last_step = $2 WHERE officer_id = $1 AND last_step < $2 RETURNING true",
        officer_id,
        step,
    )
    return bool(done)


async def use_recovery_code(connection: Connection, officer_id: str, digest: bytes) -> bool | None:
    """Use up a recovery code; false if it was used before, None if the officer has no such code."""
    done = await connection.fetchval(
        "UPDATE recovery_code SET used_at = present_moment() WHERE officer_id = $1 AND digest = $2 AND used_at IS NULL"
        " RETURNING true",
        officer_id,
        digest,
    )
    if done:
        return True
    known: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM recovery_code WHERE officer_id = $1 AND digest = $2)", officer_id, digest
    )
    return False if known else None


async def put(
    connection: Connection,
    officer_id: str,
    password_hash: str,
    sealed_secret: bytes,
    last_step: int,
    code_digests: Sequence[bytes],
) -> None:
    """Write the credentials of an officer in place of those before. The database ends the officer's sessions."""
    await connection.execute(
        "INSERT INTO officer_password (officer_id, password_hash, set_at) VALUES ($1, $2, present_moment())"
        " ON CONFLICT (officer_id) DO UPDATE SET password_hash = excluded.password_hash, set_at = excluded.set_at",
        officer_id,
        password_hash,
    )
    await connection.execute(
        "INSERT INTO officer_totp (officer_id, sealed_secret, last_step, set_at) VALUES ($1, $2, $3, present_moment())"
        " ON CONFLICT (officer_id) DO UPDATE SET sealed_secret = excluded.sealed_secret,"
        " last_step = excluded.last_step, set_at = excluded.set_at",
        officer_id,
        sealed_secret,
        last_step,
    )
    await connection.execute("DELETE FROM recovery_code WHERE officer_id = $1", officer_id)
    await connection.execute(
        "INSERT INTO recovery_code (officer_id, digest, made_at) SELECT $1, unnest($2::bytea[]), present_moment()",
        officer_id,
        list(code_digests),
    )


async def change_password(connection: Connection, officer_id: str, before: str, after: str) -> bool:
    """Replace a password hash; false if it is not the one `before` any more. The database ends the sessions."""
    done = await connection.fetchval(
        "UPDATE officer_password SET password_hash = $3, set_at = present_moment()"
        " WHERE officer_id = $1 AND password_hash = $2 RETURNING true",
        officer_id,
        before,
        after,
    )
    return bool(done)


async def is_person(connection: Connection, officer_id: str, issuer: str, subject: str) -> bool:
    """Return whether an officer is this person of an identity provider. The first person becomes the officer.

    A person who is another officer already is not this one.
    """
    is_bound: bool = await connection.fetchval(
        "WITH bound AS (INSERT INTO provider_identity (issuer, officer_id, subject, bound_at)"
        " VALUES ($1, $2, $3, present_moment()) ON CONFLICT DO NOTHING RETURNING true)"
        " SELECT EXISTS (SELECT FROM bound)"
        " OR EXISTS (SELECT FROM provider_identity WHERE issuer = $1 AND officer_id = $2 AND subject = $3)",
        issuer,
        officer_id,
        subject,
    )
    return is_bound


# -- links -------------------------------------------------------------------------------------------------------------


class OfficerLink(OpenLink):
    """A link of an officer that can still be used."""

    officer_id: str
    name: str


async def make_link(
    connection: Connection, digest: bytes, officer_id: str, by: str, life: timedelta, proposal_id: int | None = None
) -> datetime:
    """Write a link in place of the open one before; return its end.

    The officer is to be told of it.
    """
    made = uuid4(), ProofPurpose.SIGN_IN_LINK, officer_id, digest, by, life, proposal_id
    valid_until = await proofs.make_link(connection, *made)
    await tell_of_link(connection, digest, valid_until - life)
    return valid_until


async def open_link(connection: Connection, digest: bytes, *, lock: bool = False) -> OfficerLink | None:
    """Return the link with this digest if it can be used now. `lock` locks it until the transaction ends."""
    officers = "JOIN officer o ON o.officer_id = p.officer_id AND (o.disabled_at IS NULL OR o.disabled_at > m.now)"
    return await proofs.find_link(connection, digest, OfficerLink, "o.officer_id, o.name", officers, lock=lock)


# -- who is told of a link ---------------------------------------------------------------------------------------------


class LinkToTell(FrozenModel):
    """A link as it stands, with the persons who are told of it."""

    digest: bytes = Field(repr=False)
    officer_id: str
    made_at: UtcDatetime
    used_at: UtcDatetime | None
    proposed_by: str | None
    """None for a link of the command"""
    decided_by: str | None


class ToldPerson(FrozenModel):
    """An officer whom a letter goes to."""

    officer_id: str
    email: str
    mobile: str
    language: Language


async def tell_of_link(connection: Connection, digest: bytes, at: datetime) -> None:
    """Have persons told of a link as it stands."""
    await outgoing.queue(connection, OutgoingKind.SIGN_IN_LINK, digest.hex(), at)


async def links_to_tell(connection: Connection, digests: Sequence[str]) -> dict[str, LinkToTell]:
    """Return links of which persons are told, by their digests in hexadecimal digits."""
    rows = await connection.fetch(
        "SELECT l.digest, l.officer_id, l.made_at, l.used_at, p.proposed_by, p.decided_by FROM proof l"
        " LEFT JOIN proposal p USING (proposal_id) WHERE l.is_link AND l.digest = ANY($1)",
        [bytes.fromhex(digest) for digest in digests],
    )
    return {row["digest"].hex(): LinkToTell(**dict(row)) for row in rows}


async def persons_told(connection: Connection, officer_ids: Collection[str]) -> list[ToldPerson]:
    """Return these officers with their contacts."""
    rows = await connection.fetch(
        "SELECT officer_id, email, mobile, language FROM officer WHERE officer_id = ANY($1) ORDER BY officer_id",
        sorted(officer_ids),
    )
    return [ToldPerson(**dict(row)) for row in rows]
