"""The Temporal client, and the notifier that tells workflows about committed changes."""

import asyncio
import dataclasses
import logging
from collections import deque
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import asyncpg
from temporalio.api.failure.v1 import Failure
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DefaultFailureConverter, PayloadConverter
from temporalio.exceptions import ApplicationError, FailureError
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError, RPCStatusCode

from activities.case.intake import arrived_at
from activities.metrics import BUCKETS_SECONDS
from adapters.clock import wall_clock
from db.case import case_outbox, cases
from db.pool import Pool
from schemas.case.case_workflow import CaseNews, CaseStart, FollowUp, OpenRequest, RequestTimes
from workers.settings import Settings
from workers.temporal_access import PLAIN, TemporalAccess, temporal_access
from workflows import options
from workflows.case import CaseWorkflow, case_workflow_id
from workflows.sweeps import ReconciliationWorkflow, SweepWorkflow

log = logging.getLogger(__name__)

RPC_TIMEOUT = timedelta(seconds=5)
MAX_PENDING = 10_000
"""notifications that one process handles at a time; the sweep sends any further ones"""
MAX_HOPS_A_SIGNAL = 2_000
"""most hops in one signal, because Temporal limits a payload to two megabytes"""
GATHER_SECONDS = 1.0
"""wait for further changes of a case that send no request; below the time after which the sweep sends them"""
RUSH_STARTS = 8
"""cases that are being started at once, from which signals about later layers let them go first"""
BEHIND_STARTS_SECONDS = 8.0
"""the longest that a signal waits for starts; below `NEWS_AFTER_IN_A_RUSH` of the sweep"""
MARK_INTERVAL_SECONDS = 0.25
CLOSE_LIMIT_SECONDS = 10.0

_LATENCY_BUCKETS_SECONDS = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0),
)
"""From 1 ms to an hour. The SDK's own buckets begin at 50 ms, but a first request takes less."""
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
"""by the SDK's name of the histogram"""


class DiscreetFailureConverter(DefaultFailureConverter):
    """Converts failures for histories: of an error without a text written for them, only the class is kept.

    The text of a database or validation error may repeat the row, with names and accounts. The worker's log has the
    full error.
    """

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """Convert `exception` and its causes."""
        if not isinstance(exception, FailureError):
            kind = type(exception).__name__
            worded = ApplicationError("details are in the worker's log", type=kind)
            worded.__traceback__ = exception.__traceback__
            worded.__cause__ = exception.__cause__
            exception = worded
        super().to_failure(exception, payload_converter, failure)


DATA_CONVERTER = dataclasses.replace(pydantic_data_converter, failure_converter_class=DiscreetFailureConverter)
"""data converter for every client, worker and replay"""


def make_runtime(sdk_metrics_port: int | None) -> Runtime:
    """Return a runtime that exposes the SDK's metrics on loopback, or no metrics."""
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


async def connect(
    address: str,
    namespace: str,
    runtime: Runtime | None = None,
    *,
    lazy: bool = False,
    access: TemporalAccess = PLAIN,
) -> Client:
    """Return a client.

    A `lazy` one connects at its first call, so a process can start while Temporal is unavailable.
    """
    return await Client.connect(
        address,
        namespace=namespace,
        data_converter=DATA_CONVERTER,
        runtime=runtime,
        lazy=lazy,
        tls=access.tls,
        api_key=access.api_key,
    )


async def connect_to(settings: Settings, runtime: Runtime | None = None, *, lazy: bool = False) -> Client:
    """Return a client of the Temporal server in the settings, as `connect` does. Raises `SettingsError`."""
    assert settings.temporal_address is not None, "named, or filled in from the running stack"
    access = await asyncio.to_thread(temporal_access, settings)
    return await connect(settings.temporal_address, settings.temporal_namespace, runtime, lazy=lazy, access=access)


async def ensure_schedules(client: Client) -> None:
    """Create the schedules of the outbox sweep and of reconciliation, once for all workers.

    One that an earlier release has made gets the times of this one, and stays paused if it is.
    """
    sweep = ScheduleActionStartWorkflow(
        SweepWorkflow.run, id=options.SWEEP_WORKFLOW_ID, task_queue=options.CASE_WORK_QUEUE
    )
    reconciliation = ScheduleActionStartWorkflow(
        ReconciliationWorkflow.run, id=options.RECONCILIATION_WORKFLOW_ID, task_queue=options.CASE_WORK_QUEUE
    )
    every = options.SWEEP_INTERVAL * options.SWEEPS_A_RUN
    # A run that lasts longer is followed by the next one at once. So is one that ended while Temporal was away.
    sweeps = SchedulePolicy(overlap=ScheduleOverlapPolicy.BUFFER_ONE, catchup_window=options.SWEEP_TIMEOUT + 2 * every)
    rounds = SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(seconds=10))
    await _ensure(client, options.SWEEP_SCHEDULE_ID, _schedule(every, sweep, sweeps), begins_at_once=True)
    await _ensure(
        client,
        options.RECONCILIATION_SCHEDULE_ID,
        _schedule(options.RECONCILIATION_INTERVAL, reconciliation, rounds),
        begins_at_once=False,
    )


def _schedule(every: timedelta, action: ScheduleActionStartWorkflow, policy: SchedulePolicy) -> Schedule:
    return Schedule(action=action, spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]), policy=policy)


async def _ensure(client: Client, schedule_id: str, schedule: Schedule, *, begins_at_once: bool) -> None:
    try:
        await client.create_schedule(schedule_id, schedule, trigger_immediately=begins_at_once)
    except ScheduleAlreadyRunningError:
        await _renew(client.get_schedule_handle(schedule_id), schedule, begins_at_once=begins_at_once)
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
        await _renew(client.get_schedule_handle(schedule_id), schedule, begins_at_once=begins_at_once)


async def _renew(handle: ScheduleHandle, schedule: Schedule, *, begins_at_once: bool) -> None:
    """Give a schedule that is there its present times. Run it now, if it is to begin at once."""

    def renewed(given: ScheduleUpdateInput) -> ScheduleUpdate:
        # An operator may have paused it since it was read.
        return ScheduleUpdate(dataclasses.replace(schedule, state=given.description.schedule.state))

    try:
        there = (await handle.describe(rpc_timeout=RPC_TIMEOUT)).schedule
        if _times_of(there) != _times_of(schedule):
            await handle.update(renewed, rpc_timeout=RPC_TIMEOUT)
        if begins_at_once and not there.state.paused:
            # The engine may have been away for long.
            await handle.trigger(overlap=schedule.policy.overlap, rpc_timeout=RPC_TIMEOUT)
    except RPCError as error:
        # The schedule runs as it is, so a worker need not wait for this.
        log.warning("schedule %s was not renewed: %s", handle.id, error.status.name)


def _times_of(schedule: Schedule) -> tuple[list[timedelta], ScheduleOverlapPolicy, timedelta | None]:
    intervals = [interval.every for interval in schedule.spec.intervals]
    return intervals, schedule.policy.overlap, schedule.policy.catchup_window


class CaseNotifier:
    """Notifies workflows of committed changes.

    It decides and stores nothing: the row in PostgreSQL is the outbox, and the sweep sends every notification that was
    not sent here. Sending one twice is harmless.
    """

    def __init__(self, client: Client, pool: Pool) -> None:
        self._client = client
        self._own_worker: Client | None = None
        """the client of a worker of case work in this process"""
        self._pool = pool
        self._tasks: set[asyncio.Task[None]] = set()
        self._pending: dict[str, deque[CaseNews]] = {}
        """by case that is being signalled: the changes that arrived meanwhile"""
        self._gathered: dict[str, deque[CaseNews]] = {}
        """by case: the changes that can wait a moment for others"""
        self._sent_news: list[int] = []
        self._openings: list[tuple[str, int]] = []
        """cases whose start was sent, each with its opening number"""
        self._marking: asyncio.Task[None] | None = None
        self._starts = 0
        """starts under way"""
        self._is_calm = asyncio.Event()
        """set unless many starts are under way"""
        self._is_calm.set()

    @contextmanager
    def starting_here(self, client: Client) -> Iterator[None]:
        """Start cases in the worker of `client` in this process while the block runs, if it has room for them."""
        self._own_worker = client
        try:
            yield
        finally:
            self._own_worker = None

    def soon(self, follow_up: FollowUp | None) -> None:
        """Notify the workflow in the background, right after the commit; a failure is logged and left to the sweep.

        Changes that arrive while the same case is being notified wait and go together, so a burst of answers is one
        signal. Changes that send no request wait a moment for others.
        """
        if follow_up is None or len(self._tasks) >= MAX_PENDING:
            return
        follow_up = _timed(follow_up, RequestTimes(received_at=arrived_at(), committed_at=wall_clock()))
        case_no, news = follow_up.case_no, follow_up.news
        pending = self._pending.get(case_no)
        if follow_up.start or news is None:
            self._spawn(self._run(follow_up, self._gathered.get(case_no)))
        elif pending is not None:
            if len(pending) < MAX_PENDING:
                pending.append(news)
        elif news.can_wait:
            self._gather(case_no, news)
        else:
            self._spawn(self._run(follow_up, self._gathered.get(case_no)))

    def _gather(self, case_no: str, news: CaseNews) -> None:
        """Keep changes for a moment, in which others may join them."""
        gathered = self._gathered.get(case_no)
        if gathered is None:
            self._gathered[case_no] = deque([news])
            self._spawn(self._send_gathered(case_no))
        elif len(gathered) < MAX_PENDING:
            gathered.append(news)

    async def _send_gathered(self, case_no: str) -> None:
        await asyncio.sleep(GATHER_SECONDS)
        if gathered := self._gathered.pop(case_no):
            await self._run(FollowUp(case_no=case_no), gathered)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def notify(self, follow_up: FollowUp) -> None:
        """Start the workflow or signal it. Raises `RPCError` if Temporal cannot be reached."""
        if follow_up.start:
            await self._start(follow_up.start)
        if follow_up.news:
            await self._signal(follow_up.case_no, follow_up.news, [follow_up.news.news_id])

    async def close(self) -> None:
        """Finish pending notifications, within a limit, and mark the sent ones."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_LIMIT_SECONDS)
        if self._marking:
            self._marking.cancel()
            await asyncio.wait((self._marking,), timeout=CLOSE_LIMIT_SECONDS)
        await self._try_mark()

    async def _run(self, follow_up: FollowUp, gathered: deque[CaseNews] | None = None) -> None:
        """Start the workflow if that is due, then signal it until no change is left."""
        case_no = follow_up.case_no
        first = case_no not in self._pending
        pending = self._pending.setdefault(case_no, deque())
        if gathered:
            pending.extend(gathered)
            gathered.clear()
        if follow_up.news:
            pending.append(follow_up.news)
        try:
            if follow_up.start:
                with self._counted_start():
                    await self._start(follow_up.start)
            while first and pending:
                if not pending[0].escalate_request_id:
                    await self._let_starts_go_first()
                await self._signal(case_no, *_combined(pending))
        except (RPCError, RuntimeError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # A lazy client raises RuntimeError when its first connection fails.
            log.warning("case %s was not notified, the sweep will do it: %s", case_no, type(error).__name__)
        finally:
            if first:
                del self._pending[case_no]

    @contextmanager
    def _counted_start(self) -> Iterator[None]:
        self._starts += 1
        if self._starts >= RUSH_STARTS:
            self._is_calm.clear()
        try:
            yield
        finally:
            self._starts -= 1
            if self._starts < RUSH_STARTS:
                self._is_calm.set()

    async def _let_starts_go_first(self) -> None:
        """Wait in a rush, because the first request of a case catches more than a later layer of another one.

        Changes of the same case that arrive meanwhile go with this one.
        """
        if self._is_calm.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(BEHIND_STARTS_SECONDS):
                await self._is_calm.wait()

    async def _start(self, start: CaseStart, news: CaseNews | None = None) -> None:
        await (self._own_worker or self._client).start_workflow(
            CaseWorkflow.run,
            start,
            id=case_workflow_id(start.case_no),
            task_queue=options.CASE_WORK_QUEUE,
            task_timeout=options.CASE_TASK_TIMEOUT,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal="notify" if news else None,
            start_signal_args=[news] if news else [],
            # The server gives the first workflow task to this process at once; it refuses that beside a signal.
            request_eager_start=self._own_worker is not None and news is None,
            rpc_timeout=RPC_TIMEOUT,
        )
        self._openings.append((start.case_no, start.opening_no))
        self._mark_soon()

    async def _signal(self, case_no: str, news: CaseNews, news_ids: Sequence[int]) -> None:
        handle = self._client.get_workflow_handle(case_workflow_id(case_no))
        try:
            await handle.signal(CaseWorkflow.notify, news, rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            if not await self._revive(case_no, news):
                return
        self._sent_news += news_ids
        self._mark_soon()

    async def _revive(self, case_no: str, news: CaseNews) -> bool:
        """Start the missing workflow of a case from the database's current state, unless the case is closed.

        Returns false if the case is paused, so that the sweep sends the notification after the pause.
        """
        async with self._pool.acquire() as connection:
            if await cases.is_paused(connection, case_no, wall_clock()):
                return False
            if not await cases.is_open(connection, case_no):
                return True
            start = await cases.snapshot(connection, case_no)
        await self._start(start, news)
        return True

    def _mark_soon(self) -> None:
        if self._marking is None or self._marking.done():
            self._marking = asyncio.get_running_loop().create_task(self._mark_later())

    async def _mark_later(self) -> None:
        """Write the marks after a short wait, many in one write. A lost mark only costs a second notification."""
        await asyncio.sleep(MARK_INTERVAL_SECONDS)
        await self._try_mark()

    async def _try_mark(self) -> None:
        try:
            await self._mark()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("notifications were not marked as sent: %s", type(error).__name__)

    async def _mark(self) -> None:
        news, openings = self._sent_news, self._openings
        if not news and not openings:
            return
        self._sent_news, self._openings = [], []
        try:
            await self._write_marks(news, openings)
        except asyncio.CancelledError:
            # Only `close` cancels this task, and it writes the remaining marks.
            self._sent_news += news
            self._openings += openings
            raise

    async def _write_marks(self, news: Sequence[int], openings: Sequence[tuple[str, int]]) -> None:
        now = wall_clock()
        async with self._pool.acquire() as connection:
            if news:
                await case_outbox.mark_signalled(connection, news, now)
            if openings:
                await cases.mark_started(connection, openings, now)


def _timed(follow_up: FollowUp, times: RequestTimes) -> FollowUp:
    """Return the notification with these times of the requests that its commit has planned."""
    start, news = follow_up.start, follow_up.news
    # The start of a case that had requests before is read from its rows, and has old requests too.
    notification = news or (start if start and not start.last_batch_no else None)
    if notification is None or not notification.requests:
        return follow_up
    planned = {request.request_id for request in notification.requests}

    def timed(requests: Sequence[OpenRequest]) -> dict[str, tuple[OpenRequest, ...]]:
        new = {"times": times}
        return {
            "requests": tuple(
                request.model_copy(update=new) if request.request_id in planned else request for request in requests
            )
        }

    return follow_up.model_copy(
        update={
            "start": start and start.model_copy(update=timed(start.requests)),
            "news": news and news.model_copy(update=timed(news.requests)),
        }
    )


def _combined(pending: deque[CaseNews]) -> tuple[CaseNews, list[int]]:
    """Return the next signal and the ids of its rows: as many as fit, but an escalation alone."""
    news = pending.popleft()
    news_ids = [news.news_id]
    while pending and not (news.escalate_request_id or pending[0].escalate_request_id):
        if news.hops + pending[0].hops > MAX_HOPS_A_SIGNAL:
            break
        news = news.joined(pending.popleft())
        news_ids.append(news.news_id)
    return news, news_ids
