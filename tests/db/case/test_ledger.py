"""PostgreSQL protects the ledger: a write that would break it is refused from every caller."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg
import pytest

from db.case import ledger
from db.pool import Connection, Pool
from domain.errors import IdempotencyConflict
from schemas.case.answers import Entry
from schemas.enums import Bucket

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
IN_PLAY, HELD, SPENT = Bucket.IN_PLAY, Bucket.HELD, Bucket.SPENT


def entries(*told: tuple[int, Bucket, int]) -> list[Entry]:
    return [Entry(hop_no=hop_no, bucket=bucket, amount_paise=paise) for hop_no, bucket, paise in told]


async def post(pool: Pool, case_no: str, key: str, moved: Sequence[Entry]) -> int | None:
    async with pool.acquire() as connection, connection.transaction():
        return await ledger.post(connection, case_no, "test", key, NOW, moved)


async def books(connection: Connection, case_no: str) -> list[tuple[int, str, int]]:
    rows = await connection.fetch(
        "SELECT hop_no, bucket, balance_paise FROM ledger_balance WHERE case_no = $1 AND balance_paise <> 0"
        " ORDER BY hop_no, bucket",
        case_no,
    )
    return [tuple(row) for row in rows]


async def test_a_posting_moves_balances(pool: Pool, case_no: str) -> None:
    await post(pool, case_no, case_no, entries((1, IN_PLAY, -400_00), (1, HELD, 400_00)))
    async with pool.acquire() as connection:
        assert await ledger.balances(connection, case_no, 1) == {
            Bucket.LOST: -1000_00,
            IN_PLAY: 600_00,
            HELD: 400_00,
        }
        assert await ledger.in_play_paise(connection, case_no) == 1100_00


async def test_one_bucket_may_stand_in_many_entries_of_a_posting(pool: Pool, case_no: str) -> None:
    """Below zero in between, and again above at the end: what counts is the posting as a whole."""
    told = entries((1, HELD, -5), (1, HELD, 5), (1, IN_PLAY, -700_00), (1, HELD, 300_00), (1, HELD, 400_00))
    await post(pool, case_no, case_no, told)
    async with pool.acquire() as connection:
        assert (1, "held", 700_00) in await books(connection, case_no)


async def test_what_does_not_sum_to_zero_is_refused_at_commit(
    pool: Pool, case_no: str, subtests: pytest.Subtests
) -> None:
    posted = "SELECT count(*) FROM ledger_transaction WHERE idempotency_key = $1"
    async with pool.acquire() as connection:
        before = await books(connection, case_no)
        for told in (
            entries((1, IN_PLAY, -100), (1, HELD, 101)),
            entries((1, HELD, 1)),
            entries((1, IN_PLAY, -100), (1, HELD, 100 + 10**12)),
        ):
            with subtests.test(told=told):
                transaction = connection.transaction()
                await transaction.start()
                await ledger.post(connection, case_no, "test", case_no, NOW, told)
                with pytest.raises(asyncpg.CheckViolationError) as refused:
                    await transaction.commit()
                assert refused.value.constraint_name == "ledger_balanced"
                assert await books(connection, case_no) == before
                assert await connection.fetchval(posted, case_no) == 0


async def test_a_posting_may_not_be_completed_later_with_another_cases_money(pool: Pool, case_no: str) -> None:
    async with pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO case_file (case_no, state, opened_at, policy) VALUES ('39999999999999', 'open', now(), '{}')"
        )
        posted = await post(pool, case_no, case_no, entries((1, IN_PLAY, -100), (1, HELD, 100)))
        await connection.execute(
            "INSERT INTO complaint SELECT '39999999999999', '39999999999999', channel, category, victim_id,"
            " received_at, taken_by, 'another key', body_digest, joined, flags, marked"
            " FROM complaint WHERE ack_no = $1",
            case_no,
        )
        await connection.execute(
            "INSERT INTO hop SELECT '39999999999999', 1, 0, NULL, layer, source, state, institution,"
            " payer_institution_as_told, payer_holder, payee_institution_as_told, payee_holder, payee_ifsc,"
            " account_key, reference, reference_key, mode, amount_paise, disputed_paise, transferred_at, opened_at,"
            " NULL, '[]', '39999999999999' FROM hop WHERE case_no = $1 AND hop_no = 1",
            case_no,
        )
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await connection.execute(
                "INSERT INTO ledger_entry SELECT $1, 10 + n, '39999999999999', 1, b, a"
                " FROM unnest(ARRAY['lost', 'in_play'], ARRAY[-5, 5]) WITH ORDINALITY AS e (b, a, n)",
                posted,
            )
        assert refused.value.constraint_name == "ledger_balanced"


async def test_a_bucket_below_zero_is_refused_at_once(pool: Pool, case_no: str, subtests: pytest.Subtests) -> None:
    async with pool.acquire() as connection, connection.transaction():
        for told in (
            entries((1, IN_PLAY, -1000_01), (1, HELD, 1000_01)),
            entries((1, HELD, -1), (1, SPENT, 1)),
            entries((1, IN_PLAY, -1000_00), (2, IN_PLAY, 1000_00), (2, HELD, -1), (2, SPENT, 1)),
            entries((1, Bucket.LOST, 1000_01), (1, IN_PLAY, -1000_01)),
        ):
            savepoint = connection.transaction()
            await savepoint.start()
            with subtests.test(told=told):
                with pytest.raises(asyncpg.CheckViolationError) as refused:
                    await ledger.post(connection, case_no, "test", case_no, NOW, told)
                assert refused.value.constraint_name == "ledger_balance_sign"
            await savepoint.rollback()
    async with pool.acquire() as connection:
        assert [paise for _, bucket, paise in await books(connection, case_no) if bucket == "in_play"] == [
            1000_00,
            500_00,
        ]


async def test_the_loss_may_not_turn_into_a_gain(pool: Pool, case_no: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await post(
            pool, case_no, case_no, entries((1, Bucket.LOST, 1500_00), (1, IN_PLAY, -1000_00), (2, IN_PLAY, -500_00))
        )


async def test_money_stands_at_a_hop_that_is_there(pool: Pool, case_no: str, subtests: pytest.Subtests) -> None:
    for hop_no in (0, 3, 99):
        with subtests.test(hop_no=hop_no), pytest.raises(asyncpg.ForeignKeyViolationError):
            await post(pool, case_no, case_no, entries((1, IN_PLAY, -1), (hop_no, IN_PLAY, 1)))


async def test_an_unknown_bucket_and_an_entry_of_nothing_are_refused(pool: Pool, case_no: str) -> None:
    async with pool.acquire() as connection:
        for bucket, paise in (("pocket", 1), ("held", 0)):
            with pytest.raises(asyncpg.CheckViolationError):
                await connection.execute(
                    "SELECT ledger_post($1, 'test', $1, now(), '{1,1}', $2, $3)",
                    case_no,
                    ["in_play", bucket],
                    [-paise or -1, paise],
                )


async def test_the_same_key_with_the_same_entries_is_the_same_posting(pool: Pool, case_no: str) -> None:
    told = entries((1, IN_PLAY, -400), (1, HELD, 400))
    ids = await asyncio.gather(*(post(pool, case_no, case_no, told) for _ in range(5)))
    assert len(set(ids)) == 1
    async with pool.acquire() as connection:
        assert (1, "held", 400) in await books(connection, case_no)


async def test_the_same_key_with_other_entries_is_a_named_error(
    pool: Pool, case_no: str, subtests: pytest.Subtests
) -> None:
    await post(pool, case_no, case_no, entries((1, IN_PLAY, -400), (1, HELD, 400)))
    for other in (
        entries((1, IN_PLAY, -401), (1, HELD, 401)),
        entries((2, IN_PLAY, -400), (2, HELD, 400)),
        entries((1, IN_PLAY, -400), (1, SPENT, 400)),
        entries((1, HELD, 400), (1, IN_PLAY, -400)),
    ):
        with subtests.test(other=other), pytest.raises(IdempotencyConflict, match=f"under the key {case_no}"):
            await post(pool, case_no, case_no, other)
    async with pool.acquire() as connection:
        assert (1, "held", 400) in await books(connection, case_no)


async def test_nothing_is_posted_for_no_entries(pool: Pool, case_no: str) -> None:
    assert await post(pool, case_no, case_no, []) is None
    assert await post(pool, case_no, case_no, entries((1, IN_PLAY, 0))) is None
    assert await pool.fetchval("SELECT count(*) FROM ledger_transaction WHERE idempotency_key = $1", case_no) == 0


async def test_postings_at_once_never_take_more_than_there_is(pool: Pool, case_no: str) -> None:
    """The engine posts under the case's lock; a posting without the lock is refused."""
    taken = await asyncio.gather(
        *(post(pool, case_no, f"{case_no}|{n}", entries((1, IN_PLAY, -400_00), (1, HELD, 400_00))) for n in range(8)),
        return_exceptions=True,
    )
    done = [one for one in taken if isinstance(one, int)]
    assert 1 <= len(done) <= 2
    assert all(isinstance(one, int | asyncpg.PostgresError) for one in taken)
    async with pool.acquire() as connection:
        assert await books(connection, case_no) == [
            (1, "held", 400_00 * len(done)),
            (1, "in_play", 1000_00 - 400_00 * len(done)),
            (1, "lost", -1000_00),
            (2, "in_play", 500_00),
            (2, "lost", -500_00),
        ]
