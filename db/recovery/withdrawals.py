"""Withdrawals of complaints, and the hops that they took out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from db.pool import Connection
from db.recovery.claims import confirmed_of
from domain.errors.restoration import WithdrawalNotFound
from domain.recovery.officer_steps import UnplacedMoney
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import HopState
from schemas.recovery.officer_steps import NewWithdrawal, Withdrawal, WithdrawalDecision

MOST_SHOWN: Final = 100


async def tells(connection: Connection, ack_no: str, hop_no: int) -> bool:
    """Return whether the complaint told this hop itself."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM hop h JOIN complaint c USING (case_no) WHERE c.ack_no = $1 AND h.ack_no = $1"
        " AND h.hop_no = $2 AND h.source = 'complaint')",
        ack_no,
        hop_no,
    )
    return exists


async def proposed(connection: Connection, ack_no: str, hop_no: int | None) -> int | None:
    """Return the undecided withdrawal of the same hop or complaint, or None."""
    withdrawal_id: int | None = await connection.fetchval(
        "SELECT withdrawal_id FROM withdrawal WHERE ack_no = $1 AND hop_no IS NOT DISTINCT FROM $2"
        " AND decision IS NULL",
        ack_no,
        hop_no,
    )
    return withdrawal_id


async def insert(connection: Connection, ack_no: str, case_no: str, new: NewWithdrawal, by: str, at: datetime) -> int:
    """Write a withdrawal that an officer proposes; return its number."""
    withdrawal_id: int = await connection.fetchval(
        "INSERT INTO withdrawal (case_no, ack_no, hop_no, kind, reason, proposed_by, proposed_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING withdrawal_id",
        case_no,
        ack_no,
        new.hop_no,
        new.kind.value,
        new.reason,
        by,
        at,
    )
    return withdrawal_id


_WITHDRAWAL: Final = """
SELECT w.withdrawal_id, w.ack_no, w.hop_no, w.kind, w.reason, w.proposed_by, w.proposed_at, w.decision, w.decided_by,
       w.decided_at, w.decided_reason,
       ARRAY(SELECT h.hop_no FROM withdrawn_hop h WHERE h.withdrawal_id = w.withdrawal_id ORDER BY h.hop_no) AS hop_nos
FROM withdrawal w WHERE w.ack_no = $1
"""


async def get(connection: Connection, ack_no: str, withdrawal_id: int) -> Withdrawal:
    """Return one withdrawal of a complaint. Raises `NotFound`."""
    row = await connection.fetchrow(f"{_WITHDRAWAL} AND w.withdrawal_id = $2", ack_no, withdrawal_id)
    if row is None:
        raise WithdrawalNotFound(ack_no, withdrawal_id)
    return Withdrawal(**dict(row))


async def of_complaint(connection: Connection, ack_no: str) -> list[Withdrawal]:
    """Return the withdrawals of a complaint, the newest first."""
    rows = await connection.fetch(f"{_WITHDRAWAL} ORDER BY w.withdrawal_id DESC LIMIT $2", ack_no, MOST_SHOWN)
    return [Withdrawal(**dict(row)) for row in rows]


async def decide(
    connection: Connection, withdrawal_id: int, decision: WithdrawalDecision, by: str, reason: str, at: datetime
) -> None:
    """Write the decision. The database refuses the agreement of the officer who proposed the withdrawal."""
    await connection.execute(
        "UPDATE withdrawal SET decision = $2, decided_by = $3, decided_reason = $4, decided_at = $5"
        " WHERE withdrawal_id = $1",
        withdrawal_id,
        decision.value,
        by,
        reason,
        at,
    )


# -- what is withdrawn -------------------------------------------------------------------------------------------------


class HopToWithdraw(FrozenModel):
    """A hop that a withdrawal takes out, with its money (paise)."""

    hop_no: int
    root_no: int
    """the transfer of the complaint from which the money came"""
    ack_no: str
    revision: int
    state: HopState
    institution: str | None
    account_key: str
    transferred_at: UtcDatetime
    in_play_paise: int
    refused_paise: int
    untraced_paise: int
    held_paise: int
    proposed_paise: int
    """of the root: what no officer has accepted as lost"""
    gone_paise: int
    """placed by banks: on hold, withdrawn, spent, restored, released, or sent on to hops below"""
    hold_waits: bool
    """money came on hold at this moment, and its hold is not opened yet"""


_HOPS: Final = """
WITH RECURSIVE of_it AS (
    SELECT h.case_no, h.hop_no, h.hop_no AS root_no FROM hop h
    WHERE h.case_no = $1 AND h.ack_no = $2 AND h.source = 'complaint' AND ($3::integer IS NULL OR h.hop_no = $3)
    UNION ALL
    SELECT h.case_no, h.hop_no, o.root_no
    FROM of_it o JOIN hop h ON h.case_no = o.case_no AND h.parent_hop_no = o.hop_no
)
SELECT o.hop_no, o.root_no, h.ack_no, h.revision, h.state, h.institution, h.account_key, h.transferred_at,
       m.in_play_paise, m.refused_paise, m.untraced_paise, m.held_paise,
       (SELECT coalesce(-sum(p.balance_paise), 0)::bigint FROM ledger_balance p
        WHERE p.case_no = h.case_no AND p.hop_no = o.root_no AND p.bucket = 'proposed') AS proposed_paise,
       m.placed_paise + (SELECT coalesce(sum(c.disputed_paise), 0)::bigint FROM hop c
           WHERE c.case_no = h.case_no AND c.parent_hop_no = h.hop_no) AS gone_paise,
       m.held_paise > 0 AND EXISTS (SELECT FROM held_hop u WHERE u.case_no = h.case_no AND u.hop_no = h.hop_no
           AND u.hold_opened_at IS NULL) AS hold_waits
FROM of_it o JOIN hop h USING (case_no, hop_no)
CROSS JOIN LATERAL (
    SELECT coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'in_play'), 0)::bigint AS in_play_paise,
           coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'refused'), 0)::bigint AS refused_paise,
           coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'untraced'), 0)::bigint AS untraced_paise,
           coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'held'), 0)::bigint AS held_paise,
           coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket IN ('held', 'withdrawn', 'spent', 'restored',
               'released')), 0)::bigint AS placed_paise
    FROM ledger_balance b WHERE b.case_no = h.case_no AND b.hop_no = h.hop_no
) AS m
WHERE NOT EXISTS (SELECT FROM withdrawn_hop w WHERE w.case_no = h.case_no AND w.hop_no = h.hop_no)
ORDER BY o.hop_no
"""


async def hops(connection: Connection, case_no: str, ack_no: str, hop_no: int | None) -> list[HopToWithdraw]:
    """Return the transfers of a complaint, or the one, and every hop below them, without those withdrawn already."""
    return [HopToWithdraw(**dict(row)) for row in await connection.fetch(_HOPS, case_no, ack_no, hop_no)]


_TOLD_TOO: Final = """
SELECT DISTINCT ON (h.hop_no) h.hop_no, t.ack_no, c.case_no
FROM hop h JOIN complaint_transfer t ON t.case_no = h.case_no AND t.hop_no = h.hop_no AND t.ack_no <> $2
JOIN complaint c ON c.ack_no = t.ack_no
WHERE h.case_no = $1 AND h.hop_no = ANY($3) AND h.parent_hop_no IS NULL AND NOT EXISTS (
    -- Two officers have found that this one did not pay.
    SELECT FROM proposal p WHERE p.kind = 'payer' AND p.case_no = h.case_no AND p.hop_no = h.hop_no
      AND p.decision = 'agreed' AND p.body -> 'among' ? t.ack_no AND p.ack_no <> t.ack_no)
  AND NOT EXISTS (SELECT FROM withdrawal w WHERE w.ack_no = t.ack_no AND w.decision = 'agreed'
      AND (w.hop_no IS NULL OR w.hop_no = h.hop_no))
ORDER BY h.hop_no, c.received_at, t.ack_no
"""


class ToldToo(FrozenModel):
    """A transfer of a complaint that another complaint states too; `case_no` is the case of that one."""

    hop_no: int
    ack_no: str
    case_no: str


async def told_too(connection: Connection, case_no: str, ack_no: str, hop_nos: Sequence[int]) -> list[ToldToo]:
    """Return which of these transfers of a complaint another one states too, each with the oldest such complaint."""
    rows = await connection.fetch(_TOLD_TOO, case_no, ack_no, list(hop_nos))
    return [ToldToo(**dict(row)) for row in rows]


async def unplaced(connection: Connection, case_no: str, to_withdraw: Sequence[HopToWithdraw]) -> list[UnplacedMoney]:
    """Return the money of these hops that no bank has placed, with the part that a bank confirmed as arrived."""
    confirmed = await confirmed_of(connection, case_no, [hop.hop_no for hop in to_withdraw])
    return [
        UnplacedMoney(
            hop_no=hop.hop_no,
            root_no=hop.root_no,
            in_play_paise=hop.in_play_paise,
            refused_paise=hop.refused_paise,
            untraced_paise=hop.untraced_paise,
            proposed_paise=hop.proposed_paise,
            arrived_paise=max(confirmed[hop.hop_no] - hop.gone_paise, 0),
        )
        for hop in to_withdraw
    ]


async def take_out(connection: Connection, case_no: str, withdrawal_id: int, hop_nos: Sequence[int]) -> None:
    """Write that these hops are withdrawn. A later complaint about their transfers is taken as a new one."""
    await connection.execute(
        "INSERT INTO withdrawn_hop (case_no, hop_no, withdrawal_id) SELECT $1, hop_no, $2"
        " FROM unnest($3::integer[]) AS h (hop_no)",
        case_no,
        withdrawal_id,
        list(hop_nos),
    )
    await connection.execute(
        "DELETE FROM disputed_transfer WHERE case_no = $1 AND hop_no = ANY($2)", case_no, list(hop_nos)
    )


async def restoration_prepared(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> UUID | None:
    """Return an open restoration that is prepared to give back money of these hops, or None."""
    restoration_id: UUID | None = await connection.fetchval(
        "SELECT r.restoration_id FROM restoration r JOIN restoration_line l USING (restoration_id)"
        " JOIN ledger_balance b ON b.case_no = l.case_no AND b.hop_no = l.hop_no AND b.bucket = 'held'"
        " WHERE b.balance_paise > 0 AND l.case_no = $1 AND l.hop_no = ANY($2) AND r.state = 'open'"
        " AND r.prepared_by IS NOT NULL AND l.due_paise > 0 LIMIT 1",
        case_no,
        list(hop_nos),
    )
    return restoration_id


async def order_under_way(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> UUID | None:
    """Return a live order that restores money of these hops, or None."""
    order_id: UUID | None = await connection.fetchval(
        "SELECT o.order_id FROM bank_order o JOIN bank_order_line l USING (order_id) WHERE l.case_no = $1"
        " AND l.hop_no = ANY($2) AND o.kind = 'restore' AND o.state IN ('planned', 'delivered', 'refused') LIMIT 1",
        case_no,
        list(hop_nos),
    )
    return order_id


async def holds_of(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> list[UUID]:
    """Return the account holds that have money of these hops."""
    rows = await connection.fetch(
        "SELECT DISTINCT a.hold_id FROM account_hold a JOIN hop h ON h.case_no = a.case_no"
        " AND h.institution = a.institution AND h.account_key = a.account_key"
        " JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'"
        " AND b.balance_paise > 0 WHERE a.case_no = $1 AND h.hop_no = ANY($2) ORDER BY a.hold_id",
        case_no,
        list(hop_nos),
    )
    return [row["hold_id"] for row in rows]


async def open_lines(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> dict[UUID, list[int]]:
    """Return the open restorations with money on hold of these hops, each with those hops that it does not exclude."""
    rows = await connection.fetch(
        "SELECT r.restoration_id, array_agg(l.hop_no ORDER BY l.hop_no) AS hop_nos FROM restoration_line l"
        " JOIN restoration r USING (restoration_id)"
        " JOIN ledger_balance b ON b.case_no = l.case_no AND b.hop_no = l.hop_no AND b.bucket = 'held'"
        " WHERE l.case_no = $1 AND l.hop_no = ANY($2) AND r.state = 'open' AND b.balance_paise > 0"
        " AND l.excluded_at IS NULL GROUP BY r.restoration_id ORDER BY r.restoration_id",
        case_no,
        list(hop_nos),
    )
    return {row["restoration_id"]: row["hop_nos"] for row in rows}
