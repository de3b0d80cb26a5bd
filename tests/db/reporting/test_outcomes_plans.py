"""The measures read the cases of their period, however many others there are."""

from collections.abc import Sequence
from itertools import product

from db.pool import Pool
from db.reporting.outcomes import AGES, CREDITS, MONEY, ORDERS, WAY, Counting
from schemas.reporting.figures import FigureGroup

MANY_CASES = """
INSERT INTO case_file (case_no, state, opened_at, policy)
SELECT lpad(n::text, 14, '0'), 'open', now() - n * interval '1 hour', '{}' FROM generate_series(1, 5000) AS n;
ANALYZE case_file;
"""


PERIOD = "now() - interval '2 hours', now()"
TYPES = "timestamptz, timestamptz"


COUNTED: Sequence[tuple[Counting, str, str, str]] = (
    (MONEY, TYPES, PERIOD, "case_file_"),
    (WAY, TYPES, PERIOD, "case_file_"),
    (ORDERS, TYPES, PERIOD, "case_file_"),
    (CREDITS, f"{TYPES}, float8[]", f"{PERIOD}, '{{0.5,0.95}}'", "bank_confirmation_credited"),
    (AGES, "timestamptz, float8", "now(), 1.0", "account_hold_lapsing"),
)
"""what is counted, the types of its values, the values, and the index by which it is found"""


async def test_what_is_counted_is_found_by_an_index(pool: Pool) -> None:
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(MANY_CASES)
        # What remains of sequential scans then is what no index can serve.
        await connection.execute("SET LOCAL enable_seqscan = off")
        for (counting, types, told, index), by in product(COUNTED, (None, *FigureGroup)):
            await connection.execute(f"PREPARE counted ({types}) AS {counting.by(by)}")
            lines = [line for (line,) in await connection.fetch(f"EXPLAIN EXECUTE counted ({told})")]
            await connection.execute("DEALLOCATE counted")
            assert any(index in line for line in lines), (by, lines)
            for table in ("case_file", "ledger_balance", "hop", "bank_order"):
                assert not [line for line in lines if f"Seq Scan on {table} " in line], (by, lines)
        await transaction.rollback()
