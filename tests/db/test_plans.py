"""Statements of the hot path find their rows by an index, however many rows other cases have."""

import pytest

from db import bank_gateway, intake
from db.banks import bank_keys, reply_links
from db.cases import hop_retries, parked_hops, told_amounts
from db.outbox import case_outbox, deferral, due_list, procedure_outbox
from db.pool import Pool
from db.tracing import requests

MANY_REQUESTS = """
-- They stand for cases that nobody needs here.
ALTER TABLE hold_request DROP CONSTRAINT hold_request_case_no_fkey, DROP CONSTRAINT hold_request_institution_fkey;
ALTER TABLE request_hop DROP CONSTRAINT request_hop_case_no_hop_no_fkey;
INSERT INTO hold_request (request_id, case_no, batch_no, institution, state, planned_at, sent_at)
SELECT gen_random_uuid(), (n / 10)::text, n % 10, CASE WHEN n % 3 = 0 THEN 'HDFC' ELSE 'SBIN' END, 'delivered',
    now(), now()
FROM generate_series(1, 5000) AS n;
INSERT INTO request_hop (request_id, case_no, hop_no, revision, live)
SELECT request_id, case_no, batch_no + 1, 0, false FROM hold_request;
ANALYZE hold_request, request_hop;
"""


async def test_known_transfers_are_found_by_reference_and_by_account(database: Pool) -> None:
    async with database.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        await connection.execute(f"PREPARE known (text[], text[], text[], text[], bigint[]) AS {intake.KNOWN}")
        told = "'{1}', '{HDFC}', '{2}', '{3}', '{4}'"
        lines = [line for (line,) in await connection.fetch(f"EXPLAIN EXECUTE known ({told})")]
    assert not [line for line in lines if "Seq Scan" in line]
    for index in ("disputed_transfer_reference", "hop_account", "complaint_transfer_hop"):
        assert any(index in line for line in lines), lines


async def test_what_is_known_of_a_complaint_is_read_by_indexes(database: Pool) -> None:
    async with database.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        types = "text[], text[], text[], text[], bigint[], text, text, text, bigint"
        await connection.execute(f"PREPARE told ({types}) AS {intake.READ}")
        told = "'{1}', '{HDFC}', '{2}', '{3}', '{4}', 'officer:1', 'key', '30000000000000', NULL"
        lines = [line for (line,) in await connection.fetch(f"EXPLAIN EXECUTE told ({told})")]
    assert not [line for line in lines if "Seq Scan" in line], lines
    for index in (
        "complaint_taken_by_idempotency_key_key",
        "complaint_pkey",
        "disputed_transfer_reference",
        "hop_account",
    ):
        assert any(index in line for line in lines), lines


async def test_the_requests_of_a_batch_are_read_by_indexes(database: Pool) -> None:
    async with database.acquire() as connection, connection.transaction():
        await connection.execute(MANY_REQUESTS)
        await connection.execute("SET LOCAL enable_seqscan = off")
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE batch (uuid[]) AS {requests.TO_SEND}")
        lines = [line for (line,) in await connection.fetch("EXPLAIN EXECUTE batch ('{}')")]
    conditions = [line for line in lines if "Index Cond" in line]
    assert not [line for line in lines if "Seq Scan" in line], lines
    assert all(any(column in line for column in ("case_no", "_id", "ack_no")) for line in conditions), lines


@pytest.mark.parametrize(
    ("index", "types", "statement"),
    [
        ("hop_to_remind", "timestamptz, text[], bigint", parked_hops.TO_REMIND),
        ("hop_to_write_off", "timestamptz, text[], bigint", parked_hops.TO_WRITE_OFF),
        ("hop_to_look_up", "timestamptz, text[], bigint", parked_hops.TO_LOOK_UP),
        ("hop_retry_due", "timestamptz, text[], bigint", hop_retries.DUE),
        ("hop_raise_told", "text[], bigint", told_amounts.DUE),
        ("case_news_signalled", "timestamptz, bigint", case_outbox.PURGE),
        ("reply_link_unused", "timestamptz, bigint", reply_links.PURGE),
        ("feed_key_seen", "timestamptz, bigint", bank_gateway.PURGE_KEYS),
        ("bank_nonce_seen", "timestamptz, bigint", bank_keys.PURGE_NONCES),
        ("procedure_due", "timestamptz, timestamptz, text[], bigint", due_list.DUE),
        ("procedure_unseen", "timestamptz, text[], bigint", procedure_outbox.NOT_SEEN),
    ],
)
async def test_what_the_sweep_takes_the_oldest_of_is_read_in_that_order(
    database: Pool, index: str, types: str, statement: str
) -> None:
    """From an index, and without sorting: there may be years of what is not due."""
    async with database.acquire() as connection, connection.transaction():
        for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
            await connection.execute(f"SET LOCAL {setting} = off")
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE taken ({types}) AS {statement}")
        values = ", ".join(
            {"timestamptz": "now()", "text[]": "'{}'", "bigint": "10"}[name] for name in types.split(", ")
        )
        lines = [line for (line,) in await connection.fetch(f"EXPLAIN EXECUTE taken ({values})")]
    assert any(f"using {index} " in line for line in lines), lines
    assert not [line for line in lines if "Sort" in line], lines


async def test_the_latest_golden_hour_work_is_read_from_the_end_of_indexes(database: Pool) -> None:
    async with database.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        lines = [line for (line,) in await connection.fetch(f"EXPLAIN {deferral.LATEST}")]
    for index in ("hold_request_planned", "status_update_pkey"):
        assert any(f"Backward using {index} " in line for line in lines), lines


async def test_what_is_due_of_a_case_is_found_from_the_case(database: Pool) -> None:
    async with database.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        await connection.execute(f"PREPARE listed (text, timestamptz) AS {due_list.OF_CASE}")
        lines = [line for (line,) in await connection.fetch("EXPLAIN EXECUTE listed ('1', now())")]
    for index in ("procedure_case", "procedure_news_waiting"):
        assert any(index in line for line in lines), lines
