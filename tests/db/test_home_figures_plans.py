"""The measures read the cases of their period, however many others there are."""

from uuid import uuid4

import pytest

from db.home_figures import AGES, CREDITS, MONEY, ORDERS, WAY, Counting
from db.pool import Pool
from schemas.home_figures import HomeBy

MANY_CASES = """
INSERT INTO case_file (case_no, state, opened_at, policy)
SELECT lpad(n::text, 14, '0'), 'open', now() - n * interval '1 hour', '{}' FROM generate_series(1, 5000) AS n;
ANALYZE case_file;
"""


@pytest.mark.parametrize("by", [None, *HomeBy])
@pytest.mark.parametrize(
    ("counting", "more"),
    [(MONEY, ""), (WAY, ""), (ORDERS, ""), (CREDITS, ", '{0.5,0.95}'"), (AGES, ", now(), 1.0")],
    ids=["money", "way", "orders", "credits", "ages"],
)
async def test_the_cases_of_a_short_period_are_found_by_an_index(
    pool: Pool, counting: Counting, more: str, by: HomeBy | None
) -> None:
    types = {"": "", ", '{0.5,0.95}'": ", float8[]", ", now(), 1.0": ", timestamptz, float8"}[more]
    name = f"counted_{uuid4().hex}"
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(MANY_CASES)
        # What remains of sequential scans then is what no index can serve.
        await connection.execute("SET LOCAL enable_seqscan = off")
        await connection.execute(f"PREPARE {name} (timestamptz, timestamptz{types}) AS {counting.by(by)}")
        rows = await connection.fetch(f"EXPLAIN EXECUTE {name} (now() - interval '2 hours', now(){more})")
        await transaction.rollback()
    lines = [line for (line,) in rows]
    assert any("case_file_opened" in line or "case_file_pkey" in line for line in lines), lines
    for table in ("case_file", "ledger_balance", "hop", "bank_order"):
        assert not [line for line in lines if f"Seq Scan on {table} " in line], lines
