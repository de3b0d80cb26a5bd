"""Amounts that the clocks of a hold need: money without an order, and excess above the traceable amount."""

from datetime import datetime
from typing import Final
from uuid import UUID

from db.pool import Connection
from db.rows import Rows
from domain.recovery.holds import Account, Excess, HeldLine, Part, excess
from schemas.base import FrozenModel

LAPSING_MAX: Final = 1_000

_PARTS: Final = """
SELECT hop_no, ack_no, held_at, CASE WHEN begun_at < held_at THEN begun_at END AS begun_at,
       least(paise, greatest(0, upto_paise - gone_paise))::bigint AS free_paise FROM (
    SELECT h.hop_no, h.ack_no, greatest(t.at, u.held_at) AS held_at,
           CASE WHEN stated.at IS NOT NULL THEN greatest(stated.at, h.transferred_at) END AS begun_at,
           e.amount_paise AS paise,
           sum(e.amount_paise) OVER (PARTITION BY h.hop_no ORDER BY e.transaction_id, e.line_no) AS upto_paise,
           sum(e.amount_paise) OVER (PARTITION BY h.hop_no) - b.balance_paise + ordered.paise + due.paise AS gone_paise
    FROM account_hold a
    JOIN hop h ON h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key
    JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held' AND b.balance_paise > 0
    JOIN held_hop u ON u.case_no = h.case_no AND u.hop_no = h.hop_no
    JOIN ledger_entry e ON e.case_no = h.case_no AND e.hop_no = h.hop_no AND e.bucket = 'held' AND e.amount_paise > 0
    JOIN ledger_transaction t USING (transaction_id)
    LEFT JOIN LATERAL (
        SELECT CASE WHEN w.imported_by IS NULL AND NOT EXISTS
            (SELECT FROM telephone_answer x WHERE x.update_id = w.update_id) THEN w.occurred_at END AS at
        FROM answer w
        WHERE w.case_no = h.case_no AND h.hop_no = ANY(w.hop_nos) AND w.kind = 'held' AND w.received_at <= t.at
        ORDER BY w.received_at DESC, w.answer_id DESC LIMIT 1
    ) AS stated ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(l.amount_paise - l.confirmed_paise), 0) AS paise
        FROM bank_order_line l JOIN bank_order o USING (order_id)
        WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no AND NOT l.excess
          AND o.state IN ('planned', 'delivered', 'refused')
    ) AS ordered
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(greatest(0, v.due_paise - (
            SELECT coalesce(sum(l.amount_paise), 0) FROM bank_order o JOIN bank_order_line l USING (order_id)
            WHERE o.restoration_id = r.restoration_id AND l.hop_no = h.hop_no AND o.kind = 'restore'
              AND o.state <> 'cancelled'))), 0) AS paise
        FROM restoration_line v JOIN restoration r USING (restoration_id)
        WHERE v.case_no = h.case_no AND v.hop_no = h.hop_no AND r.state = 'open' AND r.approved_by IS NOT NULL
    ) AS due
    WHERE a.hold_id = $1
) AS came
ORDER BY held_at, hop_no
"""


async def parts(connection: Connection, hold_id: UUID) -> list[Part]:
    """Return the parts of a hold that no live order and no approved restoration needs, the oldest first.

    Amounts released or asked for are taken from the oldest parts.
    """
    return [Part(**dict(row)) for row in await connection.fetch(_PARTS, hold_id) if row["free_paise"] > 0]


_LAPSING: Final = f"""
SELECT count(DISTINCT near.hold_id) AS holds, coalesce(sum(p.free_paise), 0)::bigint AS paise FROM (
    SELECT hold_id FROM account_hold
    WHERE state = 'held' AND lapses_at <= $1 AND retained_by_kind IS NULL
    ORDER BY lapses_at LIMIT $2
) AS near CROSS JOIN LATERAL ({_PARTS.replace("$1", "near.hold_id")}) AS p WHERE p.free_paise > 0
"""


async def lapsing(connection: Connection, until: datetime) -> tuple[int, int]:
    """Return how many holds lapse until then with money that no order asks for, and that sum in paise.

    Looks at `LAPSING_MAX` holds, the next to lapse first. A hold that a court retains does not lapse.
    """
    row = await connection.fetchrow(_LAPSING, until, LAPSING_MAX)
    assert row is not None, "an aggregate returns one row"
    return row["holds"], row["paise"]


async def newest_at(connection: Connection, hold_id: UUID) -> datetime | None:
    """Return when the newest money on hold came, or None if nothing is on hold."""
    came_at: datetime | None = await connection.fetchval(
        "SELECT max(greatest(t.at, u.held_at)) FROM account_hold a"
        " JOIN hop h ON h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key"
        " JOIN held_hop u ON u.case_no = h.case_no AND u.hop_no = h.hop_no"
        " JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'"
        " AND b.balance_paise > 0"
        " JOIN ledger_entry e ON e.case_no = h.case_no AND e.hop_no = h.hop_no AND e.bucket = 'held'"
        " AND e.amount_paise > 0 JOIN ledger_transaction t USING (transaction_id) WHERE a.hold_id = $1",
        hold_id,
    )
    return came_at


async def court_keeps(connection: Connection, hold_id: UUID) -> int | None:
    """Return the amount of a hold that courts' orders retain, in paise; None for the whole hold."""
    retained: int | None = await connection.fetchval("SELECT court_keeps($1)", hold_id)
    return retained


async def released_paise(connection: Connection, hold_id: UUID) -> int:
    """Return the amount of a hold that the bank has released, excess included, in paise."""
    paise: int = await connection.fetchval(
        "SELECT coalesce(sum(l.confirmed_paise), 0)::bigint FROM account_hold a"
        " JOIN bank_order o ON o.case_no = a.case_no AND o.kind = 'release'"
        " JOIN bank_order_line l ON l.order_id = o.order_id AND l.hold_id = a.hold_id"
        " WHERE a.hold_id = $1",
        hold_id,
    )
    return paise


class Free(FrozenModel):
    """Amount of a hop on hold that no live order asks for, in paise, with its complaint."""

    hop_no: int
    ack_no: str
    free_paise: int


async def not_ordered(connection: Connection, hold_id: UUID) -> list[Free]:
    """Return the hops of a hold with money on hold that no live order asks for."""
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
JOIN discrepancy c ON c.case_no = h.case_no AND c.hop_no = h.hop_no AND c.institution = a.institution
JOIN answer w ON w.answer_id = c.answer_id AND w.kind = 'held'
LEFT JOIN LATERAL (
    SELECT decision FROM discrepancy_resolution WHERE discrepancy_id = c.discrepancy_id
    ORDER BY resolution_no DESC LIMIT 1
) AS s ON true
CROSS JOIN LATERAL (
    SELECT coalesce(sum(e.amount_paise), 0) AS paise
    FROM ledger_entry e JOIN ledger_transaction t USING (transaction_id)
    WHERE e.case_no = h.case_no AND e.hop_no = ANY(w.hop_nos) AND e.bucket = 'held'
      AND t.kind IN ('answer', 'resolution')
) AS taken
CROSS JOIN LATERAL (
    SELECT coalesce(sum(e.amount_paise), 0) AS paise
    FROM ledger_entry e JOIN ledger_transaction t USING (transaction_id)
    JOIN hop m ON m.case_no = e.case_no AND m.hop_no = e.hop_no
    WHERE e.case_no = a.case_no AND e.bucket = 'held' AND t.at <= w.received_at
      AND m.institution = a.institution AND m.account_key = a.account_key
) AS there
CROSS JOIN LATERAL (
    SELECT coalesce(sum(CASE o.state WHEN 'cancelled' THEN l.confirmed_paise ELSE l.amount_paise END), 0) AS paise
    FROM bank_order_line l JOIN bank_order o USING (order_id)
    WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no AND l.excess
) AS ordered
WHERE a.hold_id = $1 AND (c.kind = 'exceeds_disputed' AND coalesce(s.decision, 'upheld_bank') = 'upheld_bank'
    OR c.kind = 'held_and_gone' AND s.decision = 'upheld_other')
ORDER BY h.hop_no, c.discrepancy_id DESC
"""
_ACCOUNT: Final = """
SELECT coalesce(sum(taken.paise), 0)::bigint AS taken_paise, coalesce(sum(b.balance_paise), 0)::bigint AS in_play_paise,
       coalesce(sum(ordered.paise), 0)::bigint AS let_go_paise
FROM account_hold a
JOIN hop h ON h.institution = a.institution AND h.account_key = a.account_key
LEFT JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'in_play'
CROSS JOIN LATERAL (
    SELECT sum(e.amount_paise) AS paise FROM ledger_entry e JOIN ledger_transaction t USING (transaction_id)
    WHERE e.case_no = h.case_no AND e.hop_no = h.hop_no AND e.bucket = 'held' AND t.kind IN ('answer', 'resolution')
) AS taken
CROSS JOIN LATERAL (
    SELECT coalesce(sum(CASE o.state WHEN 'cancelled' THEN l.confirmed_paise ELSE l.amount_paise END), 0) AS paise
    FROM bank_order_line l JOIN bank_order o USING (order_id)
    WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no AND l.excess
) AS ordered
WHERE a.hold_id = $1
"""


async def too_much(connection: Connection, hold_id: UUID) -> list[Excess]:
    """Return the excess of a hold's hops that the bank may be ordered to release now.

    The bank's newest line about a hop counts, unless an officer has resolved it otherwise.
    """
    lines = await Rows(connection, HeldLine).many(_HELD_LINES, hold_id)
    if not lines:
        return []
    row = await connection.fetchrow(_ACCOUNT, hold_id)
    return excess(lines, Account.model_validate(dict(row or {})))


async def mark_holder_told(
    connection: Connection, hold_id: UUID, newest_at: datetime, at: datetime, *, notified: bool, officer: bool
) -> None:
    """Write that the account holder was told of money up to `newest_at`, or the bank was asked to tell.

    With `notified` false neither could be reached. `officer`: whether the notification named an officer of the case.
    """
    await connection.execute(
        "UPDATE account_hold SET tried_to = $2, told_to = CASE WHEN $4 THEN $2 ELSE told_to END,"
        " holder_told_at = CASE WHEN $4 THEN $3 ELSE holder_told_at END,"
        " officer_told = CASE WHEN $4 THEN $5 ELSE officer_told END WHERE hold_id = $1",
        hold_id,
        newest_at,
        at,
        notified,
        officer,
    )


async def mark_officer_told(connection: Connection, hold_id: UUID) -> None:
    """Write that the account holder was told which officer answers for the case."""
    await connection.execute("UPDATE account_hold SET officer_told = true WHERE hold_id = $1", hold_id)


async def mark_late(connection: Connection, hold_id: UUID, newest_at: datetime) -> None:
    """Write that the supervisor was told of a late notification to the account holder."""
    await connection.execute("UPDATE account_hold SET late_to = $2 WHERE hold_id = $1", hold_id, newest_at)


async def mark_warned(connection: Connection, hold_id: UUID, days: int, warned_to: datetime | None) -> None:
    """Write that the lapse of a hold within so many days was warned of; the next warning is after `warned_to`."""
    await connection.execute(
        "UPDATE account_hold SET warned_days = $2, warned_to = $3 WHERE hold_id = $1", hold_id, days, warned_to
    )


async def mark_released_told(connection: Connection, hold_id: UUID, paise: int) -> None:
    """Write that the account holder was told of the released amount."""
    await connection.execute("UPDATE account_hold SET released_told_paise = $2 WHERE hold_id = $1", hold_id, paise)


async def mark_end(connection: Connection, hold_id: UUID, lapses_at: datetime) -> None:
    """Write when the first free money of the hold lapses."""
    await connection.execute(
        "UPDATE account_hold SET lapses_at = $2 WHERE hold_id = $1 AND lapses_at <> $2 AND first_held_at < $2",
        hold_id,
        lapses_at,
    )


async def restorations_of(connection: Connection, hold_id: UUID) -> list[UUID]:
    """Return the open restorations of this hold's money."""
    rows = await connection.fetch(
        "SELECT DISTINCT r.restoration_id FROM restoration_line l JOIN restoration r USING (restoration_id)"
        " WHERE l.hold_id = $1 AND r.state = 'open' ORDER BY r.restoration_id",
        hold_id,
    )
    return [row["restoration_id"] for row in rows]


class SmallHoldDecision(FrozenModel):
    """The decision on a small-value hold."""

    decision: str
    decided_by: str


async def small_hold_decision(connection: Connection, hold_id: UUID) -> SmallHoldDecision | None:
    """Return the decision on a small-value hold since it began, or None."""
    return await Rows(connection, SmallHoldDecision).first(
        "SELECT small_hold_decision AS decision, small_hold_decided_by AS decided_by FROM account_hold"
        " WHERE hold_id = $1 AND small_hold_decided_at >= first_held_at",
        hold_id,
    )


async def record_small_hold_decision(
    connection: Connection, hold_id: UUID, decision: str, by: str, at: datetime, reason: str
) -> None:
    """Write an officer's decision on a small-value hold."""
    await connection.execute(
        "UPDATE account_hold SET small_hold_decision = $2, small_hold_decided_by = $3, small_hold_decided_at = $4, "
        " small_hold_reason = $5 WHERE hold_id = $1",
        hold_id,
        decision,
        by,
        at,
        reason,
    )
