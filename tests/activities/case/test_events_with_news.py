"""Events, requests and news in one statement: all of them, or none."""

import asyncpg
import pytest

from activities.case.batches import notify_with_events
from activities.case.transaction import ENGINE, case_transaction
from db.case.events import Event
from schemas.case.case_workflow import CaseNews, HopBrief
from schemas.enums import AnswerClass
from schemas.events import EventKind
from tests.activities.bench import Bench
from tests.activities.told import a_case, paused
from tests.factories import transfer

REOPENED = Event(EventKind.CASE_REOPENED)


def news_of(bench: Bench, revision: int = 0) -> CaseNews:
    brief = HopBrief(
        hop_no=1,
        revision=revision,
        institution="HDFC",
        answer_class=AnswerClass.API,
        disputed_paise=1000_00,
        layer=1,
        transferred_at=bench.ctx.now(),
    )
    return CaseNews(news_id=0, opened=(brief,))


async def test_a_paused_case_is_told_of_its_hops_without_a_request(bench: Bench) -> None:
    case_no = await bench.complain(transfer(), ack_no=await paused(bench))
    async with case_transaction(bench.ctx, case_no, ENGINE) as work:
        told = await notify_with_events(work, [REOPENED], news_of(bench), is_paused=True)
    assert ([hop.hop_no for hop in told.opened], told.requests) == ([1], ())
    assert await bench.hops(case_no) == ["open"]
    assert (await bench.events(case_no))[-1] == "case_reopened"


async def test_its_events_stand_before_its_requests(bench: Bench) -> None:
    case_no = await bench.complain(transfer(), ack_no=await paused(bench))
    async with case_transaction(bench.ctx, case_no, ENGINE) as work:
        told = await notify_with_events(work, [REOPENED], news_of(bench), is_paused=False)
    assert (told.opened, [request.institution for request in told.requests]) == ((), ["HDFC"])
    assert await bench.hops(case_no) == ["asked"]
    assert (await bench.events(case_no))[-2:] == ["case_reopened", "request_sent"]
    body = await bench.value("SELECT body FROM case_news WHERE news_id = $1", told.news_id)
    assert CaseNews.model_validate({**body, "news_id": told.news_id}) == told


async def test_a_hop_that_waits_for_no_request_is_an_error_and_nothing_is_written(bench: Bench) -> None:
    case_no, _ = await a_case(bench)
    before = await bench.events(case_no)
    with pytest.raises(asyncpg.RestrictViolationError):
        async with case_transaction(bench.ctx, case_no, ENGINE) as work:
            await notify_with_events(work, [REOPENED], news_of(bench), is_paused=False)
    assert await bench.events(case_no) == before
    await bench.check(case_no)
