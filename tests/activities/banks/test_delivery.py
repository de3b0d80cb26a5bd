"""Carrying a request: the best channel first, the next when one fails or brings no answer, back by itself."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError

from activities.banks.channel_health import ChannelHealth
from activities.banks.delivery import CALLS_AT_ONCE, BankDelivery
from activities.case.hold_requests import CaseActivities
from adapters.banks.protocol import BankMisconfigured, BankProtocolError, BankUnreachable
from domain.policy.model import BreakerRules
from schemas.case.case_workflow import SendHoldRequest
from schemas.enums import ChannelKind, ChannelState, EscalationLevel
from tests.activities.bench import Bench, ToldBank
from tests.clock import at_clock
from tests.factories import institution, make_context, row, rrn, transfer

I4C, EMAIL = ChannelKind.I4C, ChannelKind.EMAIL
RULES = BreakerRules(failures_to_open=2, silences_to_open=2, probe_after_seconds=30, probe_after_max_seconds=60)
DOWN = BankUnreachable("HDFC", "HTTP 503")


class TwoWays:
    """A case's bench whose banks have a wire and a mailbox."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.wire, self.mail = bench.bank, ToldBank()
        self.health = ChannelHealth(bench.pool, RULES)
        # A cached property of a frozen dataclass is set where it lives.
        bench.ctx.__dict__["health"] = self.health
        bank_delivery = BankDelivery(bench.ctx, {I4C: self.wire, EMAIL: self.mail})
        bench.freeze = CaseActivities(bench.ctx, bank_delivery, None)

    async def order(self) -> SendHoldRequest:
        """Another case with one hop at HDFC."""
        case_no = await self.bench.complain(transfer(1000_00, reference=rrn()))
        (order,) = await self.bench.orders(case_no)
        return order

    async def fail(self, order: SendHoldRequest) -> timedelta | None:
        """Send in vain; when to try again."""
        with pytest.raises(ApplicationError) as error:
            await self.bench.freeze.send_hold_request(order)
        return error.value.next_retry_delay

    async def attempts(self, order: SendHoldRequest) -> list[tuple[str, str]]:
        rows = await self.bench.rows(
            "SELECT channel, outcome FROM delivery_attempt WHERE subject_id = $1::text::uuid ORDER BY attempt_id",
            order.request_id,
        )
        return [(channel, outcome) for channel, outcome in rows]

    async def escalate(self, order: SendHoldRequest, level: EscalationLevel = EscalationLevel.REMINDER) -> bool:
        """No answer comes; whether the request is to be carried over another channel."""
        sent = await self.bench.freeze.send_hold_request(order)
        return (await self.bench.escalate(order.case_no, sent, level)).go_on


@pytest.fixture
async def ways(bench: Bench) -> AsyncIterator[TwoWays]:
    # Other tests share the activities and the database, and must find every channel well.
    await bench.pool.execute("DELETE FROM channel_health")
    yield TwoWays(bench)
    await bench.pool.execute("DELETE FROM channel_health")
    del bench.ctx.__dict__["health"]


async def test_the_best_channel_carries_and_the_log_says_so(ways: TwoWays) -> None:
    order = await ways.order()
    await ways.bench.freeze.send_hold_request(order)
    assert (len(ways.wire.tickets), len(ways.mail.tickets)) == (1, 0)
    assert await ways.attempts(order) == [("i4c", "delivered")]
    logged = "SELECT data->>'channel' FROM case_event WHERE case_no = $1 AND kind = 'request_delivered'"
    assert await ways.bench.value(logged, order.case_no) == "i4c"


async def test_when_it_fails_the_next_carries_the_same_request_at_once(ways: TwoWays) -> None:
    order = await ways.order()
    ways.wire.outcomes.append(DOWN)
    delay = await ways.fail(order)
    assert delay is not None
    assert delay < timedelta(seconds=0.1)
    assert (await ways.bench.freeze.send_hold_request(order)).delivered
    assert [t.request_id for _, t in ways.mail.tickets] == [ways.wire.tickets[0][1].request_id]
    assert await ways.attempts(order) == [("i4c", "failed"), ("email", "delivered")]
    await ways.bench.check(order.case_no)


async def test_a_channel_that_fails_again_is_dropped_and_costs_the_next_request_nothing(ways: TwoWays) -> None:
    for _ in range(RULES.failures_to_open):
        ways.wire.outcomes.append(DOWN)
        await ways.fail(await ways.order())
    assert ways.health.of("HDFC")[I4C].state is ChannelState.OPEN
    calls = len(ways.wire.tickets)
    await ways.bench.freeze.send_hold_request(await ways.order())
    assert (len(ways.wire.tickets), len(ways.mail.tickets)) == (calls, 1)


async def test_another_process_knows_it_within_a_moment(ways: TwoWays) -> None:
    for _ in range(RULES.failures_to_open):
        await ways.health.failed("HDFC", I4C)
    elsewhere = ChannelHealth(ways.bench.pool, RULES)
    assert elsewhere.of("HDFC") == {}
    async with asyncio.timeout(10):
        while I4C not in elsewhere.of("HDFC"):  # noqa: ASYNC110 - it reads beside the caller and sets no event
            await asyncio.sleep(0.01)


async def test_of_all_who_wait_one_tries_a_dropped_channel_and_brings_it_back(ways: TwoWays) -> None:
    for _ in range(RULES.failures_to_open):
        await ways.health.failed("HDFC", I4C)
    assert not await ways.health.may_take("HDFC", I4C)
    await ways.bench.pool.execute("UPDATE channel_health SET probe_at = $1", datetime.now(UTC))
    await ways.health.refresh()
    taken = await asyncio.gather(*(ways.health.may_take("HDFC", I4C) for _ in range(10)))
    assert sum(taken) == 1
    await ways.health.delivered("HDFC", I4C)
    assert await ways.health.may_take("HDFC", I4C)
    assert await ways.bench.value("SELECT count(*) FROM channel_health") == 0


async def test_a_dropped_channel_waits_by_the_clock_of_the_context(ways: TwoWays) -> None:
    for _ in range(RULES.failures_to_open):
        await ways.health.failed("HDFC", I4C)
    later = ways.bench.ctx.now() + timedelta(hours=1)
    ahead = ChannelHealth(at_clock(ways.bench.ctx, lambda: later).pool, RULES)
    await ahead.refresh()
    assert not await ways.health.may_take("HDFC", I4C)
    assert await ahead.may_take("HDFC", I4C)


async def test_no_response_sends_it_over_the_next_channel_too_and_never_a_third_time(ways: TwoWays) -> None:
    order = await ways.order()
    assert await ways.escalate(order)
    again = order.model_copy(update={"round": 1})
    assert (await ways.bench.freeze.send_hold_request(again)).delivered
    assert (await ways.bench.freeze.send_hold_request(again)).delivered, "run twice, it is carried once"
    assert (len(ways.wire.tickets), len(ways.mail.tickets)) == (1, 1)
    assert not await ways.escalate(again, EscalationLevel.NODAL_OFFICER)
    carried = [("i4c", "delivered"), ("i4c", "silent"), ("email", "delivered"), ("email", "silent")]
    assert await ways.attempts(order) == carried
    await ways.bench.check(order.case_no)


async def test_a_delivery_is_silent_once_at_all_escalation_levels(ways: TwoWays) -> None:
    order = await ways.order()
    for level in (EscalationLevel.REMINDER, EscalationLevel.REMINDER, EscalationLevel.NODAL_OFFICER):
        assert await ways.escalate(order, level)
    assert ways.health.of("HDFC")[I4C].silences == 1


async def test_an_answer_brings_a_silent_channel_back(ways: TwoWays) -> None:
    root = rrn()
    case_no = await ways.bench.complain(transfer(1000_00, reference=root))
    (order,) = await ways.bench.orders(case_no)
    await ways.escalate(order)
    await ways.escalate(await ways.order())
    assert ways.health.of("HDFC")[I4C].state is ChannelState.OPEN
    await ways.bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    assert ways.health.of("HDFC") == {}


async def test_an_answer_brings_a_channel_back_whose_replies_could_not_be_read(ways: TwoWays) -> None:
    root = rrn()
    case_no = await ways.bench.complain(transfer(1000_00, reference=root))
    (order,) = await ways.bench.orders(case_no)
    garbled = BankProtocolError("HDFC", "not JSON")
    ways.wire.outcomes.append(garbled)
    await ways.fail(order)
    for _ in range(RULES.failures_to_open - 1):
        await ways.health.failed("HDFC", I4C, reached=True)
    assert ways.health.of("HDFC")[I4C].state is ChannelState.OPEN
    await ways.bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    assert ways.health.of("HDFC") == {}


async def test_where_there_is_no_other_way_missing_answers_drop_nothing(ways: TwoWays) -> None:
    for kind in (I4C, EMAIL):
        for _ in range(RULES.silences_to_open):
            await ways.health.silent("HDFC", kind)
    assert (await ways.bench.freeze.send_hold_request(await ways.order())).delivered


async def test_when_every_channel_is_dropped_the_wait_is_until_the_first_may_be_tried(ways: TwoWays) -> None:
    for kind in (I4C, EMAIL):
        for _ in range(RULES.failures_to_open):
            await ways.health.failed("HDFC", kind)
    delay = await ways.fail(await ways.order())
    assert delay is not None
    assert timedelta(seconds=25) < delay < timedelta(seconds=40)
    assert (ways.wire.tickets, ways.mail.tickets) == ([], [])


async def test_our_own_fault_with_one_channel_is_no_reason_to_stop(ways: TwoWays) -> None:
    order = await ways.order()
    ways.wire.outcomes.append(BankMisconfigured("HDFC", "its credentials cannot be opened"))
    await ways.fail(order)
    assert (await ways.bench.freeze.send_hold_request(order)).delivered


async def test_a_bank_that_hangs_has_only_so_many_calls_at_once(ways: TwoWays) -> None:
    ways.wire.gate = asyncio.Event()
    orders = [await ways.order() for _ in range(CALLS_AT_ONCE + 4)]
    calls = [asyncio.create_task(ways.bench.freeze.send_hold_request(order)) for order in orders]
    refused, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    async with asyncio.timeout(10):
        while sum(call.done() for call in calls) + len(ways.wire.tickets) < len(calls):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)
    assert len(ways.wire.tickets) == CALLS_AT_ONCE
    error = next(iter(refused)).exception()
    assert isinstance(error, ApplicationError)
    assert (error.type, ways.health.of("HDFC")) == ("BankBusy", {})
    assert error.next_retry_delay is not None
    ways.wire.gate.set()
    await asyncio.gather(*calls, return_exceptions=True)


async def test_the_order_of_the_directory_is_the_order_of_the_channels(bench: Bench) -> None:
    entry = institution("HDFC").model_copy(update={"channels": (EMAIL, I4C)})
    ways = TwoWays(Bench(replace(await make_context(bench.pool, [entry]))))
    await ways.bench.freeze.send_hold_request(await ways.order())
    assert (len(ways.wire.tickets), len(ways.mail.tickets)) == (0, 1)
