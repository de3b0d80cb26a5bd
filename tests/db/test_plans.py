"""Statements of the hot path find their rows by an index, however many rows other cases have."""

from db import requests
from db.pool import Pool

MANY_REQUESTS = """
SET LOCAL session_replication_role = replica;  -- they stand for cases and hops that nobody needs here
INSERT INTO hold_request (request_id, case_no, wave_no, institution, state, planned_at, sent_at)
SELECT gen_random_uuid(), (n / 10)::text, n % 10, CASE WHEN n % 3 = 0 THEN 'HDFC' ELSE 'SBIN' END, 'delivered', now(), now()
FROM generate_series(1, 5000) AS n;
ANALYZE hold_request;
"""


async def test_an_answers_requests_are_found_from_their_case(database: Pool) -> None:
    async with database.acquire() as connection, connection.transaction():
        await connection.execute(MANY_REQUESTS)
        # What remains of sequential scans then is what no index can serve.
        await connection.execute("SET LOCAL enable_seqscan = off")
        await connection.execute(f"PREPARE answered (text, text, integer[], timestamptz) AS {requests.ANSWERED}")
        plan = await connection.fetch("EXPLAIN EXECUTE answered ('1', 'HDFC', '{1}', now())")
    lines = [line for (line,) in plan]
    conditions = [line for line in lines if "Index Cond" in line]
    assert not [line for line in lines if "Seq Scan" in line]
    # A hop's number alone names a hop of every case.
    assert conditions
    assert all("case_no" in line or "request_id" in line for line in conditions), lines
