"""The sweep notifies of everything committed and not sent, oldest first, and no case delays another."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment

from activities.case import outbox
from activities.case.outbox import SweepActivities
from activities.context import Context
from activities.metrics import METRICS, SweepWork
from db.case import case_outbox, cases
from db.pool import Pool
from schemas.case.case_workflow import CaseNews, FollowUp
from tests.activities.bench import Bench
from tests.activities.told import planned
from tests.factories import make_context, moved, row, rrn, transfer
from tests.waiting import until


@pytest.fixture
async def own(database: Pool) -> Bench:
    """A bench on a database of its own: the sweep looks at every case."""
    return Bench(await make_context(database))


class WorkflowNotifier:
    """Remembers what it was to tell; fails for the cases in `away`, each with its error."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.told: list[FollowUp] = []
        self.tried = 0
        self.away: dict[str, Exception] = {}

    async def notify(self, follow_up: FollowUp) -> None:
        self.tried += 1
        if follow_up.case_no in self.away:
            raise self.away[follow_up.case_no]
        self.told.append(follow_up)
        now = datetime.now(UTC)
        async with self.ctx.pool.acquire() as connection:
            if follow_up.start:
                await cases.mark_started(connection, [(follow_up.case_no, follow_up.start.opening_no)], now)
            if follow_up.news:
                await case_outbox.mark_signalled(connection, [follow_up.news.news_id], now)


def failed(work: SweepWork) -> float:
    """How often the sweep failed at that, by this process's metrics."""
    found = METRICS.registry.get_sample_value("goldenhour_sweep_failures_total", {"work": work.value})
    assert found is not None
    return found


@pytest.fixture
def notifier(own: Bench, monkeypatch: pytest.MonkeyPatch) -> WorkflowNotifier:
    monkeypatch.setattr(outbox, "SWEEP_AFTER", timedelta(0))
    return WorkflowNotifier(own.ctx)


async def test_lost_starts_and_lost_news_are_told_once(own: Bench, notifier: WorkflowNotifier) -> None:
    root = rrn()
    first = await own.complain(transfer(1000_00, reference=root))
    second = await own.complain(transfer())
    await own.answer("HDFC", first, moved(root, "1000.00", "ICIC", "1234567890"))
    sweep = SweepActivities(own.ctx, notifier.notify)
    swept = await sweep.sweep_outbox()
    assert (swept.cases_started, swept.news_signalled) == (2, 1)
    assert swept.oldest_age_seconds > 0
    starts = [told.start for told in notifier.told if told.start]
    assert [start.case_no for start in starts] == [first, second], "the oldest first"
    assert planned(starts[0]) == [("ICIC", [(2, 0)], 1000_00)], "as the case stands now, not as it was taken"
    assert [planned(told.news) for told in notifier.told if told.news] == [planned(starts[0])]
    again = await sweep.sweep_outbox()
    assert (again.cases_started, again.news_signalled, again.oldest_age_seconds) == (0, 0, 0)


async def test_a_run_sweeps_again_until_its_worker_stops(own: Bench, notifier: WorkflowNotifier) -> None:
    sweep = SweepActivities(own.ctx, notifier.notify, sweeps=100_000, every=timedelta(seconds=0.05))
    worker = ActivityEnvironment()
    first = await own.complain(transfer())
    run = asyncio.create_task(worker.run(sweep.sweep_outbox))
    await until(lambda: len(notifier.told) == 1)
    second = await own.complain(transfer())
    await until(lambda: len(notifier.told) == 2)
    worker.worker_shutdown()
    swept = await run
    assert [told.case_no for told in notifier.told] == [first, second]
    assert (swept.cases_started, swept.is_cut_short) == (2, True)


async def test_a_run_ends_in_its_time_though_a_sweep_was_slow(own: Bench, notifier: WorkflowNotifier) -> None:
    async def slow(follow_up: FollowUp) -> None:
        await asyncio.sleep(0.5)
        await notifier.notify(follow_up)
        await own.complain(transfer())

    await own.complain(transfer())
    sweep = SweepActivities(own.ctx, slow, sweeps=4, every=timedelta(seconds=0.1))
    swept = await ActivityEnvironment().run(sweep.sweep_outbox)
    assert (swept.cases_started, swept.is_cut_short) == (1, False)


async def test_what_is_young_is_still_with_its_writer(
    own: Bench, notifier: WorkflowNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    await own.complain(transfer())
    monkeypatch.setattr(outbox, "SWEEP_AFTER", timedelta(minutes=1))
    assert (await SweepActivities(own.ctx, notifier.notify).sweep_outbox()).cases_started == 0


async def test_news_waits_for_starts_in_a_rush(
    own: Bench, notifier: WorkflowNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = rrn()
    case_no = await own.complain(transfer(1000_00, reference=root))
    await own.answer("HDFC", case_no, moved(root, "1000.00", "ICIC", "1234567890"))
    monkeypatch.setattr(outbox, "RUSH_CASES", 1)
    sweep = SweepActivities(own.ctx, notifier.notify)
    swept = await sweep.sweep_outbox()
    assert (swept.cases_started, swept.news_signalled) == (1, 0)
    swept = await sweep.sweep_outbox()
    assert (swept.cases_started, swept.news_signalled) == (0, 1)


async def test_old_news_goes_in_a_rush(own: Bench, notifier: WorkflowNotifier, monkeypatch: pytest.MonkeyPatch) -> None:
    root = rrn()
    case_no = await own.complain(transfer(1000_00, reference=root))
    await own.answer("HDFC", case_no, moved(root, "1000.00", "ICIC", "1234567890"))
    monkeypatch.setattr(outbox, "RUSH_CASES", 1)
    monkeypatch.setattr(outbox, "NEWS_AFTER_IN_A_RUSH", timedelta(0))
    swept = await SweepActivities(own.ctx, notifier.notify).sweep_outbox()
    assert (swept.cases_started, swept.news_signalled) == (1, 1)


async def test_a_settled_case_is_not_started_and_a_reopened_one_is(own: Bench, notifier: WorkflowNotifier) -> None:
    root = rrn()
    case_no = await own.complain(transfer(1000_00, reference=root))
    await own.answer("HDFC", case_no, row(1, root, "0", status_code="20"))
    await own.settle(case_no)
    sweep = SweepActivities(own.ctx, notifier.notify)
    assert (await sweep.sweep_outbox()).cases_started == 0
    await own.answer("HDFC", case_no, moved(root, "1000.00", "ICIC", "1234567890"))
    assert (await sweep.sweep_outbox()).cases_started == 1


async def test_one_case_that_cannot_be_told_keeps_no_other_waiting(
    own: Bench, notifier: WorkflowNotifier, caplog: pytest.LogCaptureFixture
) -> None:
    numbers = [await own.complain(transfer()) for _ in range(4)]
    notifier.away = {numbers[0]: ValueError("text of a row")}
    failures = failed(SweepWork.START)
    swept = await SweepActivities(own.ctx, notifier.notify).sweep_outbox()
    assert [told.case_no for told in notifier.told] == numbers[1:]
    assert (swept.cases_started, swept.failed) == (3, 1)
    assert failed(SweepWork.START) == failures + 1
    assert f"start of case {numbers[0]} failed: ValueError" in caplog.text
    assert "text of a row" not in caplog.text
    notifier.away = {}
    assert (await SweepActivities(own.ctx, notifier.notify).sweep_outbox()).cases_started == 1


async def test_a_case_whose_snapshot_cannot_be_read_keeps_no_other_waiting(
    own: Bench, notifier: WorkflowNotifier
) -> None:
    numbers = [await own.complain(transfer()) for _ in range(3)]
    await own.pool.execute("UPDATE case_file SET policy = '{}' WHERE case_no = $1", numbers[0])
    swept = await SweepActivities(own.ctx, notifier.notify).sweep_outbox()
    assert [told.case_no for told in notifier.told] == numbers[1:]
    assert (swept.cases_started, swept.failed) == (2, 1)


async def test_a_case_that_cannot_be_looked_after_keeps_no_other_waiting(
    own: Bench, notifier: WorkflowNotifier
) -> None:
    numbers = [await own.complain(transfer()) for _ in range(2)]
    await own.pool.execute("UPDATE case_file SET workflow_started_at = now() - interval '1 hour'")
    await own.pool.execute("UPDATE case_file SET policy = '{}' WHERE case_no = $1", numbers[0])
    swept = await SweepActivities(own.ctx, notifier.notify).sweep_outbox()
    assert (swept.cases_looked_after, swept.failed) == (1, 1)
    assert [told.case_no for told in notifier.told] == numbers[1:]


async def test_news_that_cannot_be_read_keep_no_other_waiting(own: Bench, notifier: WorkflowNotifier) -> None:
    first, second = [await own.complain(transfer(1000_00, reference=root)) for root in ("499000000001", "499000000002")]
    await own.pool.execute("UPDATE case_file SET workflow_started_at = now()")
    await own.answer("HDFC", first, moved("499000000001", "1000.00", "ICIC", "1234567890"))
    await own.answer("HDFC", second, moved("499000000002", "1000.00", "ICIC", "1234567890"))
    await own.pool.execute("UPDATE case_news SET body = '{\"opened\": 1}' WHERE case_no = $1", first)
    swept = await SweepActivities(own.ctx, notifier.notify).sweep_outbox()
    assert (swept.news_signalled, swept.failed) == (1, 1)
    assert [told.case_no for told in notifier.told] == [second]


async def test_a_case_that_failed_rests_and_takes_no_place_of_the_others(
    own: Bench, notifier: WorkflowNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many cases fail: each sweep has room for as many others."""
    monkeypatch.setattr(outbox, "SWEEP_LIMIT", 2)
    numbers = [await own.complain(transfer()) for _ in range(4)]
    notifier.away = {case_no: ValueError(case_no) for case_no in numbers[:2]}
    sweep = SweepActivities(own.ctx, notifier.notify)
    assert [(await sweep.sweep_outbox()).cases_started for _ in range(2)] == [0, 2]
    assert notifier.tried == 4, "what failed is left alone for a while"
    notifier.away = {}
    monkeypatch.setattr(outbox, "SKIP_FAILED_CASE", timedelta(0))
    for case_no in sweep.resting:
        sweep.resting[case_no] = datetime.now(UTC)
    assert (await sweep.sweep_outbox()).cases_started == 2


async def test_news_of_a_case_that_fails_take_no_place_of_the_others(
    own: Bench, notifier: WorkflowNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "SWEEP_LIMIT", 2)
    first, second = await own.complain(transfer()), await own.complain(transfer())
    await own.pool.execute("UPDATE case_file SET workflow_started_at = now()")
    for case_no in (first, first, first, second):
        async with own.pool.acquire() as connection:
            await case_outbox.insert(connection, case_no, datetime.now(UTC), CaseNews(news_id=0))
    notifier.away = {first: ValueError(first)}
    sweep = SweepActivities(own.ctx, notifier.notify)
    assert [(await sweep.sweep_outbox()).news_signalled for _ in range(2)] == [0, 1]
    assert notifier.tried == 2, "one failure of a case is enough for one sweep"


@pytest.mark.parametrize(
    "away",
    [
        ConnectionError("refused"),
        RPCError("away", RPCStatusCode.UNAVAILABLE, b""),
        asyncpg.InterfaceError("closed"),
        asyncpg.CannotConnectNowError("starting up"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_sweep_ends_soon_when_a_server_is_away(own: Bench, notifier: WorkflowNotifier, away: Exception) -> None:
    numbers = [await own.complain(transfer()) for _ in range(outbox.FAILURES_MAX + 3)]
    notifier.away = dict.fromkeys(numbers, away)
    sweep = SweepActivities(own.ctx, notifier.notify)
    with pytest.raises(type(away)):
        await sweep.sweep_outbox()
    assert notifier.tried == outbox.FAILURES_MAX
    notifier.away = dict.fromkeys(numbers[: outbox.FAILURES_MAX], away)
    assert (await sweep.sweep_outbox()).cases_started == 3, "the next sweep begins with the others"


async def test_failures_that_are_not_in_a_row_end_no_sweep(own: Bench, notifier: WorkflowNotifier) -> None:
    numbers = [await own.complain(transfer()) for _ in range(2 * outbox.FAILURES_MAX)]
    notifier.away = dict.fromkeys(numbers[::2], ConnectionError("reset"))
    swept = await SweepActivities(own.ctx, notifier.notify).sweep_outbox()
    assert (swept.cases_started, swept.failed) == (outbox.FAILURES_MAX, outbox.FAILURES_MAX)


async def test_failures_of_cases_end_no_sweep_however_many(own: Bench, notifier: WorkflowNotifier) -> None:
    numbers = [await own.complain(transfer()) for _ in range(outbox.FAILURES_MAX + 2)]
    notifier.away = dict.fromkeys(numbers[:-1], RPCError("too large", RPCStatusCode.INVALID_ARGUMENT, b""))
    swept = await SweepActivities(own.ctx, notifier.notify).sweep_outbox()
    assert (swept.cases_started, swept.failed) == (1, outbox.FAILURES_MAX + 1)


async def test_a_sweep_has_a_limit_and_the_next_takes_the_rest(
    own: Bench, notifier: WorkflowNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "SWEEP_LIMIT", 3)
    numbers = [await own.complain(transfer()) for _ in range(5)]
    sweep = SweepActivities(own.ctx, notifier.notify)
    assert [(await sweep.sweep_outbox()).cases_started for _ in range(3)] == [3, 2, 0]
    assert [told.case_no for told in notifier.told] == numbers


async def test_news_told_long_ago_are_purged_the_oldest_first(
    own: Bench, notifier: WorkflowNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PURGE_LIMIT", 2)
    case_no = await own.complain(transfer())
    await own.pool.execute("UPDATE case_file SET workflow_started_at = now()")
    ages = (8, 9, 10, 6, None)
    for days in ages:
        await own.pool.execute(
            "INSERT INTO case_news (case_no, body, created_at, signalled_at)"
            " VALUES ($1, '{}', now() - interval '30 days', now() - $2 * interval '1 day')",
            case_no,
            days,
        )
    left = "SELECT round(extract(epoch FROM now() - signalled_at) / 86400)::int FROM case_news ORDER BY news_id"
    notifier.away = {case_no: ValueError("not sent by anybody")}
    sweep = SweepActivities(own.ctx, notifier.notify)
    assert (await sweep.sweep_outbox()).news_purged == 2
    assert [row[0] for row in await own.rows(left)] == [8, 6, None]
    assert [(await sweep.sweep_outbox()).news_purged for _ in range(2)] == [1, 0]
    assert [row[0] for row in await own.rows(left)] == [6, None], "what was told lately, and what never was, stays"
