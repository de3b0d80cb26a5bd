"""The append-only log of reads: who read which case, account, person or document."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from domain.errors import BadCursor
from schemas.privacy.reads import NewRead, ReadEntry, ReadPage

FORGOTTEN_MAX: Final = 1_000
_BEFORE_ALL: Final = 2**63 - 1

_WRITE: Final = """
INSERT INTO read_log (at, reader, kind, subject, case_no, route, address, session_id, token_id, reason, outside)
SELECT t, w.reader, w.kind, w.subject, case_of_reference(w.reference, w.subject), w.route, w.address, w.session_id,
    w.token_id, w.reason, w.outside
FROM present_moment() AS t CROSS JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::uuid[], $8::bigint[], $9::text[], $10::boolean[])
    AS w (reader, kind, subject, reference, route, address, session_id, token_id, reason, outside)
"""

_COLUMNS: Final = ", ".join(ReadEntry.model_fields)


async def write(connection: Connection, reads: Sequence[NewRead]) -> None:
    """Write reads in one statement. The database finds the case of each."""
    await connection.execute(
        _WRITE,
        [one.reader for one in reads],
        [one.kind.value for one in reads],
        [one.subject for one in reads],
        [one.reference for one in reads],
        [one.route for one in reads],
        [one.address for one in reads],
        [one.session_id for one in reads],
        [one.token_id for one in reads],
        [one.reason for one in reads],
        [one.outside for one in reads],
    )


async def of_case(connection: Connection, case_no: str, after: str | None, limit: int) -> ReadPage:
    """Return the reads of a case, the newest first. Raises `BadCursor`."""
    return await page(connection, "case_no = $3", [case_no], after, limit)


async def page(
    connection: Connection, condition: str, values: Sequence[object], after: str | None, limit: int
) -> ReadPage:
    """Return the reads that meet a condition, the newest first. Its parameters count from $3. Raises `BadCursor`."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM read_log WHERE read_id < $1 AND {condition} ORDER BY read_id DESC LIMIT $2",
        _before(after),
        limit + 1,
        *values,
    )
    shown, more = cut(rows, limit)
    reads = tuple(ReadEntry(**dict(row)) for row in shown)
    return ReadPage(reads=reads, next=to_cursor(reads[-1].read_id) if more else None)


async def forget(connection: Connection, kept: timedelta) -> None:
    """Delete the oldest reads that are no longer kept, at most `FORGOTTEN_MAX`."""
    await connection.execute(
        "DELETE FROM read_log WHERE read_id IN (SELECT read_id FROM read_log WHERE at < present_moment() - $1::interval"
        " ORDER BY at LIMIT $2)",
        kept,
        FORGOTTEN_MAX,
    )


def _before(after: str | None) -> int:
    if after is None:
        return _BEFORE_ALL
    (key,) = from_cursor(after, int)
    if not 0 <= int(key) <= _BEFORE_ALL:
        raise BadCursor
    return int(key)
