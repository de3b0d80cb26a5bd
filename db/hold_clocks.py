"""What a hold's clocks need of the rows around it: what is not ordered yet, and what is held above the traceable."""

from datetime import datetime
from typing import Final
from uuid import UUID

from db.pool import Connection
from domain.excess import Account, Excess, HeldLine, excess
from schemas.base import Noun


class Free(Noun):
    """Money on hold in a hop that no live order asks for, in paise; and whose it was."""

    hop_no: int
    ack_no: str
    free_paise: int


async def not_ordered(connection: Connection, hold_id: UUID) -> list[Free]:
    """The hops of a hold with money on hold that no live order asks for."""
    rows = await connection.fetch(
        "SELECT h.hop_no, h.ack_no, b.balance_paise - coalesce((SELECT sum(l.amount_paise - l.confirmed_paise)"
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


_HELD_LINES: Final = """
SELECT DISTINCT ON (h.hop_no) h.hop_no, c.claimed_paise, greatest(c.applied_paise, taken.paise)::bigint AS taken_paise,
       ordered.paise::bigint AS let_go_paise, there.paise::bigint AS case_held_paise,
       c.kind = 'held_and_gone' OR s.decision IS NOT NULL AS by_person
FROM account_hold a
JOIN hop h ON h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key
JOIN contradiction c ON c.case_no = h.case_no AND c.hop_no = h.hop_no AND c.institution = a.institution
JOIN answer w ON w.answer_id = c.answer_id AND w.kind = 'held'
LEFT JOIN LATERAL (
    SELECT decision FROM contradiction_settlement WHERE contradiction_id = c.contradiction_id
    ORDER BY settlement_no DESC LIMIT 1
) AS s ON true
CROSS JOIN LATERAL (
    SELECT coalesce(sum(e.amount_paise), 0) AS paise
    FROM ledger_entry e JOIN ledger_transaction t USING (transaction_id)
    WHERE e.case_no = h.case_no AND e.hop_no = ANY(w.hop_nos) AND e.bucket = 'held'
      AND t.kind IN ('answer', 'settlement')
) AS taken
CROSS JOIN LATERAL (
    SELECT coalesce(sum(e.amount_paise), 0) AS paise
    FROM ledger_entry e JOIN ledger_transaction t USING (transaction_id)
    JOIN hop m ON m.case_no = e.case_no AND m.hop_no = e.hop_no
    WHERE e.case_no = a.case_no AND e.bucket = 'held' AND t.at <= w.received_at
      AND m.institution = a.institution AND m.account_key = a.account_key
) AS there
CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.amount_paise), 0) AS paise FROM bank_order_line l JOIN bank_order o USING (order_id)
    WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no AND l.excess AND o.state <> 'cancelled'
) AS ordered
WHERE a.hold_id = $1 AND (c.kind = 'exceeds_disputed' AND coalesce(s.decision, 'upheld_bank') = 'upheld_bank'
    OR c.kind = 'held_and_gone' AND s.decision = 'upheld_other')
ORDER BY h.hop_no, c.contradiction_id DESC
"""
_ACCOUNT: Final = """
SELECT coalesce(sum(taken.paise), 0)::bigint AS taken_paise, coalesce(sum(b.balance_paise), 0)::bigint AS in_play_paise,
       coalesce(sum(ordered.paise), 0)::bigint AS let_go_paise
FROM account_hold a
JOIN hop h ON h.institution = a.institution AND h.account_key = a.account_key
LEFT JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'in_play'
CROSS JOIN LATERAL (
    SELECT sum(e.amount_paise) AS paise FROM ledger_entry e JOIN ledger_transaction t USING (transaction_id)
    WHERE e.case_no = h.case_no AND e.hop_no = h.hop_no AND e.bucket = 'held' AND t.kind IN ('answer', 'settlement')
) AS taken
CROSS JOIN LATERAL (
    SELECT sum(l.amount_paise) AS paise FROM bank_order_line l JOIN bank_order o USING (order_id)
    WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no AND l.excess AND o.state <> 'cancelled'
) AS ordered
WHERE a.hold_id = $1
"""


async def too_much(connection: Connection, hold_id: UUID) -> list[Excess]:
    """What of the hops of a hold the bank holds above the traceable and may be ordered to let go now.

    The bank's newest word on a hop counts. A word that a person has settled otherwise does not.
    """
    lines = [HeldLine(**dict(row)) for row in await connection.fetch(_HELD_LINES, hold_id)]
    if not lines:
        return []
    row = await connection.fetchrow(_ACCOUNT, hold_id)
    return excess(lines, Account.model_validate(dict(row or {})))


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


class MicroDecisionRow(Noun):
    """What was decided about a small hold."""

    decision: str
    decided_by: str


async def micro_decision(connection: Connection, hold_id: UUID) -> MicroDecisionRow | None:
    """What was decided about a small hold since it began; None where nothing was."""
    row = await connection.fetchrow(
        "SELECT micro_decision AS decision, micro_decided_by AS decided_by FROM account_hold"
        " WHERE hold_id = $1 AND micro_decided_at >= first_held_at",
        hold_id,
    )
    return MicroDecisionRow(**dict(row)) if row else None


async def decide_micro(
    connection: Connection, hold_id: UUID, decision: str, by: str, at: datetime, reason: str
) -> None:
    """A person has looked at a small hold."""
    await connection.execute(
        "UPDATE account_hold SET micro_decision = $2, micro_decided_by = $3, micro_decided_at = $4, micro_reason = $5"
        " WHERE hold_id = $1",
        hold_id,
        decision,
        by,
        at,
        reason,
    )
