"""Totals of requests and answers, which the benchmarks read."""

import pytest

from activities.context import Context
from db.pool import Pool
from db.reporting.day_totals import batches_by_case, requests_to, status_updates
from tests.activities.bench import Bench
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
