"""The notifier collects changes that arrive while a case is being notified, and loses none."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.service import RPCError, RPCStatusCode

from activities.case.intake import take_complaint
from activities.context import Context
from activities.workbook.trail_lines import RequestPause
from db.case import case_outbox
from db.pool import Pool
from schemas.case.case_workflow import CaseNews, CaseStart, FollowUp, HopBrief, HopRef
from schemas.enums import AnswerClass, EscalationLevel
from tests.factories import complaint, make_context, rrn
from tests.waiting import until
from workers import temporal
from workers.temporal import CaseNotifier

HOP = HopBrief(
    hop_no=3,
    revision=0,
    institution="HDFC",
    answer_class=AnswerClass.API,
    disputed_paise=1,
    layer=1,
    transferred_at=datetime(2026, 1, 1, tzinfo=UTC),
)


@dataclass
class Switchboard:
    """A Temporal client that accepts signals one at a time, when the test allows it."""

    signals: list[tuple[str, CaseNews]] = field(default_factory=list)
    calls: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    fails: bool = False
    starts: int = 0

    async def start_workflow(self, *_: object, **__: object) -> None:
        self.starts += 1
        await self.gate.wait()

    def get_workflow_handle(self, workflow_id: str) -> "Line":
        return Line(self, workflow_id)


@dataclass
class Line:
    board: Switchboard
    workflow_id: str

    async def signal(self, _: object, told: CaseNews, **__: object) -> None:
        self.board.calls += 1
        await self.board.gate.wait()
        if self.board.fails:
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
        self.board.signals.append((self.workflow_id, told))


@dataclass
class Post:
    """A notifier on a real outbox."""

    ctx: Context
    board: Switchboard
    notifier: CaseNotifier

    async def case(self) -> str:
        taken = await take_complaint(self.ctx, complaint(), idempotency_key=rrn(), taken_by="officer:1")
        return taken.receipt.case_ack_no

    async def news(self, case_no: str, **changes: Any) -> FollowUp:
        async with self.ctx.pool.acquire() as connection:
            told = CaseNews.model_validate({"news_id": 0, "closed": [HopRef(hop_no=1, revision=0)]} | changes)
            return FollowUp(
                case_no=case_no, news=await case_outbox.insert(connection, case_no, datetime.now(UTC), told)
            )

    async def untold(self) -> int:
        count: int = await self.ctx.pool.fetchval("SELECT count(*) FROM case_news WHERE signalled_at IS NULL")
        return count


@pytest.fixture
async def post(database: Pool, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Post]:
    monkeypatch.setattr(temporal, "GATHER_SECONDS", 0.0)
    board = Switchboard()
    notifier = CaseNotifier(board, database)  # type: ignore[arg-type]
    yield Post(await make_context(database), board, notifier)
    board.gate.set()
    await notifier.close()


async def calls(post: Post, count: int) -> None:
    await until(lambda: post.board.calls >= count, 10)


async def test_a_burst_of_answers_is_the_first_and_one_more_signal(post: Post) -> None:
    case_no = await post.case()
    burst = [await post.news(case_no, closed=[HopRef(hop_no=n, revision=0)]) for n in range(1, 7)]
    post.notifier.soon(burst[0])
    await calls(post, 1)
    for follow_up in burst[1:]:
        post.notifier.soon(follow_up)
    post.board.gate.set()
    await post.notifier.close()
    assert [[ref.hop_no for ref in told.closed] for _, told in post.board.signals] == [[1], [2, 3, 4, 5, 6]]
    assert await post.untold() == 0


async def test_changes_that_send_no_request_wait_for_others_and_go_with_the_first_that_does(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporal, "GATHER_SECONDS", 3600.0)
    monkeypatch.setattr(temporal, "CLOSE_LIMIT_SECONDS", 0.1)
    post.board.gate.set()
    case_no = await post.case()
    for number in (1, 2):
        post.notifier.soon(await post.news(case_no, closed=[HopRef(hop_no=number, revision=0)]))
    post.notifier.soon(await post.news(case_no, closed=[], opened=[HOP]))
    await calls(post, 1)
    assert [([ref.hop_no for ref in told.closed], len(told.opened)) for _, told in post.board.signals] == [([1, 2], 1)]


async def test_changes_that_send_no_request_go_after_a_moment(post: Post) -> None:
    post.board.gate.set()
    case_no = await post.case()
    told = [await post.news(case_no, closed=[HopRef(hop_no=number, revision=0)]) for number in (1, 2)]
    for follow_up in told:
        post.notifier.soon(follow_up)
    await post.notifier.close()
    assert [[ref.hop_no for ref in told.closed] for _, told in post.board.signals] == [[1, 2]]
    assert await post.untold() == 0


async def in_a_rush(post: Post, starts: int) -> None:
    """Begin starts, which end when the gate opens, and then a signal about another case."""
    for number in range(starts):
        case_no = f"start-{number}"
        start = CaseStart(case_no=case_no, policy=post.ctx.case_policy, opening_no=1)
        post.notifier.soon(FollowUp(case_no=case_no, start=start))
    await until(lambda: post.board.starts == starts)
    post.notifier.soon(await post.news(await post.case(), opened=[HOP]))


async def test_a_signal_lets_starts_go_first_in_a_rush(post: Post) -> None:
    await in_a_rush(post, temporal.RUSH_STARTS)
    await asyncio.sleep(0.1)
    assert post.board.calls == 0
    post.board.gate.set()
    await post.notifier.close()
    assert len(post.board.signals) == 1


async def test_a_signal_waits_for_starts_no_longer_than_its_limit(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporal, "BEHIND_STARTS_SECONDS", 0.05)
    await in_a_rush(post, temporal.RUSH_STARTS)
    await calls(post, 1)


async def test_a_signal_does_not_wait_for_a_few_starts(post: Post) -> None:
    await in_a_rush(post, temporal.RUSH_STARTS - 1)
    await calls(post, 1)


async def test_an_escalation_does_not_wait_in_a_rush(post: Post) -> None:
    await in_a_rush(post, temporal.RUSH_STARTS)
    escalation = {"escalate_request_id": rrn(), "escalate_to": EscalationLevel.NODAL_OFFICER, "closed": []}
    post.notifier.soon(await post.news(await post.case(), **escalation))
    await calls(post, 1)
    assert not post.board.signals


async def test_cases_do_not_wait_for_each_other(post: Post) -> None:
    for case_no in [await post.case() for _ in range(3)]:
        post.notifier.soon(await post.news(case_no))
    await calls(post, 3)


async def test_an_escalation_goes_alone(post: Post) -> None:
    case_no = await post.case()
    escalation = {"closed": [], "escalate_request_id": "r", "escalate_to": EscalationLevel.REMINDER}
    told = [await post.news(case_no, **changes) for changes in ({}, {}, escalation, {}, {})]
    post.notifier.soon(told[0])
    await calls(post, 1)
    for follow_up in told[1:]:
        post.notifier.soon(follow_up)
    post.board.gate.set()
    await post.notifier.close()
    assert [(len(told.closed), told.escalate_to) for _, told in post.board.signals] == [
        (1, None),
        (1, None),
        (0, EscalationLevel.REMINDER),
        (2, None),
    ]
    assert await post.untold() == 0


async def test_a_signal_carries_only_so_much(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporal, "MAX_HOPS_A_SIGNAL", 3)
    case_no = await post.case()
    told = [await post.news(case_no, closed=[HopRef(hop_no=n, revision=0) for n in (1, 2)]) for _ in range(4)]
    post.notifier.soon(told[0])
    await calls(post, 1)
    for follow_up in told[1:]:
        post.notifier.soon(follow_up)
    post.board.gate.set()
    await post.notifier.close()
    assert [told.hops for _, told in post.board.signals] == [2, 2, 2, 2]


async def test_what_waits_behind_a_signal_that_fails_is_left_to_the_sweep(post: Post) -> None:
    case_no = await post.case()
    post.notifier.soon(await post.news(case_no))
    await calls(post, 1)
    post.notifier.soon(await post.news(case_no))
    post.board.fails = True
    post.board.gate.set()
    await post.notifier.close()
    assert (post.board.signals, await post.untold()) == ([], 2)
    post.board.fails = False
    post.notifier.soon(await post.news(case_no))
    await calls(post, 2)
    await post.notifier.close()
    assert await post.untold() == 2


async def test_a_stop_while_marks_are_being_written_loses_none(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporal, "MARK_INTERVAL_SECONDS", 0.0)
    writing, write = asyncio.Event(), case_outbox.mark_signalled

    async def slowly(*marks: Any) -> None:
        writing.set()
        await asyncio.sleep(0.2)
        await write(*marks)

    monkeypatch.setattr(case_outbox, "mark_signalled", slowly)
    post.board.gate.set()
    post.notifier.soon(await post.news(await post.case()))
    async with asyncio.timeout(10):
        await writing.wait()
    await post.notifier.close()
    assert await post.untold() == 0


async def test_d7_no_news_starts_a_case_whose_workbook_is_being_read(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []

    async def gone(*_: object, **__: object) -> None:
        raise RPCError("no such workflow", RPCStatusCode.NOT_FOUND, b"")

    async def start(_: object, start: CaseStart, news: CaseNews | None = None) -> None:
        started.append(start.case_no)

    monkeypatch.setattr(Line, "signal", gone)
    monkeypatch.setattr(CaseNotifier, "_start", start)
    case_no = await post.case()
    pause = RequestPause(post.ctx, [case_no])
    await pause.begin()
    await post.notifier.notify(await post.news(case_no))
    await post.notifier.close()
    assert (started, await post.untold()) == ([], 1), "the sweep sends it after the pause"
    (start_of_case, news) = await pause.end([case_no])
    assert start_of_case.start is not None
    await post.notifier.notify(news)
    await post.notifier.close()
    assert (started, await post.untold()) == ([case_no], 0)
