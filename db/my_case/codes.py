"""One-time codes to victims: they begin a visit of the page about the own complaint, or sign an application.

Only the digest of a code is stored. A code and its visit are void once officers correct the mobile that it went to.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from db.pool import Connection
from db.victim_corrections import mobile_since
from schemas.base import FrozenModel, UtcDatetime
from schemas.my_case import CodePurpose

FORGOTTEN_MAX: Final = 500

_SENT_TO_THE_MOBILE: Final = f"mobile_since IS NOT DISTINCT FROM {mobile_since('victim_code.ack_no')}"


async def complaint_of(connection: Connection, number: str) -> str | None:
    """Return the complaint with this number of ours or of the national portal, or None."""
    found: str | None = await connection.fetchval(
        "SELECT ack_no FROM complaint WHERE ack_no = $1 UNION ALL SELECT ack_no FROM complaint WHERE portal_ack_no = $1"
        " LIMIT 1",
        number,
    )
    return found


async def make(
    connection: Connection,
    ack_no: str,
    purpose: CodePurpose,
    digest: bytes,
    mobile_end: str,
    at: datetime,
    valid_until: datetime,
    *,
    document_id: UUID | None = None,
) -> UUID:
    """Store the digest of a new code; return the code's id. The code is bound to the present mobile."""
    code_id = uuid4()
    await connection.execute(
        "INSERT INTO victim_code (code_id, ack_no, purpose, document_id, digest, mobile_end, mobile_since, made_at,"
        f" valid_until) VALUES ($1, $2, $3, $4, $5, $6, {mobile_since('$2')}, $7, $8)",
        code_id,
        ack_no,
        purpose.value,
        document_id,
        digest,
        mobile_end,
        at,
        valid_until,
    )
    return code_id


class LiveCode(FrozenModel):
    """A code that is still valid."""

    code_id: UUID
    digest: bytes
    mobile_end: str


async def try_codes(
    connection: Connection,
    ack_no: str,
    purpose: CodePurpose,
    document_id: UUID | None,
    address: str,
    max_tries: int,
    max_in_all: int,
    at: datetime,
) -> list[LiveCode]:
    """Return the valid codes of a complaint, and count one more try from `address` on each.

    An address has `max_tries` on a code, and all addresses together have `max_in_all`.
    """
    rows = await connection.fetch(
        "UPDATE victim_code SET tries = tries + 1,"
        " tries_by = tries_by || jsonb_build_object($4::text, coalesce((tries_by ->> $4)::integer, 0) + 1)"
        " WHERE ack_no = $1 AND purpose = $6 AND document_id IS NOT DISTINCT FROM $7::uuid AND valid_until > $3"
        " AND used_at IS NULL AND tries < $5 AND coalesce((tries_by ->> $4)::integer, 0) < $2"
        f" AND {_SENT_TO_THE_MOBILE} RETURNING code_id, digest, mobile_end",
        ack_no,
        max_tries,
        at,
        address,
        max_in_all,
        purpose.value,
        document_id,
    )
    return [LiveCode(**dict(row)) for row in rows]


async def enter(
    connection: Connection, code_id: UUID, visit_digest: bytes, visit_until: datetime, at: datetime
) -> bool:
    """Use a code once to begin a visit; false if it was used before."""
    done = await connection.fetchval(
        "UPDATE victim_code SET used_at = $4, visit_digest = $2, visit_until = $3 WHERE code_id = $1"
        " AND used_at IS NULL RETURNING true",
        code_id,
        visit_digest,
        visit_until,
        at,
    )
    return bool(done)


async def use(connection: Connection, code_id: UUID, at: datetime) -> bool:
    """Use a code once to sign; false if it was used before."""
    done = await connection.fetchval(
        "UPDATE victim_code SET used_at = $2 WHERE code_id = $1 AND used_at IS NULL RETURNING true", code_id, at
    )
    return bool(done)


class Visit(FrozenModel):
    """The complaint of a visit, and when the visit ends."""

    ack_no: str
    until: UtcDatetime


async def visit(
    connection: Connection, visit_digest: bytes, at: datetime, idle: timedelta, longest: timedelta
) -> Visit | None:
    """Return the visit with this token and extend it, or None if there is none or it is over.

    It is extended to `idle` from now, but at most to `longest` from its start.
    """
    row = await connection.fetchrow(
        "UPDATE victim_code SET visit_until = greatest(visit_until, least($2 + $3::interval, used_at + $4::interval))"
        f" WHERE visit_digest = $1 AND visit_until > $2 AND {_SENT_TO_THE_MOBILE}"
        " RETURNING ack_no, visit_until AS until",
        visit_digest,
        at,
        idle,
        longest,
    )
    return Visit(**dict(row)) if row else None


async def leave(connection: Connection, visit_digest: bytes, at: datetime) -> None:
    """End a visit."""
    await connection.execute(
        "UPDATE victim_code SET visit_until = $2 WHERE visit_digest = $1 AND visit_until > $2", visit_digest, at
    )


async def valid_until(connection: Connection, document_id: UUID, at: datetime) -> datetime | None:
    """Return until when the newest unused code for the signature under a document is valid, or None without one."""
    until: datetime | None = await connection.fetchval(
        "SELECT max(valid_until) FROM victim_code WHERE document_id = $1 AND purpose = 'sign' AND valid_until > $2"
        f" AND used_at IS NULL AND {_SENT_TO_THE_MOBILE} AND ack_no = (SELECT ack_no FROM document"
        " WHERE document_id = $1)",
        document_id,
        at,
    )
    return until


async def forget(connection: Connection, before: datetime) -> int:
    """Delete codes that were made before `before`; return how many."""
    rows = await connection.fetch(
        "DELETE FROM victim_code WHERE code_id IN (SELECT code_id FROM victim_code WHERE made_at < $1"
        " ORDER BY made_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING code_id",
        before,
        FORGOTTEN_MAX,
    )
    return len(rows)
