"""Views of the ledger: postings with their entries, balances, and the totals of all cases."""

from itertools import groupby
from typing import Final

from db.case.cases import case_no_of
from db.paging import cut, int_after, to_cursor
from db.pool import Connection
from schemas.case.request_views import EntryView, HopBalance, LedgerView, TransactionView
from schemas.enums import Bucket

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
    found = await connection.fetch(_TRANSACTIONS, case_no, after_id, limit + 1)
    rows, more = cut(found, limit)
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
