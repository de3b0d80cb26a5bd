"""Delivery of a request: an interface that fails, a bank that refuses, an answer during the attempts."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from activities.banks import delivery
from activities.case.desk import correct_hop, escalate_request
from activities.context import Context
from adapters.banks.protocol import BankUnreachable, HoldTicket
from schemas.case.case_workflow import Escalate, SendHoldRequest
from schemas.case.discrepancies import HopCorrection
from schemas.enums import EscalationLevel
from tests.factories import row, rrn, transfer
from tests.workflows.stage import BY_QUEUE, Stage, stage_workers, staged
from workers.worker import Queues
from workflows import options

OFFICER = "officer:2"
RETRY_SECONDS = 600.0
"""wait before the next attempt on the stage `slow`: longer than any test of it takes"""
PROMPT_SECONDS = 120.0
"""time limit for what must not wait for the next attempt"""


def with_wire(ctx: Context, *, first_seconds: float, most_seconds: float, for_seconds: float) -> Context:
    """Return a context with this retry policy; a retry costs one skip of the clock, about a real second."""
    return _with_delivery(
        ctx, retry_initial_seconds=first_seconds, retry_max_seconds=most_seconds, retry_for_seconds=for_seconds
    )


def with_long_calls(ctx: Context) -> Context:
    """Return a context in which a bank may keep a call open for two minutes, while a test does other things."""
    return _with_delivery(ctx, call_timeout_seconds=120)


def _with_delivery(ctx: Context, **changes: float) -> Context:
    changed = ctx.policy.delivery.model_copy(update=changes)
    return replace(ctx, policy=ctx.policy.model_copy(update={"delivery": changed}))


@pytest.fixture
async def skipping(ctx: Context, time_skipping: TimeSkipper) -> AsyncIterator[Stage]:
    """A stage on which time passes while a case only waits, and every request goes by the queue."""
    wire = with_wire(ctx, first_seconds=100, most_seconds=200, for_seconds=400)
    async with staged(wire, time_skipping.client, BY_QUEUE) as stage:
        yield stage


@pytest.fixture
async def slow(ctx: Context, temporal_client: Client) -> AsyncIterator[Stage]:
    """A stage in real time on which a failed delivery is retried only after ten minutes."""
    wire = with_wire(ctx, first_seconds=RETRY_SECONDS, most_seconds=RETRY_SECONDS, for_seconds=10 * RETRY_SECONDS)
    async with staged(wire, temporal_client) as stage:
        yield stage


async def test_a_bank_that_is_back_after_the_retry_window_gets_its_request(skipping: Stage) -> None:
    """The interface fails for the whole window, the request is escalated, and the bank is tried meanwhile."""
    skipping.banks.down.add("HDFC")

    async def back_after_the_reminder(code: str, ticket: HoldTicket) -> None:
        if skipping.letters.sent:
            skipping.banks.down.clear()

    skipping.banks.at_the_door = back_after_the_reminder
    case_no = await skipping.complain()
    await skipping.outcome(case_no)
    assert await skipping.levels(case_no) == [level.value for level in EscalationLevel]
    assert len(skipping.banks.tickets) == 1
    assert len(set(skipping.banks.attempts)) == 1, "every attempt carries the same key"
    # The reminder comes after the window; after the delivery the next level's wait restarts.
    levels = [(at, order.level) for at, order in await skipping.scheduled(case_no, "escalate_request", Escalate)]
    [first, again] = [at for at, _ in await skipping.scheduled(case_no, "send_hold_request", SendHoldRequest)]
    # Attempts at 0, 100 and 300 seconds: another one would come after the window's 400.
    assert 300 <= (levels[0][0] - first).total_seconds() < 330
    pause_seconds = skipping.ctx.policy.delivery.retry_max_seconds
    assert 0 <= (again - first).total_seconds() - 300 - pause_seconds < 30
    delivered_at = await skipping.delivered_at(case_no)
    expected = [skipping.ctx.policy.ladder[level].api_seconds for level in list(EscalationLevel)[1:]]
    for (before, _), (at, level), seconds in zip(
        [(delivered_at, None), *levels[1:]], levels[1:], expected, strict=False
    ):
        assert seconds <= (at - before).total_seconds() < seconds + 30, level


async def test_a_bank_that_stays_away_is_tried_on_to_the_end(ctx: Context, time_skipping: TimeSkipper) -> None:
    """Ninety days with rarer and rarer attempts; then the money counts as untraced."""
    days = [timedelta(days=number).total_seconds() for number in (10, 20, 15)]
    wire = with_wire(ctx, first_seconds=days[0], most_seconds=days[1], for_seconds=days[2])
    async with staged(wire, time_skipping.client, BY_QUEUE) as stage:
        stage.banks.down.add("HDFC")
        case_no = await stage.complain()
        await stage.outcome(case_no)
        assert await stage.buckets(case_no) == {"lost": -10_000_00, "untraced": 10_000_00}
        assert len(set(stage.banks.attempts)) == 1
        assert stage.banks.tickets == []
        sends = await stage.scheduled(case_no, "send_hold_request", SendHoldRequest)
        # Days 0 and 10, then the overdue levels; from day 30 every 20 days, until 90 days are over.
        assert len(sends) == 2
        assert len(stage.banks.attempts) == 2 + 4


async def test_an_answer_ends_the_trying_at_once(slow: Stage) -> None:
    """The bank was informed by phone: its answer comes although its interface fails."""
    slow.banks.down.add("HDFC")
    root = rrn()
    case_no = await slow.complain(transfer(reference=root))
    await slow.until(lambda: bool(slow.banks.attempts))
    await slow.answer("HDFC", case_no, row(1, root, "10000.00"))
    async with asyncio.timeout(PROMPT_SECONDS):
        await slow.handle(case_no).result()
    assert len(slow.banks.attempts) == 1


async def test_a_correction_ends_the_trying_at_once(slow: Stage) -> None:
    slow.banks.down.add("HDFC")
    wrong, right = rrn(), rrn()
    case_no = await slow.complain(transfer(reference=wrong))
    await slow.until(lambda: bool(slow.banks.attempts))
    slow.banks.down.clear()
    done = await correct_hop(slow.ctx, case_no, 1, HopCorrection(rrn=right, reason="misread"), OFFICER)
    async with asyncio.timeout(PROMPT_SECONDS):
        await slow.notify(done.follow_up)
        await slow.until_asked(1)
        while len((await slow.progress(case_no)).live_requests) > 1:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert slow.banks.asked() == [("HDFC", [right])]


async def test_an_officer_who_will_not_wait_ends_the_trying(slow: Stage) -> None:
    """The reminder goes out now, and the bank is tried again now."""
    slow.banks.down.add("HDFC")
    case_no = await slow.complain()
    await slow.until(lambda: bool(slow.banks.attempts))
    [request_id] = await slow.request_ids(case_no)
    done = await escalate_request(slow.ctx, case_no, request_id, "a pensioner", OFFICER)
    slow.banks.down.clear()
    async with asyncio.timeout(PROMPT_SECONDS):
        await slow.notify(done.follow_up)
        await slow.until_asked(1)
    assert await slow.levels(case_no) == ["reminder"]
    assert len(set(slow.banks.attempts)) == 1


async def test_an_answer_during_a_call_waits_for_what_the_bank_says(
    ctx: Context, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An early answer: it is posted before the bank replies to the report itself."""
    # A call from a batch has a second and a half, in which a busy machine may not get the answer posted.
    monkeypatch.setattr(delivery, "CALL_AT_ONCE_SECONDS", 60.0)
    monkeypatch.setattr(options, "BATCH_TIMEOUT", timedelta(seconds=90))
    monkeypatch.setattr(options, "CASE_TASK_TIMEOUT", timedelta(seconds=90))
    root = rrn()
    reply = asyncio.Event()

    async def hold_the_line(code: str, ticket: HoldTicket) -> None:
        await reply.wait()

    async with staged(with_long_calls(ctx), temporal_client) as stage:
        stage.banks.at_the_door = hold_the_line
        case_no = await stage.complain(transfer(reference=root))
        await stage.until(lambda: bool(stage.banks.attempts))
        await stage.answer("HDFC", case_no, row(1, root, "10000.00"))
        assert await stage.state(case_no) == "open"
        reply.set()
        await stage.outcome(case_no)
        job_id = await stage.ctx.pool.fetchval("SELECT job_id FROM hold_request")
        assert job_id == f"BANKS-{stage.banks.attempts[0][1]}"
        assert len(stage.banks.attempts) == 1


async def test_a_bank_that_refuses_is_for_a_person_and_not_tried_again(skipping: Stage) -> None:
    skipping.banks.refuse["HDFC"] = "77"
    case_no = await skipping.complain()
    await skipping.outcome(case_no)
    assert len(skipping.banks.attempts) == 1
    assert await skipping.levels(case_no) == [level.value for level in EscalationLevel]
    refused = await skipping.ctx.pool.fetchrow("SELECT refusal_code, refusal_message FROM hold_request")
    assert tuple(refused or ()) == ("77", "text of the bank")
    kinds = await skipping.ctx.pool.fetch("SELECT kind FROM desk_task ORDER BY task_id")
    assert [found["kind"] for found in kinds] == ["ticket_refused", "phone_bank", "supervise"]


async def test_a_refused_ticket_goes_out_again_once_the_desk_has_put_it_right(stage: Stage) -> None:
    stage.banks.refuse["HDFC"] = "02"
    right = rrn()
    case_no = await stage.complain()
    await stage.until_row("refused", "SELECT state FROM hold_request")
    stage.banks.refuse.clear()
    done = await correct_hop(stage.ctx, case_no, 1, HopCorrection(rrn=right, reason="misread"), OFFICER)
    await stage.notify(done.follow_up)
    await stage.until_asked(1)
    assert stage.banks.asked() == [("HDFC", [right])]
    await stage.answer("HDFC", case_no, row(1, right, "10000.00"))
    await stage.outcome(case_no)
    assert await stage.open_tasks(case_no) == []


async def test_a_bank_that_asks_us_to_stay_away_is_left_alone_so_long(skipping: Stage) -> None:
    """Longer than the retry window: the request is escalated meanwhile, and the bank is called again afterwards."""

    async def come_back_in_an_hour(code: str, ticket: HoldTicket) -> None:
        if len(skipping.banks.attempts) == 1:
            raise BankUnreachable(code, "HTTP 429", retry_after_seconds=3600)

    skipping.banks.at_the_door = come_back_in_an_hour
    case_no = await skipping.complain()
    await skipping.outcome(case_no)
    first, second = await skipping.scheduled(case_no, "send_hold_request", SendHoldRequest)
    assert 3600 <= (second[0] - first[0]).total_seconds() < 3660
    levels = [
        order.level for at, order in await skipping.scheduled(case_no, "escalate_request", Escalate) if at < second[0]
    ]
    assert levels == [EscalationLevel.REMINDER, EscalationLevel.NODAL_OFFICER, EscalationLevel.DESK_TASK]


async def test_one_bank_that_is_down_holds_no_other_up(slow: Stage) -> None:
    slow.banks.down.add("HDFC")
    icic, onward = rrn(), rrn()
    case_no = await slow.complain(transfer(), transfer(reference=icic, payee_bank="ICIC"))
    async with asyncio.timeout(PROMPT_SECONDS):
        await slow.until_asked(1)
        await slow.answer(
            "ICIC",
            case_no,
            row(3, icic, "10000.00", payee_bank_code="PUNB", payee_account_number="8", rrn_transaction_id=onward),
        )
        await slow.until_asked(2)
    assert slow.banks.asked() == [("ICIC", [icic]), ("PUNB", [onward])]


async def test_requests_wait_for_a_worker_that_calls_banks(ctx: Context, temporal_client: Client) -> None:
    async with staged(ctx, temporal_client, queues=[Queues.CASE_WORK]) as stage:
        case_no = await stage.complain()
        await stage.until_row(1, "SELECT count(*) FROM case_file WHERE workflow_started_at IS NOT NULL")
        assert len((await stage.progress(case_no)).live_requests) == 1
        assert stage.banks.attempts == []
        async with stage_workers(stage, [Queues.BANK_CALLS]):
            await stage.until_asked(1)
