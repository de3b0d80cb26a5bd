"""Two transactions that lock in opposite orders: what people and banks send is not lost by it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import asyncpg
import pytest

from activities.case.desk import add_hop
from activities.isolation import ATTEMPTS, LOCK_ATTEMPTS, repeated
from db.connections import ConnectionLimits
from db.pool import open_pool
from schemas.identifiers import transfer_key
from tests.activities.bench import Bench
from tests.activities.desk_words import OFFICER, new_hop
from tests.factories import complaint, make_context, moved, rrn, transfer
from workers.embedded.postgres import ADMIN, EmbeddedPostgres

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def waiting(bench: Bench) -> None:
    """Return when a transaction waits for a lock."""
    for _ in range(500):
        if await bench.value(WAITING):
            return
        await asyncio.sleep(0.02)
    pytest.fail("nothing waits")


@pytest.fixture
async def other(postgres: EmbeddedPostgres, bench: Bench) -> AsyncIterator[asyncpg.Connection]:
    """A connection that PostgreSQL never ends for a deadlock.

    A session that waits looks for a deadlock once, a second later, and ends itself if it finds one. If the machine is
    so busy that the verb looks before this session waits too, this session must not look: then the verb reaches its
    limit for a lock, and is repeated as well. Only a superuser may set when a session looks.
    """
    name = await bench.value("SELECT current_database()")
    connection = await asyncpg.connect(postgres.dsn_for(name, ADMIN), server_settings={"deadlock_timeout": "1h"})
    yield connection
    await connection.close()


async def against_another(
    bench: Bench, other: asyncpg.Connection, case_no: str, key: str, verb: Coroutine[Any, Any, Any]
) -> None:
    """Run a verb that locks the case and then the transfer, against a transaction with the opposite order."""
    async with asyncio.timeout(120):
        transaction = other.transaction()
        await transaction.start()
        await other.execute("INSERT INTO disputed_transfer VALUES ($1, $2, 1, $1)", key, case_no)
        running = asyncio.create_task(verb)
        await waiting(bench)
        await other.execute("SELECT FROM case_file WHERE case_no = $1 FOR NO KEY UPDATE", case_no)
        await transaction.rollback()
        await running


async def test_a_complaint_is_taken_after_a_deadlock(bench: Bench, other: asyncpg.Connection) -> None:
    known, fresh = transfer(1000_00), transfer(500_00)
    case_no = await bench.complain(known)
    key = transfer_key(fresh["rrn"], "HDFC")
    await against_another(bench, other, case_no, key, bench.take(complaint(known, fresh)))
    assert await bench.buckets(case_no) == {"lost": -1500_00, "in_play": 1500_00}
    await bench.check(case_no)


async def test_a_hop_is_added_after_a_deadlock(bench: Bench, other: asyncpg.Connection) -> None:
    case_no, reference = await bench.complain(), rrn()
    verb = add_hop(bench.ctx, case_no, new_hop(reference=reference), OFFICER)
    await against_another(bench, other, case_no, transfer_key(reference, "ICIC"), verb)
    assert len(await bench.hops(case_no)) == 2


async def test_an_answer_is_taken_after_a_deadlock(bench: Bench, other: asyncpg.Connection) -> None:
    root, reference = rrn(), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=root))
    line = moved(root, "1000.00", "ICIC", "000123456789", rrn_transaction_id=reference)
    verb = bench.answer("HDFC", case_no, line)
    await against_another(bench, other, case_no, transfer_key(reference, "ICIC"), verb)
    assert len(await bench.hops(case_no)) == 2
    await bench.check(case_no)


@pytest.fixture
async def impatient(database_dsn: str) -> AsyncIterator[Bench]:
    """A bench whose transactions wait only a moment for a lock."""
    pool = await open_pool(database_dsn, min_size=1, limits=ConnectionLimits(lock_seconds=0.3))
    yield Bench(await make_context(pool))
    await pool.close()


async def test_m7_a_hop_is_added_after_a_long_wait_for_the_lock(impatient: Bench) -> None:
    case_no = await impatient.complain()
    async with impatient.pool.acquire() as connection:
        other = connection.transaction()
        await other.start()
        await connection.execute("SELECT FROM case_file WHERE case_no = $1 FOR NO KEY UPDATE", case_no)
        running = asyncio.create_task(add_hop(impatient.ctx, case_no, new_hop(), OFFICER))
        await asyncio.sleep(0.5)
        await other.rollback()
        await running
    assert len(await impatient.hops(case_no)) == 2
    await impatient.check(case_no)


async def test_m7_a_wait_for_a_lock_is_no_failure_of_the_bank(impatient: Bench) -> None:
    case_no = await impatient.complain()
    (order,) = await impatient.orders(case_no)
    async with impatient.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM case_file WHERE case_no = $1 FOR UPDATE", case_no)
        with pytest.raises(asyncpg.LockNotAvailableError):
            await impatient.freeze.send_hold_request(order)
    assert await impatient.rows("SELECT state FROM channel_health") == []
    sent = await impatient.freeze.send_hold_request(order)
    assert sent.delivered
    assert {str(ticket.request_id) for _, ticket in impatient.bank.tickets} == {order.request_id}
    await impatient.check(case_no)


async def test_m7_a_verb_waits_for_locks_a_bounded_number_of_times() -> None:
    tried = []

    @repeated()
    async def verb() -> None:
        tried.append(1)
        raise asyncpg.LockNotAvailableError

    with pytest.raises(asyncpg.LockNotAvailableError):
        await verb()
    assert len(tried) == LOCK_ATTEMPTS


async def test_a_verb_is_repeated_a_bounded_number_of_times() -> None:
    tried = []

    @repeated()
    async def verb() -> None:
        tried.append(1)
        raise asyncpg.DeadlockDetectedError

    with pytest.raises(asyncpg.DeadlockDetectedError):
        await verb()
    assert len(tried) == ATTEMPTS


async def test_another_error_is_not_repeated() -> None:
    tried = []

    @repeated()
    async def verb() -> None:
        tried.append(1)
        raise asyncpg.UniqueViolationError

    with pytest.raises(asyncpg.UniqueViolationError):
        await verb()
    assert len(tried) == 1
