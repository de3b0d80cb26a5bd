"""Postings to the ledger, and its balances; the function `ledger_post` of the database writes both."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from db.pool import Connection
from domain.errors.intake import LedgerKeyReused
from schemas.case.answers import Entry
from schemas.enums import Bucket


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


async def in_play_paise(connection: Connection, case_no: str) -> int:
    """Return the amount of the case that is still in play, in paise."""
    total: int = await connection.fetchval(
        "SELECT coalesce(sum(balance_paise), 0)::bigint FROM ledger_balance WHERE case_no = $1 AND bucket = 'in_play'",
        case_no,
    )
    return total
