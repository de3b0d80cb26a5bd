"""Every rule is broken once, by a superuser past all triggers, and must be named for the case it is broken in."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from activities.case.answers import take_status_update
from activities.case.desk import add_hop, correct_hop, stop_request
from activities.case.intake import take_complaint
from activities.context import Context
from activities.privacy.person_keys import PersonKeys
from activities.secrets import SecretBox
from db.pool import Pool
from domain.case.requests import request_id
from domain.errors import NotFound
from domain.evidence.integrity import Check, Verdict
from schemas.case.discrepancies import HopCorrection, NewHopByDesk
from tests.factories import SECRET, complaint, make_context, moved, row, rrn, status_update, transfer
from workers.embedded.postgres import EmbeddedPostgres
from workers.verifying import verify

PERSONS = PersonKeys(SecretBox(SECRET))


@pytest.fixture
async def ctx(database: Pool) -> Context:
    return await make_context(database)


@pytest.fixture
async def superuser(postgres: EmbeddedPostgres, database_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection on which no trigger and no foreign key is heeded."""
    dsn = urlsplit(postgres.admin_dsn)._replace(path=urlsplit(database_dsn).path).geturl()
    connection = await asyncpg.connect(dsn)
    await connection.execute("SET session_replication_role = 'replica'")
    yield connection
    await connection.close()


async def answer(ctx: Context, bank: str, ack_no: str, *rows: dict[str, Any]) -> None:
    digest = hashlib.sha256(repr((ack_no, rows)).encode()).digest()
    await take_status_update(ctx, bank, status_update(ack_no, rows), digest)


@pytest.fixture
async def case_no(ctx: Context) -> str:
    """A case with money held, withdrawn, moved on twice and in play; hops 2 and 3 are asked about."""
    first, second = rrn(), rrn()
    told = complaint(transfer(10_000_00, reference=first), transfer(2_000_00, reference=second, payee_bank="ICIC"))
    receipt = (await take_complaint(ctx, told, idempotency_key=rrn(), taken_by="officer")).receipt
    await answer(
        ctx,
        "HDFC",
        receipt.ack_no,
        row(1, first, "4000.00"),
        row(5, first, "1000.00"),
        moved(first, "5000.00", "PUNB", "000123456789"),
    )
    return receipt.ack_no


async def checks(dsn: str) -> set[Check]:
    verdict = await verify(dsn, persons=PERSONS)
    assert not verdict.clean
    return {found.check for found in verdict.breaks}


async def test_a_healthy_case_is_clean_whatever_was_done_to_it(ctx: Context, database_dsn: str, case_no: str) -> None:
    await stop_request(ctx, case_no, request_id(case_no, 1, "ICIC"), "not needed", "desk")
    await correct_hop(ctx, case_no, 3, HopCorrection.model_validate({"rrn": rrn(), "reason": "mistyped"}), "desk")
    desk_hop = {
        "parent_hop_no": 2,
        "payee": {"institution": "SBIN", "account": "000000000001"},
        "amount_paise": 1_000_00,
        "disputed_paise": 500_00,
        "reference": rrn(),
        "transferred_at": "2026-11-05 13:34",
        "reason": "told by phone",
    }
    await add_hop(ctx, case_no, NewHopByDesk.model_validate(desk_hop), "desk")
    joined = rrn()
    told = complaint(transfer(3_000_00, reference=joined), transfer(100_00))
    other = (await take_complaint(ctx, told, idempotency_key=rrn(), taken_by="officer")).receipt
    again = complaint(
        transfer(3_000_00, reference=joined), transfer(50_00), victim={"name": "B", "mobile": "9", "district": "D"}
    )
    await take_complaint(ctx, again, idempotency_key=rrn(), taken_by="officer")
    await correct_hop(
        ctx, other.ack_no, 2, HopCorrection.model_validate({"amount_paise": 90_00, "reason": "mistyped"}), "desk"
    )
    verdict = await verify(database_dsn, persons=PERSONS)
    assert verdict.breaks == []
    assert (verdict.cases, verdict.hops, verdict.as_text()) == (2, 7, "clean")
    assert verdict.entries > 10
    assert verdict.events > 5


async def test_one_case_is_verified_by_any_of_its_numbers(ctx: Context, database_dsn: str, case_no: str) -> None:
    await take_complaint(ctx, complaint(), idempotency_key=rrn(), taken_by="officer")
    assert (await verify(database_dsn, case_no, persons=PERSONS)).cases == 1
    with pytest.raises(NotFound):
        await verify(database_dsn, "39999999999999")


async def test_an_empty_database_is_clean(database_dsn: str, database: Pool) -> None:
    assert await verify(database_dsn, persons=PERSONS) == Verdict(owns_tables=True, has_key=True)


CORRUPTIONS: dict[str, tuple[str, set[Check]]] = {
    "an entry is changed": (
        "UPDATE ledger_entry SET amount_paise = amount_paise + 1 WHERE (transaction_id, line_no) ="
        " (SELECT transaction_id, line_no FROM ledger_entry WHERE bucket = 'held')",
        {Check.UNBALANCED, Check.POSTING_CHANGED, Check.BUCKET, Check.PLACED},
    ),
    "an entry is moved to another bucket, with its balance": (
        "WITH e AS (UPDATE ledger_entry SET bucket = 'spent' WHERE bucket = 'withdrawn')"
        " UPDATE ledger_balance SET bucket = 'spent' WHERE bucket = 'withdrawn'",
        {Check.POSTING_CHANGED, Check.PLACED},
    ),
    "a whole posting is gone": (
        "WITH t AS (SELECT transaction_id FROM ledger_transaction WHERE kind = 'answer'),"
        " e AS (DELETE FROM ledger_entry WHERE transaction_id IN (TABLE t))"
        " DELETE FROM ledger_transaction WHERE transaction_id IN (TABLE t)",
        {Check.BUCKET, Check.PLACED, Check.HOP_STATE, Check.LOSS},
    ),
    "a posting has no entries": (
        "DELETE FROM ledger_entry WHERE transaction_id IN"
        " (SELECT transaction_id FROM ledger_transaction WHERE kind = 'answer')",
        {Check.UNBALANCED, Check.POSTING_CHANGED, Check.BUCKET, Check.PLACED, Check.HOP_STATE, Check.LOSS},
    ),
    "a balance is changed": (
        "UPDATE ledger_balance SET balance_paise = balance_paise + 5 WHERE bucket = 'held'",
        {Check.BUCKET, Check.LOST},
    ),
    "a balance is below zero": (
        "ALTER TABLE ledger_balance DROP CONSTRAINT ledger_balance_sign;"
        " UPDATE ledger_balance SET balance_paise = -1 WHERE bucket = 'held'",
        {Check.BUCKET, Check.LOST, Check.NEGATIVE},
    ),
    "a hop's disputed amount is changed": (
        "UPDATE hop SET disputed_paise = disputed_paise - 1 WHERE hop_no = 3",
        {Check.LOSS},
    ),
    "a complaint's transfer is changed": (
        "UPDATE hop SET disputed_paise = disputed_paise - 1 WHERE hop_no = 1",
        {Check.LOSS},
    ),
    "an event's data are changed": (
        "UPDATE case_event SET data = jsonb_set(data, '{job_id}', '\"other\"') WHERE seq = 2",
        {Check.LOG_CHANGED},
    ),
    "an event's figures are changed": (
        "UPDATE case_event SET data = jsonb_set(data, '{placed,0,2}', '7') WHERE seq = 1",
        {Check.LOG_CHANGED, Check.PLACED},
    ),
    "an event's author is changed": ("UPDATE case_event SET actor = 'nobody' WHERE seq = 2", {Check.LOG_CHANGED}),
    "an event's time is changed by a microsecond": (
        "UPDATE case_event SET at = at + interval '1 microsecond' WHERE seq = 1",
        {Check.LOG_CHANGED},
    ),
    "a bank's statement is changed": (
        "UPDATE answer SET sealed_raw = set_byte(sealed_raw, 20, get_byte(sealed_raw, 20) # 1) WHERE line_no = 1",
        {Check.WORDS_CHANGED},
    ),
    "an answer's amount is changed": ("UPDATE answer SET amount_paise = amount_paise + 1", {Check.WORDS_CHANGED}),
    "an answer came in another body": ("UPDATE status_update SET body_digest = sha256('x')", {Check.WORDS_CHANGED}),
    "an event is gone": ("DELETE FROM case_event WHERE seq = 1", {Check.LOG_GAP, Check.PLACED}),
    "the last events are gone": ("DELETE FROM case_event WHERE seq >= 2", {Check.LOG_HEAD, Check.PLACED}),
    "an event is forged with a fitting hash": (
        "UPDATE case_event SET actor = 'nobody', hash = sha256(previous_hash || convert_to(concat_ws("
        "E'\\n', case_no, seq, kind, (extract(epoch FROM at) * 1000000)::bigint, 'nobody', data::text), 'UTF8'))"
        " WHERE seq = 1",
        {Check.LOG_CHANGED},
    ),
    "the case remembers another last event": (
        "UPDATE case_file SET event_hash = sha256('x')",
        {Check.LOG_HEAD},
    ),
    "a hop is closed with money in play": (
        "UPDATE hop SET state = 'closed' WHERE hop_no = 3",
        {Check.HOP_STATE, Check.NOT_ASKED},
    ),
    "a hop is open with nothing in play": ("UPDATE hop SET state = 'open' WHERE hop_no = 1", {Check.HOP_STATE}),
    "a hop is gone": ("DELETE FROM hop WHERE hop_no = 3", {Check.HOP_NUMBER, Check.NOT_ASKED}),
    "a hop is asked about twice": (
        "DROP INDEX request_hop_one_live;"
        ' INSERT INTO hold_request SELECT (jsonb_populate_record(r, \'{"request_id":'
        ' "00000000-0000-4000-8000-000000000002", "batch_no": 9}\')).* FROM hold_request r'
        " WHERE institution = 'PUNB';"
        " INSERT INTO request_hop SELECT '00000000-0000-4000-8000-000000000002', case_no, hop_no, revision, live"
        " FROM request_hop WHERE hop_no = 3",
        {Check.TWO_REQUESTS},
    ),
    "a hop waits for no person": ("UPDATE request_hop SET live = false", {Check.NOT_ASKED}),
    "a hop waits for a finished request": (
        "UPDATE hold_request SET closed_at = now(), state = 'answered'",
        {Check.NOT_ASKED},
    ),
    "a request asks about a hop that waits for nothing": (
        "UPDATE hop SET state = 'open' WHERE hop_no = 2",
        {Check.NOT_ASKED},
    ),
    "a case is settled with money in play": (
        "UPDATE case_file SET state = 'settled', settled_at = now()",
        {Check.CASE_STATE},
    ),
    "a case has no complaint": ("DELETE FROM complaint", {Check.STRAY}),
    "a case is gone": ("DELETE FROM case_file", {Check.STRAY}),
    "an entry stands in another case's posting": (
        "UPDATE ledger_entry SET case_no = '39999999999999' WHERE bucket = 'withdrawn'",
        {Check.STRAY, Check.UNBALANCED, Check.POSTING_CHANGED, Check.BUCKET, Check.PLACED},
    ),
}


@pytest.mark.parametrize(("statements", "named"), CORRUPTIONS.values(), ids=CORRUPTIONS.keys())
async def test_each_corruption_is_named(
    superuser: asyncpg.Connection, database_dsn: str, case_no: str, statements: str, named: set[Check]
) -> None:
    await superuser.execute(statements)
    assert await checks(database_dsn) == named


async def test_only_the_broken_case_is_named(
    ctx: Context, superuser: asyncpg.Connection, database_dsn: str, case_no: str
) -> None:
    other = (await take_complaint(ctx, complaint(), idempotency_key=rrn(), taken_by="officer")).receipt
    await superuser.execute("DELETE FROM ledger_balance WHERE case_no = $1", other.ack_no)
    verdict = await verify(database_dsn, persons=PERSONS)
    assert {found.case_no for found in verdict.breaks} == {other.ack_no}
    assert other.ack_no in verdict.as_text()
    assert (await verify(database_dsn, case_no, persons=PERSONS)).clean


async def test_it_is_clean_at_every_instant_of_a_system_at_work(ctx: Context, database_dsn: str) -> None:
    async def work() -> None:
        for _ in range(15):
            root = rrn()
            told = complaint(transfer(1_000_00, reference=root), transfer(200_00))
            receipt = (await take_complaint(ctx, told, idempotency_key=rrn(), taken_by="officer")).receipt
            await answer(ctx, "HDFC", receipt.ack_no, row(1, root, "300.00"), moved(root, "700.00", "PUNB", "1" * 11))

    working = [asyncio.create_task(work()) for _ in range(3)]
    seen: list[tuple[int, int]] = []
    while not all(task.done() for task in working):
        verdict = await verify(database_dsn, progress=lambda done, total: seen.append((done, total)), persons=PERSONS)
        assert verdict.breaks == []
    await asyncio.gather(*working)
    assert (await verify(database_dsn, persons=PERSONS)).cases == 45
    assert all(done <= total for done, total in seen)
