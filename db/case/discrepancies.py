"""Discrepancies: the checks across lines and cases that find them, their resolutions, and their view."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from db.case.cases import case_no_of
from db.paging import cut, int_after, to_cursor
from db.pool import Connection
from domain.errors.case import DiscrepancyNotFound
from schemas.base import FrozenModel
from schemas.case.answers import Entry
from schemas.case.discrepancies import BankDoubts, BankDoubtsList, NewResolution, Resolution
from schemas.case.request_views import DiscrepancyPage, DiscrepancyView
from schemas.enums import Bucket, ClaimKind, DiscrepancyKind


class Doubt(FrozenModel):
    """Two figures that contradict each other, found beyond one line."""

    kind: DiscrepancyKind
    answer_id: int
    hop_no: int | None
    claimed_paise: int
    against_paise: int


class DiscrepancyRow(FrozenModel):
    """A discrepancy, with the fields needed to resolve it."""

    discrepancy_id: int
    case_no: str
    hop_no: int | None
    institution: str
    kind: DiscrepancyKind
    line: ClaimKind | None
    claimed_paise: int
    applied_paise: int


KEYS_LOCKED_EACH: Final = 64
"""keys of one answer that are locked one by one; the server's lock table has room for some thousand in all"""

# The groups (17) are locked in shared mode, because an answer with many keys locks whole groups.
_LOCK_EACH: Final = """
SELECT CASE WHEN is_group THEN pg_advisory_xact_lock_shared(17, place)::text
    ELSE pg_advisory_xact_lock(19, place)::text END
FROM (
    SELECT DISTINCT true AS is_group, abs(hashtext(k)::bigint % 256)::integer AS place FROM unnest($1::text[]) AS k
    UNION ALL SELECT DISTINCT false, hashtext(k) FROM unnest($1::text[]) AS k
    ORDER BY is_group DESC, place
) AS places
"""
_LOCK_GROUPS: Final = """
SELECT pg_advisory_xact_lock(17, place)
FROM (
    SELECT DISTINCT abs(hashtext(k)::bigint % 256)::integer AS place FROM unnest($1::text[]) AS k ORDER BY place
) AS places
"""


async def lock(connection: Connection, keys: Collection[str]) -> None:
    """Lock these accounts and references, so that one answer at a time checks them across cases.

    Take it as the last lock, so that its holder waits for no other lock. Every transaction locks in one order. An
    answer with many keys locks whole groups of keys, because one lock for each would fill the server's lock table.
    """
    await connection.execute(_LOCK_GROUPS if len(keys) > KEYS_LOCKED_EACH else _LOCK_EACH, list(keys))


# OFFSET 0 keeps the order of the joins, also in a plan that was made while the tables were almost empty.
#
# A line may claim money of a transaction that lines of other hops and cases claim too. References are used again after
# years, so in another case only the same sum shows the same transaction.
_CLAIMED_TWICE: Final = """
SELECT a.answer_id, a.hop_nos[1] AS hop_no, t.claimed AS claimed_paise, t.most AS against_paise
FROM answer a CROSS JOIN LATERAL (
    SELECT sum(claimed)::bigint AS claimed, max(amount) AS most FROM (
        SELECT o.applied_paise AS claimed, o.amount_paise AS amount FROM answer o
        WHERE a.kind <> 'moved' AND o.reference_key = a.reference_key AND o.reference_key <> ''
            AND o.institution = a.institution AND o.kind IN ('withdrawn', 'spent') AND o.disposition <> 'duplicate'
            AND (o.case_no = a.case_no OR o.amount_paise = a.amount_paise)
        UNION ALL
        SELECT h.disputed_paise, h.amount_paise
        FROM hop h CROSS JOIN LATERAL (
            SELECT u.institution FROM hop u WHERE u.case_no = h.case_no AND u.hop_no = h.parent_hop_no OFFSET 0
        ) AS p
        WHERE a.kind = 'moved' AND h.reference_key = a.reference_key AND h.reference_key <> ''
            AND h.parent_hop_no IS NOT NULL AND p.institution = a.institution
            AND (h.case_no = a.case_no OR h.amount_paise = a.amount_paise)
    ) AS told
) AS t
WHERE a.answer_id = ANY($1) AND a.kind IN ('moved', 'withdrawn', 'spent') AND a.reference_key <> ''
    AND t.claimed > t.most
"""


_HELD_BY_TWO: Final = """
SELECT a.answer_id, a.hop_nos[1] AS hop_no, a.claim_paise AS claimed_paise, 0::bigint AS against_paise
FROM (SELECT * FROM answer n WHERE n.answer_id = ANY($1) OFFSET 0) AS a
LEFT JOIN LATERAL (
    SELECT p.amount_paise FROM hop p WHERE p.case_no = a.case_no AND p.hop_no = a.hop_nos[1] OFFSET 0
) AS h ON true
WHERE a.kind = 'held' AND a.claim_paise > 0 AND a.root_reference_key <> '' AND EXISTS (
    SELECT FROM (
        SELECT * FROM answer n
        WHERE n.kind = 'held' AND n.root_reference_key = a.root_reference_key AND n.root_reference_key <> '' OFFSET 0
    ) AS o
    LEFT JOIN LATERAL (
        SELECT p.amount_paise FROM hop p WHERE p.case_no = o.case_no AND p.hop_no = o.hop_nos[1] OFFSET 0
    ) AS oh ON true
    WHERE o.institution <> a.institution AND o.claim_paise > 0 AND o.disposition <> 'duplicate'
        AND (o.case_no = a.case_no OR oh.amount_paise = h.amount_paise))
"""


LAST_BALANCE: Final = """
    SELECT a.balance_paise + CASE WHEN a.balance_is_free THEN held.held_paise ELSE 0 END AS balance_paise, a.received_at
    FROM hop b CROSS JOIN LATERAL (
        SELECT * FROM answer n
        WHERE n.case_no = b.case_no AND n.hop_nos[1] = b.hop_no AND n.balance_paise IS NOT NULL OFFSET 0
    ) AS a
    WHERE b.institution = t.institution AND b.account_key = t.account_key AND a.institution = b.institution
    ORDER BY a.received_at DESC, a.answer_id DESC LIMIT 1
"""
"""Balance of account `t` by the bank's last statement, with money on hold. A free balance is added to the amount that
all cases hold."""

HELD_OVER_CASES: Final = """
    SELECT coalesce(sum(l.balance_paise) FILTER (WHERE l.bucket = 'held'), 0)::bigint AS held_paise,
        coalesce(sum(l.balance_paise) FILTER (WHERE l.bucket = 'in_play'), 0)::bigint AS in_play_paise
    FROM hop m JOIN ledger_balance l ON l.case_no = m.case_no AND l.hop_no = m.hop_no
    WHERE m.institution = t.institution AND m.account_key = t.account_key
"""
"""Amounts of all cases on account `t`."""

_HELD_ABOVE: Final = f"""
SELECT t.answer_id, t.hop_no, held.held_paise AS claimed_paise, greatest(last.balance_paise, 0) AS against_paise
FROM (
    SELECT DISTINCT ON (h.account_key) a.answer_id, h.hop_no, h.institution, h.account_key
    FROM answer a CROSS JOIN LATERAL (
        SELECT p.hop_no, p.institution, p.account_key FROM hop p
        WHERE p.case_no = a.case_no AND p.hop_no = a.hop_nos[1] OFFSET 0
    ) AS h
    WHERE a.answer_id = ANY($1) AND h.account_key = ANY($2) AND h.institution = a.institution
    ORDER BY h.account_key, (a.kind = 'held') DESC, a.answer_id
) AS t
CROSS JOIN LATERAL ({HELD_OVER_CASES}) AS held CROSS JOIN LATERAL ({LAST_BALANCE}) AS last
WHERE held.held_paise > greatest(last.balance_paise, 0)
"""


# A discrepancy with exactly these figures that exists, resolved or not, is not found again. A hold above the balance in
# its own line is one doubt, of the line, if what is on hold at the account is above that balance by the same amount.
CROSS_CHECKED: Final = f"""
SELECT d.kind, d.answer_id, d.hop_no, d.claimed_paise, d.against_paise
FROM (
    SELECT 1 AS place, 'claimed_twice' AS kind, t.* FROM ({_CLAIMED_TWICE}) AS t
    UNION ALL SELECT 2, 'held_by_two', t.* FROM ({_HELD_BY_TWO}) AS t
    UNION ALL SELECT 3, 'held_above_balance', t.* FROM ({_HELD_ABOVE}) AS t
) AS d
WHERE NOT EXISTS (
    SELECT FROM discrepancy k WHERE k.case_no = $3 AND k.kind = d.kind AND k.hop_no IS NOT DISTINCT FROM d.hop_no
        AND k.claimed_paise = d.claimed_paise AND k.applied_paise = d.against_paise)
    AND NOT (d.kind = 'held_above_balance' AND EXISTS (
        SELECT FROM discrepancy k WHERE k.case_no = $3 AND k.kind = 'balance_below_hold' AND k.answer_id = d.answer_id
            AND k.claimed_paise - k.applied_paise = d.claimed_paise - d.against_paise))
ORDER BY d.place, d.answer_id
"""


async def cross_checked(
    connection: Connection, case_no: str, answer_ids: Sequence[int], account_keys: Sequence[str]
) -> list[Doubt]:
    """Return the doubts about these lines and accounts that are not known yet. Claims of all hops and cases count.

    A transaction may be claimed for more than it moved, another bank may report a hold on the same transfer, and all
    cases may hold more on an account than the bank's last stated balance.
    """
    rows = await connection.fetch(CROSS_CHECKED, list(answer_ids), list(account_keys), case_no)
    return [Doubt(**dict(row)) for row in rows]


async def case_of(connection: Connection, discrepancy_id: int) -> str:
    """Return the case of a discrepancy. Raises `NotFound`."""
    case_no: str | None = await connection.fetchval(
        "SELECT case_no FROM discrepancy WHERE discrepancy_id = $1", discrepancy_id
    )
    if case_no is None:
        raise DiscrepancyNotFound(discrepancy_id)
    return case_no


async def get(connection: Connection, discrepancy_id: int) -> DiscrepancyRow:
    """Return one discrepancy, with the kind of the line that opened it. Raises `NotFound`."""
    row = await connection.fetchrow(
        "SELECT c.discrepancy_id, c.case_no, c.hop_no, c.institution, c.kind, a.kind AS line, c.claimed_paise,"
        " c.applied_paise FROM discrepancy c LEFT JOIN answer a USING (answer_id) WHERE c.discrepancy_id = $1",
        discrepancy_id,
    )
    if row is None:
        raise DiscrepancyNotFound(discrepancy_id)
    return DiscrepancyRow(**dict(row))


async def current(connection: Connection, discrepancy_id: int) -> Resolution | None:
    """Return the resolution in force, which is the last one, or None."""
    row = await connection.fetchrow(
        "SELECT resolution_no, decision, reason, settled_by, settled_at, proposed_by, transaction_id"
        " FROM discrepancy_resolution WHERE discrepancy_id = $1 ORDER BY resolution_no DESC LIMIT 1",
        discrepancy_id,
    )
    return Resolution(**dict(row)) if row else None


async def booked(connection: Connection, discrepancy_id: int) -> list[Entry]:
    """Return the sum of the entries of all resolutions of a discrepancy.

    Each resolution reverses the entries of the one before.
    """
    rows = await connection.fetch(
        "SELECT e.hop_no, e.bucket, sum(e.amount_paise)::bigint AS amount_paise FROM discrepancy_resolution s"
        " JOIN ledger_entry e USING (transaction_id) WHERE s.discrepancy_id = $1"
        " GROUP BY 1, 2 HAVING sum(e.amount_paise) <> 0 ORDER BY 1, 2",
        discrepancy_id,
    )
    return [Entry(hop_no=row["hop_no"], bucket=Bucket(row["bucket"]), amount_paise=row["amount_paise"]) for row in rows]


async def taken_by_others(connection: Connection, discrepancy_id: int) -> int:
    """Return the paise that resolutions of other discrepancies of the same line have taken out of `held`."""
    paise: int = await connection.fetchval(
        "SELECT coalesce(-sum(e.amount_paise), 0)::bigint FROM discrepancy d JOIN discrepancy o"
        " ON o.case_no = d.case_no AND o.answer_id = d.answer_id AND o.hop_no = d.hop_no"
        " AND o.discrepancy_id <> d.discrepancy_id JOIN discrepancy_resolution s ON s.discrepancy_id = o.discrepancy_id"
        " JOIN ledger_entry e USING (transaction_id) WHERE d.discrepancy_id = $1 AND e.bucket = 'held'",
        discrepancy_id,
    )
    return max(paise, 0)


async def insert_resolution(
    connection: Connection,
    discrepancy_id: int,
    resolution_no: int,
    resolution: NewResolution,
    settled_by: str,
    at: datetime,
    *,
    transaction_id: int | None,
    from_held: bool,
    proposed_by: str | None,
) -> None:
    """Write a new resolution."""
    await connection.execute(
        "INSERT INTO discrepancy_resolution (discrepancy_id, resolution_no, decision, reason, settled_by,"
        " settled_at, transaction_id, from_held, proposed_by, replaces)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, nullif($2::integer - 1, 0))",
        discrepancy_id,
        resolution_no,
        resolution.decision.value,
        resolution.reason,
        settled_by,
        at,
        transaction_id,
        from_held,
        proposed_by,
    )


async def close_task(
    connection: Connection, discrepancy: DiscrepancyRow, at: datetime, closed_by: str, why: str
) -> None:
    """Close the work item of a discrepancy, unless another one of its kind on its hop is unresolved."""
    await connection.execute(
        "UPDATE desk_task SET state = 'closed', closed_at = $4, closed_by = $5, reason = $6"
        " WHERE case_no = $1 AND kind = 'resolve_discrepancy' AND state = 'open' AND facts->>'discrepancy' = $2"
        " AND hop_no IS NOT DISTINCT FROM $3 AND NOT EXISTS (SELECT FROM discrepancy c"
        "  WHERE c.case_no = $1 AND c.kind = $2 AND c.hop_no IS NOT DISTINCT FROM $3"
        "  AND NOT EXISTS (SELECT FROM discrepancy_resolution s WHERE s.discrepancy_id = c.discrepancy_id))",
        discrepancy.case_no,
        discrepancy.kind.value,
        discrepancy.hop_no,
        at,
        closed_by,
        why,
    )


_BY_BANK: Final = """
SELECT c.institution, c.kind, count(*) AS opened, count(*) FILTER (WHERE NOT EXISTS (
    SELECT FROM discrepancy_resolution s WHERE s.discrepancy_id = c.discrepancy_id)) AS unresolved
FROM discrepancy c GROUP BY 1, 2 ORDER BY 1, 2
"""


async def by_bank(connection: Connection) -> BankDoubtsList:
    """Return the counts of discrepancies by bank and kind. Reads every discrepancy."""
    return BankDoubtsList(items=tuple(BankDoubts(**dict(row)) for row in await connection.fetch(_BY_BANK)))


_PAGE: Final = """
SELECT c.discrepancy_id, c.kind, c.institution, c.hop_no, c.answer_id, c.claimed_paise, c.applied_paise, c.opened_at,
    s.resolution, ARRAY(
        SELECT DISTINCT p.body ->> 'decision' FROM proposal p
        WHERE p.kind = 'resolution' AND p.subject = c.discrepancy_id::text AND (p.body -> 'resolution_no')::integer
            = coalesce((s.resolution->>'resolution_no')::integer, 0) + 1 ORDER BY 1) AS proposed
FROM discrepancy c LEFT JOIN LATERAL (
    SELECT jsonb_build_object('resolution_no', resolution_no, 'decision', decision, 'reason', reason,
        'settled_by', settled_by, 'settled_at', settled_at, 'proposed_by', proposed_by,
        'transaction_id', transaction_id) AS resolution
    FROM discrepancy_resolution WHERE discrepancy_id = c.discrepancy_id ORDER BY resolution_no DESC LIMIT 1
) AS s ON true
WHERE c.case_no = $1 AND c.discrepancy_id > $2 ORDER BY c.discrepancy_id LIMIT $3
"""


async def page(connection: Connection, ack_no: str, after: str | None, limit: int) -> DiscrepancyPage:
    """Return up to `limit` discrepancies of a case. Raises `NotFound`, `BadCursor`."""
    after_id = int_after(after)
    case_no = await case_no_of(connection, ack_no)
    rows, more = cut(await connection.fetch(_PAGE, case_no, after_id, limit + 1), limit)
    items = tuple(DiscrepancyView.model_validate(dict(row)) for row in rows)
    return DiscrepancyPage(items=items, next=to_cursor(items[-1].discrepancy_id) if more else None)
