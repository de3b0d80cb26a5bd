"""The Temporal client, and the courier that tells workflows what was committed."""

import asyncio
import dataclasses
import logging
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
from temporalio.api.failure.v1 import Failure
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DefaultFailureConverter, PayloadConverter
from temporalio.exceptions import ApplicationError, FailureError
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError, RPCStatusCode

from activities.metrics import BUCKETS_SECONDS
from db.cases import cases
from db.outbox import case_outbox
from db.pool import Pool
from schemas.outbox.case import CaseNews, CaseStart, FollowUp
from workflows import options
from workflows.case import CaseWorkflow, case_workflow_id
from workflows.reconciliation import ReconciliationWorkflow
from workflows.sweep import SweepWorkflow

log = logging.getLogger(__name__)

RPC_TIMEOUT = timedelta(seconds=5)
MAX_WAITING = 10_000
"""follow-ups one process carries at a time; what is above that is left to the sweep"""
MAX_HOPS_A_SIGNAL = 2_000
"""what is gathered into one signal; a payload to Temporal holds two megabytes"""
MARK_INTERVAL_SECONDS = 0.25
CLOSE_LIMIT_SECONDS = 10.0

_LATENCY_BUCKETS_SECONDS = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0),
)
"""From 1 ms to an hour. The SDK's own begin at 50 ms: a first request is out in less."""
SDK_BUCKETS_SECONDS = {
    **dict.fromkeys(
        (
            "request_latency",
            "long_request_latency",
            "workflow_task_schedule_to_start_latency",
            "workflow_task_execution_latency",
            "workflow_task_replay_latency",
            "activity_schedule_to_start_latency",
            "activity_execution_latency",
            "activity_succeed_endtoend_latency",
        ),
        _LATENCY_BUCKETS_SECONDS,
    ),
    "workflow_endtoend_latency": BUCKETS_SECONDS,
}
"""by the name that the SDK gives a histogram"""


class DiscreetFailureConverter(DefaultFailureConverter):
    """Failures as a history may keep them: of an error that nobody worded for it, only the class.

    The text of a database's or a validator's error may repeat the row it was about, with names and accounts in it. The
    worker's log has it all.
    """

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """Convert `exception` and its causes."""
        if not isinstance(exception, FailureError):
            kind = type(exception).__name__
            worded = ApplicationError("not worded for a history; see the worker's log", type=kind)
            worded.__traceback__ = exception.__traceback__
            worded.__cause__ = exception.__cause__
            exception = worded
        super().to_failure(exception, payload_converter, failure)


DATA_CONVERTER = dataclasses.replace(pydantic_data_converter, failure_converter_class=DiscreetFailureConverter)
"""how everything of ours travels through Temporal: for every client, worker and replay"""


def make_runtime(sdk_metrics_port: int | None) -> Runtime:
    """A runtime that shows the SDK's own metrics on loopback, or none."""
    if sdk_metrics_port is None:
        return Runtime(telemetry=TelemetryConfig())
    metrics = PrometheusConfig(
        bind_address=f"127.0.0.1:{sdk_metrics_port}",
        durations_as_seconds=True,
        unit_suffix=True,
        counters_total_suffix=True,
        histogram_bucket_overrides=SDK_BUCKETS_SECONDS,
    )
    return Runtime(telemetry=TelemetryConfig(metrics=metrics))


async def connect(address: str, namespace: str, runtime: Runtime | None = None, *, lazy: bool = False) -> Client:
    """A client; a `lazy` one connects at its first call, so that a process can start while Temporal is away."""
    return await Client.connect(address, namespace=namespace, data_converter=DATA_CONVERTER, runtime=runtime, lazy=lazy)


async def ensure_schedules(client: Client) -> None:
    """Have the sweep and the round of reconciliation run for ever, once for however many workers there are."""
    sweep = ScheduleActionStartWorkflow(
        SweepWorkflow.run, id=options.SWEEP_WORKFLOW_ID, task_queue=options.CASE_WORK_QUEUE
    )
    reconciliation = ScheduleActionStartWorkflow(
        ReconciliationWorkflow.run, id=options.RECONCILIATION_WORKFLOW_ID, task_queue=options.CASE_WORK_QUEUE
    )
    await _ensure(client, options.SWEEP_SCHEDULE_ID, sweep, options.SWEEP_INTERVAL)
    await _ensure(client, options.RECONCILIATION_SCHEDULE_ID, reconciliation, options.RECONCILIATION_INTERVAL)


async def _ensure(client: Client, schedule_id: str, action: ScheduleActionStartWorkflow, every: timedelta) -> None:
    schedule = Schedule(
        action=action,
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(seconds=10)),
    )
    try:
        await client.create_schedule(schedule_id, schedule)
    except ScheduleAlreadyRunningError:
        pass
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise


class CaseNotifier:
    """Tells workflows what was committed.

    It never decides and never keeps: the row in PostgreSQL is the outbox, and what is not told here is told by the
    sweep. Telling twice is harmless.
    """

    def __init__(self, client: Client, pool: Pool) -> None:
        self._client = client
        self._pool = pool
        self._errands: set[asyncio.Task[None]] = set()
        self._waiting: dict[str, deque[CaseNews]] = {}
        """by case that is being signalled: what has come up meanwhile"""
        self._told_news: list[int] = []
        self._openings: list[tuple[str, int]] = []
        """cases whose start was told, each with the opening it was told for"""
        self._marking: asyncio.Task[None] | None = None

    def soon(self, follow_up: FollowUp | None) -> None:
        """Tell it in the background; a failure is logged and left to the sweep.

        News that come while the same case is being told wait for that, and go together: a burst of answers is one
        signal.
        """
        if follow_up is None or len(self._errands) >= MAX_WAITING:
            return
        waiting = self._waiting.get(follow_up.case_no)
        if waiting is not None and follow_up.news and not follow_up.start:
            if len(waiting) < MAX_WAITING:
                waiting.append(follow_up.news)
            return
        errand = asyncio.get_running_loop().create_task(self._run(follow_up))
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)

    async def tell(self, follow_up: FollowUp) -> None:
        """Start the workflow or send it the news. Raises `RPCError` when Temporal cannot be reached."""
        if follow_up.start:
            await self._start(follow_up.start)
        if follow_up.news:
            await self._signal(follow_up.case_no, follow_up.news, [follow_up.news.news_id])

    async def close(self) -> None:
        """Finish what is under way, within a limit, and mark what was told."""
        if self._errands:
            await asyncio.wait(self._errands, timeout=CLOSE_LIMIT_SECONDS)
        if self._marking:
            self._marking.cancel()
            await asyncio.wait((self._marking,), timeout=CLOSE_LIMIT_SECONDS)
        await self._mark()

    async def _run(self, follow_up: FollowUp) -> None:
        case_no = follow_up.case_no
        leads = case_no not in self._waiting
        waiting = self._waiting.setdefault(case_no, deque())
        try:
            await self.tell(follow_up)
            while leads and waiting:
                await self._signal(case_no, *_gathered(waiting))
        except (RPCError, RuntimeError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # RuntimeError is what a lazy client raises when its first connection fails.
            log.warning("case %s was not told, the sweep will: %s", case_no, type(error).__name__)
        finally:
            if leads:
                del self._waiting[case_no]

    async def _start(self, start: CaseStart, news: CaseNews | None = None) -> None:
        await self._client.start_workflow(
            CaseWorkflow.run,
            start,
            id=case_workflow_id(start.case_no),
            task_queue=options.CASE_WORK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal="tell" if news else None,
            start_signal_args=[news] if news else [],
            rpc_timeout=RPC_TIMEOUT,
        )
        self._openings.append((start.case_no, start.opening_no))
        self._mark_soon()

    async def _signal(self, case_no: str, told: CaseNews, news_ids: Sequence[int]) -> None:
        handle = self._client.get_workflow_handle(case_workflow_id(case_no))
        try:
            await handle.signal(CaseWorkflow.tell, told, rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            await self._revive(case_no, told)
        self._told_news += news_ids
        self._mark_soon()

    async def _revive(self, case_no: str, told: CaseNews) -> None:
        """No workflow runs for the case: start it from what the database knows now, unless the case is settled."""
        async with self._pool.acquire() as connection:
            if not await cases.is_open(connection, case_no):
                return
            start = await cases.snapshot(connection, case_no)
        await self._start(start, told)

    def _mark_soon(self) -> None:
        if self._marking is None or self._marking.done():
            self._marking = asyncio.get_running_loop().create_task(self._mark_later())

    async def _mark_later(self) -> None:
        """Marks are gathered: one write for many, since a mark that is lost only costs a second telling."""
        await asyncio.sleep(MARK_INTERVAL_SECONDS)
        try:
            await self._mark()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("marks were not written: %s", type(error).__name__)

    async def _mark(self) -> None:
        told, openings = self._told_news, self._openings
        if not told and not openings:
            return
        self._told_news, self._openings = [], []
        try:
            await self._write_marks(told, openings)
        except asyncio.CancelledError:
            # It is the stop that cancels, and it writes what is left.
            self._told_news += told
            self._openings += openings
            raise

    async def _write_marks(self, told: Sequence[int], openings: Sequence[tuple[str, int]]) -> None:
        now = datetime.now(UTC)
        async with self._pool.acquire() as connection:
            if told:
                await case_outbox.mark_signalled(connection, told, now)
            if openings:
                await cases.mark_started(connection, openings, now)


def _gathered(waiting: deque[CaseNews]) -> tuple[CaseNews, list[int]]:
    """The next signal of what waits, and the rows it tells of: as many as fit, an escalation alone."""
    told = waiting.popleft()
    news_ids = [told.news_id]
    while waiting and not (told.escalate_request_id or waiting[0].escalate_request_id):
        if told.hops + waiting[0].hops > MAX_HOPS_A_SIGNAL:
            break
        told = told.joined(waiting.popleft())
        news_ids.append(told.news_id)
    return told, news_ids
