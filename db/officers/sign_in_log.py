"""The append-only log of tries to sign in."""

from typing import Final
from uuid import UUID

from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from domain.errors import BadCursor
from schemas.officers.sign_in import SignInEntry, SignInOutcome, SignInPage, SignInWay

_BEFORE_ALL: Final = 2**63 - 1


async def add(
    connection: Connection,
    officer_id: str | None,
    name_digest: bytes | None,
    address: str,
    way: SignInWay,
    outcome: SignInOutcome,
    session_id: UUID | None = None,
) -> None:
    """Write a line. A name that no officer has stands there as a keyed digest."""
    await connection.execute(
        "INSERT INTO sign_in_entry (at, officer_id, name_digest, address, way, outcome, session_id)"
        " VALUES (present_moment(), $1, $2, $3, $4, $5, $6)",
        officer_id,
        name_digest,
        address,
        way.value,
        outcome.value,
        session_id,
    )


async def page(connection: Connection, officer_id: str | None, after: str | None, limit: int) -> SignInPage:
    """Return lines about an officer, or about all without one, the newest first. Raises `BadCursor`."""
    before = _BEFORE_ALL
    if after is not None:
        (key,) = from_cursor(after, int)
        before = int(key)
        if not 0 <= before <= _BEFORE_ALL:
            raise BadCursor
    rows = await connection.fetch(
        "SELECT entry_id, at, officer_id, address, way, outcome, session_id FROM sign_in_entry"
        " WHERE entry_id < $1 AND ($2::text IS NULL OR officer_id = $2) ORDER BY entry_id DESC LIMIT $3",
        before,
        officer_id,
        limit + 1,
    )
    shown, more = cut(rows, limit)
    items = tuple(SignInEntry(**dict(row)) for row in shown)
    return SignInPage(items=items, next=to_cursor(items[-1].entry_id) if more else None)
