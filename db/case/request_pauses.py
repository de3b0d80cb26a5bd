"""Pauses of hold requests: the cases of a workbook that is being imported, by any of their numbers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from db.pool import Connection

PAUSED: Final = (
    "SELECT q.case_no FROM request_pause p JOIN complaint q USING (ack_no) WHERE p.ends_at > ${now}::timestamptz"
)
"""the numbers of the cases that are paused; `now` is the number of the parameter with the present time"""


async def set_end(connection: Connection, ack_nos: Sequence[str], ends_at: datetime) -> None:
    """Pause the cases of these numbers until `ends_at`; a number needs no case yet. A longer pause stays."""
    await connection.execute(
        "INSERT INTO request_pause AS p (ack_no, ends_at) SELECT ack_no, $2 FROM unnest($1::text[]) AS t (ack_no)"
        " ORDER BY ack_no ON CONFLICT (ack_no) DO UPDATE SET ends_at = greatest(p.ends_at, excluded.ends_at)",
        list(ack_nos),
        ends_at,
    )


async def remove(connection: Connection, ack_nos: Sequence[str], now: datetime) -> None:
    """End the pauses of these numbers, and remove those that were over before `now`."""
    await connection.execute("DELETE FROM request_pause WHERE ack_no = ANY($1) OR ends_at < $2", list(ack_nos), now)


async def is_paused(connection: Connection, case_no: str, now: datetime) -> bool:
    """Return whether no bank is to be asked about the case yet."""
    found: bool = await connection.fetchval(f"SELECT $1::text IN ({PAUSED.format(now=2)})", case_no, now)
    return found
