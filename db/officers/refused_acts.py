"""The append-only log of refused acts, and whom a credential names that is over."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from domain.errors import BadCursor
from schemas.officers.sign_in import NewRefusedAct, RefusedAct, RefusedActPage

FORGOTTEN_MAX: Final = 1_000
_BEFORE_ALL: Final = 2**63 - 1
_COLUMNS: Final = ", ".join(RefusedAct.model_fields)

_WRITE: Final = """
INSERT INTO refused_act (at, caller, is_proven, session_id, token_id, method, route, status, code, address, times)
SELECT t, w.* FROM present_moment() AS t CROSS JOIN unnest($1::text[], $2::boolean[], $3::uuid[], $4::bigint[],
    $5::text[], $6::text[], $7::smallint[], $8::text[], $9::text[], $10::integer[]) AS w
"""


async def write(connection: Connection, acts: Mapping[NewRefusedAct, int]) -> None:
    """Write acts, with the number of times of each, in one statement."""
    await connection.execute(
        _WRITE,
        [one.caller for one in acts],
        [one.is_proven for one in acts],
        [one.session_id for one in acts],
        [one.token_id for one in acts],
        [one.method for one in acts],
        [one.route for one in acts],
        [one.status for one in acts],
        [one.code for one in acts],
        [one.address for one in acts],
        list(acts.values()),
    )


async def refused_page(connection: Connection, caller: str | None, after: str | None, limit: int) -> RefusedActPage:
    """Return lines about a caller, or about all without one, the newest first. Raises `BadCursor`."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM refused_act WHERE act_id < $1 AND ($2::text IS NULL OR caller = $2)"
        " ORDER BY act_id DESC LIMIT $3",
        _before(after),
        caller,
        limit + 1,
    )
    shown, more = cut(rows, limit)
    items = tuple(RefusedAct(**dict(row)) for row in shown)
    return RefusedActPage(items=items, next=to_cursor(items[-1].act_id) if more else None)


async def forget(connection: Connection, kept: timedelta) -> None:
    """Delete the oldest lines that are no longer kept, at most `FORGOTTEN_MAX`."""
    await connection.execute(
        "DELETE FROM refused_act WHERE act_id IN (SELECT act_id FROM refused_act"
        " WHERE at < present_moment() - $1::interval ORDER BY at LIMIT $2)",
        kept,
        FORGOTTEN_MAX,
    )


async def officer_of_session(connection: Connection, token_digest: bytes) -> tuple[str, UUID] | None:
    """Return officer and id of the session with this token, live or over; None if there was none."""
    row = await connection.fetchrow(
        "SELECT officer_id, session_id FROM officer_session WHERE token_digest = $1", token_digest
    )
    return (row["officer_id"], row["session_id"]) if row else None


async def script_of_token(connection: Connection, token_digest: bytes) -> tuple[str, int] | None:
    """Return name and number of the script's token with this digest, live or over; None if there was none."""
    row = await connection.fetchrow("SELECT name, token_id FROM script_token WHERE token_digest = $1", token_digest)
    return (row["name"], row["token_id"]) if row else None


def _before(after: str | None) -> int:
    if after is None:
        return _BEFORE_ALL
    (key,) = from_cursor(after, int)
    if not 0 <= int(key) <= _BEFORE_ALL:
        raise BadCursor
    return int(key)
