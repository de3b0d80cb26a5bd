"""No bank is asked about the cases of a workbook before its last row is done (D7)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from activities.case import outbox
from activities.case.answers import take_status_update
from activities.case.outbox import SweepActivities
from activities.workbook import trail_import
from activities.workbook.trail_import import take_trails
from domain.workbook.columns import Sheet
from domain.workbook.reading import TrailReading
from schemas.case.case_workflow import CaseNews, FollowUp
from tests.activities.bench import Bench
from tests.activities.case.test_outbox import WorkflowNotifier, own
from tests.activities.workbooks import TRANSFER, ack
from tests.clock import Clock, at_clock
from tests.domain.trail_books import moved, said
from tests.factories import rrn, transfer
from tests.workers.trail_files import write
from workers.importer.trail_report import read_trail_file
from workflows.case_state import CaseState

__all__ = ["own"]


def trail(path: Path, number: str, root: str) -> TrailReading:
    """Three layers; the last two are answered by later rows, and the first has 4,000 in play."""
    second, third = rrn(), rrn()
    of: dict[str, Any] = {"ack_no": number}
    file = write(
        path / "t.xlsx",
        {
            TRANSFER: [
                moved(1, root, root, 10_000, **of),
                moved(2, root, second, 6_000, bank="PUNB", ifsc="", **of),
                moved(3, second, third, 5_000, bank="ICIC", ifsc="", action_by="PUNB", **of),
            ],
            Sheet.HOLD: [
                said(third, 5_000, account="0030000000", action_by="ICIC", **of),
                said(second, 1_000, account="0020000000", action_by="PUNB", **of),
            ],
        },
    )
    found = read_trail_file(file)
    assert found is not None
    (reading,) = found
    return reading


@pytest.fixture
def notifier(own: Bench, monkeypatch: pytest.MonkeyPatch) -> WorkflowNotifier:
    monkeypatch.setattr(outbox, "SWEEP_AFTER", timedelta(0))
    return WorkflowNotifier(own.ctx)


def after_each_answer(monkeypatch: pytest.MonkeyPatch, do: Callable[[], Awaitable[object]]) -> None:
    """Do something whenever the import has stored an answer."""

    async def take_and_do(*arguments: Any, **more: Any) -> Any:
        receipt = await take_status_update(*arguments, **more)
        await do()
        return receipt

    monkeypatch.setattr(trail_import, "take_status_update", take_and_do)


async def test_d7_the_sweep_starts_no_case_that_is_being_imported(
    own: Bench, notifier: WorkflowNotifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sweep = SweepActivities(own.ctx, notifier.notify)
    after_each_answer(monkeypatch, sweep.sweep_outbox)
    number = ack()
    told: list[FollowUp] = []
    await take_trails(own.ctx, [trail(tmp_path, number, rrn())], taken_by="import:a", follow=told.append)
    assert notifier.told == []
    start, news = told
    assert start.start is not None
    assert [hop.hop_no for hop in start.start.open_hops] == [1], "the others are answered by later rows"
    assert news.news is not None
    assert await own.value("SELECT count(*) FROM request_pause") == 0
    await sweep.sweep_outbox()
    assert [bool(one.start) for one in notifier.told] == [True, False]


async def test_d7_a_running_case_is_told_once_and_asks_only_what_is_left(
    own: Bench, notifier: WorkflowNotifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root, number = rrn(), ack()
    await own.complain(transfer(10_000_00, reference=root), ack_no=number)
    sweep = SweepActivities(own.ctx, notifier.notify)
    await sweep.sweep_outbox()
    notifier.told.clear()
    after_each_answer(monkeypatch, sweep.sweep_outbox)
    told: list[FollowUp] = []
    await take_trails(own.ctx, [trail(tmp_path, number, root)], taken_by="import:a", follow=told.append)
    assert notifier.told == []
    (only,) = told
    assert only.start is None
    assert isinstance(only.news, CaseNews)
    state = CaseState()
    state.apply(only.news)
    assert state.to_ask == ()
    assert await own.value("SELECT count(*) FROM case_news WHERE signalled_at IS NULL") == 1
    await own.check(number)


async def test_d7_a_workflow_that_looks_for_open_hops_gets_none_while_the_book_is_read(
    own: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    number = ack()
    seen = []

    async def settle() -> None:
        seen.append(await own.settle(number))

    after_each_answer(monkeypatch, settle)
    await take_trails(own.ctx, [trail(tmp_path, number, rrn())], taken_by="import:a")
    assert seen
    assert {(settled.settled, settled.start) for settled in seen} == {(False, None)}
    after = await own.settle(number)
    assert after.start is not None
    assert [hop.hop_no for hop in after.start.open_hops] == [1]


async def test_d7_a_killed_import_asks_nothing_half_and_can_be_run_again(
    own: Bench, notifier: WorkflowNotifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    number = ack()
    reading = trail(tmp_path, number, rrn())
    clock = Clock(own.ctx.now())
    ctx = at_clock(own.ctx, clock)
    sweep = SweepActivities(ctx, notifier.notify)

    async def killed() -> None:
        raise asyncio.CancelledError

    after_each_answer(monkeypatch, killed)
    with pytest.raises(asyncio.CancelledError):
        await take_trails(ctx, [reading], taken_by="import:a")
    monkeypatch.undo()
    monkeypatch.setattr(outbox, "SWEEP_AFTER", timedelta(0))
    clock.at += timedelta(seconds=60)
    swept = await sweep.sweep_outbox()
    assert (swept.cases_started, swept.news_signalled, notifier.told) == (0, 0, [])
    told: list[FollowUp] = []
    (outcome,) = await take_trails(ctx, [reading], taken_by="import:a", follow=told.append)
    assert (len(outcome.used), outcome.waiting, outcome.stopped) == (5, [], "")
    assert told[0].start is not None
    assert [hop.hop_no for hop in told[0].start.open_hops] == [1]
    await own.check(number)


async def test_d7_a_case_whose_import_was_killed_for_good_is_asked_about(
    own: Bench, notifier: WorkflowNotifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clock = Clock(own.ctx.now())
    ctx = at_clock(own.ctx, clock)

    async def killed() -> None:
        raise asyncio.CancelledError

    after_each_answer(monkeypatch, killed)
    with pytest.raises(asyncio.CancelledError):
        await take_trails(ctx, [trail(tmp_path, ack(), rrn())], taken_by="import:a")
    clock.at += timedelta(seconds=ctx.policy.trail.import_pause_seconds + 1)
    assert (await SweepActivities(ctx, notifier.notify).sweep_outbox()).cases_started == 1
