"""Table of one-time codes that admit somebody or confirm something, and of the visits that they begin.

Only digests are stored. A code names its purpose and its subject: the key of the row that the purpose is about. The
code and its visit are void once officers change the contact that it went to.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from db.pool import Connection
from db.victim_corrections import mobile_since
from schemas.base import FrozenModel, UtcDatetime

FORGOTTEN_MAX: Final = 500


class ProofPurpose(StrEnum):
    """Purposes of codes, with what the subject of each is."""

    APPEAL = "appeal"
    """admits an account holder to the page about a hold; the hold"""
    MY_CASE = "my_case"
    """admits a victim to the page about the own complaint; the complaint"""
    SIGNATURE = "signature"
    """signs an application; the complaint"""


def _contact_since(purpose: ProofPurpose, ack_no: str, hold_id: str) -> str:
    """Return SQL for when officers entered the contact of a subject; null for a contact as first stated.

    `ack_no` and `hold_id` are the column or the parameter with the subject.
    """
    if purpose is ProofPurpose.APPEAL:
        # The same contact, entered again, keeps its time.
        return f"(SELECT k.told_at FROM holder_contact k WHERE k.hold_id = {hold_id})"
    return mobile_since(ack_no)


def _goes_to_the_contact(purpose: ProofPurpose) -> str:
    """Return the SQL condition that a code went to the present contact of its subject, or through the bank."""
    since = _contact_since(purpose, "proof.ack_no", "proof.hold_id")
    return f"(through_bank OR contact_since IS NOT DISTINCT FROM {since})"


class NewProof(FrozenModel):
    """A code as it is written."""

    proof_id: UUID
    purpose: ProofPurpose
    subject: str
    document_id: UUID | None = None
    """the application that it signs"""
    digest: bytes
    made_at: UtcDatetime
    made_by: str
    valid_until: UtcDatetime
    contact_end: str = ""
    through_bank: bool = False
    """whether the bank passes it on"""


async def make(connection: Connection, new: NewProof) -> None:
    """Write a code, bound to the present contact of its subject."""
    row = new.model_dump()
    places = [f"${number}" for number, _ in enumerate(row, 1)]
    subject = places[list(row).index("subject")]
    since = _contact_since(new.purpose, subject, f"{subject}::text::uuid")
    await connection.execute(
        f"INSERT INTO proof ({', '.join(row)}, contact_since) VALUES ({', '.join(places)}, {since})", *row.values()
    )


class LiveProof(FrozenModel):
    """A code that can be used."""

    proof_id: UUID
    digest: bytes
    contact_end: str


async def try_live(
    connection: Connection,
    purpose: ProofPurpose,
    subject: str,
    document_id: UUID | None,
    address: str,
    tries: int,
    tries_in_all: int,
    at: datetime,
) -> list[LiveProof]:
    """Return the codes of a subject that can be used, and count one more try from `address` on each.

    An address has `tries` on a code, and all addresses together have `tries_in_all`.
    """
    rows = await connection.fetch(
        "UPDATE proof SET tries = tries + 1,"
        " tries_by = tries_by || jsonb_build_object($4::text, coalesce((tries_by ->> $4)::integer, 0) + 1)"
        " WHERE purpose = $1 AND subject = $2 AND document_id IS NOT DISTINCT FROM $3::uuid AND valid_until > $7"
        " AND used_at IS NULL AND tries < $6 AND coalesce((tries_by ->> $4)::integer, 0) < $5"
        f" AND {_goes_to_the_contact(purpose)} RETURNING proof_id, digest, contact_end",
        purpose.value,
        subject,
        document_id,
        address,
        tries,
        tries_in_all,
        at,
    )
    return [LiveProof(**dict(row)) for row in rows]


async def use(connection: Connection, proof_id: UUID, at: datetime) -> bool:
    """Use a code once; false if it was used before."""
    done = await connection.fetchval(
        "UPDATE proof SET used_at = $2 WHERE proof_id = $1 AND used_at IS NULL RETURNING true", proof_id, at
    )
    return bool(done)


async def enter(
    connection: Connection, proof_id: UUID, visit_digest: bytes, visit_until: datetime, at: datetime
) -> bool:
    """Use a code once to begin a visit; false if it was used before."""
    done = await connection.fetchval(
        "UPDATE proof SET used_at = $4, visit_digest = $2, visit_until = $3 WHERE proof_id = $1 AND used_at IS NULL"
        " RETURNING true",
        proof_id,
        visit_digest,
        visit_until,
        at,
    )
    return bool(done)


class Visit(FrozenModel):
    """The subject of a visit, and when the visit ends."""

    subject: str
    until: UtcDatetime
    contact_since: UtcDatetime | None = None
    """when officers entered the contact that the code went to; None for a contact as first stated"""


async def visit(
    connection: Connection,
    purpose: ProofPurpose,
    visit_digest: bytes,
    at: datetime,
    idle: timedelta,
    longest: timedelta,
) -> Visit | None:
    """Return the visit with this token and extend it, or None if there is none or it has ended.

    It is extended to `idle` from now, but at most to `longest` from its start.
    """
    row = await connection.fetchrow(
        "UPDATE proof SET visit_until = greatest(visit_until, least($3 + $4::interval, used_at + $5::interval))"
        f" WHERE purpose = $1 AND visit_digest = $2 AND visit_until > $3 AND {_goes_to_the_contact(purpose)}"
        " RETURNING subject, visit_until AS until, contact_since",
        purpose.value,
        visit_digest,
        at,
        idle,
        longest,
    )
    return Visit(**dict(row)) if row else None


async def leave(connection: Connection, visit_digest: bytes, at: datetime) -> None:
    """End a visit."""
    await connection.execute(
        "UPDATE proof SET visit_until = $2 WHERE visit_digest = $1 AND visit_until > $2", visit_digest, at
    )


async def valid_until(
    connection: Connection, purpose: ProofPurpose, subject: str, document_id: UUID | None, at: datetime
) -> datetime | None:
    """Return until when the newest code of a subject that can be used is valid, or None without one."""
    until: datetime | None = await connection.fetchval(
        "SELECT max(valid_until) FROM proof WHERE purpose = $1 AND subject = $2"
        " AND document_id IS NOT DISTINCT FROM $3::uuid AND valid_until > $4 AND used_at IS NULL"
        f" AND {_goes_to_the_contact(purpose)}",
        purpose.value,
        subject,
        document_id,
        at,
    )
    return until


async def forget(connection: Connection, before: datetime) -> int:
    """Delete codes that were made before `before`; return how many."""
    rows = await connection.fetch(
        "DELETE FROM proof WHERE proof_id IN (SELECT proof_id FROM proof WHERE made_at < $1"
        " ORDER BY made_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING proof_id",
        before,
        FORGOTTEN_MAX,
    )
    return len(rows)
