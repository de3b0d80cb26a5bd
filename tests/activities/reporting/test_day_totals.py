"""Totals of requests and answers, which the benchmarks read."""

import pytest

from activities.case.desk import correct_hop
from activities.context import Context
from db.pool import Pool
from db.reporting.day_totals import (
    batches_by_case,
    hops_freed_by_people,
    requests_to,
    restoration_lags,
    status_updates,
    transfers_before,
)
from schemas.case.discrepancies import HopCorrection
from tests.activities.bench import Bench
from tests.activities.restoration_bench import Home
from tests.factories import make_context, moved, row, rrn, transfer


@pytest.fixture
async def ctx(database: Pool) -> Context:
    return await make_context(database)


async def test_requests_are_counted_by_bank_and_by_batch(ctx: Context) -> None:
    bench, told = Bench(ctx), rrn()
    first = await bench.complain(transfer(10_000_00, reference=told), transfer(200_00, payee_bank="ICIC"))
    other = await bench.complain(transfer(300_00))
    for case_no in (first, other):
        await bench.ask(case_no)
    await bench.answer("HDFC", first, row(1, told, "1000.00"), moved(told, "9000.00", "ICIC", "30000000077"))
    await bench.ask(first)
    async with ctx.pool.acquire() as connection:
        assert await batches_by_case(connection) == {first: (2, 1), other: (1,)}
        assert [await requests_to(connection, bank) for bank in ("HDFC", "ICIC", "SBIN")] == [2, 2, 0]
        assert await status_updates(connection) == 1


async def test_a_hop_that_a_person_corrected_is_told_from_one_that_an_answer_opened(ctx: Context) -> None:
    bench, told, known, parked = Bench(ctx), rrn(), rrn(), rrn()
    case_no = await bench.complain(transfer(10_000_00, reference=told))
    await bench.ask(case_no)
    await bench.answer(
        "HDFC",
        case_no,
        moved(told, "9000.00", "ICIC", "30000000077", rrn_transaction_id=known),
        moved(told, "1000.00", "Bank of Nowhere", "1", rrn_transaction_id=parked),
    )
    async with ctx.pool.acquire() as connection:
        assert (await transfers_before(connection))[case_no, known] == told
        assert await hops_freed_by_people(connection) == set()
    [hop_no] = [number for number, state in await bench.hops(case_no, "hop_no, state") if state == "unroutable"]
    right = HopCorrection.model_validate({"reason": "it says", "payee": {"institution": "ICIC", "account": "1"}})
    await correct_hop(ctx, case_no, hop_no, right, "officer:7")
    async with ctx.pool.acquire() as connection:
        assert await hops_freed_by_people(connection) == {(case_no, parked)}


async def test_the_lag_of_restoration_counts_until_the_hold_is_opened_and_its_procedures_begin(ctx: Context) -> None:
    home = Home(ctx)
    async with ctx.pool.acquire() as connection:
        before = len(await restoration_lags(connection))
    case_no = await home.hold(300)
    async with ctx.pool.acquire() as connection:
        assert len(await restoration_lags(connection)) > before
    await home.open_for_new_holds(case_no)
    await home.bench.pool.execute(
        "UPDATE held_hop SET hold_opened_at = held_at + interval '7 seconds' WHERE case_no = $1", case_no
    )
    await home.bench.pool.execute("UPDATE procedure SET started_at = created_at + interval '9 seconds'")
    async with ctx.pool.acquire() as connection:
        assert {7.0, 9.0} <= set(await restoration_lags(connection))
