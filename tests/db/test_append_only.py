"""What was written stays written, and no row says what cannot be."""

import asyncio
import itertools
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from activities.case.answers import take_status_update
from activities.context import Context
from db.case import events, requests
from db.case.events import Event
from db.pool import Connection, Pool
from domain.case.requests import PlannedRequest
from domain.evidence_binding import GENESIS, event_hash
from schemas.case.case_workflow import HopBrief
from schemas.enums import AnswerClass
from schemas.events import EventKind
from tests.factories import row, status_update

NOW = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
async def full_case(shared: Context, pool: Pool, case_no: str) -> str:
    """The case with an answer taken, so that every append-only table has a row of it."""
    root = await pool.fetchval("SELECT reference FROM hop WHERE case_no = $1 AND hop_no = 1", case_no)
    update = status_update(case_no, [row(1, root, "400.00")])
    await take_status_update(shared, "HDFC", update, case_no.encode())
    return case_no


async def test_history_is_not_changed(pool: Pool, full_case: str, subtests: pytest.Subtests) -> None:
    for table, column in (
        ("ledger_entry", "amount_paise"),
        ("ledger_transaction", "kind"),
        ("case_event", "data"),
        ("answer", "remarks"),
    ):
        count = await pool.fetchval(f"SELECT count(*) FROM {table} WHERE case_no = $1", full_case)
        assert count > 0, table
        for verb in ("UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"):
            with subtests.test(table, verb=verb):
                with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
                    await pool.execute(verb.format(table, column))
                assert await pool.fetchval(f"SELECT count(*) FROM {table} WHERE case_no = $1", full_case) == count


async def test_the_same_line_of_a_bank_is_not_written_twice(pool: Pool, full_case: str) -> None:
    with pytest.raises(asyncpg.UniqueViolationError, match="answer_once"):
        await pool.execute(
            "INSERT INTO answer (update_id, line_no, case_no, institution, natural_key, hop_nos, kind, disposition,"
            " status_code, amount_paise, claim_paise, within_paise, applied_paise, remarks, flags, received_at,"
            " person_id, sealed_raw)"
            " SELECT update_id, 2, case_no, institution, natural_key, hop_nos, kind, disposition, status_code,"
            " amount_paise, claim_paise, within_paise, applied_paise, remarks, flags, received_at, person_id,"
            " sealed_raw FROM answer WHERE case_no = $1",
            full_case,
        )


async def test_a_hop_that_cannot_be_is_refused(pool: Pool, case_no: str, subtests: pytest.Subtests) -> None:
    for change in (
        "disputed_paise = amount_paise + 1",
        "disputed_paise = 0",
        "amount_paise = -1",
        "layer = 0",
        "parent_hop_no = 1",
        "state = 'gone'",
        "source = 'rumour'",
        "state = 'unroutable'",
    ):
        with subtests.test(change), pytest.raises(asyncpg.CheckViolationError):
            await pool.execute(f"UPDATE hop SET {change} WHERE case_no = $1 AND hop_no = 1", case_no)


async def test_a_hop_of_an_unknown_institution_is_refused(pool: Pool, case_no: str) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await pool.execute("UPDATE hop SET institution = 'NONE' WHERE case_no = $1", case_no)


async def test_a_case_is_settled_at_a_time_or_open_without_one(
    pool: Pool, case_no: str, subtests: pytest.Subtests
) -> None:
    for change in ("state = 'settled'", "settled_at = now()", "state = 'lost'"):
        with subtests.test(change), pytest.raises(asyncpg.CheckViolationError):
            await pool.execute(f"UPDATE case_file SET {change} WHERE case_no = $1", case_no)


async def _plan(
    connection: Connection, case_no: str, request_id: UUID, batch_no: int, bank: str, hop_no: int, revision: int = 0
) -> list[int]:
    """Plan a request about one hop; return the hops that it asks about."""
    brief = HopBrief(
        hop_no=hop_no,
        revision=revision,
        institution=bank,
        answer_class=AnswerClass.API,
        disputed_paise=1,
        layer=1,
        transferred_at=NOW,
    )
    one = PlannedRequest(request_id=request_id, batch_no=batch_no, institution=bank, hops=(brief,))
    return (await requests.plan(connection, case_no, [one], NOW))[request_id]


async def _unplan(pool: Pool, case_no: str) -> None:
    """Remove the requests that intake planned, so that the hops wait for one."""
    async with pool.acquire() as connection, connection.transaction():
        for row in await connection.fetch("SELECT request_id FROM hold_request WHERE case_no = $1", case_no):
            await requests.send_again(connection, row["request_id"])
        await requests.finish_empty(connection, case_no, NOW)


async def test_a_hop_has_one_live_request(pool: Pool, case_no: str) -> None:
    first, second = uuid4(), uuid4()
    await _unplan(pool, case_no)
    async with pool.acquire() as connection, connection.transaction():
        assert await _plan(connection, case_no, first, 2, "HDFC", 1, 1) == [1]
        assert await _plan(connection, case_no, second, 3, "HDFC", 1, 1) == [], "it is asked already"
        assert await requests.get(connection, second) is None
    await pool.execute(
        "INSERT INTO hold_request (request_id, case_no, batch_no, institution, state, planned_at, sent_at)"
        " VALUES ($1, $2, 9, 'HDFC', 'sending', now(), now())",
        second,
        case_no,
    )
    with pytest.raises(asyncpg.UniqueViolationError, match="request_hop_one_live"):
        await pool.execute(
            "INSERT INTO request_hop (request_id, case_no, hop_no, revision) VALUES ($1, $2, 1, 0)", second, case_no
        )
    await pool.execute("UPDATE request_hop SET live = false WHERE request_id = $1", first)
    await pool.execute(
        "INSERT INTO request_hop (request_id, case_no, hop_no, revision) VALUES ($1, $2, 1, 0)", second, case_no
    )


async def test_only_what_still_waits_is_asked(pool: Pool, case_no: str) -> None:
    await _unplan(pool, case_no)
    before = await pool.fetchval("SELECT count(*) FROM hold_request WHERE case_no = $1", case_no)
    for hop_no, revision, institution in ((1, 0, "HDFC"), (1, 1, "ICIC"), (2, 1, "HDFC"), (7, 1, "HDFC")):
        async with pool.acquire() as connection, connection.transaction():
            planned = await _plan(connection, case_no, uuid4(), 2, institution, hop_no, revision)
            assert planned == [], (hop_no, revision, institution)
    assert await pool.fetchval("SELECT count(*) FROM hold_request WHERE case_no = $1", case_no) == before


async def test_the_database_chains_events_as_the_rules_do(pool: Pool, case_no: str) -> None:
    odd: list[dict[str, Any]] = [
        {"text": '₹ — \n"quoted" \\ é 🚓', "list": [1, -2.5, None, True], "nested": {"b": 1, "a": {}}},
        {},
        {"big": 2**62, "key with spaces": "x" * 5000},
    ]
    async with pool.acquire() as connection, connection.transaction():
        log = [Event(EventKind.TASK_OPENED, data) for data in odd]
        await events.append(connection, case_no, NOW, "officer:अ\tb", log)
        await events.append(connection, case_no, datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC), "x", log[:1])
    rows = await pool.fetch("SELECT *, data::text AS text FROM case_event WHERE case_no = $1 ORDER BY seq", case_no)
    # Intake has opened the case and planned two requests.
    assert [row["seq"] for row in rows] == list(range(1, 8))
    assert [row["data"] for row in rows[3:6]] == odd, "in the order they were given"
    previous = GENESIS
    for event in rows:
        assert event["previous_hash"] == previous
        previous = event_hash(
            previous, case_no, event["seq"], event["kind"], event["at"], event["actor"], event["text"]
        )
        assert event["hash"] == previous
    head = await pool.fetchrow("SELECT event_seq, event_hash FROM case_file WHERE case_no = $1", case_no)
    assert head is not None
    assert tuple(head) == (7, previous)


async def test_events_written_at_once_stand_in_one_chain(pool: Pool, case_no: str) -> None:
    async def append(number: int) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await events.append(connection, case_no, NOW, "x", [Event(EventKind.TASK_OPENED, {"n": number})] * 2)

    await asyncio.gather(*(append(number) for number in range(8)))
    rows = await pool.fetch("SELECT seq, previous_hash, hash FROM case_event WHERE case_no = $1 ORDER BY seq", case_no)
    assert [event["seq"] for event in rows] == list(range(1, 20)), "three of intake, and two of each"
    assert all(later["previous_hash"] == earlier["hash"] for earlier, later in itertools.pairwise(rows))
