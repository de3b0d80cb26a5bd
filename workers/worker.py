"""A worker process: runs workflows and activities until it is stopped."""

import asyncio
import gc
import logging
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any

import asyncpg
from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, UnsandboxedWorkflowRunner, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.banks.delivery import Adapters, BankDelivery
from activities.case.hold_requests import CaseActivities
from activities.case.outbox import SweepActivities
from activities.case.payer_inquiries import PayerInquirySender
from activities.case.reply_links import LetterLinks
from activities.context import Context
from activities.database_figures import DatabaseGauges, read_backlog
from activities.evidence.nightly import NightlyRuns
from activities.gateway.feed import announce
from activities.gateway.iso_files import SpoolWatcher
from activities.gateway.lien_rounds import ReconciliationActivities
from activities.recovery import hearings
from activities.recovery.document_issuing import appeal_address
from activities.secrets import CannotOpen, Process
from adapters.banks.email import EmailAdapter, LinkMaker
from adapters.banks.i4c.client import I4cAdapter
from adapters.banks.iso20022.spool import Spool, SpoolAdapter
from adapters.banks.protocol import BankAdapter, BankError, PullAdapter
from adapters.banks.push.client import PushAdapter
from adapters.messages.smtp import Mailer
from domain.policy.telephone import HolidayRules
from schemas.enums import ChannelKind
from workers.embedded.temporal import free_port
from workers.home import refuse_secret_key
from workers.loops.outbound import OutboundLoop
from workers.loops.procedures import ProcedureStarter
from workers.loops.rounds import Rounds, all_rounds
from workers.metrics_page import served
from workers.restoration_workers import WORKFLOWS, Engine, RecoveryActivities
from workers.settings import Settings
from workers.temporal import CaseNotifier, ensure_schedules
from workers.temporal_access import HEARTBEATS_PER_TIMEOUT, Heartbeats
from workflows import options
from workflows.case import CaseWorkflow
from workflows.sweeps import ReconciliationWorkflow, SweepWorkflow

log = logging.getLogger(__name__)

GRACEFUL_STOP = timedelta(seconds=8)
"""time that running activities have to end"""
STOP_MAX = GRACEFUL_STOP + timedelta(seconds=4)
MAX_BANK_CALLS = 200
MAX_CASE_WORK = 100
MAX_WORKFLOW_TASKS = 100
MAX_RESTORATION_WORK = 2
"""few at a time, because these deadlines are days away and cases need the server, database and processor first"""
RESTORATION_NICENESS = 10
"""a process that serves this queue alone yields the processor to the others"""
RESTORATION_GARBAGE_THRESHOLDS = (20_000, 10, 2)
"""such a process has time to look for garbage often; each restoration that leaves the cache is 100 kB in cycles"""
MAX_CACHED_CASES = 2_000
MAX_CACHED_RESTORATIONS = 500
"""a restoration waits for days, and is read again when something happens"""
STICKY_TIMEOUT = timedelta(seconds=2)
"""after a process dies, its cases continue in another one after this time"""
LOGINS_AT_ONCE = 8
ANCHOR_FOLDER = "anchors"
"""in the home folder, if the settings name none"""
CHECK_FILES_SECONDS = 1.0
KEEP_LOGGED_IN_SECONDS = 60.0
"""tokens live about an hour, so a check once a minute rarely leaves a request with an ended token"""


PASSED_THROUGH = (
    *("activities", "adapters", "db", "documents", "domain", "schemas"),
    *("workflows.case_state", "workflows.options", "workflows.procedures"),
)
"""Modules that the sandbox need not reload for each case, because they are deterministic. This saves 11 ms in a case's
first workflow task."""


class Queues(StrEnum):
    """The queues that one worker process serves."""

    ALL = "all"
    GOLDEN_HOUR = "golden-hour"
    """case work and bank calls: all that tracks money, in a separate process"""
    CASE_WORK = options.CASE_WORK_QUEUE
    BANK_CALLS = options.BANK_CALLS_QUEUE
    RESTORATION = options.RESTORATION_QUEUE

    def serve(self, queue: "Queues") -> bool:
        """Return whether a process with this setting serves the given queue."""
        tracks_money = queue in {Queues.CASE_WORK, Queues.BANK_CALLS}
        return self in {Queues.ALL, queue} or (self is Queues.GOLDEN_HOUR and tracks_money)


def sandbox() -> SandboxedWorkflowRunner:
    """Return the sandbox for the workflow files. Their imports pass through, because those are deterministic."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))


def make_workers(
    client: Client,
    ctx: Context,
    banks: Adapters,
    mailer: Mailer | None,
    notifier: CaseNotifier,
    queues: Queues,
    *,
    links: LinkMaker | None = None,
    sandboxed: bool = True,
    remote_activities: bool = True,
) -> list[Worker]:
    """Return the workers for these queues, not yet running.

    `links` makes the links in escalation letters.

    The sandbox detects non-deterministic code, but adds 4 ms to a case's first workflow task. All tests and replays run
    in it, so a production worker can run without it. Without `remote_activities` the worker of case work runs workflows
    and their local activities only.
    """
    bank_delivery = BankDelivery(ctx, banks)
    # A worker process that serves case work alone leaves all calls to the one that serves the queue of bank calls.
    calls_banks = queues.serve(Queues.BANK_CALLS) or not remote_activities
    case_activities = CaseActivities(ctx, bank_delivery, mailer, links, calls_banks=calls_banks)
    recovery = RecoveryActivities(ctx, bank_delivery, mailer, links)
    reconciliation = ReconciliationActivities(ctx, banks, mailer)
    sweep = SweepActivities(
        ctx, notifier.notify, hearings.ORDERS, hearings.HEARINGS, options.SWEEPS_A_RUN, options.SWEEP_INTERVAL
    )
    workers = []
    if queues.serve(Queues.CASE_WORK):
        workers.append(
            Worker(
                client,
                task_queue=options.CASE_WORK_QUEUE,
                workflows=[CaseWorkflow, SweepWorkflow, ReconciliationWorkflow],
                workflow_runner=sandbox() if sandboxed else UnsandboxedWorkflowRunner(),
                activities=[
                    case_activities.escalate_request,
                    case_activities.settle_case,
                    case_activities.plan_requests,
                    case_activities.send_batch,
                    sweep.sweep_outbox,
                    reconciliation.plan_round,
                    reconciliation.ask_by_people,
                ],
                max_cached_workflows=MAX_CACHED_CASES,
                max_concurrent_workflow_tasks=MAX_WORKFLOW_TASKS,
                max_concurrent_activities=MAX_CASE_WORK,
                no_remote_activities=not remote_activities,
                sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
                workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
                activity_task_poller_behavior=PollerBehaviorAutoscaling(),
                graceful_shutdown_timeout=GRACEFUL_STOP,
                # Bank calls must follow the order and limits of their queue, which an eager activity would bypass.
                disable_eager_activity_execution=True,
                interceptors=[Heartbeats()],
                max_heartbeat_throttle_interval=options.ACTIVITY_HEARTBEAT / HEARTBEATS_PER_TIMEOUT,
            )
        )
    if queues.serve(Queues.RESTORATION):
        workers.append(
            Worker(
                client,
                task_queue=options.RESTORATION_QUEUE,
                workflows=list(WORKFLOWS),
                workflow_runner=sandbox() if sandboxed else UnsandboxedWorkflowRunner(),
                activities=recovery.restoration_queue(),
                max_cached_workflows=MAX_CACHED_RESTORATIONS,
                max_concurrent_workflow_tasks=MAX_RESTORATION_WORK,
                max_concurrent_activities=MAX_RESTORATION_WORK,
                graceful_shutdown_timeout=GRACEFUL_STOP,
                disable_eager_activity_execution=True,
                interceptors=[Heartbeats()],
                max_heartbeat_throttle_interval=options.ACTIVITY_HEARTBEAT / HEARTBEATS_PER_TIMEOUT,
            )
        )
    if queues.serve(Queues.BANK_CALLS):
        workers.append(
            Worker(
                client,
                task_queue=options.BANK_CALLS_QUEUE,
                activities=[
                    case_activities.send_hold_request,
                    reconciliation.ask_by_channel,
                    *recovery.bank_calls_queue(),
                ],
                max_concurrent_activities=MAX_BANK_CALLS,
                activity_task_poller_behavior=PollerBehaviorAutoscaling(),
                graceful_shutdown_timeout=GRACEFUL_STOP,
            )
        )
    return workers


@asynccontextmanager
async def running(workers: Sequence[Worker]) -> AsyncIterator[None]:
    """Run the workers while the block runs, and stop them after it. Raises the error with which a worker ended."""
    async with AsyncExitStack() as stack:
        for worker in workers:
            await stack.enter_async_context(_running(worker))
        yield


@asynccontextmanager
async def _running(worker: Worker) -> AsyncIterator[None]:
    """Run one worker; wait for its stop, but not for ever.

    The last step of the SDK's stop sometimes never ends, mostly where a workflow was terminated during its activity.
    At that point all activities have ended and nothing is polled, so that nothing is lost.
    """
    caller = asyncio.current_task()
    assert caller is not None, "a block runs in a task"
    running = asyncio.create_task(worker.run())
    running.add_done_callback(end_block := lambda _: caller.cancel())
    try:
        yield
    finally:
        running.remove_done_callback(end_block)
        stop = asyncio.create_task(worker.shutdown())
        await asyncio.wait([running], timeout=STOP_MAX.total_seconds())
        if not running.done():
            log.warning("worker of %s did not end within %s of its stop", worker.task_queue, STOP_MAX)
            running.cancel()
        stop.cancel()
        outcome, _ = await asyncio.gather(running, stop, return_exceptions=True)
        if isinstance(outcome, Exception):
            caller.uncancel()
            raise outcome


def logins(ctx: Context, banks: I4cAdapter) -> Rounds:
    """Return the rounds that keep a valid token of every bank, so that no hold request waits for a login."""
    return Rounds("logins at banks", (partial(_log_in, ctx, banks),), KEEP_LOGGED_IN_SECONDS)


async def _log_in(ctx: Context, banks: I4cAdapter) -> None:
    limit = asyncio.Semaphore(LOGINS_AT_ONCE)

    async def log_in(code: str) -> None:
        async with limit:
            try:
                wire = await ctx.directory.wire(code)
                if wire is not None:
                    await banks.log_in(wire)
            except (BankError, CannotOpen, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                # The request that needs the bank reports the error. Here an early log line is enough.
                log.debug("no login at %s: %s", code, type(error).__name__)

    codes = [institution.code for institution in ctx.directory.current if ChannelKind.I4C in institution.channels]
    await asyncio.gather(*(log_in(code) for code in codes))


def letter_links(settings: Settings, engine: Engine) -> LetterLinks | None:
    """Return the maker of links in letters, or None without a public address."""
    return LetterLinks(engine.ctx, engine.keys, settings.public_url) if settings.public_url else None


def email_channel(mailer: Mailer | None, links: LinkMaker | None, holidays: Callable[[], HolidayRules]) -> Adapters:
    """Return the e-mail channel, if mail can be sent and links can be made."""
    return {ChannelKind.EMAIL: EmailAdapter(mailer, links, holidays)} if mailer and links else {}


async def run_worker(settings: Settings, queues: Queues, stop: asyncio.Event) -> None:
    """Run one worker process until `stop` is set, then finish running work within `GRACEFUL_STOP`.

    Raises the error that prevents the start: no database, no Temporal, or a wrong setting, such as the secret key.
    """
    refuse_secret_key(settings, Process.WORKER)
    if queues is Queues.RESTORATION:
        os.nice(RESTORATION_NICENESS)
        gc.set_threshold(*RESTORATION_GARBAGE_THRESHOLDS)
    sdk_port = free_port() if settings.worker_metrics_port is not None else None
    mailer = Mailer.from_url(settings.smtp_url.get_secret_value()) if settings.smtp_url else None
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(
            Engine.open(
                settings, Process.WORKER, sdk_metrics_port=sdk_port, golden_hour=queues.serve(Queues.BANK_CALLS)
            )
        )
        if settings.worker_metrics_port is not None and sdk_port is not None:
            refresh = partial(DatabaseGauges(read_backlog).refresh, engine.pool)
            await stack.enter_async_context(served(settings.api_host, settings.worker_metrics_port, sdk_port, refresh))
        links = letter_links(settings, engine)
        adapters = await open_adapters(stack, settings, engine, mailer, links)
        if queues.serve(Queues.CASE_WORK):
            await ensure_schedules(engine.client)
        loops = await _loops(stack, settings, engine, adapters, mailer, queues)
        workers = make_workers(
            engine.client,
            engine.ctx,
            adapters,
            mailer,
            engine.notifier,
            queues,
            links=links,
            sandboxed=False,
        )
        async with running(workers):
            log.info("worker runs %s", queues)
            tasks = [asyncio.create_task(loop) for loop in loops]
            try:
                await stop.wait()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


async def open_adapters(
    stack: AsyncExitStack, settings: Settings, engine: Engine, mailer: Mailer | None, links: LinkMaker | None
) -> dict[ChannelKind, BankAdapter[Any]]:
    """Return an adapter for every channel that the settings allow, open as long as `stack`."""
    adapters: dict[ChannelKind, BankAdapter[Any]] = {
        ChannelKind.I4C: await stack.enter_async_context(I4cAdapter(allow_plain_http=settings.allow_plain_http)),
        ChannelKind.PUSH: await stack.enter_async_context(PushAdapter(allow_plain_http=settings.allow_plain_http)),
        ChannelKind.PULL: PullAdapter(partial(announce, engine.ctx.pool)),
    }
    adapters.update(email_channel(mailer, links, lambda: engine.ctx.policy.bank_holidays))
    if settings.iso_spool is not None:
        adapters[ChannelKind.ISO20022] = await stack.enter_async_context(SpoolAdapter(Spool(settings.iso_spool)))
    return adapters


async def _loops(
    stack: AsyncExitStack,
    settings: Settings,
    engine: Engine,
    adapters: Adapters,
    mailer: Mailer | None,
    queues: Queues,
) -> list[Coroutine[Any, Any, None]]:
    """Return the loops that run for ever beside the queues."""
    loops = []
    if queues.serve(Queues.BANK_CALLS):
        i4c = adapters[ChannelKind.I4C]
        assert isinstance(i4c, I4cAdapter), "the I4C channel has an I4C adapter"
        loops.append(logins(engine.ctx, i4c).run())
    if queues.serve(Queues.CASE_WORK) and settings.iso_spool is not None:
        watcher = SpoolWatcher(engine.ctx, Spool(settings.iso_spool), engine.notifier.soon)
        loops.append(Rounds("files of banks", (watcher.check_once,), CHECK_FILES_SECONDS).run())
    if queues.serve(Queues.RESTORATION):
        outbound = await stack.enter_async_context(OutboundLoop.opened(engine.ctx, settings, mailer))
        starter = ProcedureStarter(engine.ctx, engine.client, appeal_address(settings.public_url))
        loops.append(outbound.run())
        sender = PayerInquirySender(engine.ctx, BankDelivery(engine.ctx, adapters))
        assert engine.settings.database_url is not None, "an open engine has a database"
        dsn = engine.settings.database_url.get_secret_value()
        nightly = NightlyRuns(engine.ctx, dsn, settings.anchor_folder or settings.home / ANCHOR_FOLDER)
        loops += [rounds.run() for rounds in all_rounds(engine.ctx, starter, sender, nightly)]
    return loops
