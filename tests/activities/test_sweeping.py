"""The sweep's hand: whatever is committed and untold is told, oldest first, and one case keeps no other waiting."""

from datetime import UTC, datetime, timedelta

import pytest

from activities import sweeping
from activities.hands import Hands
from activities.sweeping import SweepHands
from db import cases, news
from db.pool import Pool
from schemas.work import FollowUp
from tests.activities.bench import Bench
from tests.factories import make_hands, moved, row, rrn, transfer


@pytest.fixture
async def own(database: Pool) -> Bench:
    """A bench on a database of its own: the sweep looks at every case."""
    return Bench(await make_hands(database))


class Courier:
    """Remembers what it was to tell; fails for the cases in `away`."""

    def __init__(self, hands: Hands) -> None:
        self.hands = hands
        self.told: list[FollowUp] = []
        self.tried = 0
        self.away: set[str] = set()

    async def tell(self, follow_up: FollowUp) -> None:
        self.tried += 1
        if follow_up.case_no in self.away:
            raise ConnectionError(follow_up.case_no)
        self.told.append(follow_up)
        now = datetime.now(UTC)
        async with self.hands.pool.acquire() as connection:
            if follow_up.start:
                await cases.mark_started(connection, [follow_up.case_no], now)
            if follow_up.news:
                await news.mark_signalled(connection, [follow_up.news.news_id], now)


@pytest.fixture
def courier(own: Bench, monkeypatch: pytest.MonkeyPatch) -> Courier:
    monkeypatch.setattr(sweeping, "SWEEP_AFTER", timedelta(0))
    return Courier(own.hands)


async def test_lost_starts_and_lost_news_are_told_once(own: Bench, courier: Courier) -> None:
    root = rrn()
    first = await own.complain(transfer(1000_00, reference=root))
    second = await own.complain(transfer())
    await own.answer("HDFC", first, moved(root, "1000.00", "ICIC", "1234567890"))
    sweep = SweepHands(own.hands, courier.tell)
    swept = await sweep.sweep_outbox()
    assert (swept.cases_started, swept.news_signalled) == (2, 1)
    assert swept.oldest_age_seconds > 0
    starts = [told.start for told in courier.told if told.start]
    assert [start.case_no for start in starts] == [first, second], "the oldest first"
    assert [hop.hop_no for hop in starts[0].open_hops] == [2], "as the case stands now, not as it was taken"
    assert [told.news.opened[0].hop_no for told in courier.told if told.news] == [2]
    again = await sweep.sweep_outbox()
    assert (again.cases_started, again.news_signalled, again.oldest_age_seconds) == (0, 0, 0)


async def test_what_is_young_is_still_with_whoever_wrote_it(
    own: Bench, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    await own.complain(transfer())
    monkeypatch.setattr(sweeping, "SWEEP_AFTER", timedelta(minutes=1))
    assert (await SweepHands(own.hands, courier.tell).sweep_outbox()).cases_started == 0


async def test_a_settled_case_is_not_started_and_a_reopened_one_is(own: Bench, courier: Courier) -> None:
    root = rrn()
    case_no = await own.complain(transfer(1000_00, reference=root))
    await own.answer("HDFC", case_no, row(1, root, "0", status_code="20"))
    await own.settle(case_no)
    sweep = SweepHands(own.hands, courier.tell)
    assert (await sweep.sweep_outbox()).cases_started == 0
    await own.answer("HDFC", case_no, moved(root, "1000.00", "ICIC", "1234567890"))
    assert (await sweep.sweep_outbox()).cases_started == 1


async def test_one_case_that_cannot_be_told_keeps_no_other_waiting(own: Bench, courier: Courier) -> None:
    numbers = [await own.complain(transfer()) for _ in range(4)]
    courier.away = {numbers[0]}
    sweep = SweepHands(own.hands, courier.tell)
    with pytest.raises(ConnectionError, match=numbers[0]):
        await sweep.sweep_outbox()
    assert [told.case_no for told in courier.told] == numbers[1:]
    courier.away = set()
    assert (await sweep.sweep_outbox()).cases_started == 1


async def test_a_sweep_in_which_everything_fails_ends_soon(own: Bench, courier: Courier) -> None:
    courier.away = {await own.complain(transfer()) for _ in range(sweeping.FAILURES_MAX + 3)}
    with pytest.raises(ConnectionError):
        await SweepHands(own.hands, courier.tell).sweep_outbox()
    assert courier.tried == sweeping.FAILURES_MAX


async def test_a_sweep_has_a_limit_and_the_next_takes_the_rest(
    own: Bench, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "SWEEP_LIMIT", 3)
    numbers = [await own.complain(transfer()) for _ in range(5)]
    sweep = SweepHands(own.hands, courier.tell)
    assert [(await sweep.sweep_outbox()).cases_started for _ in range(3)] == [3, 2, 0]
    assert [told.case_no for told in courier.told] == numbers
