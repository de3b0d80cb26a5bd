"""Statements of the hot path find their rows by an index, however many rows other cases have."""

from datetime import UTC, datetime

from db import outgoing, task_owners
from db.banks import bank_keys, bank_logins, reply_links
from db.case import bank_feeds, case_outbox, case_views, hop_retries, intake, ledger, parked_hops, requests
from db.case.discrepancies import LAST_BALANCE
from db.people import public_drafts
from db.pool import Connection, Pool
from db.recovery import bank_replies, due_documents
from db.work_items import case_assignments, task_filters, task_notices, task_views, work_item_lines
from db.work_items.task_filters import Wanted
from domain.work_items.task_owners import acts_of
from schemas.enums import Role, TaskState
from schemas.work_items.task_owners import TaskFilter, TaskSort

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


MANY_TASKS = """
ALTER TABLE desk_task DROP CONSTRAINT desk_task_case_no_fkey;
INSERT INTO desk_task (case_no, kind, state, opened_at, closed_at, subject_kind, subject_id, cause)
SELECT (n / 2)::text, 'phone_bank', CASE WHEN n > 9900 THEN 'open' ELSE 'closed' END, now(),
    CASE WHEN n <= 9900 THEN now() END, 'case', (n / 2)::text, 'request_silent' || n
FROM generate_series(1, 10000) AS n;
INSERT INTO officer (officer_id, name, created_at, created_by, changed_at, changed_by)
VALUES ('a', 'A', now(), 'x', now(), 'x');
INSERT INTO task_owner (task_id, version, owner, since, lease_ends_at)
SELECT task_id, 1, 'a', now(), now() + interval '1 hour' FROM desk_task WHERE state = 'open' LIMIT 50;
INSERT INTO task_value (task_id, case_seq, in_play_paise, rank_paise, persons)
SELECT task_id, 1, task_id, task_id, '{}' FROM desk_task WHERE state = 'open';
ANALYZE desk_task, task_owner, task_value;
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
        types = "text[], text[], text[], text[], bigint[], text, text, text, bigint, text"
        await connection.execute(f"PREPARE told ({types}) AS {intake.READ}")
        told = "'{1}', '{HDFC}', '{2}', '{3}', '{4}', 'officer:1', 'key', '30000000000000', NULL, '25000000000000'"
        lines = [line for (line,) in await connection.fetch(f"EXPLAIN EXECUTE told ({told})")]
    assert not [line for line in lines if "Seq Scan" in line], lines
    for index in (
        "complaint_taken_by_idempotency_key_key",
        "complaint_pkey",
        "complaint_portal_ack_no",
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


SWEPT = (
    ("hop_to_remind", "timestamptz, text[], bigint", parked_hops.TO_REMIND),
    ("hop_to_write_off", "timestamptz, text[], bigint", parked_hops.TO_WRITE_OFF),
    ("hop_to_look_up", "timestamptz, text[], bigint", parked_hops.TO_LOOK_UP),
    ("hop_retry_due", "timestamptz, text[], bigint", hop_retries.DUE),
    ("hop_raise_told", "text[], bigint", ledger.DUE),
    ("case_news_signalled", "timestamptz, bigint", case_outbox.PURGE),
    ("reply_link_unused", "timestamptz, bigint", reply_links.PURGE),
    ("feed_key_seen", "timestamptz, bigint", bank_feeds.PURGE_KEYS),
    ("bank_nonce_seen", "timestamptz, bigint", bank_keys.PURGE_NONCES),
    ("bank_login_verified_at", "timestamptz, bigint", bank_logins.PURGE),
    ("procedure_due", "timestamptz, timestamptz, text[], bigint", due_documents.DUE),
    ("procedure_unseen", "timestamptz, text[], bigint", case_outbox.NOT_SEEN),
    ("case_assignment_new", "timestamptz, timestamptz, text[], bigint", case_assignments.NEW),
    ("case_assignment_again", "timestamptz, timestamptz, text[], bigint", case_assignments.AGAIN),
    ("outgoing_due", "text, timestamptz, timestamptz, bigint, timestamptz", outgoing.CLAIM),
)
"""an index, the types of the values, and the statement that takes the oldest rows by that index"""
SAMPLES = {"timestamptz": "now()", "bigint": "200", "text": "'1'"} | dict.fromkeys(
    ("text[]", "float8[]", "bigint[]"), "'{}'"
)


async def plan_of(connection: Connection, types: str, statement: str) -> list[str]:
    """Return the lines of the plan of a statement with values of these types."""
    values = ", ".join(SAMPLES[name] for name in types.split(", "))
    await connection.execute(f"PREPARE planned ({types}) AS {statement}")
    lines = [line for (line,) in await connection.fetch(f"EXPLAIN EXECUTE planned ({values})")]
    await connection.execute("DEALLOCATE planned")
    return lines


async def test_what_the_sweep_takes_the_oldest_of_is_read_in_that_order(database: Pool) -> None:
    """From an index, and without sorting: there may be years of what is not due."""
    async with database.acquire() as connection, connection.transaction():
        for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
            await connection.execute(f"SET LOCAL {setting} = off")
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        for index, types, statement in SWEPT:
            lines = await plan_of(connection, types, statement)
            assert any(f"using {index} " in line for line in lines), lines
            assert not [line for line in lines if "Sort" in line], lines


OUTBOUND = ("message_to_expire", "outgoing_due")


async def test_outbound_work_that_is_due_is_found_by_indexes(database: Pool) -> None:
    async with database.acquire() as connection, connection.transaction():
        for setting in ("enable_seqscan", "enable_bitmapscan"):
            await connection.execute(f"SET LOCAL {setting} = off")
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE due (timestamptz) AS {case_outbox.DUE}")
        lines = [line for (line,) in await connection.fetch("EXPLAIN EXECUTE due (now())")]
    assert not [line for line in lines if "Seq Scan" in line], lines
    for index in OUTBOUND:
        assert any(f"using {index} " in line for line in lines), (index, lines)


async def test_unconfirmed_complaints_are_found_by_their_index(database: Pool) -> None:
    async with database.acquire() as connection, connection.transaction():
        for setting in ("enable_seqscan", "enable_bitmapscan"):
            await connection.execute(f"SET LOCAL {setting} = off")
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        lines = await plan_of(connection, "timestamptz, bigint", public_drafts.UNCONFIRMED)
    assert any("using public_draft_unconfirmed " in line for line in lines), lines


MANY_ASSIGNMENTS = """
ALTER TABLE case_assignment DROP CONSTRAINT case_assignment_case_no_fkey;
INSERT INTO case_assignment (case_no, io, io_since, supervising, supervising_since)
SELECT n::text, 'io.' || n % 50, now(), 'sp.' || n % 5, now() FROM generate_series(1, 10000) AS n;
INSERT INTO officer (officer_id, name, created_at, created_by, changed_at, changed_by)
SELECT 'officer.' || n, 'A', now(), 'x', now(), 'x' FROM generate_series(1, 1000) AS n;
ANALYZE case_assignment, officer;
"""


async def test_the_cases_of_officers_who_left_are_read_by_the_officer(database: Pool) -> None:
    async with database.acquire() as connection, connection.transaction():
        await connection.execute(MANY_ASSIGNMENTS)
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE gone (timestamptz, integer, bigint) AS {case_assignments.LEFT}")
        lines = [line for (line,) in await connection.fetch("EXPLAIN EXECUTE gone (now(), 3, 200)")]
    assert not [line for line in lines if "Seq Scan on case_assignment" in line], lines
    for index in ("case_assignment_io", "case_assignment_supervising"):
        assert any(index in line for line in lines), lines


async def test_the_latest_golden_hour_work_is_read_from_the_end_of_indexes(database: Pool) -> None:
    async with database.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        lines = [line for (line,) in await connection.fetch(f"EXPLAIN {case_outbox.LATEST}")]
    for index in ("hold_request_planned", "status_update_pkey"):
        assert any(f"Backward using {index} " in line for line in lines), lines


MANY_ORDERS = """
ALTER TABLE bank_order DROP CONSTRAINT bank_order_case_no_fkey, DROP CONSTRAINT bank_order_institution_fkey;
ALTER TABLE bank_order DISABLE TRIGGER USER;
INSERT INTO bank_order (order_id, kind, reason, case_no, institution, state, ordered_by, planned_at, due_at, policy,
    first_confirmed_at)
SELECT gen_random_uuid(), 'release', 'lapsed', n::text, 'SBIN', 'delivered', 'x', now() - n * interval '1 minute',
    now() + n * interval '1 minute', '{}', CASE WHEN n % 20 = 0 THEN now() - n * interval '1 minute' END
FROM generate_series(1, 2000) AS n;
ALTER TABLE feed_entry DROP CONSTRAINT feed_entry_request_id_fkey;
ALTER TABLE feed_entry DISABLE TRIGGER USER;
INSERT INTO feed_entry (request_id, institution, status, changed_at, change_no, version, is_answered)
SELECT order_id, institution, 'open', now(), row_number() OVER (), 1, first_confirmed_at IS NOT NULL FROM bank_order;
ANALYZE bank_order, feed_entry;
"""


async def test_what_is_due_of_a_case_or_answered_by_a_bank_is_found_from_what_is_known(database: Pool) -> None:
    bank = "text, bigint"
    async with database.acquire() as connection, connection.transaction():
        await connection.execute(MANY_ORDERS)
        await connection.execute("SET LOCAL enable_seqscan = off")
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        for types, statement, values, indexes in (
            ("text, timestamptz", due_documents.OF_CASE, "'1', now()", ("procedure_case", "procedure_news_waiting")),
            (bank, bank_replies.CONFIRMED, "'SBIN', 50", ("Backward using bank_order_confirmed",)),
            (
                f"{bank}, timestamptz, uuid",
                bank_replies.CONFIRMED_BEFORE,
                "'SBIN', 50, now(), gen_random_uuid()",
                ("Backward using bank_order_confirmed", "Index Cond: ((institution = $1) AND (ROW(first_confirmed_at"),
            ),
            (f"{bank}, uuid[]", bank_replies.CONFIRMED_OF, "'SBIN', 50, '{}'", ("bank_order_pkey",)),
            (
                "text, text, text, text, bigint",
                bank_replies.FIND_CONFIRMED,
                "'SBIN', '1', '1', '1', 200",
                (
                    *("bank_order_case", "hop_account_of_any_bank", "hop_reference", "disputed_transfer_reference"),
                    *("bank_confirmation_reference", "bank_order_line_hop"),
                ),
            ),
            (f"{bank}, bigint", bank_feeds.ANSWERED, "'SBIN', 9000, 50", ("Backward using feed_entry_answered",)),
            (f"{bank}, bigint, uuid[]", bank_feeds.ANSWERED_OF, "'SBIN', 9, 50, '{}'", ("feed_entry_pkey",)),
        ):
            await connection.execute(f"PREPARE listed ({types}) AS {statement}")
            lines = [line for (line,) in await connection.fetch(f"EXPLAIN EXECUTE listed ({values})")]
            await connection.execute("DEALLOCATE listed")
            for index in indexes:
                assert any(index in line for line in lines), lines


async def test_a_page_of_the_cases_begins_at_its_place_in_an_index(database: Pool) -> None:
    async with database.acquire() as connection, connection.transaction():
        for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
            await connection.execute(f"SET LOCAL {setting} = off")
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        for statement, more, index in (
            (case_views.LIST, "", "case_file_opened"),
            (case_views.LIST_BY_STATE, ", text", "case_file_by_state"),
        ):
            lines = [line.strip() for line in await plan_of(connection, f"timestamptz, text, bigint{more}", statement)]
            found = next((place for place, line in enumerate(lines) if f"using {index} " in line), None)
            assert found is not None, lines
            assert "opened_at" in lines[found + 1], lines
            assert "Index Cond" in lines[found + 1], lines


PAGES = (
    (Wanted(), "desk_task_open"),
    (Wanted(acts=acts_of({Role.DESK})), "desk_task_open"),
    (Wanted(sort=TaskSort.WORTH), "desk_task_open"),
    (Wanted(sort=TaskSort.WORTH, filter=TaskFilter(owned=False, bank="HDFC")), "desk_task_open"),
    (Wanted(ack_no="1"), "desk_task_once"),
    (Wanted(ack_no="1", state=TaskState.CLOSED), "desk_task_case"),
    (Wanted(state=TaskState.CLOSED), "desk_task_pkey"),
)
"""pages of the work items, and the index by which each is read"""
COUNTED = (
    ("timestamptz", task_filters.OPEN_BY_KIND),
    ("timestamptz", task_filters.OPEN_BY_OWNER),
    ("bigint", task_views.NEW),
    ("bigint", task_views.CHANGED),
    ("timestamptz, text[], bigint", task_owners.ENDED),
    ("timestamptz, text[], float8[], bigint", task_owners.UNOWNED),
    ("bigint[], text[]", work_item_lines.OF_IDS),
    ("bigint, bigint", work_item_lines.SLICE),
    ("timestamptz, bigint", task_notices.NEAR),
    ("timestamptz, timestamptz, bigint", task_notices.UNHEARD),
)
"""counts and rounds over the work items: the types of the values, and the statement"""


async def test_work_items_are_read_by_an_index_that_has_few_others(database: Pool) -> None:
    """Counts and rounds read no closed item: there may be years of them."""
    async with database.acquire() as connection, connection.transaction():
        await connection.execute(MANY_TASKS)
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        for wanted, index in PAGES:
            statement, values = task_views.statement_of(wanted)
            plan = await (await connection.prepare(f"EXPLAIN {statement}")).fetch(datetime.now(UTC), 50, *values)
            assert any(f"{index} " in line for (line,) in plan), (wanted, plan)
        for types, statement in COUNTED:
            lines = await plan_of(connection, types, statement)
            assert not [line for line in lines if "Seq Scan on desk_task" in line], lines


async def test_what_an_account_has_in_one_case_is_found_without_that_of_others(database: Pool) -> None:
    """Money of one account may be in a thousand cases."""
    holds = ("account_hold_account_case", "account_hold_case_no_institution_account_key_key")
    async with database.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        for table, indexes in (("hop", ("hop_account_of_any_bank",)), ("account_hold", holds)):
            lines = [
                line
                for (line,) in await connection.fetch(
                    f"EXPLAIN SELECT 1 FROM {table} WHERE institution = 'HDFC' AND account_key = '1' AND case_no = '2'"
                )
            ]
            assert any(index in line for line in lines for index in indexes), lines
            assert any("Index Cond" in line and "case_no" in line and "account_key" in line for line in lines), lines


async def test_a_balance_is_found_among_the_lines_that_state_one(database: Pool) -> None:
    last = LAST_BALANCE.replace("held.held_paise", "0")
    statement = f"SELECT last.* FROM (SELECT 'HDFC' AS institution, '1' AS account_key) t, LATERAL ({last}) last"
    async with database.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        lines = [line for (line,) in await connection.fetch(f"EXPLAIN {statement}")]
    assert any("answer_balance" in line for line in lines), lines
