"""One-time codes that confirm what a bank's officer states through the link of a letter.

Only the digest of a code is stored.
"""

from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime

FORGOTTEN_MAX: Final = 500


class LinkCode(FrozenModel):
    """A code that is still valid."""

    code_id: UUID
    officer_name: str
    mobile_end: str
    digest: bytes
    valid_until: UtcDatetime


_CODE: Final = ", ".join(LinkCode.model_fields)


async def make(
    connection: Connection,
    subject_id: UUID,
    officer_name: str,
    mobile_end: str,
    digest: bytes,
    at: datetime,
    valid_until: datetime,
) -> UUID:
    """Store the digest of a new code for the replies about one subject; return the code's id."""
    code_id = uuid4()
    await connection.execute(
        "INSERT INTO link_code (code_id, subject_id, officer_name, mobile_end, digest, made_at, valid_until)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        code_id,
        subject_id,
        officer_name,
        mobile_end,
        digest,
        at,
        valid_until,
    )
    return code_id


async def live(connection: Connection, subject_id: UUID, max_tries: int, at: datetime) -> LinkCode | None:
    """Return the newest code for replies about a subject if it is valid and has tries left, else None."""
    row = await connection.fetchrow(
        f"SELECT {_CODE} FROM (SELECT * FROM link_code WHERE subject_id = $1 ORDER BY made_at DESC, code_id LIMIT 1) c"
        " WHERE valid_until > $3 AND tries < $2",
        subject_id,
        max_tries,
        at,
    )
    return LinkCode(**dict(row)) if row else None


async def count_try(connection: Connection, code_id: UUID, max_tries: int) -> bool:
    """Count a try of a code before it is compared; false if it has no try left."""
    counted = await connection.fetchval(
        "UPDATE link_code SET tries = tries + 1 WHERE code_id = $1 AND tries < $2 RETURNING true", code_id, max_tries
    )
    return counted is True


async def use(connection: Connection, code_id: UUID, at: datetime) -> None:
    """Write that the code was right.

    Its try counts no more, because a form of several pages needs it several times.
    """
    await connection.execute(
        "UPDATE link_code SET tries = greatest(tries - 1, 0), used_at = coalesce(used_at, $2) WHERE code_id = $1",
        code_id,
        at,
    )


async def forget(connection: Connection, before: datetime) -> int:
    """Delete codes that were made before `before`; return how many."""
    rows = await connection.fetch(
        "DELETE FROM link_code WHERE code_id IN (SELECT code_id FROM link_code WHERE made_at < $1"
        " ORDER BY made_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING code_id",
        before,
        FORGOTTEN_MAX,
    )
    return len(rows)
