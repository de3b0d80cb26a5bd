"""An open case of an earlier release goes on in this one."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import timedelta

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from activities import outbox
from activities.outbox import SweepActivities
from db.cases import cases
from db.pool import Connection, Pool
from tests.factories import row, rrn, transfer
from tests.workflows.stage import LOOK_SECONDS, PATIENCE_SECONDS, Stage
from workers import carry_over
from workers.carry_over import carry_over_cases, keep_carrying_over
from workflows.case import case_workflow_id


@workflow.defn(name="CaseWorkflow", sandboxed=False)
class EarlierCase:
    """A case workflow of an earlier release."""

    @workflow.run
    async def run(self, case_no: str) -> None:
        await workflow.wait_condition(lambda: False)


@pytest.fixture
async def earlier(temporal_client: Client) -> AsyncIterator[None]:
    """A worker of the earlier release."""
    async with Worker(temporal_client, task_queue="earlier", workflows=[EarlierCase]):
        yield


async def started_by_the_release_before(stage: Stage, case_no: str) -> WorkflowHandle[EarlierCase, None]:
    """Start the case's workflow as the release before did."""
    await stage.ctx.pool.execute("UPDATE case_file SET workflow_started_at = now()")
    return await stage.client.start_workflow(
        EarlierCase.run, case_no, id=case_workflow_id(case_no), task_queue="earlier"
    )


async def until_at_work(stage: Stage, case_no: str, old: WorkflowHandle[EarlierCase, None]) -> None:
    """Wait until the earlier release's worker has begun that workflow, and the server lists it.

    It must not be terminated while the worker begins it. The list is written later than the history.
    """
    await old.query("__temporal_workflow_metadata")
    await stage.runs(case_no)


async def until_terminated(old: WorkflowHandle[EarlierCase, None]) -> None:
    """Wait until that run is terminated."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await old.describe()).status is not WorkflowExecutionStatus.TERMINATED:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)


@pytest.mark.usefixtures("earlier")
async def test_an_open_case_is_ended_and_goes_on_from_its_rows(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "SWEEP_AFTER", timedelta(0))
    root = rrn()
    case_no = await stage.complain(transfer(reference=root), notify=False)
    old = await started_by_the_release_before(stage, case_no)
    await until_at_work(stage, case_no, old)
    assert await carry_over_cases(stage.client, stage.ctx.pool) == 1
    assert (await old.describe()).status is WorkflowExecutionStatus.TERMINATED
    assert await carry_over_cases(stage.client, stage.ctx.pool) == 0
    await SweepActivities(stage.ctx, stage.notifier.notify).sweep_outbox()
    await stage.until_asked(1)
    await stage.answer("HDFC", case_no, row(1, root, "10000.00"))
    await stage.outcome(case_no)


@pytest.mark.usefixtures("earlier")
async def test_a_case_whose_carrying_process_dies_is_started_by_the_sweep(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends between the end of the old workflow and what it would write then."""
    monkeypatch.setattr(outbox, "SWEEP_AFTER", timedelta(0))
    case_no = await stage.complain(transfer(), notify=False)
    old = await started_by_the_release_before(stage, case_no)
    await until_at_work(stage, case_no, old)
    mark = cases.mark_not_started

    async def dies(connection: Connection, case_nos: Sequence[str]) -> None:
        if (await old.describe()).status is WorkflowExecutionStatus.TERMINATED:
            raise ConnectionError("the process is gone")
        await mark(connection, case_nos)

    monkeypatch.setattr(cases, "mark_not_started", dies)
    with pytest.raises(ConnectionError):
        await carry_over_cases(stage.client, stage.ctx.pool)
    await SweepActivities(stage.ctx, stage.notifier.notify).sweep_outbox()
    await stage.until_asked(1)


@pytest.mark.usefixtures("earlier")
async def test_a_case_that_another_process_carries_over_meanwhile_is_not_counted(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process ends the old workflow after this one has read the list."""
    case_no = await stage.complain(transfer(), notify=False)
    old = await started_by_the_release_before(stage, case_no)
    await until_at_work(stage, case_no, old)
    mark = cases.mark_not_started

    async def too_late(connection: Connection, case_nos: Sequence[str]) -> None:
        if (await old.describe()).status is WorkflowExecutionStatus.RUNNING:
            await old.terminate()
        await mark(connection, case_nos)

    monkeypatch.setattr(cases, "mark_not_started", too_late)
    assert await carry_over_cases(stage.client, stage.ctx.pool) == 0


@pytest.mark.usefixtures("earlier")
async def test_a_case_that_the_release_before_starts_later_is_carried_over_too(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the processes are replaced one after the other, an API of the release before still starts workflows."""
    monkeypatch.setattr(carry_over, "AGAIN_SECONDS", 0.05)
    failed = asyncio.Event()

    async def fails_once(client: Client, pool: Pool) -> int:
        if not failed.is_set():
            failed.set()
            raise RPCError("Temporal is away", RPCStatusCode.UNAVAILABLE, b"")
        return await carry_over_cases(client, pool)

    monkeypatch.setattr(carry_over, "carry_over_cases", fails_once)
    loop = asyncio.create_task(keep_carrying_over(stage.client, stage.ctx.pool))
    for _ in range(2):
        case_no = await stage.complain(transfer(), notify=False)
        await until_terminated(await started_by_the_release_before(stage, case_no))
        await stage.until_row(None, "SELECT workflow_started_at FROM case_file WHERE case_no = $1", case_no)
    loop.cancel()
    with suppress(asyncio.CancelledError):
        await loop
