"""The measures read the cases of their period, however many others there are."""

from uuid import uuid4

import pytest

from db.pool import Pool
from db.reporting.outcomes import AGES, CREDITS, MONEY, ORDERS, WAY, Counting
from schemas.reporting.outcomes import FigureGroup

MANY_CASES = """
INSERT INTO case_file (case_no, state, opened_at, policy)
SELECT lpad(n::text, 14, '0'), 'open', now() - n * interval '1 hour', '{}' FROM generate_series(1, 5000) AS n;
ANALYZE case_file;
"""


PERIOD = "now() - interval '2 hours', now()"
TYPES = "timestamptz, timestamptz"


@pytest.mark.parametrize("by", [None, *FigureGroup])
@pytest.mark.parametrize(
    ("counting", "types", "told", "index"),
    [
        (MONEY, TYPES, PERIOD, "case_file_"),
        (WAY, TYPES, PERIOD, "case_file_"),
        (ORDERS, TYPES, PERIOD, "case_file_"),
        (CREDITS, f"{TYPES}, float8[]", f"{PERIOD}, '{{0.5,0.95}}'", "bank_confirmation_credited"),
        (AGES, "timestamptz, float8", "now(), 1.0", "account_hold_lapsing"),
    ],
    ids=["money", "way", "orders", "credits", "ages"],
)
async def test_what_is_counted_is_found_by_an_index(
    pool: Pool, counting: Counting, types: str, told: str, index: str, by: FigureGroup | None
) -> None:
    name = f"counted_{uuid4().hex}"
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(MANY_CASES)
        # What remains of sequential scans then is what no index can serve.
        await connection.execute("SET LOCAL enable_seqscan = off")
        await connection.execute(f"PREPARE {name} ({types}) AS {counting.by(by)}")
        rows = await connection.fetch(f"EXPLAIN EXECUTE {name} ({told})")
        await transaction.rollback()
    lines = [line for (line,) in rows]
    assert any(index in line for line in lines), lines
    for table in ("case_file", "ledger_balance", "hop", "bank_order"):
        assert not [line for line in lines if f"Seq Scan on {table} " in line], lines
