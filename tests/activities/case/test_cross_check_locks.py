"""Locks of accounts and references across cases: an answer waits only for one that checks the same."""

import asyncio
from collections.abc import Collection

import asyncpg
import pytest

from db.case.discrepancies import KEYS_LOCKED_EACH, lock
from tests.activities.bench import Bench

MANY = [f"HDFC|{number}" for number in range(KEYS_LOCKED_EACH + 1)]
FEW = MANY[:KEYS_LOCKED_EACH]


async def waits(bench: Bench, first: Collection[str], second: Collection[str]) -> bool:
    """Whether an answer with the keys `second` waits while one with the keys `first` is not committed."""
    pool = bench.pool
    async with pool.acquire() as one, one.transaction(), pool.acquire() as other:
        await lock(one, first)
        try:
            async with asyncio.timeout(30), other.transaction():
                await other.execute("SET LOCAL lock_timeout = 200")
                await lock(other, second)
        except asyncpg.LockNotAvailableError:
            return True
        return False


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (["ICIC|1"], ["ICIC|1", "ICIC|2"], True),
        (["ICIC|1"], ["ICIC|2"], False),
        # With few locks shared by all keys, two of these would share one.
        (FEW, [f"ICIC|{number}" for number in range(KEYS_LOCKED_EACH)], False),
        (MANY, MANY[:1], True),
        (MANY[:1], MANY, True),
        (MANY, MANY, True),
    ],
)
async def test_an_answer_waits_for_one_with_the_same_key(
    bench: Bench, first: list[str], second: list[str], *, expected: bool
) -> None:
    assert await waits(bench, first, second) is expected


async def test_an_answer_waits_for_one_of_version_0_2_0_with_the_same_key(bench: Bench) -> None:
    before = (
        "SELECT pg_advisory_xact_lock(17, place) FROM (SELECT DISTINCT abs(hashtext(k)::bigint % 256)::integer AS place"
        " FROM unnest($1::text[]) AS k ORDER BY place) AS places"
    )
    async with bench.pool.acquire() as one, one.transaction(), bench.pool.acquire() as other:
        await lock(one, ["ICIC|1"])
        await other.execute("SET lock_timeout = 200")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await other.execute(before, ["ICIC|1", "ICIC|2"])
        await other.execute("RESET lock_timeout")
