"""A bank with a second channel gets the request there if the first one fails or brings no answer."""

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import TimeSkipper

from activities.context import Context
from schemas.case.case_workflow import Escalate, SendHoldRequest
from schemas.enums import EscalationLevel
from tests.factories import row, rrn, transfer
from tests.workflows.stage import Banks, Stage, staged


@pytest.fixture
async def skipping(ctx: Context, time_skipping: TimeSkipper) -> AsyncIterator[Stage]:
    """A stage with two channels, on which time passes while a case only waits."""
    async with staged(ctx, time_skipping.client, post=Banks()) as stage:
        yield stage


def second(stage: Stage) -> Banks:
    assert stage.post is not None
    return stage.post


async def test_a_channel_that_fails_is_left_for_the_next_at_once(skipping: Stage) -> None:
    root = rrn()
    skipping.banks.down.add("HDFC")
    case_no = await skipping.complain(transfer(reference=root))
    await skipping.until(lambda: len(second(skipping).tickets) == 1)
    assert second(skipping).asked() == [("HDFC", [root])]
    await skipping.answer("HDFC", case_no, row(1, root, "10000.00"))
    await skipping.outcome(case_no)
    assert await skipping.levels(case_no) == []
    assert len(skipping.banks.attempts) == 1


async def test_no_response_carries_the_request_over_the_next_channel_and_waits_for_it_there(skipping: Stage) -> None:
    root = rrn()
    heard = second(skipping)
    case_no = await skipping.complain(transfer(reference=root))
    await skipping.until(lambda: len(heard.tickets) == 1)
    assert await skipping.levels(case_no) == ["reminder"]
    await skipping.answer("HDFC", case_no, row(1, root, "10000.00"))
    await skipping.outcome(case_no)
    sent = [order for _, order in await skipping.scheduled(case_no, "send_hold_request", SendHoldRequest)]
    assert [order.round for order in sent] == [1], "the first round went with the batch"
    assert [ticket.request_id for _, ticket in heard.tickets] == [skipping.banks.tickets[0][1].request_id]


async def test_when_no_channel_brings_an_answer_the_request_escalates_as_ever(skipping: Stage) -> None:
    case_no = await skipping.complain()
    await skipping.outcome(case_no)
    assert await skipping.levels(case_no) == [level.value for level in EscalationLevel]
    assert (len(skipping.banks.tickets), len(second(skipping).tickets)) == (1, 1)
    escalations = await skipping.scheduled(case_no, "escalate_request", Escalate)
    assert [order.level for _, order in escalations] == list(EscalationLevel)
    assert await skipping.buckets(case_no) == {"lost": -10_000_00, "untraced": 10_000_00}


async def test_a_case_that_is_revived_goes_on_over_the_second_channel(skipping: Stage) -> None:
    root = rrn()
    case_no = await skipping.complain(transfer(reference=root))
    await skipping.until_row(1, "SELECT round FROM hold_request")
    await skipping.handle(case_no).terminate("by mistake")
    await skipping.start_from_database(case_no)
    progress = await skipping.progress(case_no)
    assert len(progress.live_requests) == 1
    await skipping.answer("HDFC", case_no, row(1, root, "10000.00"))
    await skipping.outcome(case_no)
    assert (len(skipping.banks.tickets), len(second(skipping).tickets)) == (1, 1)
