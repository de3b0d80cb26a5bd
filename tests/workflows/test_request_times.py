"""Times of a request travel from the commit to the delivery, through the start or the signal of its workflow."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from temporalio.client import Client

from activities.case.arrivals import note_arrival
from activities.context import Context
from schemas.case.case_workflow import FollowUp
from schemas.case.hold_requests import RequestStages
from schemas.enums import RequestStage
from tests.factories import moved, rrn, transfer
from tests.workflows.stage import BY_QUEUE, Stage, staged
from workers.worker import Queues


class At(SimpleNamespace):
    """A stage, and the traces of its requests."""

    stage: Stage
    traced: list[RequestStages]


@pytest.fixture(params=[(Queues.ALL,), BY_QUEUE], ids=["batch", "queue"])
async def at(request: pytest.FixtureRequest, ctx: Context, temporal_client: Client) -> AsyncIterator[At]:
    traced: list[RequestStages] = []
    async with staged(replace(ctx, trace=traced.append), temporal_client, request.param) as stage:
        yield At(stage=stage, traced=traced)


async def test_a_request_has_all_its_moments_from_a_start_and_from_a_signal(at: At) -> None:
    stage, root = at.stage, rrn()

    async def soon(follow_up: FollowUp | None) -> None:
        stage.notifier.soon(follow_up)

    stage.notify = soon  # type: ignore[method-assign] # as a process that has just committed
    note_arrival(datetime.now(UTC))
    case_no = await stage.complain(transfer(1000_00, reference=root))
    await stage.until(lambda: len(at.traced) == 1)
    note_arrival(datetime.now(UTC))
    line = moved(root, "1000.00", "ICIC", "000123456789", rrn_transaction_id=rrn())
    await stage.answer("HDFC", case_no, line)
    await stage.until(lambda: len(at.traced) == 2)
    for stages in at.traced:
        assert list(stages.moments) == list(RequestStage)
        ours = [stages.moments[one] for one in (RequestStage.RECEIVED, RequestStage.COMMITTED, RequestStage.SENT)]
        assert ours == sorted(ours)
    assert at.traced[0].moments[RequestStage.DELIVERED] < at.traced[1].moments[RequestStage.RECEIVED]


async def test_a_notification_by_the_sweep_has_no_commit_of_its_own(at: At) -> None:
    await at.stage.complain(transfer(1000_00))
    await at.stage.until(lambda: len(at.traced) == 1)
    missing = set(RequestStage) - set(at.traced[0].moments)
    assert missing == {RequestStage.RECEIVED, RequestStage.COMMITTED}
