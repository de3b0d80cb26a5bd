"""One-time codes with which the holder of an account comes in, and the visits that they begin. No code is kept."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime

KEPT_DAYS: Final = 8
"""after they were made; longer than the longest is valid"""
FORGOTTEN_MAX: Final = 500


class HoldOfReference(FrozenModel):
    """The hold that a reference names."""

    hold_id: UUID
    case_no: str


async def hold_of(connection: Connection, reference: str) -> HoldOfReference | None:
    """The hold that a reference names; None for one that names none."""
    row = await connection.fetchrow("SELECT hold_id, case_no FROM account_hold WHERE reference = $1", reference)
    return HoldOfReference(**dict(row)) if row else None


async def make(
    connection: Connection, hold_id: UUID, digest: bytes, valid_until: datetime, by: str, at: datetime
) -> UUID:
    """Keep a code's digest; its id."""
    code_id = uuid4()
    await connection.execute(
        "INSERT INTO appeal_code (code_id, hold_id, digest, made_at, made_by, valid_until)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        code_id,
        hold_id,
        digest,
        at,
        by,
        valid_until,
    )
    return code_id


class LiveCode(FrozenModel):
    """A code that could still let somebody in."""

    code_id: UUID
    digest: bytes


async def try_codes(connection: Connection, reference: str, max_tries: int, at: datetime) -> list[LiveCode]:
    """The codes that are valid now for the hold of a reference, one more try counted on each of them."""
    rows = await connection.fetch(
        "UPDATE appeal_code SET tries = tries + 1"
        " WHERE hold_id = (SELECT hold_id FROM account_hold WHERE reference = $1) AND valid_until > $3"
        " AND used_at IS NULL AND tries < $2 RETURNING code_id, digest",
        reference,
        max_tries,
        at,
    )
    return [LiveCode(**dict(row)) for row in rows]


async def use(connection: Connection, code_id: UUID, visit_digest: bytes, visit_until: datetime, at: datetime) -> bool:
    """Let somebody in by a code, once; false where it was used before."""
    done = await connection.fetchval(
        "UPDATE appeal_code SET used_at = $4, visit_digest = $2, visit_until = $3 WHERE code_id = $1"
        " AND used_at IS NULL RETURNING true",
        code_id,
        visit_digest,
        visit_until,
        at,
    )
    return bool(done)


class Visit(FrozenModel):
    """Whom a visit is of."""

    hold_id: UUID
    until: UtcDatetime


async def visit(
    connection: Connection, visit_digest: bytes, at: datetime, idle: timedelta, longest: timedelta
) -> Visit | None:
    """The visit of that token, which goes on for `idle` from now, for `longest` in all; None where there is none, or
    it is over."""
    row = await connection.fetchrow(
        "UPDATE appeal_code SET visit_until = greatest(visit_until, least($2 + $3::interval, used_at + $4::interval))"
        " WHERE visit_digest = $1 AND visit_until > $2 RETURNING hold_id, visit_until AS until",
        visit_digest,
        at,
        idle,
        longest,
    )
    return Visit(**dict(row)) if row else None


async def leave(connection: Connection, visit_digest: bytes, at: datetime) -> None:
    """End a visit."""
    await connection.execute(
        "UPDATE appeal_code SET visit_until = $2 WHERE visit_digest = $1 AND visit_until > $2", visit_digest, at
    )


async def forget(connection: Connection, before: datetime) -> int:
    """Delete codes that were made before `before`; returns how many."""
    rows = await connection.fetch(
        "DELETE FROM appeal_code WHERE code_id IN (SELECT code_id FROM appeal_code WHERE made_at < $1"
        " ORDER BY made_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING code_id",
        before,
        FORGOTTEN_MAX,
    )
    return len(rows)
