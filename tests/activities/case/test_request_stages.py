"""The stages of a hold request: each is timed once, at the delivery, and only between moments that are known."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError

from activities.case.desk import correct_hop
from activities.context import Context
from activities.metrics import METRICS
from adapters.banks.protocol import BankRefused, BankUnreachable
from schemas.case.case_workflow import RequestTimes, RequestToSend, SendBatch, SendHoldRequest
from schemas.case.discrepancies import HopCorrection
from schemas.case.hold_requests import RequestStages
from schemas.enums import HopSource, RequestStage
from tests.activities.bench import Bench
from tests.factories import make_context, moved, rrn, transfer

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


async def planned(bench: Bench, case_no: str) -> tuple[SendHoldRequest, RequestTimes]:
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
    order, times = await planned(bench, case_no)
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
    order, times = await planned(bench, case_no)
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
