"""Deadlines of a case's duties: days in seconds, and no change lost between the last duty and the next."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from activities.cases.transaction import ENGINE, case_transaction
from activities.context import Context
from activities.police.statutory_duties import open_duty
from schemas.restoration_enums import DutyKind
from tests.workflows.changed_duties import ActsAtOnce
from tests.workflows.duties import HOUR, DutyStage, duty_stage, no_response_and_work
from tests.workflows.record_duties import DUTIES
from tests.workflows.record_histories import cleaned
from workers.temporal import DATA_CONVERTER
from workflows.statutory_duties import DutiesWorkflow

REPORT, FOLLOW_UP = DutyKind.MAGISTRATE_REPORT, DutyKind.FOLLOW_UP


@pytest.fixture
async def stage(ctx: Context, temporal_client: Client) -> AsyncIterator[DutyStage]:
    async with duty_stage(ctx, temporal_client) as stage:
        yield stage


async def test_the_way_that_is_recorded_goes_to_its_end(stage: DutyStage) -> None:
    case_no = await no_response_and_work(stage)
    assert (await stage.handle(case_no).describe()).status is WorkflowExecutionStatus.COMPLETED


async def test_no_response_is_escalated_once_for_each_duty_and_the_clock_waits_on(stage: DutyStage) -> None:
    case_no = await stage.open()
    await stage.skip(case_no, timedelta(days=90))
    await stage.until(case_no, "duty_overdue", 2)
    rows = await stage.ctx.pool.fetch(
        "SELECT kind, escalated_at - opened_at AS after FROM duty WHERE case_no = $1 ORDER BY due_at", case_no
    )
    assert [row["kind"] for row in rows] == [REPORT, FOLLOW_UP]
    for row, hours in zip(rows, (25, 73), strict=True):
        assert timedelta(0) <= row["after"] - hours * HOUR < timedelta(minutes=5)
    assert (await stage.handle(case_no).describe()).status is WorkflowExecutionStatus.RUNNING
    for kind in (REPORT, FOLLOW_UP):
        await stage.done(case_no, kind)
    await stage.ended(case_no)
    assert (
        await stage.ctx.pool.fetchval(
            "SELECT count(*) FROM case_event WHERE case_no = $1 AND kind = 'duty_overdue'", case_no
        )
        == 2
    )


async def test_duties_that_are_done_in_time_are_never_escalated(stage: DutyStage) -> None:
    case_no = await stage.open()
    await stage.done(case_no, REPORT)
    await stage.done(case_no, FOLLOW_UP)
    await stage.ended(case_no)
    kinds = [row[0] for row in await stage.ctx.pool.fetch("SELECT kind FROM case_event WHERE case_no = $1", case_no)]
    assert kinds.count("duty_done") == 2
    assert "duty_overdue" not in kinds


async def test_a_duty_after_the_last_begins_the_clocks_again(stage: DutyStage) -> None:
    case_no = await stage.open()
    for kind in (REPORT, FOLLOW_UP):
        await stage.done(case_no, kind)
    # At once: the workflow may be about to end, and must not miss it.
    async with case_transaction(stage.ctx, case_no, ENGINE) as work:
        assert await open_duty(work, DutyKind.FIR_SIGNATURE)
    await stage.notify()
    await stage.skip(case_no, 80 * HOUR)
    await stage.until(case_no, "duty_overdue", 1)
    await stage.ended(case_no)


# -- replay ------------------------------------------------------------------------------------------------------------


async def replay(of: type[DutiesWorkflow]) -> None:
    content = json.loads(DUTIES.read_text(encoding="utf-8"))
    history = WorkflowHistory.from_json(content["workflow_id"], content["history"])
    await Replayer(workflows=[of], data_converter=DATA_CONVERTER).replay_workflow(history)


async def test_the_recorded_history_is_read_again() -> None:
    await replay(DutiesWorkflow)


async def test_a_changed_workflow_fails_the_replay() -> None:
    with pytest.raises(NondeterminismError):
        await replay(ActsAtOnce)


def test_the_recorded_history_says_nothing_of_the_machine_or_of_people() -> None:
    text = DUTIES.read_text(encoding="utf-8")
    content = json.loads(text)
    assert cleaned(content) == content
    assert "Victim" not in text
    assert "9876543210" not in text
