"""Sessions of officers, and the sign-in log."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from db import sessions
from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.sessions import SessionKind
from domain.errors import BadCursor
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Role
from schemas.officers.sign_in import SessionEnd, SessionView, SignInEntry, SignInOutcome, SignInPage, SignInWay

_LIVE: Final = f"{sessions.LIVE} AND (o.disabled_at IS NULL OR o.disabled_at > m.now)"
_FROM: Final = f"{sessions.FROM} CROSS JOIN session s JOIN officer o ON o.officer_id = s.officer_id"


class LiveSession(FrozenModel):
    """A session that is not over."""

    session_id: UUID
    officer_id: str
    began_at: UtcDatetime
    last_seen_at: UtcDatetime
    ends_at: UtcDatetime
    proved_at: UtcDatetime
    """when the officer last proved to be the officer: by the sign-in, or by a code in the session"""
    way: SignInWay
    signature: bytes | None
    """over officer and token, by the process that signed the officer in"""
    now: UtcDatetime


async def begin(
    connection: Connection,
    token_digest: bytes,
    signature: bytes,
    officer_id: str,
    address: str,
    browser: str,
    way: SignInWay,
    longest: timedelta,
    proved_at: datetime | None = None,
) -> LiveSession:
    """Write a new session. The database refuses one of a disabled officer.

    `proved_at` is when the officer gave the proof elsewhere, at most now; None if this sign-in is the proof.
    """
    details = {"address": address, "browser": browser, "way": way.value, "signature": signature}
    proof = {"proved_at": proved_at} if proved_at else {}
    begun = await sessions.begin(connection, SessionKind.OFFICER, officer_id, token_digest, longest, **details, **proof)
    return LiveSession(
        session_id=begun.session_id,
        officer_id=officer_id,
        began_at=begun.began_at,
        last_seen_at=begun.began_at,
        ends_at=begun.ends_at,
        proved_at=begun.proved_at or begun.began_at,
        way=way,
        signature=signature,
        now=begun.began_at,
    )


async def end_oldest(connection: Connection, officer_id: str, most: int) -> None:
    """End the oldest open sessions of an officer, so that `most` are left."""
    await connection.execute(
        "UPDATE session SET ended_at = present_moment(), ended_by = 'officer:' || officer_id, end_reason = $3"
        " WHERE session_id IN (SELECT session_id FROM session WHERE officer_id = $1 AND ended_at IS NULL"
        "  AND ends_at > present_moment() ORDER BY began_at DESC, session_id OFFSET $2)",
        officer_id,
        most,
        SessionEnd.TOO_MANY.value,
    )


async def find(connection: Connection, token_digest: bytes, idle: timedelta) -> LiveSession | None:
    """Return the session with this token, or None if there is none or it is over."""
    row = await connection.fetchrow(
        "SELECT s.session_id, s.officer_id, s.began_at, s.last_seen_at, s.ends_at, s.way, s.signature,"
        f" coalesce(s.proved_at, s.began_at) AS proved_at, m.now {_FROM} WHERE {_LIVE} AND s.token_digest = $2",
        idle,
        token_digest,
    )
    return LiveSession(**dict(row)) if row else None


async def note_proof(connection: Connection, session_id: UUID) -> datetime | None:
    """Write that the officer proved to be the officer now, and return when; None if the session has ended."""
    proved_at: datetime | None = await connection.fetchval(
        "UPDATE session SET proved_at = greatest(proved_at, began_at, present_moment())"
        " WHERE session_id = $1 AND ended_at IS NULL RETURNING proved_at",
        session_id,
    )
    return proved_at


async def is_proved(connection: Connection, session_id: UUID, within: timedelta) -> bool:
    """Return whether the officer of a session proved to be the officer within this time."""
    proved: bool | None = await connection.fetchval(
        "SELECT coalesce(proved_at, began_at) > present_moment() - $2::interval FROM session"
        " WHERE session_id = $1 AND ended_at IS NULL",
        session_id,
        within,
    )
    return bool(proved)


async def note_use(connection: Connection, session_id: UUID) -> None:
    """Write that the session is in use now."""
    await connection.execute(
        "UPDATE session SET last_seen_at = greatest(last_seen_at, present_moment())"
        " WHERE session_id = $1 AND ended_at IS NULL",
        session_id,
    )


async def live_roles(
    connection: Connection, session_ids: Collection[UUID], idle: timedelta
) -> dict[UUID, frozenset[Role]]:
    """Return those of the sessions that are not over, with the roles of their officers that are live."""
    rows = await connection.fetch(
        "SELECT s.session_id, ARRAY(SELECT r.role FROM officer_role r WHERE r.officer_id = s.officer_id"
        f" AND r.from_at <= m.now AND (r.until_at IS NULL OR r.until_at > m.now)) AS roles {_FROM}"
        f" WHERE {_LIVE} AND s.session_id = ANY($2)",
        idle,
        list(session_ids),
    )
    return {row["session_id"]: frozenset(map(Role, row["roles"])) for row in rows}


async def of_officer(
    connection: Connection, officer_id: str, idle: timedelta, current: UUID | None = None
) -> list[SessionView]:
    """Return the open sessions of an officer, the newest first. `current` is the one in which the list is read."""
    rows = await connection.fetch(
        "SELECT s.session_id, s.began_at, s.last_seen_at, s.ends_at, s.address, s.browser, s.way,"
        f" coalesce(s.session_id = $3, false) AS current {_FROM} WHERE {_LIVE} AND s.officer_id = $2"
        " ORDER BY s.began_at DESC, s.session_id",
        idle,
        officer_id,
        current,
    )
    return [SessionView(**dict(row)) for row in rows]


async def end(connection: Connection, session_id: UUID, officer_id: str, reason: SessionEnd) -> bool:
    """End a session of an officer; false if the officer has no such open session."""
    done = await connection.fetchval(
        "UPDATE session SET ended_at = present_moment(), ended_by = 'officer:' || officer_id, end_reason = $3"
        " WHERE session_id = $1 AND officer_id = $2 AND ended_at IS NULL RETURNING true",
        session_id,
        officer_id,
        reason.value,
    )
    return bool(done)


async def end_all(connection: Connection, officer_id: str, by: str, reason: SessionEnd, note: str) -> int:
    """End every session of an officer; return how many."""
    ended: int = await connection.fetchval(
        "SELECT officer_sessions_end($1, $2, $3, $4)", officer_id, by, reason.value, note
    )
    return ended


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
