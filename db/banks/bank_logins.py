"""Logins of banks: addresses, other logins, and the links by which banks set passwords."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from pydantic import Field

from db import outgoing, proofs
from db.outgoing import OutgoingKind, is_due
from db.pool import Connection
from db.proofs import OpenLink
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
