"""Allocations: the money on hold at an account, divided between the claims of all cases."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from db.pool import Connection
from db.recovery.claims import Account, ClaimRow
from db.rows import Rows
from schemas.base import FrozenModel
from schemas.recovery.restorations import Share
from schemas.restoration_enums import AllocationRule


class FrozenRule(FrozenModel):
    """The frozen rule by which an account is divided, and its policy version."""

    rule: AllocationRule
    policy_version: str


async def promise(connection: Connection, account: Account) -> FrozenRule:
    """Return the rule frozen in the first restoration at an account. Later policies do not change it.

    The caller has a restoration with money at the account.
    """
    # An allocation belongs to at least one restoration.
    return await Rows(connection, FrozenRule).one(
        "SELECT r.policy ->> 'allocation' AS rule, r.policy ->> 'version' AS policy_version FROM account_hold a"
        " JOIN restoration_line l USING (hold_id) JOIN restoration r USING (restoration_id)"
        " WHERE a.institution = $1 AND a.account_key = $2 ORDER BY r.opened_at, r.restoration_id LIMIT 1",
        *account,
    )


async def insert(
    connection: Connection,
    account: Account,
    frozen: FrozenRule,
    rows: Sequence[ClaimRow],
    shares: Sequence[Share],
    at: datetime,
    by: str,
) -> int:
    """Write an allocation with every share; return its id.

    The database refuses shares whose sum is not the amount to divide.
    """
    allocation_id: int = await connection.fetchval(
        "INSERT INTO allocation (institution, account_key, rule, pot_paise, claims_paise, policy_version, made_at,"
        " made_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING allocation_id",
        *account,
        frozen.rule.value,
        sum(row.claim.held_paise for row in rows),
        sum(row.claim.claim_paise for row in rows),
        frozen.policy_version,
        at,
        by,
    )
    await connection.executemany(
        "INSERT INTO allocation_share (allocation_id, case_no, hop_no, ack_no, claim_paise, held_before_paise,"
        " share_paise, gone_home_paise) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            (
                allocation_id,
                row.claim.case_no,
                row.claim.hop_no,
                row.claim.ack_no,
                row.claim.claim_paise,
                row.claim.held_paise,
                share.share_paise,
                row.gone_home_paise,
            )
            for row, share in zip(rows, shares, strict=True)
        ],
    )
    return allocation_id


async def pass_on_hearing(connection: Connection, shares: Sequence[tuple[Share, int]]) -> None:
    """Add the change of each share (paise, perhaps negative) to the amount already noticed.

    The change needs no new notice, because the account holder is the same. `shares` are those whose money moved between
    hops; the ledger has these entries already.
    """
    await connection.execute(
        "UPDATE restoration_line l SET noticed_paise = CASE WHEN m.more > 0 THEN l.noticed_paise + m.more ELSE"
        "  least(l.noticed_paise, coalesce((SELECT b.balance_paise FROM ledger_balance b WHERE b.case_no = l.case_no"
        "   AND b.hop_no = l.hop_no AND b.bucket = 'held'), 0) + coalesce((SELECT sum(ol.confirmed_paise)"
        "   FROM bank_order o JOIN bank_order_line ol USING (order_id) WHERE o.restoration_id = l.restoration_id"
        "   AND ol.case_no = l.case_no AND ol.hop_no = l.hop_no), 0)) END"
        " FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS m (case_no, hop_no, more), restoration r"
        " WHERE l.case_no = m.case_no AND l.hop_no = m.hop_no AND l.noticed_paise IS NOT NULL"
        " AND r.restoration_id = l.restoration_id AND r.state = 'open'",
        [share.case_no for share, _ in shares],
        [share.hop_no for share, _ in shares],
        [more for _, more in shares],
    )


async def set_of_lines(
    connection: Connection, restoration_id: UUID, allocation_id: int, hop_nos: Sequence[int]
) -> None:
    """Write that these lines of a restoration have their share by this allocation."""
    await connection.execute(
        "UPDATE restoration_line SET allocation_id = $2 WHERE restoration_id = $1 AND hop_no = ANY($3)",
        restoration_id,
        allocation_id,
        list(hop_nos),
    )
