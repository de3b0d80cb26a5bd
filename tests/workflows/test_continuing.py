"""A long case continues in a new history: no request is repeated or lost, and no wait restarts."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import pairwise

import pytest
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from activities.case.desk import escalate_request
from activities.context import Context
from adapters.banks.protocol import HoldTicket
from schemas.case.case_workflow import CaseNews, CaseStart, Escalate, FollowUp, HopRef, OpenRequest, SendHoldRequest
from schemas.enums import AnswerClass, EscalationLevel
from tests.factories import moved, row, rrn, transfer
from tests.workflows.conftest import FEW_EVENTS
from tests.workflows.stage import BY_QUEUE, Stage, stage_workers, staged
from tests.workflows.test_delivery import PROMPT_SECONDS, RETRY_SECONDS, with_long_calls, with_wire

OFFICER = "officer:2"


@pytest.fixture
async def stage(ctx: Context, short_histories: Client) -> AsyncIterator[Stage]:
    """A stage on which every case soon has a long history."""
    async with staged(ctx, short_histories) as stage:
        yield stage


@pytest.fixture
async def queued(ctx: Context, short_histories: Client) -> AsyncIterator[Stage]:
    """The same stage, on which every request goes by the queue and a bank may keep a call open."""
    async with staged(with_long_calls(ctx), short_histories, BY_QUEUE) as stage:
        yield stage


async def small_talk(stage: Stage, case_no: str) -> None:
    """Send changes without content, until the case has continued in another run."""
    first_run = (await stage.handle(case_no).describe()).run_id
    for _ in range(FEW_EVENTS):
        await stage.notify(FollowUp(case_no=case_no, news=CaseNews(news_id=0)))
        if (await stage.handle(case_no).describe()).run_id != first_run:
            return
    # The worker of a busy machine may have all of them still before it.
    await stage.until_run_is_new(case_no, first_run)


async def test_requests_on_every_level_go_on_where_they_stand(ctx: Context, short_histories: Client) -> None:
    """Delivered, reminded, escalated to the desk, undelivered, parked: all in one case."""
    often = with_wire(ctx, first_seconds=1, most_seconds=1, for_seconds=600)
    delivered, reminded, parked, undelivered = rrn(), rrn(), rrn(), rrn()
    async with staged(often, short_histories) as stage:
        stage.banks.down.add("PUNB")
        case_no = await stage.complain(
            transfer(reference=delivered, payee_bank="HDFC"),
            transfer(reference=reminded, payee_bank="ICIC"),
            transfer(reference=undelivered, payee_bank="PUNB"),
            transfer(reference=parked, payee_bank="No Such Sahkari"),
        )
        await stage.until_row(2, "SELECT count(*) FROM hold_request WHERE state = 'delivered'")
        await stage.until(lambda: len(stage.banks.attempts) >= 3)
        [_, icic, _] = await stage.request_ids(case_no)
        done = await escalate_request(stage.ctx, case_no, icic, "a pensioner", OFFICER)
        await stage.notify(done.follow_up)
        await stage.until_row("reminder", "SELECT level FROM hold_request WHERE institution = 'ICIC'")
        before = await stage.progress(case_no)

        await small_talk(stage, case_no)

        assert await stage.progress(case_no) == before
        # The escalation of the earlier run, sent again, changes nothing.
        await stage.notify(done.follow_up)
        stage.banks.down.clear()
        await stage.until_asked(3)
        keys: dict[str, set[object]] = {}
        for code, key in stage.banks.attempts:
            keys.setdefault(code, set()).add(key)
        assert {code: len(found) for code, found in keys.items()} == {"HDFC": 1, "ICIC": 1, "PUNB": 1}
        assert [code for code, _ in stage.banks.attempts].count("HDFC") == 1
        assert await stage.levels(case_no) == ["reminder"]
        for bank, reference in (("HDFC", delivered), ("ICIC", reminded), ("PUNB", undelivered)):
            await stage.answer(bank, case_no, row(1, reference, "10000.00"))
        await stage.until_row(0, "SELECT count(*) FROM hold_request WHERE closed_at IS NULL")
        progress = await stage.progress(case_no)
        assert (progress.live_requests, progress.hops_parked) == ((), (4,))


async def test_the_case_goes_on_by_itself_and_counts_on(stage: Stage) -> None:
    """Layer after layer, until the history is long; the outcome counts all runs."""
    root = rrn()
    case_no = await stage.complain(transfer(reference=root))
    for layer in range(1, 10):
        await stage.until_asked(layer)
        onward = rrn()
        await stage.answer("HDFC", case_no, moved(root, "10000.00", "HDFC", str(layer), rrn_transaction_id=onward))
        root = onward
    await stage.until_asked(10)
    await stage.answer("HDFC", case_no, row(1, root, "10000.00"))
    outcome = await stage.outcome(case_no)
    assert (outcome.batches, outcome.requests) == (10, 10)
    assert len(await stage.runs(case_no)) > 1
    assert len(stage.banks.attempts) == 10
    assert len(set(stage.banks.attempts)) == 10


async def test_no_wait_of_the_escalation_starts_again(
    ctx: Context, short_histories: Client, gives_up_early: None
) -> None:
    async with staged(ctx, TimeSkipper(short_histories).client) as stage:
        case_no = await stage.complain()
        await stage.outcome(case_no)
        runs = await stage.runs(case_no)
        assert len(runs) >= 2
        escalations: list[tuple[datetime, Escalate]] = []
        for run_id in reversed(runs):
            escalations += await stage.scheduled(case_no, "escalate_request", Escalate, run_id)
        assert [order.level for _, order in escalations] == list(EscalationLevel)
        for (before, _), (at, order) in pairwise(escalations):
            policy_seconds = stage.ctx.policy.ladder[order.level].api_seconds
            assert policy_seconds <= (at - before).total_seconds() < policy_seconds + 30
        assert len(stage.banks.attempts) == 1


async def test_news_that_come_while_a_case_leaves_its_history_are_taken_along(queued: Stage) -> None:
    """A bank keeps a call open, so continuing takes a while; meanwhile an answer opens a hop and closes another."""
    stage = queued
    reply = asyncio.Event()
    slow_root, root, onward = rrn(), rrn(), rrn()

    async def hold_the_line(code: str, ticket: HoldTicket) -> None:
        if code == "PUNB":
            await reply.wait()

    stage.banks.at_the_door = hold_the_line
    case_no = await stage.complain(
        transfer(reference=slow_root, payee_bank="PUNB"), transfer(reference=root, payee_bank="HDFC")
    )
    await stage.until(lambda: len(stage.banks.attempts) == 2)
    first_run = (await stage.handle(case_no).describe()).run_id
    for _ in range(FEW_EVENTS // 2):
        await stage.notify(FollowUp(case_no=case_no, news=CaseNews(news_id=0)))
    assert (await stage.handle(case_no).describe()).run_id == first_run, "it waits for the call under way"
    [hdfc, _] = await stage.request_ids(case_no)
    done = await escalate_request(stage.ctx, case_no, hdfc, "a pensioner", OFFICER)
    await stage.notify(done.follow_up)
    await stage.answer("HDFC", case_no, moved(root, "4000.00", "ICIC", "4", rrn_transaction_id=onward))
    reply.set()
    await stage.until_asked(3)
    assert (await stage.handle(case_no).describe()).run_id != first_run
    await stage.until_row("reminder", "SELECT level FROM hold_request WHERE institution = 'HDFC'")
    assert len(stage.banks.attempts) == 3, "the call under way was waited for, and not made again"
    await stage.answer("ICIC", case_no, row(1, onward, "4000.00"))
    await stage.answer("HDFC", case_no, row(1, root, "6000.00"))
    await stage.answer("PUNB", case_no, row(1, slow_root, "10000.00"))
    await stage.outcome(case_no)


async def test_a_bank_that_is_down_does_not_keep_a_case_in_its_history(ctx: Context, short_histories: Client) -> None:
    """Retries continue in the next run; a new hop is asked about at once, not after the retry window."""
    slow = with_wire(ctx, first_seconds=RETRY_SECONDS, most_seconds=RETRY_SECONDS, for_seconds=10 * RETRY_SECONDS)
    async with staged(slow, short_histories) as stage:
        stage.banks.down.add("HDFC")
        case_no = await stage.complain()
        await stage.until(lambda: bool(stage.banks.attempts))
        async with asyncio.timeout(PROMPT_SECONDS):
            await small_talk(stage, case_no)
        assert len(set(stage.banks.attempts)) == 1
        sends = await stage.scheduled(case_no, "send_hold_request", SendHoldRequest)
        async with asyncio.timeout(PROMPT_SECONDS):
            while not sends:  # the next run has not taken its first step yet
                await asyncio.sleep(0.05)
                sends = await stage.scheduled(case_no, "send_hold_request", SendHoldRequest)
        assert len(sends) == 1


async def test_signals_that_find_the_next_run_before_its_worker_does_are_taken(
    ctx: Context, short_histories: Client
) -> None:
    """The new run's first task has its start and, before it, later signals: the answer to its own request."""
    async with staged(ctx, short_histories, queues=()) as stage:
        async with stage_workers(stage):
            root = rrn()
            case_no = await stage.complain(transfer(reference=root))
            await stage.until_row("delivered", "SELECT state FROM hold_request")
        await stage.handle(case_no).terminate("its next run is started by hand")
        await stage.start_from_database(case_no)
        await stage.answer("HDFC", case_no, row(1, root, "10000.00"))
        async with stage_workers(stage):
            await stage.outcome(case_no)
    assert len(stage.banks.attempts) == 1


async def test_a_case_with_tens_of_thousands_of_open_hops_fits_into_its_next_start(
    ctx: Context, short_histories: Client
) -> None:
    """A case of ₹4.43 crore touched 36,000 accounts. This test only measures the size of its continue-as-new input."""
    requests = tuple(
        OpenRequest(
            request_id=f"00000000-0000-0000-0000-{number:012d}",
            batch_no=number,
            institution="PUNB",
            answer_class=AnswerClass.MAIL,
            hops=tuple(HopRef(hop_no=number * 500 + hop, revision=0) for hop in range(500)),
            freshest_at=datetime.fromisoformat("2026-11-24T10:00:00+00:00"),
            largest_paise=10**9,
            delivered=True,
            waiting_since=datetime.fromisoformat("2026-11-24T10:00:00+00:00"),
        )
        for number in range(ctx.policy.trail.max_hops // 500)
    )
    start = CaseStart(case_no="32411260000001", policy=ctx.policy.case_policy(1.0), requests=requests)
    [payload] = await short_histories.data_converter.encode([start])
    assert len(payload.data) < 2_000_000
