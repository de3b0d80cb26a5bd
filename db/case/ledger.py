"""The ledger of a case, its views, and amounts as stated."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final
from uuid import UUID

import asyncpg

from db.case.cases import case_no_of
from db.case.discrepancies import HELD_OVER_CASES, LAST_BALANCE
from db.case.parked_hops import DueHops, by_case
from db.paging import cut, from_cursor, int_after, to_cursor
from db.pool import Connection
from db.privacy.jurisdiction import MARK, confined
from domain.errors.case import AccountNotFound, LedgerKeyReused
from schemas.base import FrozenModel
from schemas.case.answers import Entry
from schemas.case.discrepancies import AccountClaim, AccountQuestion, AccountView
from schemas.case.request_views import EntryView, HopBalance, LedgerView, TransactionView
from schemas.enums import Bucket
from schemas.identifiers import account_key
from schemas.privacy.personal_data import Within


async def post(
    connection: Connection, case_no: str, kind: str, key: str, at: datetime, entries: Sequence[Entry]
) -> int | None:
    """Post entries (paise) as one transaction and return its id; None without entries.

    The same `key` with the same entries is the same posting; with other entries `IdempotencyConflict` is raised. The
    database refuses entries that do not sum to zero (at commit) or that would make a bucket negative (at once).
    """
    entries = [entry for entry in entries if entry.amount_paise]
    if not entries:
        return None
    try:
        posted: int = await connection.fetchval(
            "SELECT ledger_post($1, $2, $3, $4, $5, $6, $7)",
            case_no,
            kind,
            key,
            at,
            [entry.hop_no for entry in entries],
            [entry.bucket.value for entry in entries],
            [entry.amount_paise for entry in entries],
        )
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "ledger_key_reused":
            raise LedgerKeyReused(key) from error
        raise
    return posted


NOT_PROPOSED: Final = (
    "NOT EXISTS (SELECT FROM ledger_balance u WHERE u.case_no = h.case_no AND u.hop_no = h.hop_no"
    " AND u.bucket = 'proposed' AND u.balance_paise < 0)"
)
"""SQL condition on hop `h`: a person has said that this transfer of a victim is lost"""


async def balances(connection: Connection, case_no: str, hop_no: int) -> dict[Bucket, int]:
    """Return the balance of each bucket of one hop, in paise."""
    rows = await connection.fetch(
        "SELECT bucket, balance_paise FROM ledger_balance WHERE case_no = $1 AND hop_no = $2", case_no, hop_no
    )
    return {Bucket(row["bucket"]): row["balance_paise"] for row in rows}


async def ordered_paise(connection: Connection, case_no: str, hop_no: int, but: UUID | None = None) -> int:
    """Return the amount of a hop's money on hold that live orders ask for, in paise; excludes order `but`."""
    total: int = await connection.fetchval(
        "SELECT coalesce(sum(l.amount_paise - l.confirmed_paise), 0)::bigint FROM bank_order_line l"
        " JOIN bank_order o USING (order_id) WHERE l.case_no = $1 AND l.hop_no = $2 AND NOT l.excess"
        " AND o.state IN ('planned', 'delivered', 'refused') AND o.order_id IS DISTINCT FROM $3",
        case_no,
        hop_no,
        but,
    )
    return total


async def in_play_paise(connection: Connection, case_no: str) -> int:
    """Return the amount of the case that is still in play, in paise."""
    total: int = await connection.fetchval(
        "SELECT coalesce(sum(balance_paise), 0)::bigint FROM ledger_balance WHERE case_no = $1 AND bucket = 'in_play'",
        case_no,
    )
    return total


_TRANSACTIONS: Final = """
SELECT t.transaction_id, t.kind, t.at,
    (SELECT jsonb_agg(jsonb_build_object('hop_no', hop_no, 'bucket', bucket, 'amount_paise', amount_paise)
                      ORDER BY line_no)
     FROM ledger_entry e WHERE e.transaction_id = t.transaction_id) AS entries
FROM ledger_transaction t WHERE t.case_no = $1 AND t.transaction_id > $2 ORDER BY t.transaction_id LIMIT $3
"""
_BALANCES: Final = """
SELECT hop_no, bucket, balance_paise FROM ledger_balance
WHERE case_no = $1 AND hop_no = ANY($2) AND balance_paise <> 0 ORDER BY hop_no, bucket
"""


async def page(connection: Connection, ack_no: str, after: str | None, limit: int) -> LedgerView:
    """Return up to `limit` transactions, and the balances now of their hops. Raises `NotFound`, `BadCursor`."""
    after_id = int_after(after)
    case_no = await case_no_of(connection, ack_no)
    fetched = await connection.fetch(_TRANSACTIONS, case_no, after_id, limit + 1)
    rows, more = cut(fetched, limit)
    transactions = tuple(
        TransactionView(
            transaction_id=row["transaction_id"],
            kind=row["kind"],
            at=row["at"],
            entries=tuple(EntryView.model_validate(entry) for entry in row["entries"]),
        )
        for row in rows
    )
    touched = sorted({entry.hop_no for transaction in transactions for entry in transaction.entries})
    return LedgerView(
        case_ack_no=case_no,
        transactions=transactions,
        balances=await _balances(connection, case_no, touched),
        next=to_cursor(transactions[-1].transaction_id) if more else None,
    )


async def _balances(connection: Connection, case_no: str, hop_nos: list[int]) -> tuple[HopBalance, ...]:
    rows = await connection.fetch(_BALANCES, case_no, hop_nos)
    return tuple(
        HopBalance(hop_no=hop_no, balances_paise={Bucket(row["bucket"]): row["balance_paise"] for row in group})
        for hop_no, group in groupby(rows, key=lambda row: int(row["hop_no"]))
    )


async def paise_by_bucket(connection: Connection) -> dict[Bucket, int]:
    """Return the total of each bucket over all cases; `LOST` as a positive figure. Reads every balance."""
    rows = await connection.fetch(
        "SELECT bucket, abs(sum(balance_paise))::bigint AS paise FROM ledger_balance GROUP BY bucket"
    )
    return {Bucket(row["bucket"]): row["paise"] for row in rows}


class WaitingRaise(FrozenModel):
    """The largest amount that a complaint told of a hop."""

    hop_no: int
    ack_no: str
    amount_paise: int


_BANK_HAS_REQUEST: Final = """
CASE h.state
WHEN 'closed' THEN true
WHEN 'open' THEN false
WHEN 'asked' THEN EXISTS (
    SELECT FROM request_hop q JOIN hold_request r USING (request_id) LEFT JOIN feed_entry f USING (request_id)
    WHERE q.case_no = h.case_no AND q.hop_no = h.hop_no AND q.live
      AND (r.state = 'refused' OR r.first_answered_at IS NOT NULL
           -- What stands in the feed is not with the bank before it has read it.
           OR (r.delivered_at IS NOT NULL AND (r.channel <> 'pull' OR f.acknowledged_at IS NOT NULL))))
-- From the case's requests to their hops, because hops that are no longer live have no index by case.
ELSE EXISTS (SELECT FROM hold_request r JOIN request_hop q USING (request_id)
             WHERE r.case_no = h.case_no AND q.hop_no = h.hop_no)
END
"""
"""whether the hop `h` was answered, or its bank has the request about it"""


async def bank_has_request(connection: Connection, case_no: str, hop_no: int) -> bool:
    """Return whether a larger amount replaces no request that the bank does not have yet."""
    has_request: bool = await connection.fetchval(
        f"SELECT {_BANK_HAS_REQUEST} FROM hop h WHERE h.case_no = $1 AND h.hop_no = $2", case_no, hop_no
    )
    return has_request


async def keep(connection: Connection, case_no: str, hop_no: int, ack_no: str, paise: int, at: datetime) -> None:
    """Keep the amount that a complaint tells; the largest of a hop counts."""
    await connection.execute(
        "INSERT INTO hop_raise AS r (case_no, hop_no, ack_no, amount_paise, told_at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (case_no, hop_no) DO UPDATE SET ack_no = excluded.ack_no, amount_paise = excluded.amount_paise"
        " WHERE excluded.amount_paise > r.amount_paise",
        case_no,
        hop_no,
        ack_no,
        paise,
        at,
    )


DUE: Final = f"""
SELECT r.case_no, r.hop_no FROM hop_raise r JOIN hop h USING (case_no, hop_no)
WHERE r.case_no <> ALL($1::text[]) AND {_BANK_HAS_REQUEST} ORDER BY r.told_at LIMIT $2
"""


async def due(connection: Connection, skip: Sequence[str], limit: int) -> DueHops:
    """Return hops that can be raised now, by case, the oldest first; skips the cases in `skip`."""
    return by_case(await connection.fetch(DUE, list(skip), limit))


async def still_due(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> list[WaitingRaise]:
    """Return what is told of these hops and can be used now; call it under the case's lock."""
    rows = await connection.fetch(
        "SELECT r.hop_no, r.ack_no, r.amount_paise FROM hop_raise r JOIN hop h USING (case_no, hop_no)"
        f" WHERE r.case_no = $1 AND r.hop_no = ANY($2) AND {_BANK_HAS_REQUEST} ORDER BY r.hop_no",
        case_no,
        list(hop_nos),
    )
    return [WaitingRaise(**dict(row)) for row in rows]


async def forget(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> None:
    """Forget what is told of these hops: it is used, or it is no more than they have."""
    await connection.execute("DELETE FROM hop_raise WHERE case_no = $1 AND hop_no = ANY($2)", case_no, list(hop_nos))


async def forget_told_in(connection: Connection, ack_no: str) -> None:
    """Forget what a complaint told that is withdrawn."""
    await connection.execute("DELETE FROM hop_raise WHERE ack_no = $1", ack_no)


_ACCOUNT: Final = f"""
SELECT held.held_paise, held.in_play_paise, last.balance_paise, last.received_at
FROM (SELECT $1::text AS institution, $2::text AS account_key) AS t
CROSS JOIN LATERAL ({HELD_OVER_CASES}) AS held LEFT JOIN LATERAL ({LAST_BALANCE}) AS last ON true
WHERE EXISTS (SELECT FROM hop h WHERE h.institution = $1 AND h.account_key = $2)
"""
_CLAIMS: Final = f"""
SELECT h.case_no AS case_ack_no, array_agg(h.hop_no ORDER BY h.hop_no) AS hop_nos,
    sum(h.disputed_paise)::bigint AS disputed_paise,
    sum(coalesce(l.in_play, 0))::bigint AS in_play_paise, sum(coalesce(l.held, 0))::bigint AS held_paise,
    sum(coalesce(a.claimed, 0))::bigint AS claimed_held_paise
FROM hop h
LEFT JOIN LATERAL (
    SELECT sum(balance_paise) FILTER (WHERE bucket = 'in_play') AS in_play,
        sum(balance_paise) FILTER (WHERE bucket = 'held') AS held
    FROM ledger_balance b WHERE b.case_no = h.case_no AND b.hop_no = h.hop_no
) AS l ON true
LEFT JOIN LATERAL (
    SELECT sum(claim_paise) AS claimed FROM answer a WHERE a.case_no = h.case_no AND a.hop_nos[1] = h.hop_no
        AND a.institution = h.institution AND a.kind = 'held' AND a.disposition <> 'duplicate'
) AS a ON true
WHERE h.institution = $1 AND h.account_key = $2 AND h.case_no > $3 {MARK} GROUP BY h.case_no ORDER BY h.case_no LIMIT $4
"""


async def view(connection: Connection, asked: AccountQuestion, within: Within | None = None) -> AccountView:
    """Return the totals of every case on the account. Raises `BadCursor`, and `NotFound` for an unknown account.

    `within` selects the cases that the list has; the sums count every case.
    """
    institution, key = asked.institution.strip().upper(), account_key(asked.account)
    (after,) = from_cursor(asked.after, str) if asked.after else ("",)
    account = await connection.fetchrow(_ACCOUNT, institution, key)
    if account is None:
        raise AccountNotFound
    statement, values = confined(_CLAIMS, (institution, key, after, asked.limit + 1), "h.case_no", within)
    rows = await connection.fetch(statement, *values)
    items = tuple(AccountClaim(**dict(row)) for row in rows[: asked.limit])
    balance = account["balance_paise"]
    return AccountView(
        institution=institution,
        in_play_paise=account["in_play_paise"],
        held_paise=account["held_paise"],
        balance_paise=balance,
        balance_told_at=account["received_at"],
        held_above_balance_paise=0 if balance is None else max(0, account["held_paise"] - max(0, balance)),
        items=items,
        next=to_cursor(items[-1].case_ack_no) if len(rows) > asked.limit else None,
    )
