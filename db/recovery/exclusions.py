"""Money excluded from a restoration: refused by an SP or a court, or cancelled by an officer.

It is in no later round until it is reopened.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from db.pool import Connection
from db.rows import Rows
from schemas.base import FrozenModel

As = Literal["refused", "cancelled"]

_EXCLUDED: Final = "l.excluded_at IS NOT NULL AND l.reopened_at IS NULL"


class Why(FrozenModel):
    """Who excluded the money, and why."""

    as_: As
    by: str
    reason: str
    court_order_id: int | None = None
    """the order by which a court refuses it"""


async def exclude(connection: Connection, restoration_id: UUID, hop_nos: Sequence[int], why: Why, at: datetime) -> None:
    """Exclude the money of these hops from this restoration."""
    await connection.execute(
        "UPDATE restoration_line SET court_order_id = coalesce($3, court_order_id), due_paise = NULL,"
        " excluded_as = $4, excluded_at = $5, excluded_by = $6, excluded_reason = $7"
        " WHERE restoration_id = $1 AND hop_no = ANY($2)",
        restoration_id,
        list(hop_nos),
        why.court_order_id,
        why.as_,
        at,
        why.by,
        why.reason,
    )


class ExcludedMoney(FrozenModel):
    """Money that a restoration excluded and that is not reopened."""

    hop_no: int
    restoration_id: UUID
    reason: str
    held_paise: int


_EXCLUSION: Final = (
    "SELECT l.hop_no, l.restoration_id, l.excluded_reason AS reason, coalesce(b.balance_paise, 0) AS held_paise"
    " FROM restoration_line l LEFT JOIN ledger_balance b ON b.case_no = l.case_no AND b.hop_no = l.hop_no"
    f" AND b.bucket = 'held' WHERE {_EXCLUDED}"
)


async def of_case(connection: Connection, case_no: str) -> dict[int, ExcludedMoney]:
    """Return the excluded money of a case, by hop."""
    rows = await connection.fetch(f"{_EXCLUSION} AND l.case_no = $1 ORDER BY l.hop_no", case_no)
    return {row["hop_no"]: ExcludedMoney(**dict(row)) for row in rows}


async def of_restoration(connection: Connection, restoration_id: UUID) -> list[ExcludedMoney]:
    """Return the money that one restoration excluded, by hop."""
    return await Rows(connection, ExcludedMoney).many(
        f"{_EXCLUSION} AND l.restoration_id = $1 ORDER BY l.hop_no", restoration_id
    )


async def reopen(connection: Connection, case_no: str, hop_nos: Sequence[int], at: datetime) -> None:
    """Reopen the excluded money of these hops."""
    await connection.execute(
        f"UPDATE restoration_line l SET reopened_at = $3 WHERE l.case_no = $1 AND l.hop_no = ANY($2) AND {_EXCLUDED}",
        case_no,
        list(hop_nos),
        at,
    )
