"""Statements of the hot path find their rows by an index, however many rows other cases have."""

from db import requests
from db.pool import Pool


async def test_an_answers_requests_are_found_from_their_case(database: Pool) -> None:
    async with database.acquire() as connection, connection.transaction():
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
