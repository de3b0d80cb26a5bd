"""What only served against repeats goes in the sweep, a bounded batch at a time; what is evidence stays."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from activities.case import outbox
from activities.case.answers import keep_statement
from activities.case.outbox import SweepActivities
from activities.case.reply_links import keep_form
from adapters.banks.stated import Answerer
from db.banks import bank_keys, reply_links
from db.case import bank_feeds
from domain.errors.case import IdempotencyKeyReused
from schemas.banks.keys import About, BankKey
from schemas.case.case_workflow import FollowUp
from tests.activities.bench import Bench
from tests.clock import at_clock
from tests.factories import make_context, transfer

DAY = timedelta(days=1)
ABOUT = About.HOLD_REQUEST


@pytest.fixture
async def own(database: asyncpg.Pool) -> Bench:
    """A bench on a database of its own: the sweep looks at every row."""
    return Bench(await make_context(database))


async def nobody(_: FollowUp) -> None:
    pass


async def purged(own: Bench) -> int:
    return (await SweepActivities(own.ctx, nobody).sweep_outbox()).guards_purged


async def a_link(own: Bench, request_id: UUID, ended: timedelta, name: str) -> int:
    """A link of 30 days that ended so long ago."""
    now = datetime.now(UTC)
    digest = hashlib.sha256(name.encode()).digest()
    async with own.pool.acquire() as connection:
        issued_at, expires_at = now - ended - 30 * DAY, now - ended
        await reply_links.insert(connection, ABOUT, request_id, digest, "HDFC", name, issued_at, expires_at)
        link = await reply_links.find(connection, ABOUT, digest)
    assert link is not None
    return link.link_id


async def a_form(own: Bench, name: str) -> None:
    async with own.pool.acquire() as connection:
        link = await reply_links.find(connection, ABOUT, hashlib.sha256(name.encode()).digest())
        assert link is not None
        now, form = datetime.now(UTC), {"held": "1"}
        await keep_form(own.ctx, connection, link, now, Answerer("A", "Manager"), form, b"t1.held=1")


async def links(own: Bench) -> list[str]:
    return [name for (name,) in await own.rows("SELECT sent_to FROM reply_link ORDER BY link_id")]


async def a_request(own: Bench) -> UUID:
    return UUID((await own.ask_one(await own.complain(transfer()))).request_id)


async def test_a_link_goes_by_the_present_moment_that_the_sweep_has(own: Bench) -> None:
    request_id = await a_request(own)
    keep = timedelta(seconds=own.ctx.policy.replay.keep_ended_links_seconds)
    await a_link(own, request_id, -DAY, "open for a day more")
    later = at_clock(own.ctx, lambda: datetime.now(UTC) + keep + 2 * DAY)
    await SweepActivities(later, nobody).sweep_outbox()
    assert await links(own) == []


async def test_a_link_goes_long_after_it_ended_and_never_with_a_form(own: Bench) -> None:
    request_id = await a_request(own)
    keep = timedelta(seconds=own.ctx.policy.replay.keep_ended_links_seconds)
    used = await a_link(own, request_id, keep + 9 * DAY, "used")
    await a_link(own, request_id, keep + 8 * DAY, "in part")
    for name in ("used", "in part"):
        await a_form(own, name)
    async with own.pool.acquire() as connection:
        await reply_links.use_up(connection, used, datetime.now(UTC))
    await a_link(own, request_id, keep + DAY, "long ended")
    await a_link(own, request_id, keep - DAY, "ended")
    await a_link(own, request_id, -DAY, "good")
    assert [await purged(own) for _ in range(2)] == [1, 0]
    assert await links(own) == ["used", "in part", "ended", "good"]


async def test_the_database_lets_no_other_link_go(own: Bench) -> None:
    request_id = await a_request(own)
    used, in_part = [await a_link(own, request_id, DAY, name) for name in ("used", "in part")]
    for name in ("used", "in part"):
        await a_form(own, name)
    good = await a_link(own, request_id, -DAY, "good")
    async with own.pool.acquire() as connection:
        await reply_links.use_up(connection, used, datetime.now(UTC))
    for link_id, error in (
        (used, asyncpg.RestrictViolationError),
        (in_part, asyncpg.ForeignKeyViolationError),
        (good, asyncpg.RestrictViolationError),
    ):
        with pytest.raises(error):
            await own.pool.execute("DELETE FROM reply_link WHERE link_id = $1", link_id)
    with pytest.raises(asyncpg.RestrictViolationError):
        await own.pool.execute("TRUNCATE reply_link CASCADE")
    assert await links(own) == ["used", "in part", "good"]


async def test_keys_of_banks_go_when_the_policy_says(own: Bench) -> None:
    keep = timedelta(seconds=own.ctx.policy.replay.keep_feed_keys_seconds)
    async with own.pool.acquire() as connection:
        for key, age in (("old", keep + DAY), ("new", keep - DAY)):
            await bank_feeds.use_key(connection, "HDFC", key, key.encode(), datetime.now(UTC) - age)
        assert [await purged(own) for _ in range(2)] == [1, 0]
        assert await bank_feeds.use_key(connection, "HDFC", "old", b"another", datetime.now(UTC)) is None
        with pytest.raises(IdempotencyKeyReused):
            await bank_feeds.use_key(connection, "HDFC", "new", b"another", datetime.now(UTC))


async def test_nonces_go_when_no_signature_can_use_them_again(own: Bench) -> None:
    now, window = datetime.now(UTC), timedelta(seconds=own.ctx.policy.signatures.window_seconds)
    async with own.pool.acquire() as connection:
        key = BankKey(key_id="hdfc-1", institution="HDFC", public_key=b"k" * 32, not_before=now - DAY)
        await bank_keys.add_key(connection, key, now)
        for nonce, age in (("old", 2 * window + DAY), ("new", 2 * window - timedelta(seconds=30))):
            assert await bank_keys.take_nonce(connection, "hdfc-1", nonce, now - age)
        assert await purged(own) == 1
        assert not await bank_keys.take_nonce(connection, "hdfc-1", "new", now)


async def test_a_sweep_takes_a_bounded_batch_of_each_kind_the_oldest_first(
    own: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PURGE_LIMIT", 2)
    request_id = await a_request(own)
    for number in range(5):
        await a_link(own, request_id, (400 - number) * DAY, f"link {number}")
    async with own.pool.acquire() as connection:
        for number in range(3):
            at = datetime.now(UTC) - (400 - number) * DAY
            await bank_feeds.use_key(connection, "HDFC", f"key {number}", b"d", at)
    assert await purged(own) == 2 + 2
    assert await links(own) == ["link 2", "link 3", "link 4"]
    assert await own.rows("SELECT idempotency_key FROM feed_key") == [("key 2",)]
    assert [await purged(own) for _ in range(3)] == [2 + 1, 1, 0]


async def test_what_a_bank_signed_stays(own: Bench) -> None:
    """However old: it is what the bank said."""
    long_ago = at_clock(own.ctx, lambda: datetime(2020, 1, 1, tzinfo=UTC))
    await keep_statement(long_ago, "HDFC", "POST", "/api/v1/bank/holds", [], b"{}")
    assert await purged(own) == 0
    assert await own.value("SELECT count(*) FROM bank_evidence") == 1
