"""A bank's feed: no cursor skips a change, however transactions commit."""

import asyncio
import random
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.context import Context
from db import rate_limits
from db.case import bank_feeds
from db.pool import Connection, Pool
from domain.errors import NotFound
from domain.policy.callers import RateLimit
from schemas.enums import FeedStatus
from tests.deep import examples
from tests.factories import rrn

LIMIT = RateLimit(calls=3, seconds=3600, source="of the test")


async def new_request(connection: Connection, case_no: str, bank: str) -> UUID:
    """A request of the case, as planning writes it."""
    request_id = uuid4()
    await connection.execute(
        "INSERT INTO hold_request (request_id, case_no, batch_no, institution, state, planned_at, sent_at)"
        " VALUES ($1, $2, (SELECT coalesce(max(batch_no), 0) + 1 FROM hold_request WHERE case_no = $2), $3, 'sending',"
        " now(), now())",
        request_id,
        case_no,
        bank,
    )
    return request_id


async def change(connection: Connection, request_id: UUID, state: str = "answered") -> None:
    await connection.execute(
        "UPDATE hold_request SET state = $2, first_answered_at = coalesce(first_answered_at, now())"
        " WHERE request_id = $1",
        request_id,
        state,
    )


async def read(pool: Pool, bank: str, after: int = 0, status: FeedStatus | None = None) -> list[bank_feeds.FeedRow]:
    async with pool.acquire() as connection:
        await bank_feeds.number(connection, bank)
        return await bank_feeds.page(connection, bank, after, 1_000, status, None)


async def a_bank(pool: Pool) -> str:
    """A bank of the test's own."""
    code = f"F{rrn()[-8:]}"
    await pool.execute(
        "INSERT INTO institution (code, name, kind, answer_class, updated_at) VALUES ($1, $1, 'bank', 'api', now())",
        code,
    )
    return code


async def test_a_request_stands_in_the_feed_when_it_is_committed(pool: Pool, case_no: str) -> None:
    bank = await a_bank(pool)
    async with pool.acquire() as connection, connection.transaction():
        request_id = await new_request(connection, case_no, bank)
        assert await read(pool, bank) == []
    (row,) = await read(pool, bank)
    assert (row.request_id, row.status, row.version, row.change_no) == (request_id, FeedStatus.OPEN, 1, 1)


async def test_one_that_commits_late_comes_after_those_that_were_read(pool: Pool, case_no: str) -> None:
    bank = await a_bank(pool)
    async with pool.acquire() as early, pool.acquire() as late:
        first, second = await new_request(early, case_no, bank), await new_request(early, case_no, bank)
        seen = (await read(pool, bank))[-1].change_no
        async with early.transaction():
            await change(early, first)  # begun first, committed last
            async with late.transaction():
                await change(late, second)
            (row,) = await read(pool, bank, seen)
            assert row.request_id == second
        (row_after,) = await read(pool, bank, row.change_no)
    assert (row_after.request_id, row_after.version) == (first, 2)


async def test_what_is_rolled_back_changed_nothing(pool: Pool, case_no: str) -> None:
    bank = await a_bank(pool)
    async with pool.acquire() as connection:
        request_id = await new_request(connection, case_no, bank)
        before = await read(pool, bank)
        transaction = connection.transaction()
        await transaction.start()
        await change(connection, request_id)
        await transaction.rollback()
    assert await read(pool, bank) == before


async def test_reading_changes_nothing(pool: Pool, case_no: str) -> None:
    bank = await a_bank(pool)
    async with pool.acquire() as connection:
        for _ in range(5):
            await new_request(connection, case_no, bank)
    first = await read(pool, bank)
    assert await read(pool, bank) == first
    assert [row.change_no for row in first] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("state", "status"), [("answered", "answered"), ("stopped", "stopped"), ("superseded", "stopped")]
)
async def test_a_status_is_filtered_by_its_own_order(pool: Pool, case_no: str, state: str, status: str) -> None:
    bank = await a_bank(pool)
    async with pool.acquire() as connection:
        ended, _ = await new_request(connection, case_no, bank), await new_request(connection, case_no, bank)
        await change(connection, ended, state)
    assert [row.request_id for row in await read(pool, bank, status=FeedStatus(status))] == [ended]
    assert ended not in {row.request_id for row in await read(pool, bank, status=FeedStatus.OPEN)}


async def test_what_a_bank_does_not_see_is_no_change(pool: Pool, case_no: str) -> None:
    bank = await a_bank(pool)
    async with pool.acquire() as connection:
        request_id = await new_request(connection, case_no, bank)
        before = await read(pool, bank)
        await connection.execute("UPDATE hold_request SET state = 'delivered' WHERE request_id = $1", request_id)
        await connection.execute("UPDATE hold_request SET level = 'reminder' WHERE request_id = $1", request_id)
    assert await read(pool, bank) == before


async def test_another_banks_hold_is_unknown(pool: Pool, case_no: str) -> None:
    mine, other = await a_bank(pool), await a_bank(pool)
    async with pool.acquire() as connection:
        request_id = await new_request(connection, case_no, mine)
        assert (await bank_feeds.one(connection, mine, request_id)).request_id == request_id
        for ask in (bank_feeds.one, bank_feeds.case_of):
            with pytest.raises(NotFound):
                await ask(connection, other, request_id)
    assert await read(pool, other) == []


@settings(max_examples=examples(8))
@given(seed=st.integers(0, 2**16), writers=st.integers(2, 6), readers=st.integers(1, 3))
async def test_no_reader_misses_a_change_however_they_commit(
    shared: Context, seed: int, writers: int, readers: int
) -> None:
    """Every change that was committed is read by every reader, in the end with its last state; numbers only rise."""
    pool, chance = shared.pool, random.Random(seed)
    bank = await a_bank(pool)
    case_no = await a_case(pool)
    async with pool.acquire() as connection:
        requests = [await new_request(connection, case_no, bank) for _ in range(8)]
    changed: set[UUID] = set()
    done = asyncio.Event()

    async def write() -> None:
        for _ in range(6):
            request_id = chance.choice(requests)
            async with pool.acquire() as connection:
                transaction = connection.transaction()
                await transaction.start()
                await change(connection, request_id)
                await asyncio.sleep(chance.random() * 0.004)
                if chance.random() < 0.2:
                    await transaction.rollback()
                else:
                    await transaction.commit()
                    changed.add(request_id)

    async def follow() -> dict[UUID, bank_feeds.FeedRow]:
        after, seen = 0, dict[UUID, bank_feeds.FeedRow]()
        while True:
            was_done = done.is_set()
            rows = await read(pool, bank, after)
            assert [row.change_no for row in rows] == sorted({row.change_no for row in rows})
            for row in rows:
                assert row.change_no > after
                assert row.request_id not in seen or row.version > seen[row.request_id].version
                after, seen[row.request_id] = row.change_no, row
            if was_done:
                return seen

    following = [asyncio.create_task(follow()) for _ in range(readers)]
    await asyncio.gather(*(write() for _ in range(writers)))
    done.set()
    seen = await asyncio.gather(*following)
    final = {row.request_id: row for row in await read(pool, bank)}
    assert seen == [final] * readers
    assert {request_id for request_id, row in final.items() if row.status is FeedStatus.ANSWERED} == changed


async def a_case(pool: Pool) -> str:
    case_no = f"2{rrn()}0"
    await pool.execute(
        "INSERT INTO case_file (case_no, state, opened_at, settled_at, policy, last_hop_no)"
        " VALUES ($1, 'settled', $2, $2, '{}', 0)",
        case_no,
        datetime.now(UTC),
    )
    return case_no


# -- rate limits -------------------------------------------------------------------------------------------------------


async def test_a_bucket_grants_so_many_calls_and_each_bank_has_its_own(pool: Pool) -> None:
    mine, other = await a_bank(pool), await a_bank(pool)
    async with pool.acquire() as connection:
        taken = [(await rate_limits.take(connection, mine, "p", LIMIT)).taken for _ in range(5)]
        assert taken == [True, True, True, False, False]
        assert (await rate_limits.take(connection, other, "p", LIMIT)).taken
        assert (await rate_limits.take(connection, mine, "another", LIMIT)).taken
        levels = await rate_limits.levels_of(connection, mine)
    assert levels["p"] == pytest.approx(3600, abs=5)
    assert levels["another"] == pytest.approx(1200, abs=5)


async def test_a_bucket_refills_evenly(pool: Pool) -> None:
    bank = await a_bank(pool)
    async with pool.acquire() as connection:
        for _ in range(3):
            await rate_limits.take(connection, bank, "p", LIMIT)
        await connection.execute(
            "UPDATE rate_bucket SET full_at = full_at - '20 minutes'::interval WHERE institution = $1", bank
        )
        assert [(await rate_limits.take(connection, bank, "p", LIMIT)).taken for _ in range(2)] == [True, False]


async def test_of_many_at_once_no_more_are_granted(pool: Pool) -> None:
    bank = await a_bank(pool)

    async def call() -> bool:
        async with pool.acquire() as connection:
            return (await rate_limits.take(connection, bank, "p", LIMIT)).taken

    assert sum(await asyncio.gather(*(call() for _ in range(20)))) == LIMIT.calls
