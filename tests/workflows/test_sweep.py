"""The sweep sends committed but unsent notifications; a case whose workflow is gone gets a new one."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionStartWorkflow,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    ScheduleSpec,
    ScheduleState,
    WorkflowExecutionStatus,
    WorkflowHandle,
)
from temporalio.service import RPCError, RPCStatusCode

from activities.banks.directory import load_directory
from activities.case import outbox
from activities.case.desk import send_again
from activities.case.outbox import SweepActivities
from activities.context import Context
from activities.secrets import SecretBox
from db.pool import Pool
from schemas.case.case_workflow import FollowUp, Swept
from tests.factories import SECRET, institution, moved, row, rrn, transfer
from tests.ground import end_schedules
from tests.waiting import until
from tests.workflows.stage import Stage, staged
from workers.embedded.temporal import EmbeddedTemporal
from workers.temporal import CaseNotifier, connect, ensure_schedules
from workflows import options
from workflows.sweeps import SweepWorkflow

AWAY_SECONDS = 11.0
"""more than the ten seconds after which a schedule leaves a run out if it is told nothing else"""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes committed a moment ago are swept too."""
    monkeypatch.setattr(outbox, "SWEEP_AFTER", timedelta(0))


async def sweep(stage: Stage) -> Swept:
    """Run one sweep by its workflow."""
    await settle_marks(stage)
    swept = await stage.client.execute_workflow(
        SweepWorkflow.run, id=f"sweep-{rrn()}", task_queue=options.CASE_WORK_QUEUE
    )
    await settle_marks(stage)
    return swept


async def settle_marks(stage: Stage) -> None:
    """Wait for the marks that the notifier collects."""
    await stage.notifier.close()


async def test_a_case_whose_start_was_lost_is_started(stage: Stage) -> None:
    began = time.monotonic()
    case_no = await stage.complain(notify=False)
    swept = await sweep(stage)
    assert (swept.cases_started, swept.news_signalled) == (1, 0)
    assert 0 < swept.oldest_age_seconds < time.monotonic() - began
    await stage.until_asked(1)
    assert await sweep(stage) == Swept()
    assert await stage.status(case_no) is WorkflowExecutionStatus.RUNNING


async def test_news_that_were_lost_are_sent(stage: Stage) -> None:
    root, onward = rrn(), rrn()
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_asked(1)
    await stage.answer("HDFC", case_no, moved(root, "10000.00", "ICIC", "4", rrn_transaction_id=onward), notify=False)
    assert (await sweep(stage)).news_signalled == 1
    await stage.until_asked(2)
    assert (await sweep(stage)).news_signalled == 0


async def test_a_late_answer_whose_signal_was_lost_revives_the_case(stage: Stage) -> None:
    root, onward = rrn(), rrn()
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_asked(1)
    await stage.answer("HDFC", case_no, row(1, root, "10000.00", status_code="01"))
    await stage.outcome(case_no)
    await settle_marks(stage)
    await stage.answer("HDFC", case_no, moved(root, "10000.00", "ICIC", "4", rrn_transaction_id=onward), notify=False)
    swept = await sweep(stage)
    assert (swept.cases_started, swept.news_signalled) == (1, 1)
    await stage.until_asked(2)
    await stage.answer("ICIC", case_no, row(1, onward, "10000.00"))
    await stage.until_state(case_no, "settled")


async def test_m3_a_bank_that_does_not_find_a_transfer_at_first_is_asked_again_and_the_money_is_caught(
    stage: Stage,
) -> None:
    root = rrn()
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_asked(1)
    await stage.answer("HDFC", case_no, row(1, root, "0", status_code="01"))
    await stage.outcome(case_no)
    assert (await sweep(stage)).hops_asked_again == 0
    await stage.ctx.pool.execute("UPDATE hop_retry SET due_at = now()")
    assert (await sweep(stage)).hops_asked_again == 1
    await stage.until_asked(2)
    (_, first), (_, second) = stage.banks.tickets
    assert first.request_id != second.request_id
    assert [incident.rrn for incident in second.incidents] == [root]
    await stage.answer("HDFC", case_no, row(1, root, "10000.00"))
    await stage.until_state(case_no, "settled")
    assert await stage.buckets(case_no) == {"lost": -10_000_00, "held": 10_000_00}


async def test_what_was_told_but_not_marked_is_told_again_and_changes_nothing(stage: Stage) -> None:
    root, onward = rrn(), rrn()
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_asked(1)
    await stage.answer("HDFC", case_no, moved(root, "10000.00", "ICIC", "4", rrn_transaction_id=onward))
    await stage.until_asked(2)
    await settle_marks(stage)
    await stage.ctx.pool.execute("UPDATE case_news SET signalled_at = NULL")
    await stage.ctx.pool.execute("UPDATE case_file SET workflow_started_at = NULL")
    swept = await sweep(stage)
    assert (swept.cases_started, swept.news_signalled) == (1, 1)
    progress = await stage.progress(case_no)
    assert (progress.batches, len(progress.live_requests)) == (2, 1)
    assert len(stage.banks.attempts) == 2


async def test_one_case_that_cannot_be_told_keeps_no_other_waiting(stage: Stage) -> None:
    cases = [await stage.complain(notify=False) for _ in range(3)]

    async def notify(follow_up: FollowUp) -> None:
        if follow_up.case_no == cases[0]:
            raise RuntimeError("this one never goes")
        await stage.notifier.notify(follow_up)

    assert (await SweepActivities(stage.ctx, notify).sweep_outbox()).failed == 1
    await stage.until_asked(2)
    assert {ticket.ack_no for _, ticket in stage.banks.tickets} == set(cases[1:])


# -- an operator ends the workflow by mistake --------------------------------------------------------------------------


async def by_terminating(handle: WorkflowHandle[object, object]) -> None:
    await handle.terminate("by mistake")


async def by_cancelling(handle: WorkflowHandle[object, object]) -> None:
    await handle.cancel()
    with pytest.raises(Exception, match="Workflow"):
        await handle.result()


@pytest.fixture(params=[by_terminating, by_cancelling], ids=["terminated", "cancelled"])
async def ended(request: pytest.FixtureRequest, stage: Stage) -> tuple[str, str]:
    """Create a case with one delivered and reminded request, whose workflow was ended; return number and reference."""
    root = rrn()
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_row("delivered", "SELECT state FROM hold_request")
    await settle_marks(stage)
    await request.param(stage.handle(case_no))
    return case_no, root


async def test_the_next_news_revives_a_case_that_was_ended(stage: Stage, ended: tuple[str, str]) -> None:
    case_no, root = ended
    await stage.answer("HDFC", case_no, row(1, root, "10000.00"))
    await stage.until_state(case_no, "settled")
    assert len(stage.banks.attempts) == 1


async def test_the_sweep_looks_after_a_case_that_was_ended(stage: Stage, ended: tuple[str, str]) -> None:
    """Without a change, because a bank that never answers would otherwise never get a reminder."""
    case_no, root = ended
    assert (await sweep(stage)).cases_looked_after == 0, "it was seen a moment ago"
    await unseen_for(stage, outbox.LOOK_AFTER)
    assert (await sweep(stage)).cases_looked_after == 1
    progress = await stage.progress(case_no)
    assert (progress.batches, len(progress.live_requests)) == (1, 1)
    assert len(stage.banks.attempts) == 1, "what the bank has is not sent again"
    assert (await sweep(stage)).cases_looked_after == 0
    await stage.answer("HDFC", case_no, row(1, root, "10000.00"))
    await stage.until_state(case_no, "settled")


async def test_looking_after_a_case_that_runs_changes_nothing(stage: Stage) -> None:
    case_no = await stage.complain(transfer(), transfer(payee_bank="ICIC"))
    await stage.until_row(2, "SELECT count(*) FROM hold_request WHERE state = 'delivered'")
    await settle_marks(stage)
    before = await stage.progress(case_no)
    await unseen_for(stage, outbox.LOOK_AFTER)
    assert (await sweep(stage)).cases_looked_after == 1
    assert await stage.progress(case_no) == before
    assert len(await stage.runs(case_no)) == 1
    assert len(stage.banks.attempts) == 2


async def test_a_hop_that_a_running_case_was_never_told_of_is_found(stage: Stage) -> None:
    """Temporal lost an accepted signal, as a power cut can do to its file: the mark is wrong."""
    first, second = transfer(), transfer(payee_bank="ICIC")
    await stage.complain(first)
    await stage.until_asked(1)
    await stage.complain(first, second, notify=False)
    await settle_marks(stage)
    await stage.ctx.pool.execute("UPDATE case_news SET signalled_at = now()")
    await unseen_for(stage, outbox.LOOK_AFTER)
    assert await sweep(stage) == Swept(cases_looked_after=1)
    await stage.until_asked(2)
    assert stage.banks.asked()[1] == ("ICIC", [second["rrn"]])


async def test_a_settled_case_is_not_looked_after(stage: Stage) -> None:
    root = rrn()
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_asked(1)
    await stage.answer("HDFC", case_no, row(1, root, "10000.00"))
    await stage.outcome(case_no)
    await settle_marks(stage)
    await unseen_for(stage, outbox.LOOK_AFTER)
    assert await sweep(stage) == Swept()


async def unseen_for(stage: Stage, wait: timedelta) -> None:
    """Set back the time at which the cases' workflows were last seen."""
    await stage.ctx.pool.execute("UPDATE case_file SET workflow_started_at = workflow_started_at - $1::interval", wait)


# -- parked hops for the desk ------------------------------------------------------------------------------------------


async def test_a_case_settles_when_what_waited_for_the_desk_is_written_off(stage: Stage) -> None:
    root = rrn()
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_asked(1)
    await stage.answer("HDFC", case_no, row(1, root, "0", status_code="02"))
    await stage.until_row("answered", "SELECT state FROM hold_request")
    await settle_marks(stage)
    assert await sweep(stage) == Swept()
    assert await stage.status(case_no) is WorkflowExecutionStatus.RUNNING
    await stage.ctx.pool.execute("UPDATE hop SET waiting_since = waiting_since - interval '91 days'")
    assert await sweep(stage) == Swept(hops_written_off=1)
    await stage.outcome(case_no)
    assert await stage.state(case_no) == "settled"
    assert await stage.buckets(case_no) == {"lost": -10_000_00, "untraced": 10_000_00}


async def test_a_bank_that_the_directory_learns_is_asked(stage: Stage) -> None:
    root = rrn()
    case_no = await stage.complain(transfer(payee_bank="KKBK", reference=root))
    await settle_marks(stage)
    assert (await sweep(stage)).hops_routed == 0
    await load_directory(stage.ctx.pool, SecretBox(SECRET), [institution("KKBK")])
    assert await sweep(stage) == Swept(hops_routed=1)
    await stage.until_asked(1)
    assert stage.banks.asked() == [("KKBK", [root])]
    await stage.answer("KKBK", case_no, row(1, root, "10000.00"))
    await stage.outcome(case_no)
    assert await stage.buckets(case_no) == {"lost": -10_000_00, "held": 10_000_00}


async def test_a_refused_request_that_is_sent_again_goes_out_in_the_next_batch(stage: Stage) -> None:
    root = rrn()
    stage.banks.refuse["HDFC"] = "400"
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_row("refused", "SELECT state FROM hold_request")
    stage.banks.refuse.clear()
    (request_id,) = await stage.request_ids(case_no)
    done = await send_again(stage.ctx, case_no, request_id, "the field is mended", "officer:7")
    await stage.notify(done.follow_up)
    await stage.until_asked(1)
    await stage.until_row("superseded delivered", "SELECT string_agg(state, ' ' ORDER BY batch_no) FROM hold_request")
    await stage.answer("HDFC", case_no, row(1, root, "10000.00"))
    await stage.outcome(case_no)
    assert [key for _, key in stage.banks.attempts] == await stage.request_ids(case_no)
    assert await stage.open_tasks(case_no) == []


async def test_a_request_that_fails_for_our_fault_is_sent_again_without_waiting(stage: Stage) -> None:
    """It would be retried on its own, but not at once."""
    root = rrn()
    stage.banks.down.add("HDFC")
    case_no = await stage.complain(transfer(reference=root))
    await stage.until(lambda: len(stage.banks.attempts) >= 1)
    await stage.ctx.pool.execute("UPDATE hold_request SET sent_at = sent_at - interval '1 minute'")
    stage.banks.down.clear()
    (request_id,) = await stage.request_ids(case_no)
    done = await send_again(stage.ctx, case_no, request_id, "the way is mended", "officer:7")
    await stage.notify(done.follow_up)
    await stage.until_row("delivered", "SELECT state FROM hold_request WHERE batch_no = 2")
    progress = await stage.progress(case_no)
    assert progress.live_requests == (str((await stage.request_ids(case_no))[1]),)
    await stage.answer("HDFC", case_no, row(1, root, "10000.00"))
    await stage.outcome(case_no)


async def begin_a_run(client: Client) -> WorkflowHandle[SweepWorkflow, Swept]:
    return await client.start_workflow(SweepWorkflow.run, id=f"sweep-{rrn()}", task_queue=options.CASE_WORK_QUEUE)


async def test_the_next_worker_goes_on_with_the_run_of_a_stopping_one(
    ctx: Context, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "SWEEPS_A_RUN", 2)
    monkeypatch.setattr(options, "SWEEP_INTERVAL", timedelta(minutes=10))
    async with staged(ctx, temporal_client) as stage:
        await stage.complain(notify=False)
        run = await begin_a_run(stage.client)
        await stage.until_asked(1)
        await settle_marks(stage)
        await stage.complain(notify=False)
    monkeypatch.setattr(options, "SWEEPS_A_RUN", 1)
    async with staged(ctx, temporal_client) as stage:
        await stage.until_asked(1)
        swept = await run.result()
        assert (swept.cases_started, swept.is_cut_short) == (2, False)


async def test_a_run_that_fails_is_tried_again(
    ctx: Context, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends after some failures of a server in a row. The next attempt takes the cases that were not reached."""
    away: set[str] = set()
    notify = CaseNotifier.notify

    async def fails_for_some(self: CaseNotifier, follow_up: FollowUp) -> None:
        if follow_up.case_no in away:
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
        await notify(self, follow_up)

    monkeypatch.setattr(CaseNotifier, "notify", fails_for_some)
    async with staged(ctx, temporal_client) as stage:
        cases = [await stage.complain(notify=False) for _ in range(outbox.FAILURES_MAX + 1)]
        away.update(cases[: outbox.FAILURES_MAX])
        swept = await (await begin_a_run(stage.client)).result()
        assert (swept.cases_started, swept.failed) == (1, 0)


async def test_a_schedule_of_an_earlier_release_gets_the_times_of_this_one(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No worker of another test serves this queue.
    monkeypatch.setattr(options, "CASE_WORK_QUEUE", f"no-worker-{rrn()}")
    monkeypatch.setattr(options, "SWEEPS_A_RUN", 12)
    handle = temporal_client.get_schedule_handle(options.SWEEP_SCHEDULE_ID)
    action = ScheduleActionStartWorkflow(SweepWorkflow.run, id="sweep-outbox", task_queue=options.CASE_WORK_QUEUE)
    earlier = Schedule(
        action,
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(seconds=5))]),
        state=ScheduleState(paused=True, note="an operator works on it"),
    )
    await temporal_client.create_schedule(options.SWEEP_SCHEDULE_ID, earlier)
    try:
        for _ in range(2):
            await ensure_schedules(temporal_client)
            there = (await handle.describe()).schedule
            assert [one.every for one in there.spec.intervals] == [timedelta(minutes=1)]
            assert (there.state.paused, there.state.note) == (True, "an operator works on it")
            assert there.policy.overlap is ScheduleOverlapPolicy.BUFFER_ONE
            assert isinstance(there.action, ScheduleActionStartWorkflow)
            assert list(there.action.args) == []
        assert (await handle.describe()).info.num_actions == 0
        await handle.unpause()
        await ensure_schedules(temporal_client)
        await until(partial(has_begun, handle))
    finally:
        running = (await handle.describe()).info.running_actions
        await end_schedules(temporal_client)
        for one in running:
            assert isinstance(one, ScheduleActionExecutionStartWorkflow)
            await temporal_client.get_workflow_handle(one.workflow_id).terminate("the test is over")


async def has_begun(handle: ScheduleHandle) -> bool:
    return (await handle.describe()).info.num_actions == 1


# -- Temporal is unavailable -------------------------------------------------------------------------------------------


@pytest.fixture
async def own_temporal(tmp_path: Path) -> AsyncIterator[EmbeddedTemporal]:
    """A Temporal server that the test may kill."""
    async with EmbeddedTemporal(tmp_path / "temporal.db") as server:
        yield server


async def test_complaints_and_answers_are_taken_while_temporal_is_away_and_flow_on_when_it_is_back(
    database: Pool, ctx: Context, own_temporal: EmbeddedTemporal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "SWEEP_INTERVAL", timedelta(seconds=1))
    monkeypatch.setattr(options, "SWEEPS_A_RUN", 3)
    client: Client = await connect(own_temporal.address, own_temporal.namespace)
    async with staged(ctx, client) as stage:
        await ensure_schedules(client)
        await ensure_schedules(client)
        root, onward = rrn(), rrn()
        case_no = await stage.complain(transfer(reference=root))
        await stage.until_row("delivered", "SELECT state FROM hold_request")
        await own_temporal.kill()
        while_away = await stage.complain(transfer(payee_bank="PUNB"), notify=False)
        answered = await stage.answer(
            "HDFC", case_no, moved(root, "10000.00", "ICIC", "4", rrn_transaction_id=onward), notify=False
        )
        stage.notifier.soon(answered.follow_up)
        with pytest.raises((RPCError, RuntimeError)):
            await stage.notify(answered.follow_up)
        # Runs fell due meanwhile, the first of them long ago.
        await asyncio.sleep(AWAY_SECONDS)
        await own_temporal.restart()
        await stage.until_asked(3)
        assert sorted(stage.banks.asked()[1:]) == [("ICIC", [onward]), ("PUNB", stage.banks.asked_of(while_away))]
        await stage.answer("ICIC", case_no, row(1, onward, "10000.00"))
        await stage.until_state(case_no, "settled")
        assert len(stage.banks.attempts) == 3
        sweeps = await client.get_schedule_handle(options.SWEEP_SCHEDULE_ID).describe()
        assert sweeps.info.num_actions_missed_catchup_window == 0, "a run follows at once"
        for schedule_id in (options.SWEEP_SCHEDULE_ID, options.RECONCILIATION_SCHEDULE_ID):
            await client.get_schedule_handle(schedule_id).delete()
