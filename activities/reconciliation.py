"""Laying a bank's list of liens beside the ledger: one snapshot, written down, and the ledger left as it is."""

from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg

from db import reconciliation
from db.pool import Pool
from domain.errors import NotFound
from domain.reconciliation import compare
from schemas.reconciliation import ListedLien, ReconciliationDetail


async def reconcile(
    pool: Pool, institution: str, rows: Sequence[ListedLien], digest: bytes, *, taken_by: str
) -> ReconciliationDetail:
    """Compare and write down. `digest` is the SHA-256 of the list as it came. Raises `NotFound` for an unknown code."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        case_of = await reconciliation.cases_of(connection, {row.ack_no for row in rows})
        held = await reconciliation.held_at(connection, institution, set(case_of.values()))
        comparison = compare(rows, case_of, held)
        try:
            number = await reconciliation.record(
                connection, institution, digest, comparison, datetime.now(UTC), taken_by
            )
        except asyncpg.ForeignKeyViolationError:
            raise NotFound(f"institution {institution}") from None
        return await reconciliation.get(connection, number)
