"""The statements of an answer: their number, because each is a round trip, and how they find their rows."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final, cast

import asyncpg
import pytest
from asyncpg.connection import LoggedQuery

from db.pool import Connection, Pool, set_codecs
from tests.activities.bench import Bench
from tests.activities.told import a_case
from tests.factories import make_context, moved, row
from workers.embedded.postgres import EmbeddedPostgres

MOST: Final = 8
"""begin, lock and read, lines, effects, locks across cases, cross-check, events and news, commit"""


@pytest.fixture
async def bench(database: Pool) -> Bench:
    """A bench with a database of its own: of a shared account, an answer reads what other cases say of it too."""
    return Bench(await make_context(database))


class OneConnection:
    """A pool that always lends the same connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        yield self.connection


def alone(bench: Bench, connection: Connection) -> Bench:
    """A bench whose activities have this connection alone."""
    one = Bench(replace(bench.ctx, pool=cast("Pool", OneConnection(connection))))
    # The health of channels is read in the background, which needs a connection of its own.
    vars(one.ctx)["health"] = bench.ctx.health
    return one


@asynccontextmanager
async def counted(bench: Bench) -> AsyncIterator[tuple[Bench, list[str]]]:
    """Give a bench, and the statements that it runs."""
    told: list[str] = []

    def note(logged: LoggedQuery) -> None:
        told.append(" ".join(logged.query.split()))

    async with bench.pool.acquire() as connection:
        connection.add_query_logger(note)
        yield alone(bench, connection), told
        # The driver calls its loggers in the next turn of the event loop.
        await asyncio.sleep(0)
        connection.remove_query_logger(note)


async def test_an_answer_that_holds_takes_few_statements(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    sent = await bench.ask_one(case_no)
    async with counted(bench) as (one, told):
        line = row(1, root, "1000.00", transaction_datetime=bench.ctx.now().isoformat())
        await one.answer("HDFC", case_no, line, job_id=f"BANKS-{sent.request_id}")
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}
    assert len(told) <= MOST, told


async def test_an_answer_that_opens_hops_takes_few_statements(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    sent = await bench.ask_one(case_no)
    at = bench.ctx.now().isoformat()
    onward = [moved(root, "500.00", bank, "000123456789", transaction_datetime=at) for bank in ("ICIC", "PUNB")]
    async with counted(bench) as (one, told):
        await one.answer("HDFC", case_no, *onward, job_id=f"BANKS-{sent.request_id}")
    assert await bench.hops(case_no) == ["closed", "asked", "asked"]
    assert len(told) <= MOST, told


async def test_a_repeated_answer_takes_fewer_statements(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    async with counted(bench) as (one, told):
        assert (await one.answer("HDFC", case_no, row(1, root, "1000.00"))).repeated
    assert len(told) <= 3, told


EXPLAINED: Final = (
    "LOAD 'auto_explain'",
    "SET auto_explain.log_min_duration = 0",
    "SET auto_explain.log_nested_statements = on",
    "SET auto_explain.log_level = notice",
    # What remains of sequential scans then is what no index can serve.
    "SET enable_seqscan = off",
    "SET plan_cache_mode = force_generic_plan",
)
STAY_SMALL: Final = {"clock_setting", "request_pause"}
OF_ALL_CASES: Final = "(?:institution|account_key|state|kind)"
"""columns by which alone the rows of all cases are found"""


async def test_every_statement_of_an_answer_finds_its_rows_by_an_index(
    bench: Bench, postgres: EmbeddedPostgres
) -> None:
    """Also the statements inside the functions and triggers of the database."""
    case_no, root = await a_case(bench)
    sent = await bench.ask_one(case_no)
    plans: list[str] = []

    def note(_: object, message: asyncpg.PostgresLogMessage) -> None:
        plans.append(str(message))

    name = await bench.value("SELECT current_database()")
    connection = await asyncpg.connect(postgres.admin_dsn, database=name)
    try:
        await set_codecs(connection)
        for statement in EXPLAINED:
            await connection.execute(statement)
        connection.add_log_listener(note)
        lines = (row(1, root, "400.00", effective_balance="5.00"), moved(root, "600.00", "ICIC", "000123456789"))
        await alone(bench, connection).answer("HDFC", case_no, *lines, job_id=f"BANKS-{sent.request_id}")
        await asyncio.sleep(0)
    finally:
        await connection.close()
    assert len(plans) > 40
    told = "\n".join(plans)
    assert set(re.findall(r"Seq Scan on (\w+)", told)) <= STAY_SMALL
    assert not re.findall(r"Index.* Scan .*\n(?! *Index Cond: ).*", told), "it reads all rows in order"
    assert not re.findall(rf"Index.* Scan .*\n *Index Cond: \({OF_ALL_CASES} = \S+\)", told)
