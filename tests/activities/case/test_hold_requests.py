"""Asking a bank: written first, called then, the same request however often it is run, and its stages timed once."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from temporalio.exceptions import ApplicationError

from activities.case.desk import correct_hop, stop_request
from activities.context import Context
from activities.metrics import METRICS
from activities.workbook.trail_lines import RequestPause
from adapters.banks.protocol import BankRefused, BankUnreachable
from db.case import cases
from schemas.case.case_workflow import PlanRequests, RequestTimes, RequestToSend, SendBatch, SendHoldRequest
from schemas.case.discrepancies import HopCorrection
from schemas.case.hold_requests import RequestStages
from schemas.enums import ChannelKind, HopSource, RequestStage
from tests.activities.bench import LOST_REPLY, NOT_NOW, Bench
from tests.activities.told import paused, planned
from tests.factories import institution, make_context, moved, row, rrn, transfer

AMOUNT = HopCorrection.model_validate({"amount_paise": 900_00, "reason": "told wrongly"})


async def an_order(bench: Bench) -> tuple[str, str, SendHoldRequest]:
    """A case with one hop at HDFC, its reference, and the order to ask about it."""
    root = rrn()
    case_no = await bench.complain(transfer(1000_00, reference=root))
    (order,) = await bench.orders(case_no)
    return case_no, root, order


async def request(bench: Bench, case_no: str) -> tuple[str, str | None, str | None]:
    """State, job and refusal code of the case's one request."""
    (found,) = await bench.rows("SELECT state, job_id, refusal_code FROM hold_request WHERE case_no = $1", case_no)
    return found[0], found[1], found[2]


async def test_the_ticket_says_who_paid_what_to_whom(bench: Bench) -> None:
    case_no, root, order = await an_order(bench)
    sent = await bench.freeze.send_hold_request(order)
    assert (sent.asked, sent.delivered, sent.refusal_code) == ((1,), True, None)
    ((bank, ticket),) = bench.bank.tickets
    assert (bank, ticket.ack_no, str(ticket.request_id)) == ("HDFC", case_no, order.request_id)
    assert (ticket.instrument.payer_account, ticket.instrument.payer_mobile) == ("30000000001", "9876543210")
    assert [(i.rrn, i.amount_paise, i.disputed_paise, i.layer, i.hop_no) for i in ticket.incidents] == [
        (root, 1000_00, 1000_00, 1, 1)
    ]
    assert await request(bench, case_no) == ("delivered", f"BANKS-{order.request_id}", None)
    assert await bench.events(case_no) == ["case_opened", "request_sent", "request_delivered"]
    await bench.check(case_no)


async def test_one_request_a_bank_and_batch(bench: Bench) -> None:
    case_no = await bench.complain(transfer(100_00), transfer(200_00, payee_bank="ICIC"), transfer(300_00))
    sent = await bench.ask(case_no)
    assert sorted(len(ticket.incidents) for _, ticket in bench.bank.tickets) == [1, 2]
    assert sorted(one.asked for one in sent) == [(1, 3), (2,)]
    assert await bench.ask(case_no) == []
    await bench.check(case_no)


@pytest.mark.parametrize("in_batch", [True, False])
async def test_the_time_to_the_first_request_counts_once_for_a_case(bench: Bench, *, in_batch: bool) -> None:
    name = "goldenhour_complaint_to_first_request_sent_seconds_count"
    case_no = await bench.complain(transfer(100_00), transfer(200_00, payee_bank="ICIC"))
    before = METRICS.registry.get_sample_value(name)
    if in_batch:
        batch = [RequestToSend(request_id=o.request_id, institution=o.institution) for o in await bench.orders(case_no)]
        await bench.freeze.send_batch(SendBatch(case_no=case_no, requests=tuple(batch)))
    await bench.ask(case_no)
    assert len(bench.bank.tickets) == 2
    assert before is not None
    assert METRICS.registry.get_sample_value(name) == before + 1


async def test_run_twice_it_is_one_request_and_one_job(bench: Bench) -> None:
    case_no, _, order = await an_order(bench)
    first = await bench.freeze.send_hold_request(order)
    again = await bench.freeze.send_hold_request(order)
    assert again == first
    assert len(bench.bank.tickets) == 1, "the bank need not hear it again"
    await bench.check(case_no)


@pytest.mark.parametrize("outcome", [LOST_REPLY, BankUnreachable("HDFC", "HTTP 503")])
async def test_a_call_whose_end_is_unknown_is_made_again_under_the_same_id(
    bench: Bench, outcome: BankUnreachable | str
) -> None:
    """As after a crash between the bank's taking of the ticket and our writing of its job."""
    case_no, _, order = await an_order(bench)
    bench.bank.outcomes.append(outcome)
    with pytest.raises(ApplicationError) as failed:
        await bench.freeze.send_hold_request(order)
    assert (failed.value.non_retryable, failed.value.type) == (False, "BankUnreachable")
    assert await request(bench, case_no) == ("sending", None, None)
    await bench.check(case_no)
    sent = await bench.freeze.send_hold_request(order)
    assert (sent.asked, sent.delivered) == ((1,), True)
    assert {str(ticket.request_id) for _, ticket in bench.bank.tickets} == {order.request_id}
    assert len(bench.bank.tickets) == 2
    assert len(bench.bank.jobs) == 1, "one request id, one job at the bank"
    assert await bench.events(case_no) == ["case_opened", "request_sent", "request_delivered"]
    await bench.check(case_no)


async def test_b5_after_a_lost_reply_the_report_is_sent_again_as_it_first_was(bench: Bench) -> None:
    """The bank refuses another report under a key that it knows, and a refusal would be final."""
    first, second = rrn(), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=first), transfer(500_00, reference=second))
    (order,) = await bench.orders(case_no)
    bench.bank.outcomes.append(LOST_REPLY)
    with pytest.raises(ApplicationError):
        await bench.freeze.send_hold_request(order)
    await bench.answer("HDFC", case_no, row(1, first, "400.00"))
    sent = await bench.freeze.send_hold_request(order)
    assert (sent.delivered, sent.refusal_code) == (True, None)
    assert bench.bank.tickets[0][1].incidents != bench.bank.tickets[1][1].incidents, "less is disputed by now"
    assert await request(bench, case_no) == ("delivered", f"BANKS-{order.request_id}", None)
    await bench.check(case_no)


async def test_b5_a_batch_run_again_sends_the_report_as_it_first_was(bench: Bench) -> None:
    first, second = rrn(), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=first), transfer(500_00, reference=second))
    (order,) = await bench.orders(case_no)
    batch = SendBatch(
        case_no=case_no, requests=(RequestToSend(request_id=order.request_id, institution=order.institution),)
    )
    bench.bank.outcomes.append(LOST_REPLY)
    await bench.freeze.send_batch(batch)
    await bench.answer("HDFC", case_no, row(1, first, "400.00"))
    await bench.ctx.health.delivered("HDFC", ChannelKind.I4C)
    await bench.freeze.send_batch(batch)
    assert await request(bench, case_no) == ("delivered", f"BANKS-{order.request_id}", None)


async def test_b5_a_bank_that_said_not_now_is_asked_for_what_is_disputed_by_then(bench: Bench) -> None:
    first, second = rrn(), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=first), transfer(500_00, reference=second))
    (order,) = await bench.orders(case_no)
    bench.bank.outcomes.append(NOT_NOW)
    with pytest.raises(ApplicationError):
        await bench.freeze.send_hold_request(order)
    await bench.answer("HDFC", case_no, row(1, first, "400.00"))
    await bench.freeze.send_hold_request(order)
    (_, again) = bench.bank.tickets[-1]
    assert again.report_before is None
    assert await request(bench, case_no) == ("delivered", f"BANKS-{order.request_id}", None)


async def test_the_banks_own_retry_after_is_honoured(bench: Bench) -> None:
    _, _, order = await an_order(bench)
    bench.bank.outcomes.append(BankUnreachable("HDFC", "HTTP 429", retry_after_seconds=17))
    with pytest.raises(ApplicationError) as failed:
        await bench.freeze.send_hold_request(order)
    assert failed.value.next_retry_delay == timedelta(seconds=17)


async def test_run_twice_at_once_the_bank_has_one_job_and_the_log_one_delivery(bench: Bench) -> None:
    case_no, _, order = await an_order(bench)
    bench.bank.gate = asyncio.Event()
    attempts = [asyncio.create_task(bench.freeze.send_hold_request(order)) for _ in range(4)]
    await asyncio.sleep(0.1)
    bench.bank.gate.set()
    assert {(one.asked, one.delivered) for one in await asyncio.gather(*attempts)} == {((1,), True)}
    assert len(bench.bank.jobs) == 1
    assert await bench.events(case_no) == ["case_opened", "request_sent", "request_delivered"]
    await bench.check(case_no)


async def test_a_request_planned_twice_at_once_for_one_hop_asks_once(bench: Bench) -> None:
    """As from two runs of a workflow after a pause."""
    case_no = await bench.complain(transfer(1000_00), ack_no=await paused(bench))
    assert await bench.hops(case_no) == ["open"]
    await RequestPause(bench.ctx, [case_no]).end([case_no])
    order = PlanRequests(case_no=case_no)
    starts = await asyncio.gather(*(bench.freeze.plan_requests(order) for _ in range(2)))
    assert starts[0] == starts[1]
    assert planned(starts[0]) == [("HDFC", [(1, 0)], 1000_00)]
    assert [sent.asked for sent in await bench.ask(case_no)] == [(1,)]
    assert len(bench.bank.tickets) == 1
    await bench.check(case_no)


async def test_a_request_that_was_never_planned_is_refused(bench: Bench) -> None:
    _, _, order = await an_order(bench)
    unknown = order.model_copy(update={"request_id": str(uuid4())})
    with pytest.raises(ApplicationError) as failed:
        await bench.freeze.send_hold_request(unknown)
    assert (failed.value.non_retryable, failed.value.type) == (True, "NotFound")
    assert bench.bank.tickets == []


async def test_nothing_is_sent_for_a_hop_that_was_answered_meanwhile(bench: Bench) -> None:
    case_no, root, order = await an_order(bench)
    bench.bank.outcomes.append(BankUnreachable("HDFC"))
    with pytest.raises(ApplicationError):
        await bench.freeze.send_hold_request(order)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    sent = await bench.freeze.send_hold_request(order)
    assert (sent.asked, sent.delivered) == ((), False)
    assert len(bench.bank.tickets) == 1
    assert (await request(bench, case_no))[0] == "answered"
    await bench.check(case_no)


async def test_nothing_is_sent_for_a_hop_that_was_corrected_meanwhile(bench: Bench) -> None:
    case_no, _, order = await an_order(bench)
    await correct_hop(bench.ctx, case_no, 1, AMOUNT, "officer:1")
    sent = await bench.freeze.send_hold_request(order)
    assert (sent.asked, bench.bank.tickets) == ((), [])
    assert (await bench.ask_one(case_no)).asked == (1,)
    assert [i.disputed_paise for i in bench.bank.tickets[0][1].incidents] == [900_00]
    await bench.check(case_no)


async def test_what_the_desk_does_during_the_call_stands(bench: Bench) -> None:
    case_no, _, order = await an_order(bench)
    bench.bank.gate = asyncio.Event()
    sending = asyncio.create_task(bench.freeze.send_hold_request(order))
    await bench.bank.called()
    await stop_request(bench.ctx, case_no, UUID(order.request_id), "wrong case", "officer:1")
    bench.bank.gate.set()
    assert (await sending).delivered
    assert await request(bench, case_no) == ("stopped", f"BANKS-{order.request_id}", None)
    assert await bench.buckets(case_no) == {"lost": -1000_00, "untraced": 1000_00}
    await bench.check(case_no)


# -- refused -------------------------------------------------------------------------------------------------------


async def test_a_refused_ticket_is_an_outcome_with_a_task_and_waits_on_the_escalation(bench: Bench) -> None:
    case_no, _, order = await an_order(bench)
    bench.bank.outcomes.append(BankRefused("HDFC", "14", "duplicate of 50100000000001"))
    sent = await bench.freeze.send_hold_request(order)
    assert (sent.asked, sent.delivered, sent.refusal_code) == ((1,), False, "14")
    assert await request(bench, case_no) == ("refused", None, "14")
    assert await bench.tasks(case_no) == [("ticket_refused", None)]
    assert await bench.hops(case_no) == ["asked"]
    assert await bench.freeze.send_hold_request(order) == sent, "run again, it is the same outcome"
    assert len(bench.bank.tickets) == 1
    await bench.check(case_no)


async def test_a_refused_ticket_may_be_answered_all_the_same(bench: Bench) -> None:
    case_no, root, order = await an_order(bench)
    bench.bank.outcomes.append(BankRefused("HDFC", "14"))
    await bench.freeze.send_hold_request(order)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    assert (await request(bench, case_no))[0] == "answered"
    assert await bench.tasks(case_no) == []
    await bench.check(case_no)


async def test_a_refusal_that_comes_after_the_answer_asks_nothing_of_the_desk(bench: Bench) -> None:
    case_no, root, order = await an_order(bench)
    bench.bank.gate = asyncio.Event()
    bench.bank.outcomes.append(BankRefused("HDFC", "14"))
    sending = asyncio.create_task(bench.freeze.send_hold_request(order))
    await bench.bank.called()
    await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    bench.bank.gate.set()
    assert (await sending).asked == ()
    assert (await request(bench, case_no))[0] == "answered"
    assert await bench.tasks(case_no) == []
    assert "request_refused" not in await bench.events(case_no)
    await bench.check(case_no)


async def test_an_attempt_that_got_through_outweighs_one_that_was_refused(bench: Bench) -> None:
    case_no, _, order = await an_order(bench)
    bench.bank.gate = asyncio.Event()
    bench.bank.outcomes.extend([BankRefused("HDFC", "14"), None])
    attempts = [asyncio.create_task(bench.freeze.send_hold_request(order)) for _ in range(2)]
    await asyncio.sleep(0.1)
    bench.bank.gate.set()
    await asyncio.gather(*attempts)
    assert (await request(bench, case_no))[:2] == ("delivered", f"BANKS-{order.request_id}")
    await bench.check(case_no)


async def test_a_bank_without_a_wire_is_tried_on_while_the_desk_sees_to_it(bench: Bench) -> None:
    entry = institution("MAIL").model_copy(update={"wire": None, "inbound": None})
    bench = Bench(await make_context(bench.pool, [entry]))
    case_no = await bench.complain(transfer(payee_bank="MAIL"))
    (order,) = await bench.orders(case_no)
    for _ in range(2):
        with pytest.raises(ApplicationError, match="no channel in the directory") as fault:
            await bench.freeze.send_hold_request(order)
        assert not fault.value.non_retryable
    assert await bench.tasks(case_no) == [("ticket_refused", None)]
    await bench.check(case_no)


# -- what a workflow takes up --------------------------------------------------------------------------------------


async def test_a_snapshot_has_every_hop_and_request_as_they_stand(bench: Bench) -> None:
    roots = [rrn() for _ in range(4)]
    case_no = await bench.complain(
        transfer(100_00, reference=roots[0]),
        transfer(200_00, reference=roots[1]),
        transfer(300_00, payee_bank="Bank of Nowhere"),
        transfer(400_00, reference=roots[3], payee_bank="ICIC"),
    )
    hdfc, icic = await bench.orders(case_no)
    await bench.freeze.send_hold_request(hdfc)
    await bench.answer("HDFC", case_no, row(1, roots[0], "100.00"), row(1, roots[1], "50.00"))
    async with bench.pool.acquire() as connection:
        start = await cases.snapshot(connection, case_no)
    assert start.open_hops == ()
    assert [ref.hop_no for ref in start.parked] == [3]
    live, other = start.requests
    assert (live.request_id, live.delivered, live.level) == (hdfc.request_id, True, None)
    assert ([ref.hop_no for ref in live.hops], live.largest_paise) == ([2], 150_00)
    assert (other.request_id, other.delivered, other.institution) == (icic.request_id, False, "ICIC")
    assert start.last_batch_no == live.batch_no == other.batch_no == 1


async def test_a_case_is_settled_once_and_only_when_nothing_is_in_play(bench: Bench) -> None:
    case_no, root, order = await an_order(bench)
    refused = await bench.settle(case_no)
    assert not refused.settled
    assert refused.start is not None
    assert [ref.hop_no for request in refused.start.requests for ref in request.hops] == [1]
    await bench.freeze.send_hold_request(order)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    assert [(await bench.settle(case_no)).settled for _ in range(2)] == [True, True]
    assert (await bench.events(case_no)).count("case_settled") == 1
    await bench.check(case_no)


async def test_settling_and_a_late_answer_at_once_leave_no_money_behind(bench: Bench) -> None:
    for _ in range(5):
        case_no, root, _ = await an_order(bench)
        await bench.answer("HDFC", case_no, row(1, root, "0", status_code="20"))
        line = row(3, root, "1000.00", payee_bank_code="ICIC", payee_account_number="1234567890")
        await asyncio.gather(bench.settle(case_no), bench.answer("HDFC", case_no, line))
        assert await bench.value("SELECT state FROM case_file WHERE case_no = $1", case_no) == "open"
        await bench.check(case_no)


TIMED = list(RequestStage)[1:]


@pytest.fixture
def traced() -> list[RequestStages]:
    """What is told to the receiver of traces."""
    return []


@pytest.fixture
async def bench(ctx: Context, traced: list[RequestStages]) -> Bench:
    """A bench whose banks have no failures of other tests."""
    return Bench(replace(await make_context(ctx.pool), trace=traced.append))


def counts(kind: str) -> dict[str, float]:
    """How many requests were timed, by stage."""
    name = "goldenhour_request_stage_seconds_count"
    found = {
        stage: METRICS.registry.get_sample_value(name, {"kind": kind, "stage": stage.value}) for stage in RequestStage
    }
    return {stage.value: value for stage, value in found.items() if value is not None}


def since(before: dict[str, float], kind: str) -> dict[str, float]:
    return {stage: value - before[stage] for stage, value in counts(kind).items() if value != before[stage]}


async def order_and_times(bench: Bench, case_no: str) -> tuple[SendHoldRequest, RequestTimes]:
    """The case's one order that no bank has, and times around its planning."""
    (order,) = await bench.orders(case_no)
    at: datetime = await bench.value("SELECT planned_at FROM hold_request WHERE request_id = $1", order.request_id)
    step = timedelta(milliseconds=1)
    return order, RequestTimes(received_at=at - step, committed_at=at + step, workflow_began_at=at + 2 * step)


def batch_of(order: SendHoldRequest, times: RequestTimes) -> SendBatch:
    one = RequestToSend(request_id=order.request_id, institution=order.institution, times=times)
    return SendBatch(case_no=order.case_no, requests=(one,))


def test_every_stage_but_the_first_has_a_series_for_each_kind() -> None:
    for kind in HopSource:
        assert list(counts(kind)) == [stage.value for stage in TIMED]


async def test_a_batch_times_every_stage_once(bench: Bench, traced: list[RequestStages]) -> None:
    case_no = await bench.complain(transfer(1000_00))
    order, times = await order_and_times(bench, case_no)
    before = counts("complaint")
    for _ in range(2):
        await bench.freeze.send_batch(batch_of(order, times))
    assert since(before, "complaint") == dict.fromkeys([stage.value for stage in TIMED], 1)
    (stages,) = traced
    assert (str(stages.request_id), stages.institution, stages.channel) == (order.request_id, "HDFC", "i4c")
    assert list(stages.moments) == list(RequestStage)
    assert [stage for stage, _, _ in stages.steps()] == TIMED
    for stage, began, ended in stages.steps():
        assert began <= ended, stage


async def test_a_request_by_the_queue_times_its_stages_at_the_delivery(
    bench: Bench, traced: list[RequestStages]
) -> None:
    case_no = await bench.complain(transfer(1000_00))
    order, times = await order_and_times(bench, case_no)
    order = order.model_copy(update={"times": times})
    before = counts("complaint")
    bench.bank.outcomes.append(BankUnreachable("HDFC", "HTTP 503"))
    with pytest.raises(ApplicationError):
        await bench.freeze.send_hold_request(order)
    assert since(before, "complaint") == {}
    for _ in range(2):
        await bench.freeze.send_hold_request(order)
    assert since(before, "complaint") == dict.fromkeys([stage.value for stage in TIMED], 1)
    assert len(traced) == 1
    first_call: datetime = await bench.value(
        "SELECT min(at) FROM bank_exchange WHERE request_id = $1", order.request_id
    )
    assert traced[0].moments[RequestStage.SENT] > first_call, "the call that delivered it"


async def test_a_stage_with_an_unknown_moment_is_not_timed(bench: Bench, traced: list[RequestStages]) -> None:
    case_no = await bench.complain(transfer(1000_00))
    before = counts("complaint")
    await bench.ask_one(case_no)
    assert since(before, "complaint") == {"delivered": 1}
    assert list(traced[0].moments) == [RequestStage.PLANNED, RequestStage.SENT, RequestStage.DELIVERED]


async def test_a_refused_request_has_no_stages(bench: Bench, traced: list[RequestStages]) -> None:
    case_no = await bench.complain(transfer(1000_00))
    bench.bank.outcomes.append(BankRefused("HDFC", "01", "no"))
    await bench.ask_one(case_no)
    assert traced == []


async def test_the_kind_says_what_caused_the_request(bench: Bench, traced: list[RequestStages]) -> None:
    root, onward = rrn(), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=root))
    await bench.ask_one(case_no)
    await bench.answer("HDFC", case_no, moved(root, "1000.00", "ICIC", "000123456789", rrn_transaction_id=onward))
    await bench.ask_one(case_no)
    correction = HopCorrection.model_validate({"rrn": rrn(), "reason": "told wrongly"})
    await correct_hop(bench.ctx, case_no, 2, correction, "officer:2")
    await bench.ask_one(case_no)
    assert [stages.kind for stages in traced] == [HopSource.COMPLAINT, HopSource.ANSWER, HopSource.DESK]
