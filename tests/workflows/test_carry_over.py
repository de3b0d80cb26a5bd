"""An open case of an earlier release goes on in this one."""

from datetime import timedelta

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import Worker

from activities import outbox
from activities.outbox import SweepActivities
from tests.factories import row, rrn, transfer
from tests.workflows.stage import Stage
from workers.carry_over import carry_over_cases
from workflows.case import case_workflow_id


@workflow.defn(name="CaseWorkflow", sandboxed=False)
class EarlierCase:
    """A case workflow of an earlier release."""

    @workflow.run
    async def run(self, case_no: str) -> None:
        await workflow.wait_condition(lambda: False)


async def test_an_open_case_is_ended_and_goes_on_from_its_rows(
    stage: Stage, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "SWEEP_AFTER", timedelta(0))
    root = rrn()
    case_no = await stage.complain(transfer(reference=root), notify=False)
    await stage.ctx.pool.execute("UPDATE case_file SET workflow_started_at = now()")
    async with Worker(temporal_client, task_queue="earlier", workflows=[EarlierCase]):
        old = await temporal_client.start_workflow(
            EarlierCase.run, case_no, id=case_workflow_id(case_no), task_queue="earlier"
        )
        await old.query("__temporal_workflow_metadata")
    assert await carry_over_cases(temporal_client, stage.ctx.pool) == 1
    assert (await old.describe()).status is WorkflowExecutionStatus.TERMINATED
    assert await carry_over_cases(temporal_client, stage.ctx.pool) == 0
    await SweepActivities(stage.ctx, stage.notifier.notify).sweep_outbox()
    await stage.until_asked(1)
    await stage.answer("HDFC", case_no, row(1, root, "10000.00"))
    await stage.outcome(case_no)
