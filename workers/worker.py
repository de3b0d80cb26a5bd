"""A worker process: runs workflows and hands until it is told to stop."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any

import asyncpg
from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, UnsandboxedWorkflowRunner, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.bank_gateway.feed import announce
from activities.banks.delivery import Adapters, Carrier
from activities.context import Context
from activities.outbox import SweepActivities
from activities.reconciliation.rounds import ReconciliationActivities
from activities.secrets import CannotOpen
from activities.tracing.answer_links import LetterLinks
from activities.tracing.hold_requests import CaseActivities
from adapters.banks.email import EmailAdapter, LinkMaker
from adapters.banks.i4c.client import I4cAdapter
from adapters.banks.iso20022.spool import Spool, SpoolAdapter
from adapters.banks.protocol import BankAdapter, BankError
from adapters.banks.pull import PullAdapter
from adapters.banks.push.client import PushAdapter
from adapters.messages.smtp import Mailer
from schemas.banks.rosters import HolidayRules
from schemas.enums import ChannelKind
from workers.assembly import Engine
from workers.embedded.ports import free_port
from workers.heartbeats import BEATS_A_TIMEOUT, Heartbeats
from workers.loops.iso_spool import IsoWatch
from workers.loops.outbound import Outward
from workers.loops.procedures import Aftercare
from workers.metrics_page import served
from workers.settings import Settings
from workers.temporal import CaseNotifier, ensure_schedules
from workers.way_home import WORKFLOWS, WayHome
from workflows import options
from workflows.case import CaseWorkflow
from workflows.reconciliation import ReconciliationWorkflow
from workflows.sweep import SweepWorkflow

log = logging.getLogger(__name__)

GRACEFUL_STOP = timedelta(seconds=8)
MAX_BANK_CALLS = 200
MAX_CASE_WORK = 100
MAX_WORKFLOW_TASKS = 100
MAX_WAY_HOME_WORK = 2
"""its clocks count days: few at a time, so that server, database and processor have room for the golden hour"""
WAY_HOME_NICENESS = 10
"""a process that serves it alone leaves the processor to the others"""
MAX_CACHED_CASES = 2_000
LOGINS_AT_ONCE = 8
KEEP_LOGGED_IN_SECONDS = 60.0
"""tokens live about an hour: looking once a minute, one is seldom found ended by a request"""


PASSED_THROUGH = (
    *("activities", "adapters", "db", "domain", "papers", "schemas"),
    *("workflows.case_state", "workflows.options", "workflows.row_clock"),
)
"""What a workflow imports and the sandbox need not load again for each case: a first workflow task takes 11 ms less."""


class Queues(StrEnum):
    """Which queues one worker process serves."""

    ALL = "all"
    GOLDEN_HOUR = "golden-hour"
    """case work and bank calls: all that chases money, in a process of its own"""
    CASE_WORK = options.CASE_WORK_QUEUE
    BANK_CALLS = options.BANK_CALLS_QUEUE
    WAY_HOME = options.RESTORATION_QUEUE

    def serve(self, queue: "Queues") -> bool:
        """Whether a process of these queues serves that one."""
        chases = queue in {Queues.CASE_WORK, Queues.BANK_CALLS}
        return self in {Queues.ALL, queue} or (self is Queues.GOLDEN_HOUR and chases)


def sandbox() -> SandboxedWorkflowRunner:
    """The sandbox around the workflows' own files; what they import is pure or only named, and passes through."""
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
    public_url: str | None = None,
    sandboxed: bool = True,
) -> list[Worker]:
    """The workers for these queues, not yet running.

    `links` makes those in the ladder's letters; below `public_url` holders of accounts find the page for their appeal.

    The sandbox finds what is not deterministic, and costs a first workflow task 4 ms: every test and every replay runs
    in it, so that a worker in earnest can do without.
    """
    carrier = Carrier(ctx, banks)
    freeze = CaseActivities(ctx, carrier, mailer, links)
    way_home = WayHome(ctx, carrier, mailer, links, public_url=public_url)
    rounds = ReconciliationActivities(ctx, banks, mailer)
    workers = []
    if queues.serve(Queues.CASE_WORK):
        workers.append(
            Worker(
                client,
                task_queue=options.CASE_WORK_QUEUE,
                workflows=[CaseWorkflow, SweepWorkflow, ReconciliationWorkflow],
                workflow_runner=sandbox() if sandboxed else UnsandboxedWorkflowRunner(),
                activities=[
                    freeze.climb_rung,
                    freeze.settle_case,
                    SweepActivities(ctx, notifier.tell).sweep_outbox,
                    rounds.plan_round,
                    rounds.ask_by_people,
                ],
                max_cached_workflows=MAX_CACHED_CASES,
                max_concurrent_workflow_tasks=MAX_WORKFLOW_TASKS,
                max_concurrent_activities=MAX_CASE_WORK,
                workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
                activity_task_poller_behavior=PollerBehaviorAutoscaling(),
                graceful_shutdown_timeout=GRACEFUL_STOP,
                # Calls to banks must go through their queue's order and limits, which an eager activity jumps.
                disable_eager_activity_execution=True,
                interceptors=[Heartbeats()],
                max_heartbeat_throttle_interval=options.ACTIVITY_HEARTBEAT / BEATS_A_TIMEOUT,
            )
        )
    if queues.serve(Queues.WAY_HOME):
        workers.append(
            Worker(
                client,
                task_queue=options.RESTORATION_QUEUE,
                workflows=list(WORKFLOWS),
                workflow_runner=sandbox() if sandboxed else UnsandboxedWorkflowRunner(),
                activities=way_home.clock_work(),
                max_cached_workflows=MAX_CACHED_CASES,
                max_concurrent_workflow_tasks=MAX_WAY_HOME_WORK,
                max_concurrent_activities=MAX_WAY_HOME_WORK,
                graceful_shutdown_timeout=GRACEFUL_STOP,
                disable_eager_activity_execution=True,
                interceptors=[Heartbeats()],
                max_heartbeat_throttle_interval=options.ACTIVITY_HEARTBEAT / BEATS_A_TIMEOUT,
            )
        )
    if queues.serve(Queues.BANK_CALLS):
        workers.append(
            Worker(
                client,
                task_queue=options.BANK_CALLS_QUEUE,
                activities=[freeze.send_hold_request, rounds.ask_by_channel, *way_home.bank_calls()],
                max_concurrent_activities=MAX_BANK_CALLS,
                activity_task_poller_behavior=PollerBehaviorAutoscaling(),
                graceful_shutdown_timeout=GRACEFUL_STOP,
            )
        )
    return workers


@asynccontextmanager
async def running(workers: Sequence[Worker]) -> AsyncIterator[None]:
    """Run the workers while the block lasts."""
    async with AsyncExitStack() as stack:
        for worker in workers:
            await stack.enter_async_context(worker)
        yield


async def keep_logged_in(ctx: Context, banks: I4cAdapter) -> None:
    """Hold a token of every bank for ever: in the golden hour no request waits for a login."""
    gate = asyncio.Semaphore(LOGINS_AT_ONCE)

    async def log_in(code: str) -> None:
        async with gate:
            try:
                wire = await ctx.directory.wire(code)
                if wire is not None:
                    await banks.log_in(wire)
            except (BankError, CannotOpen, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                # The request that needs the bank tells what is wrong with it; here it is only early to know.
                log.debug("no login at %s: %s", code, type(error).__name__)

    while True:
        codes = [institution.code for institution in ctx.directory.current if ChannelKind.I4C in institution.channels]
        await asyncio.gather(*(log_in(code) for code in codes))
        await asyncio.sleep(KEEP_LOGGED_IN_SECONDS)


def letter_links(settings: Settings, engine: Engine) -> LetterLinks | None:
    """What makes the links in letters, where the address is set that they begin with."""
    return LetterLinks(engine.ctx, engine.secret_box, settings.public_url) if settings.public_url else None


def by_letter(mailer: Mailer | None, links: LinkMaker | None, holidays: HolidayRules) -> Adapters:
    """The e-mail channel, where there is a mail route and something that makes links."""
    return {ChannelKind.EMAIL: EmailAdapter(mailer, links, holidays)} if mailer and links else {}


async def run_worker(settings: Settings, queues: Queues, stop: asyncio.Event) -> None:
    """Run one worker process until `stop` is set; then finish what is under way, within `GRACEFUL_STOP`.

    Raises what keeps it from starting: the database or Temporal cannot be reached, or a setting is wrong.
    """
    if queues is Queues.WAY_HOME:
        os.nice(WAY_HOME_NICENESS)
    sdk_port = free_port() if settings.worker_metrics_port is not None else None
    mailer = Mailer.from_url(settings.smtp_url.get_secret_value()) if settings.smtp_url else None
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(Engine.open(settings, sdk_metrics_port=sdk_port))
        if settings.worker_metrics_port is not None and sdk_port is not None:
            await stack.enter_async_context(served(settings.api_host, settings.worker_metrics_port, sdk_port))
        links = letter_links(settings, engine)
        adapters = await _adapters(stack, settings, engine, mailer, links)
        if queues.serve(Queues.CASE_WORK):
            await ensure_schedules(engine.client)
        errands = await _errands(stack, settings, engine, adapters, mailer, queues)
        workers = make_workers(
            engine.client,
            engine.ctx,
            adapters,
            mailer,
            engine.notifier,
            queues,
            links=links,
            public_url=settings.public_url,
            sandboxed=False,
        )
        async with running(workers):
            log.info("worker runs %s", queues)
            tasks = [asyncio.create_task(errand) for errand in errands]
            try:
                await stop.wait()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


async def _adapters(
    stack: AsyncExitStack, settings: Settings, engine: Engine, mailer: Mailer | None, links: LinkMaker | None
) -> dict[ChannelKind, BankAdapter[Any]]:
    """Every channel that the settings allow, open while the stack is."""
    adapters: dict[ChannelKind, BankAdapter[Any]] = {
        ChannelKind.I4C: await stack.enter_async_context(I4cAdapter(allow_plain_http=settings.allow_plain_http)),
        ChannelKind.PUSH: await stack.enter_async_context(PushAdapter(allow_plain_http=settings.allow_plain_http)),
        ChannelKind.PULL: PullAdapter(partial(announce, engine.ctx.pool)),
    }
    adapters.update(by_letter(mailer, links, engine.ctx.policy.bank_holidays))
    if settings.iso_spool is not None:
        adapters[ChannelKind.ISO20022] = await stack.enter_async_context(SpoolAdapter(Spool(settings.iso_spool)))
    return adapters


async def _errands(
    stack: AsyncExitStack,
    settings: Settings,
    engine: Engine,
    adapters: Adapters,
    mailer: Mailer | None,
    queues: Queues,
) -> list[Coroutine[Any, Any, None]]:
    """What the process does for ever beside its queues."""
    errands = []
    if queues.serve(Queues.BANK_CALLS):
        i4c = adapters[ChannelKind.I4C]
        assert isinstance(i4c, I4cAdapter), "the I4C wire is spoken by its adapter"
        errands.append(keep_logged_in(engine.ctx, i4c))
    if queues.serve(Queues.CASE_WORK) and settings.iso_spool is not None:
        errands.append(IsoWatch(engine.ctx, Spool(settings.iso_spool), engine.notifier.soon).run())
    if queues.serve(Queues.WAY_HOME):
        outward = await stack.enter_async_context(Outward.opened(engine.ctx, settings, mailer))
        errands += [outward.run(), Aftercare(engine.ctx, engine.client).run()]
    return errands
