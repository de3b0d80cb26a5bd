"""What a hold's clocks need of the rows around it: what is not ordered yet, and what is held above the traceable."""

from datetime import datetime
from uuid import UUID

from db.pool import Connection
from schemas.base import Noun


class Free(Noun):
    """Money on hold in a hop that no live order asks for, in paise."""

    hop_no: int
    free_paise: int


async def not_ordered(connection: Connection, hold_id: UUID) -> list[Free]:
    """The hops of a hold with money on hold that no live order asks for."""
    rows = await connection.fetch(
        "SELECT h.hop_no, b.balance_paise - coalesce((SELECT sum(l.amount_paise - l.confirmed_paise)"
        " FROM bank_order_line l JOIN bank_order o USING (order_id) WHERE l.case_no = h.case_no"
        " AND l.hop_no = h.hop_no AND NOT l.excess AND o.state IN ('planned', 'delivered', 'refused')), 0)::bigint"
        " AS free_paise"
        " FROM account_hold a"
        " JOIN hop h ON h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key"
        " JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'"
        " WHERE a.hold_id = $1 ORDER BY h.hop_no",
        hold_id,
    )
    return [Free(**dict(row)) for row in rows if row["free_paise"] > 0]


class Excess(Noun):
    """What a bank says it holds for a hop above its disputed amount, and nothing was ordered about yet, in paise."""

    hop_no: int
    excess_paise: int


async def excess(connection: Connection, hold_id: UUID) -> list[Excess]:
    """The hops of a hold of which the bank holds more than can be traced.

    The newest such word of the bank for a hop counts, less what was ordered to be let go; one that a person has
    settled otherwise than in the bank's favour does not.
    """
    rows = await connection.fetch(
        "SELECT DISTINCT ON (h.hop_no) h.hop_no, c.claimed_paise - c.applied_paise"
        " - coalesce((SELECT sum(l.amount_paise) FROM bank_order_line l JOIN bank_order o USING (order_id)"
        " WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no AND l.excess AND o.state <> 'cancelled'), 0)::bigint"
        " AS excess_paise"
        " FROM account_hold a"
        " JOIN hop h ON h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key"
        " JOIN contradiction c ON c.case_no = h.case_no AND c.hop_no = h.hop_no AND c.kind = 'exceeds_disputed'"
        " JOIN answer w ON w.answer_id = c.answer_id AND w.kind = 'held'"
        " WHERE a.hold_id = $1 AND NOT EXISTS (SELECT FROM contradiction_settlement s"
        "  WHERE s.contradiction_id = c.contradiction_id AND s.decision <> 'upheld_bank')"
        " ORDER BY h.hop_no, c.contradiction_id DESC",
        hold_id,
    )
    return [Excess(**dict(row)) for row in rows if row["excess_paise"] > 0]


async def mark_holder_told(connection: Connection, hold_id: UUID, at: datetime) -> None:
    """The holder was told, or his bank was asked to tell him."""
    await connection.execute(
        "UPDATE account_hold SET holder_told_at = $2 WHERE hold_id = $1 AND holder_told_at IS NULL", hold_id, at
    )


async def mark_warned(connection: Connection, hold_id: UUID, days: int) -> None:
    """It was warned that the hold lapses in so many days."""
    await connection.execute("UPDATE account_hold SET warned_days = $2 WHERE hold_id = $1", hold_id, days)


async def restorations_of(connection: Connection, hold_id: UUID) -> list[UUID]:
    """The open restorations that are about this hold's money."""
    rows = await connection.fetch(
        "SELECT DISTINCT r.restoration_id FROM restoration_line l JOIN restoration r USING (restoration_id)"
        " WHERE l.hold_id = $1 AND r.state = 'open' ORDER BY r.restoration_id",
        hold_id,
    )
    return [row["restoration_id"] for row in rows]
