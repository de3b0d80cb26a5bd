"""Allocations: the claims of all cases on the money on hold at an account, and its division."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Bucket
from schemas.restoration.restorations import AccountClaim, Share
from schemas.restoration_enums import AllocationRule

Account = tuple[str, str]
"""institution and account key"""


class Gone(FrozenModel):
    """Money of a claim that is gone, at the hop itself or at one below it."""

    hop_no: int
    bucket: Bucket
    paise: int


class ClaimRow(FrozenModel):
    """The claim of one hop, and its parts."""

    claim: AccountClaim
    gone: tuple[Gone, ...]
    gone_home_paise: int
    allocation_id: int | None
    """the last allocation in which it has a share"""


async def cases_at(connection: Connection, accounts: Sequence[Account]) -> set[str]:
    """Return every case with a hop at one of these accounts."""
    rows = await connection.fetch(
        "SELECT DISTINCT h.case_no FROM hop h"
        " JOIN unnest($1::text[], $2::text[]) AS a (institution, account_key) USING (institution, account_key)",
        [institution for institution, _ in accounts],
        [account_key for _, account_key in accounts],
    )
    return {row["case_no"] for row in rows}


async def shared(connection: Connection, accounts: Sequence[Account]) -> list[Account]:
    """Return those of these accounts that received money of several complaints, over all cases."""
    rows = await connection.fetch(
        "SELECT institution, account_key FROM unnest($1::text[], $2::text[]) AS a (institution, account_key)"
        " JOIN hop h USING (institution, account_key) GROUP BY 1, 2 HAVING count(DISTINCT h.ack_no) > 1 ORDER BY 1, 2",
        [institution for institution, _ in accounts],
        [account_key for _, account_key in accounts],
    )
    return [(row["institution"], row["account_key"]) for row in rows]


_MONEY: Final = """
WITH RECURSIVE here AS (
    SELECT h.case_no, h.hop_no FROM hop h WHERE h.institution = $1 AND h.account_key = $2
      -- An upheld objection took the money out: the hop claims nothing here.
      AND (SELECT l.objection_id FROM restoration_line l JOIN restoration r USING (restoration_id)
           WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no ORDER BY r.round_no DESC LIMIT 1) IS NULL
), below AS (
    SELECT case_no, hop_no AS root_no, hop_no FROM here
    UNION ALL
    SELECT h.case_no, b.root_no, h.hop_no FROM below b
    JOIN hop h ON h.case_no = b.case_no AND h.parent_hop_no = b.hop_no
    -- Where the trail returns to the account, the returning hop claims what is below it.
    WHERE (h.institution, h.account_key) IS DISTINCT FROM ($1, $2)
)
SELECT b.case_no, b.root_no, b.hop_no, m.bucket, m.balance_paise
FROM below b JOIN ledger_balance m ON m.case_no = b.case_no AND m.hop_no = b.hop_no AND m.balance_paise > 0
WHERE m.bucket IN ('in_play', 'withdrawn', 'spent', 'untraced', 'refused')
   OR (m.bucket IN ('held', 'restored', 'released') AND b.hop_no = b.root_no)
ORDER BY b.case_no, b.root_no, b.hop_no, m.bucket
"""

_HOPS: Final = """
SELECT h.case_no, h.hop_no, h.ack_no, h.transferred_at, h.disputed_paise, s.allocation_id,
       coalesce(s.share_paise, 0) AS share_paise, coalesce(s.gone_home_paise, 0) AS share_gone_home_paise,
       asked.to_release_paise, asked.to_restore_paise,
       (SELECT r.state FROM restoration r WHERE r.ack_no = h.ack_no ORDER BY r.round_no DESC LIMIT 1)
           IS NOT DISTINCT FROM 'refused' OR (
       SELECT l.excluded_as FROM restoration_line l JOIN restoration r USING (restoration_id)
       WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no ORDER BY r.round_no DESC LIMIT 1)
           IS NOT DISTINCT FROM 'refused' AS refused
FROM hop h
LEFT JOIN LATERAL (
    SELECT s.allocation_id, s.share_paise, s.gone_home_paise FROM allocation_share s
    WHERE s.case_no = h.case_no AND s.hop_no = h.hop_no ORDER BY s.allocation_id DESC LIMIT 1
) AS s ON true
CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.amount_paise - l.confirmed_paise) FILTER (WHERE o.kind = 'release'), 0)::bigint
               AS to_release_paise,
           coalesce(sum(l.amount_paise - l.confirmed_paise) FILTER (WHERE o.kind = 'restore'), 0)::bigint
               AS to_restore_paise
    FROM bank_order_line l JOIN bank_order o USING (order_id)
    WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no AND NOT l.excess
      AND o.state IN ('planned', 'delivered', 'refused')
) AS asked
WHERE h.institution = $1 AND h.account_key = $2 ORDER BY h.case_no, h.hop_no
"""


async def claims(connection: Connection, account: Account) -> list[ClaimRow]:
    """Return every claim on the money on hold at an account, over all cases.

    The claim of a hop is its amount on hold, plus the part of its money that is gone or in play at the hop or below it,
    up to its disputed amount. An amount that a bank is ordered to release is not part of it. If the restoration of the
    complaint or of the hop was refused, the claim is limited to the amount on hold.
    """
    money: dict[tuple[str, int], dict[Bucket, int]] = {}
    gone: dict[tuple[str, int], list[Gone]] = {}
    for row in await connection.fetch(_MONEY, *account):
        place, bucket = (row["case_no"], row["root_no"]), Bucket(row["bucket"])
        own = money.setdefault(place, {})
        if bucket in {Bucket.HELD, Bucket.RESTORED, Bucket.RELEASED}:
            own[bucket] = row["balance_paise"]
        elif bucket is Bucket.IN_PLAY:
            own[bucket] = own.get(bucket, 0) + row["balance_paise"]
        else:
            found = Gone(hop_no=row["hop_no"], bucket=bucket, paise=row["balance_paise"])
            gone.setdefault(place, []).append(found)
    hops = [dict(row) for row in await connection.fetch(_HOPS, *account)]
    found_claims = []
    for hop in hops:
        place = (hop["case_no"], hop["hop_no"])
        if place in money:
            lost = () if hop["refused"] else tuple(gone.get(place, ()))
            found_claims += _claim(hop, money[place], lost)
    return found_claims


def _claim(hop: dict[str, object], own: dict[Bucket, int], lost: tuple[Gone, ...]) -> list[ClaimRow]:
    row = _HopRow.model_validate(hop)
    paid_out = own.get(Bucket.RESTORED, 0) + own.get(Bucket.RELEASED, 0)
    held = max(own.get(Bucket.HELD, 0) - row.to_release_paise, 0)
    lost_paise = sum(part.paise for part in lost)
    in_play = 0 if row.refused else own.get(Bucket.IN_PLAY, 0)
    claim_paise = min(held + lost_paise + in_play, max(row.disputed_paise, held))
    most_paise = min(held + lost_paise, claim_paise)
    if not most_paise:
        return []
    owed = max(row.share_paise - (paid_out - row.share_gone_home_paise), 0) if row.allocation_id else 0
    claim = AccountClaim(
        case_no=row.case_no,
        hop_no=row.hop_no,
        ack_no=row.ack_no,
        transferred_at=row.transferred_at,
        claim_paise=claim_paise,
        most_paise=most_paise,
        held_paise=held,
        reserved_paise=min(max(owed, row.to_restore_paise), held),
    )
    return [ClaimRow(claim=claim, gone=lost, gone_home_paise=paid_out, allocation_id=row.allocation_id)]


class _HopRow(FrozenModel):
    case_no: str
    hop_no: int
    ack_no: str
    transferred_at: UtcDatetime
    disputed_paise: int
    allocation_id: int | None
    share_paise: int
    share_gone_home_paise: int
    to_release_paise: int
    to_restore_paise: int
    refused: bool


class FrozenRule(FrozenModel):
    """The frozen rule by which an account is divided, and its policy version."""

    rule: AllocationRule
    policy_version: str


async def promise(connection: Connection, account: Account) -> FrozenRule:
    """Return the rule frozen in the first restoration at an account. Later policies do not change it.

    The caller has a restoration with money at the account.
    """
    row = await connection.fetchrow(
        "SELECT r.policy ->> 'allocation' AS rule, r.policy ->> 'version' AS policy_version FROM account_hold a"
        " JOIN restoration_line l USING (hold_id) JOIN restoration r USING (restoration_id)"
        " WHERE a.institution = $1 AND a.account_key = $2 ORDER BY r.opened_at, r.restoration_id LIMIT 1",
        *account,
    )
    assert row is not None, "an allocation belongs to at least one restoration"
    return FrozenRule(**dict(row))


async def insert(
    connection: Connection,
    account: Account,
    frozen: FrozenRule,
    found: Sequence[ClaimRow],
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
        sum(row.claim.held_paise for row in found),
        sum(row.claim.claim_paise for row in found),
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
            for row, share in zip(found, shares, strict=True)
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
