"""Comparisons of banks' lists of liens with the ledger."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from db.paging import cut, int_after, to_cursor
from db.pool import Connection
from db.privacy import jurisdiction
from domain.errors.banks import ReconciliationNotFound
from domain.gateway.liens import Comparison, Transfer
from schemas.gateway.liens import Difference, Reconciliation, ReconciliationDetail, ReconciliationPage
from schemas.privacy.personal_data import Within

_HELD: Final = """
SELECT h.case_no, h.reference_key, coalesce(sum(b.balance_paise), 0)::bigint AS paise
FROM hop h
LEFT JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'
WHERE h.institution = $1
GROUP BY h.case_no, h.reference_key
HAVING coalesce(sum(b.balance_paise), 0) > 0 OR h.case_no = ANY($2)
"""

# The amounts on hold at a moment: the balances now without the later entries. Only transfers with later entries are
# listed.
_HELD_THEN: Final = """
WITH since AS (
    SELECT h.case_no, h.hop_no, h.reference_key, sum(e.amount_paise) AS paise
    FROM ledger_transaction t JOIN ledger_entry e USING (transaction_id)
    JOIN hop h ON h.case_no = e.case_no AND h.hop_no = e.hop_no
    WHERE t.at > $2 AND e.bucket = 'held' AND h.institution = $1
    GROUP BY h.case_no, h.hop_no, h.reference_key
)
SELECT h.case_no, h.reference_key, sum(coalesce(b.balance_paise, 0) - coalesce(s.paise, 0))::bigint AS paise
FROM hop h
LEFT JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'
LEFT JOIN since s ON s.case_no = h.case_no AND s.hop_no = h.hop_no
WHERE h.institution = $1 AND (h.case_no, h.reference_key) IN (SELECT case_no, reference_key FROM since)
GROUP BY h.case_no, h.reference_key
"""

COLUMNS: Final = (
    "reconciliation_id, institution, taken_at, taken_by, as_of, inquiry_id, rows_in, rows_matched, rows_differing,"
    " missing, bank_paise, our_paise"
)


async def lock(connection: Connection, institution: str) -> datetime:
    """Lock an institution's lists and inquiries until the transaction ends; return the present moment then."""
    # The lock stands in the FROM clause, because that is done before the present moment is read.
    now: datetime = await connection.fetchval(
        "SELECT present_moment() FROM pg_advisory_xact_lock(hashtextextended('reconciliation|' || $1, 0))", institution
    )
    return now


async def cases_of(connection: Connection, ack_nos: Collection[str]) -> dict[str, str]:
    """Return the case of each known acknowledgement number, of whichever of its complaints."""
    rows = await connection.fetch("SELECT ack_no, case_no FROM complaint WHERE ack_no = ANY($1)", list(ack_nos))
    return {row["ack_no"]: row["case_no"] for row in rows}


async def held_at(connection: Connection, institution: str, case_nos: Collection[str]) -> dict[Transfer, int]:
    """Return the ledger's amounts on hold at an institution, by transfer; of these cases also zeros."""
    rows = await connection.fetch(_HELD, institution, list(case_nos))
    return {Transfer(row["case_no"], row["reference_key"]): row["paise"] for row in rows}


async def held_then(connection: Connection, institution: str, at: datetime) -> dict[Transfer, int]:
    """Return the ledger's amounts on hold at that moment, of transfers with entries since then."""
    rows = await connection.fetch(_HELD_THEN, institution, at)
    return {Transfer(row["case_no"], row["reference_key"]): row["paise"] for row in rows}


async def record(
    connection: Connection,
    institution: str,
    digest: bytes,
    comparison: Comparison,
    at: datetime,
    taken_by: str,
    *,
    list_no: int | None = None,
    inquiry_id: UUID | None = None,
    as_of: datetime | None = None,
) -> int:
    """Write a comparison and return its number.

    Raises `asyncpg.ForeignKeyViolationError` for an unknown institution.
    """
    number: int = await connection.fetchval(
        "INSERT INTO reconciliation (institution, list_digest, taken_at, taken_by, rows_in, rows_matched,"
        " rows_differing, missing, bank_paise, our_paise, list_no, inquiry_id, as_of)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING reconciliation_id",
        institution,
        digest,
        at,
        taken_by,
        comparison.rows_in,
        comparison.rows_matched,
        comparison.rows_differing,
        comparison.missing,
        comparison.bank_paise,
        comparison.our_paise,
        list_no,
        inquiry_id,
        as_of,
    )
    await connection.executemany(
        "INSERT INTO reconciliation_difference (reconciliation_id, difference_no, row_no, reason, detail, ack_no,"
        " reference, bank_paise, our_paise) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        [
            (
                number,
                place,
                difference.row_no,
                difference.reason.value,
                difference.detail,
                difference.ack_no,
                difference.reference,
                difference.bank_paise,
                difference.our_paise,
            )
            for place, difference in enumerate(comparison.differences, start=1)
        ],
    )
    return number


async def of_list(connection: Connection, list_no: int) -> int | None:
    """Return the number of the comparison of a list, or None if it was not made."""
    number: int | None = await connection.fetchval(
        "SELECT reconciliation_id FROM reconciliation WHERE list_no = $1", list_no
    )
    return number


async def last(connection: Connection, institution: str) -> tuple[ReconciliationDetail, bytes] | None:
    """Return the institution's last comparison and the digest of its list, or None."""
    row = await connection.fetchrow(
        "SELECT reconciliation_id, list_digest FROM reconciliation WHERE institution = $1"
        " ORDER BY reconciliation_id DESC LIMIT 1",
        institution,
    )
    return None if row is None else (await get(connection, row["reconciliation_id"]), row["list_digest"])


async def page(connection: Connection, institution: str | None, after: str | None, limit: int) -> ReconciliationPage:
    """Return up to `limit` comparisons, the newest last. Raises `BadCursor`."""
    fetched = await connection.fetch(
        f"SELECT {COLUMNS} FROM reconciliation WHERE ($1::text IS NULL OR institution = $1) AND reconciliation_id > $2"
        " ORDER BY reconciliation_id LIMIT $3",
        institution,
        int_after(after),
        limit + 1,
    )
    rows, more = cut(fetched, limit)
    items = tuple(Reconciliation(**dict(row)) for row in rows)
    return ReconciliationPage(items=items, next=to_cursor(items[-1].reconciliation_id) if more else None)


async def get(connection: Connection, number: int, within: Within | None = None) -> ReconciliationDetail:
    """Return one comparison with its differences. Raises `NotFound`.

    Differences about a known case are confined to the cases of `within`; the sums count every case.
    """
    row = await connection.fetchrow(f"SELECT {COLUMNS} FROM reconciliation WHERE reconciliation_id = $1", number)
    if row is None:
        raise ReconciliationNotFound(number)
    differing = await connection.fetch(
        "SELECT row_no, reason, detail, ack_no, reference, bank_paise, our_paise FROM reconciliation_difference"
        " WHERE reconciliation_id = $1 ORDER BY difference_no",
        number,
    )
    differences = tuple(Difference(**dict(difference)) for difference in differing)
    if within is not None:
        case_of = await cases_of(connection, {difference.ack_no for difference in differences})
        shown = await jurisdiction.those_within(connection, within, set(case_of.values()))
        differences = tuple(
            difference for difference in differences if case_of.get(difference.ack_no) in {None, *shown}
        )
    return ReconciliationDetail(**dict(row), differences=differences)
