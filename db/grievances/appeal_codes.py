"""One-time codes that admit an account holder, and the visits that they start.

Only the digest of a code is stored.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime

KEPT_DAYS: Final = 8
"""days until a code is deleted; longer than any code is valid"""
FORGOTTEN_MAX: Final = 500


class HoldOfReference(FrozenModel):
    """The hold with a reference."""

    hold_id: UUID
    case_no: str


async def hold_of(connection: Connection, reference: str) -> HoldOfReference | None:
    """Return the hold with this reference, or None."""
    row = await connection.fetchrow("SELECT hold_id, case_no FROM account_hold WHERE reference = $1", reference)
    return HoldOfReference(**dict(row)) if row else None


async def make(
    connection: Connection,
    hold_id: UUID,
    digest: bytes,
    valid_until: datetime,
    by: str,
    at: datetime,
    *,
    contact_since: datetime | None,
    through_bank: bool,
) -> UUID:
    """Store the digest of a new code; return the code's id.

    `contact_since` is when an officer entered the contact that it goes to; None if the bank gave the contact.
    `through_bank` is true if the bank passes it on.
    """
    code_id = uuid4()
    await connection.execute(
        "INSERT INTO appeal_code (code_id, hold_id, digest, made_at, made_by, valid_until, contact_since, through_bank)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        code_id,
        hold_id,
        digest,
        at,
        by,
        valid_until,
        contact_since,
        through_bank,
    )
    return code_id


# An officer enters a contact and makes a code under the lock of the case. The same contact keeps its time.
_SENT_TO_THE_CONTACT: Final = """
(through_bank OR contact_since IS NOT DISTINCT FROM
    (SELECT k.told_at FROM holder_contact k WHERE k.hold_id = appeal_code.hold_id))
"""


class LiveCode(FrozenModel):
    """A code that is still valid."""

    code_id: UUID
    digest: bytes


async def try_codes(
    connection: Connection, reference: str, address: str, max_tries: int, max_in_all: int, at: datetime
) -> list[LiveCode]:
    """Return the valid codes for the hold of a reference, and count one more attempt from `address` on each.

    An address has `max_tries` on a code, and all addresses together have `max_in_all`. A code is void once another
    contact takes the place of the one that it was sent to.
    """
    rows = await connection.fetch(
        "UPDATE appeal_code SET tries = tries + 1,"
        " tries_by = tries_by || jsonb_build_object($4::text, coalesce((tries_by ->> $4)::integer, 0) + 1)"
        " WHERE hold_id = (SELECT hold_id FROM account_hold WHERE reference = $1) AND valid_until > $3"
        " AND used_at IS NULL AND tries < $5 AND coalesce((tries_by ->> $4)::integer, 0) < $2"
        f" AND {_SENT_TO_THE_CONTACT} RETURNING code_id, digest",
        reference,
        max_tries,
        at,
        address,
        max_in_all,
    )
    return [LiveCode(**dict(row)) for row in rows]


async def use(connection: Connection, code_id: UUID, visit_digest: bytes, visit_until: datetime, at: datetime) -> bool:
    """Use a code once to start a visit; false if it was used before."""
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
    """The hold of a visit, and when the visit ends."""

    hold_id: UUID
    until: UtcDatetime
    contact_since: UtcDatetime | None = None
    """when an officer entered the contact that the code went to; None if the bank gave the contact"""


async def visit(
    connection: Connection, visit_digest: bytes, at: datetime, idle: timedelta, longest: timedelta
) -> Visit | None:
    """Return the visit with this token and extend it, or None if there is none or it has ended.

    It also ends when another contact takes the place of the one that its code was sent to. It is extended to `idle`
    from now, but at most to `longest` from its start.
    """
    row = await connection.fetchrow(
        "UPDATE appeal_code SET visit_until = greatest(visit_until, least($2 + $3::interval, used_at + $4::interval))"
        f" WHERE visit_digest = $1 AND visit_until > $2 AND {_SENT_TO_THE_CONTACT}"
        " RETURNING hold_id, visit_until AS until, contact_since",
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
    """Delete codes that were made before `before`; return how many."""
    rows = await connection.fetch(
        "DELETE FROM appeal_code WHERE code_id IN (SELECT code_id FROM appeal_code WHERE made_at < $1"
        " ORDER BY made_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING code_id",
        before,
        FORGOTTEN_MAX,
    )
    return len(rows)
