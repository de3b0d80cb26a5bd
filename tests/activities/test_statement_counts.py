"""Greatest numbers of statements of the golden hour's verbs: each is a wait for the database."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from activities.case.answers import keep_statement
from activities.case.desk import correct_hop
from activities.case.intake import Taken, take_complaint
from db.pool import open_pool
from schemas.case.case_workflow import RequestToSend, SendBatch
from schemas.case.discrepancies import HopCorrection
from schemas.case.intake import Complaint
from tests.activities.bench import Bench
from tests.activities.statement_count import Statements, sent
from tests.factories import complaint, make_context, moved, rrn, transfer

PLAIN = 6
"""BEGIN, locks, what is known, what is written, the requests, COMMIT"""
THREE_BANKS = ("HDFC", "ICIC", "SBIN")


@pytest.fixture
async def counted(database_dsn: str) -> AsyncIterator[Bench]:
    """A bench on one connection that has prepared nothing yet."""
    pool = await open_pool(database_dsn, min_size=1, max_size=1)
    ctx = await make_context(pool)
    await ctx.health.refresh()
    yield Bench(ctx)
    await pool.close()


async def taken_once(bench: Bench, told: Complaint, key: str | None = None) -> Taken:
    """Take a complaint as the API does."""
    return await take_complaint(bench.ctx, told, idempotency_key=key or rrn(), taken_by="officer:1")


def to_three_banks() -> list[dict[str, object]]:
    """Return three transfers of one victim to three banks."""
    return [transfer(100_00 + number, payee_bank=bank) for number, bank in enumerate(THREE_BANKS)]


@pytest.mark.parametrize("transfers", [lambda: [transfer()], to_three_banks])
async def test_a_complaint(counted: Bench, transfers: Callable[[], list[dict[str, object]]]) -> None:
    told = complaint(*transfers())
    async with sent(counted.pool) as statements:
        taken = await taken_once(counted, told)
    assert taken.follow_up
    assert len(statements) <= PLAIN, statements


async def test_a_complaint_whose_victims_bank_is_asked_too(counted: Bench) -> None:
    rules = counted.ctx.policy.payer_bank.model_copy(update={"ask": True})
    ctx = replace(counted.ctx, policy=counted.ctx.policy.model_copy(update={"payer_bank": rules}))
    async with sent(counted.pool) as statements:
        await take_complaint(ctx, complaint(transfer()), idempotency_key=rrn(), taken_by="officer:1")
    assert await counted.rows("SELECT state FROM payer_inquiry") == [("planned",)]
    assert len(statements) <= PLAIN, statements


async def test_a_complaint_with_a_number(counted: Bench) -> None:
    told = complaint(transfer(), ack_no="22411262654321")
    async with sent(counted.pool) as statements:
        await taken_once(counted, told)
    assert len(statements) <= PLAIN, statements


async def test_a_complaint_about_a_large_loss(counted: Bench) -> None:
    told = complaint(transfer(50_00_000_00))
    async with sent(counted.pool) as statements:
        taken = await taken_once(counted, told)
    assert "fir_requested" in await counted.events(taken.receipt.case_ack_no)
    assert len(statements) <= PLAIN + 2, statements


async def test_a_complaint_that_was_taken_before(counted: Bench) -> None:
    told = complaint(transfer())
    await taken_once(counted, told, key="once")
    async with sent(counted.pool) as statements:
        taken = await taken_once(counted, told, key="once")
    assert taken.repeated
    assert len(statements) <= 4, statements


async def test_a_complaint_that_joins_a_case(counted: Bench) -> None:
    known = transfer()
    await taken_once(counted, complaint(known))
    async with sent(counted.pool) as statements:
        taken = await taken_once(counted, complaint(known, transfer(700_00)))
    assert taken.receipt.joined
    assert len(statements) <= 10, statements


async def tried(bench: Bench, case_no: str) -> tuple[list[bool], Statements]:
    """Send the planned requests of a case as one batch; return which were delivered, and the statements."""
    orders = await bench.orders(case_no)
    batch = tuple(RequestToSend(request_id=order.request_id, institution=order.institution) for order in orders)
    async with sent(bench.pool) as statements:
        done = await bench.freeze.send_batch(SendBatch(case_no=case_no, requests=batch))
    return [one.sent.delivered for one in done.tried], statements


@pytest.mark.parametrize(("banks", "most"), [(THREE_BANKS[:1], 2), (THREE_BANKS, 4)])
async def test_a_batch_is_read_at_once_and_each_delivery_recorded_at_once(
    counted: Bench, banks: tuple[str, ...], most: int
) -> None:
    case_no = await counted.complain(*(transfer(payee_bank=bank) for bank in banks))
    delivered, statements = await tried(counted, case_no)
    assert delivered == [True] * len(banks)
    assert len(statements) <= most, statements


async def test_a_batch_of_the_next_layer(counted: Bench) -> None:
    root, onward = rrn(), rrn()
    case_no = await counted.complain(transfer(1000_00, reference=root))
    await counted.ask(case_no)
    await counted.answer("HDFC", case_no, moved(root, "600.00", "ICIC", "000123456789", rrn_transaction_id=onward))
    delivered, statements = await tried(counted, case_no)
    assert delivered == [True]
    assert len(statements) <= 2, statements


@pytest.mark.parametrize(
    ("told", "correction", "most"),
    [
        ({}, {"amount_paise": 90_00}, 17),
        ({"payee_bank": "No Such Bank"}, {"payee": {"institution": "ICIC", "account": "1111111111"}}, 13),
    ],
)
async def test_a_correction_by_the_desk(
    counted: Bench, told: dict[str, Any], correction: dict[str, Any], most: int
) -> None:
    case_no = await counted.complain(transfer(**told))
    corrected = HopCorrection.model_validate({"reason": "the victim says so"} | correction)
    async with sent(counted.pool) as statements:
        await correct_hop(counted.ctx, case_no, 1, corrected, "officer:7")
    assert await counted.hops(case_no) == ["asked"]
    assert len(statements) <= most, statements


async def test_a_banks_statement(counted: Bench) -> None:
    case_no = await counted.complain(transfer())
    (sent_request,) = await counted.ask(case_no)
    about = UUID(str(sent_request.request_id))
    async with sent(counted.pool) as statements:
        await keep_statement(counted.ctx, "HDFC", "POST", "/answer", [], b"{}", about=about)
    assert len(statements) <= 5, statements
    for body in (b"1", b"2"):
        await keep_statement(counted.ctx, "HDFC", "POST", "/liens", [], body)
    async with sent(counted.pool) as statements:
        await keep_statement(counted.ctx, "HDFC", "POST", "/liens", [], b"3")
    assert len(statements) <= 3, "the process keeps the key of the bank"
