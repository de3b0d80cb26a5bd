"""Calls of a batch: at once and within a short limit, or not at all, so that the queue makes them."""

import asyncio
from uuid import UUID

import pytest

from activities.banks import delivery
from activities.banks.channel_health import AT_ONCE_OF_A_BANK
from activities.banks.delivery import BankDelivery
from activities.banks.letters import HoldRequestMessage
from activities.case.hold_requests import CaseActivities
from adapters.banks.protocol import (
    BankBusy,
    BankNotReached,
    BankProtocolError,
    BankRefused,
    BankUnreachable,
    BankWire,
    Delivery,
    HoldTicket,
)
from db.pool import Pool
from schemas.case.case_workflow import RequestToSend, SendBatch, Tried
from schemas.enums import ChannelKind, DeliveryOutcome
from tests.activities.bench import Bench, ToldBank
from tests.adapters.wires import ticket
from tests.factories import institution, make_context, transfer

SHORT_SECONDS = 0.05
MESSAGE = HoldRequestMessage(UUID(int=7), ticket(request_id=UUID(int=7)))


class SlowBank(ToldBank):
    """A bank that never replies: the caller's limit ends each call, as a client of HTTP does."""

    async def send_hold_request(self, bank: BankWire, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        self.tickets.append((bank.code, ticket))
        try:
            async with asyncio.timeout(timeout_seconds):
                await asyncio.Event().wait()
        except TimeoutError:
            raise BankUnreachable(bank.code, "timeout") from None
        raise AssertionError("nothing ends the wait")


@pytest.fixture
async def bench(database: Pool) -> Bench:
    """A bench of its own: the health of a channel is that of the whole database."""
    return Bench(await make_context(database, [institution("HDFC"), institution("ICIC")]))


@pytest.fixture
def at_once(bench: Bench) -> BankDelivery:
    return bench.freeze.bank_delivery


@pytest.fixture
def slow(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> SlowBank:
    """Replace the bench's bank by one that never replies."""
    monkeypatch.setattr(delivery, "CALL_AT_ONCE_SECONDS", SHORT_SECONDS)
    bank = SlowBank()
    bench.bank = bank
    bench.freeze = CaseActivities(bench.ctx, BankDelivery(bench.ctx, {ChannelKind.I4C: bank}), None)
    return bank


async def tried(bench: Bench, case_no: str) -> list[Tried]:
    """Send the planned requests of a case as one batch; return the result of each."""
    orders = await bench.orders(case_no)
    batch = tuple(RequestToSend(request_id=order.request_id, institution=order.institution) for order in orders)
    return list((await bench.freeze.send_batch(SendBatch(case_no=case_no, requests=batch))).tried)


async def attempts(bench: Bench) -> list[str]:
    return [outcome for (outcome,) in await bench.rows("SELECT outcome FROM delivery_attempt ORDER BY attempt_id")]


async def test_a_bank_that_replies_has_its_request_at_once(bench: Bench) -> None:
    case_no = await bench.complain(transfer(1000_00), transfer(500_00, payee_bank="ICIC"))
    assert [(one.called, one.over, one.sent.delivered) for one in await tried(bench, case_no)] == [(True,) * 3] * 2
    assert sorted(code for code, _ in bench.bank.tickets) == ["HDFC", "ICIC"]
    assert await bench.orders(case_no) == []
    await bench.check(case_no)


async def test_a_call_that_reaches_the_limit_is_left_to_the_queue_and_is_no_failure(
    bench: Bench, slow: SlowBank
) -> None:
    case_no = await bench.complain(transfer(1000_00))
    (one,) = await tried(bench, case_no)
    assert (one.called, one.over, one.wait_seconds) == (False, False, None)
    assert len(slow.tickets) == 1
    assert await attempts(bench) == []
    assert bench.ctx.health.of("HDFC") == {}
    assert len(await bench.orders(case_no)) == 1
    await bench.check(case_no)


async def test_a_failure_before_the_limit_counts_as_in_the_queue(bench: Bench) -> None:
    case_no = await bench.complain(transfer(1000_00))
    bench.bank.outcomes.append(BankUnreachable("HDFC", "HTTP 503", retry_after_seconds=30))
    (one,) = await tried(bench, case_no)
    assert (one.called, one.over, one.wait_seconds) == (True, False, 30)
    assert await attempts(bench) == [DeliveryOutcome.FAILED]
    assert bench.ctx.health.of("HDFC")[ChannelKind.I4C].failures == 1
    await bench.check(case_no)


async def test_a_refusal_is_a_result_and_no_failure_of_the_channel(bench: Bench) -> None:
    case_no = await bench.complain(transfer(1000_00))
    bench.bank.outcomes.append(BankRefused("HDFC", "77", "text of the bank"))
    (one,) = await tried(bench, case_no)
    assert (one.called, one.over, one.sent.refusal_code) == (True, True, "77")
    assert await attempts(bench) == []
    assert bench.ctx.health.of("HDFC") == {}
    await bench.check(case_no)


@pytest.mark.parametrize("reached", [False, True])
async def test_a_bank_with_an_unhealthy_channel_is_left_to_the_queue(
    bench: Bench, at_once: BankDelivery, reached: bool
) -> None:
    await bench.ctx.health.failed("HDFC", ChannelKind.I4C, reached=reached)
    assert await at_once.deliver_at_once(MESSAGE, "HDFC") is None
    assert bench.bank.tickets == []
    assert await at_once.deliver_at_once(MESSAGE, "ICIC") is not None


async def test_after_a_reply_that_cannot_be_read_the_next_request_goes_by_the_queue(bench: Bench) -> None:
    bench.bank.outcomes.append(BankProtocolError("HDFC", "not JSON"))
    called = [(await tried(bench, await bench.complain(transfer(1000_00))))[0].called for _ in range(2)]
    assert called == [True, False]
    assert len(bench.bank.tickets) == 1


async def test_a_bank_at_the_rate_of_its_directory_entry_is_left_to_the_queue(database: Pool) -> None:
    rare = institution("HDFC").model_copy(update={"calls_a_second": 0.01})
    bench = Bench(await make_context(database, [rare, institution("ICIC")]))
    delivery_of = bench.freeze.bank_delivery
    assert await delivery_of.deliver_at_once(MESSAGE, "HDFC") is not None
    assert await delivery_of.deliver_at_once(MESSAGE, "HDFC") is None
    with pytest.raises(BankBusy) as busy:
        await delivery_of.deliver(MESSAGE, "HDFC")
    assert busy.value.retry_after_seconds is not None
    assert bench.ctx.health.of("HDFC") == {}, "that is no failure of the bank"
    assert [code for code, _ in bench.bank.tickets] == ["HDFC"]
    assert await delivery_of.deliver_at_once(MESSAGE, "ICIC") is not None


async def test_a_bank_that_is_slow_is_left_to_the_queue(
    bench: Bench, slow: SlowBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow bank is one whose calls from this process took long, at once or by the queue."""
    monkeypatch.setattr("activities.banks.channel_health.SLOW_CALL_SECONDS", SHORT_SECONDS / 8)
    assert await bench.freeze.bank_delivery.deliver_at_once(MESSAGE, "HDFC") is None
    assert await bench.freeze.bank_delivery.deliver_at_once(MESSAGE, "HDFC") is None
    assert len(slow.tickets) == 1, "the second call was not made"


async def test_a_bank_that_hangs_has_few_calls_at_once(bench: Bench, at_once: BankDelivery) -> None:
    bench.bank.gate = asyncio.Event()
    calls = [asyncio.create_task(at_once.deliver_at_once(MESSAGE, "HDFC")) for _ in range(AT_ONCE_OF_A_BANK + 1)]
    async with asyncio.timeout(10):
        done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    assert [call.result() for call in done] == [None]
    assert len(bench.bank.tickets) == AT_ONCE_OF_A_BANK
    bench.bank.gate.set()
    assert None not in [call.result() for call in (await asyncio.wait(calls))[0] - done]


async def test_a_bank_without_a_channel_is_not_reached(at_once: BankDelivery) -> None:
    with pytest.raises(BankNotReached):
        await at_once.deliver_at_once(MESSAGE, "NONE")


async def test_a_process_of_case_work_alone_calls_no_bank(bench: Bench) -> None:
    bench.freeze = CaseActivities(bench.ctx, bench.freeze.bank_delivery, None, calls_banks=False)
    case_no = await bench.complain(transfer(1000_00))
    (one,) = await tried(bench, case_no)
    assert (one.called, one.over) == (False, False)
    assert bench.bank.tickets == []
