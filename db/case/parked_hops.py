"""Hops parked for the desk: which are due, the oldest first. A trigger sets `waiting_since`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from asyncpg import Record

from db.pool import Connection
from schemas.base import FrozenModel
from schemas.enums import HopState


class Waiting(FrozenModel):
    """A parked hop, with its amount in play."""

    hop_no: int
    revision: int
    state: HopState
    institution: str | None
    in_play_paise: int


DueHops = list[tuple[str, list[int]]]
"""hops that are due, by case; the case with the oldest hop first"""

TO_REMIND: Final = """
SELECT case_no, hop_no FROM hop WHERE waiting_since < $1 AND reminded_at IS NULL AND case_no <> ALL($2::text[])
ORDER BY waiting_since LIMIT $3
"""
TO_WRITE_OFF: Final = """
SELECT case_no, hop_no FROM hop WHERE waiting_since < $1 AND case_no <> ALL($2::text[]) ORDER BY waiting_since LIMIT $3
"""
TO_LOOK_UP: Final = """
SELECT case_no, hop_no FROM hop WHERE state = 'unroutable' AND looked_up_at < $1 AND case_no <> ALL($2::text[])
ORDER BY looked_up_at, waiting_since LIMIT $3
"""


async def to_remind(connection: Connection, before: datetime, skip: Sequence[str], limit: int) -> DueHops:
    """Return hops parked before `before` of which the supervisor was not told; skips the cases in `skip`."""
    return by_case(await connection.fetch(TO_REMIND, before, list(skip), limit))


async def to_write_off(connection: Connection, before: datetime, skip: Sequence[str], limit: int) -> DueHops:
    """Return hops parked before `before`; skips the cases in `skip`."""
    return by_case(await connection.fetch(TO_WRITE_OFF, before, list(skip), limit))


async def directory_changed_at(connection: Connection) -> datetime | None:
    """Return when the directory was last changed; None if it is empty."""
    changed_at: datetime | None = await connection.fetchval("SELECT max(updated_at) FROM institution")
    return changed_at


async def to_look_up(connection: Connection, changed_at: datetime, skip: Sequence[str], limit: int) -> DueHops:
    """Return hops without an institution not looked up since the directory changed; skips the cases in `skip`."""
    return by_case(await connection.fetch(TO_LOOK_UP, changed_at, list(skip), limit))


async def still(
    connection: Connection, case_no: str, hop_nos: Sequence[int], before: datetime, *, reminded: bool
) -> list[Waiting]:
    """Return which of these hops are still parked since before `before`; call it under the case's lock.

    If `reminded` is false, hops of which the supervisor was told are omitted.
    """
    rows = await connection.fetch(
        "SELECT h.hop_no, h.revision, h.state, h.institution, coalesce(b.balance_paise, 0) AS in_play_paise FROM hop h"
        " LEFT JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'in_play'"
        " WHERE h.case_no = $1 AND h.hop_no = ANY($2) AND h.waiting_since < $3 AND ($4 OR h.reminded_at IS NULL)"
        " ORDER BY h.hop_no",
        case_no,
        list(hop_nos),
        before,
        reminded,
    )
    return [Waiting(**dict(row)) for row in rows]


async def mark_reminded(connection: Connection, case_no: str, hop_nos: Sequence[int], at: datetime) -> None:
    """Write that the supervisor was told of these parked hops."""
    await connection.execute(
        "UPDATE hop SET reminded_at = $3 WHERE case_no = $1 AND hop_no = ANY($2)", case_no, list(hop_nos), at
    )


async def mark_looked_up(connection: Connection, case_no: str, hop_nos: Sequence[int], changed_at: datetime) -> None:
    """Write that the directory, last changed at `changed_at`, has no institution for these hops."""
    await connection.execute(
        "UPDATE hop SET looked_up_at = $3 WHERE case_no = $1 AND hop_no = ANY($2) AND state = 'unroutable'",
        case_no,
        list(hop_nos),
        changed_at,
    )


def by_case(rows: Sequence[Record]) -> DueHops:
    """Return the hops of these rows by case, in the order of the rows."""
    hops: dict[str, list[int]] = {}
    for row in rows:
        hops.setdefault(row["case_no"], []).append(row["hop_no"])
    return list(hops.items())
