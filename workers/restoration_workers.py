"""Workers of restorations, and the assembly of their parts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from temporalio.client import Client
from temporalio.runtime import Runtime

from activities.banks.delivery import BankDelivery
from activities.banks.directory import DirectoryCache
from activities.context import Context
from activities.officers.changes import PolicyWatch, in_force
from activities.people.my_case import my_case_page
from activities.privacy.person_keys import PersonKeys
from activities.recovery.cancellations import CancellationActivities
from activities.recovery.document_issuing import OrderDocuments
from activities.recovery.grievance_access import GrievanceActivities
from activities.recovery.orders import OrderActivities
from activities.recovery.restoration_deadlines import RestorationActivities
from activities.secrets import Keys, Process, Purpose
from adapters.banks.email import LinkMaker
from adapters.messages.smtp import Mailer
from db.databases import is_embedded
from db.pool import Pool, open_pool
from db.privacy.body_keys import session_name
from domain.policy.model import load_policy
from schemas.case.hold_requests import RequestStages
from workers.home import check_embedded, for_process, process_keys, with_running_services
from workers.rehearsal import rehearse
from workers.settings import Settings
from workers.temporal import CaseNotifier, connect_to, make_runtime
from workflows.procedures import GrievanceWorkflow, OrderWorkflow, RestorationWorkflow

WORKFLOWS = (RestorationWorkflow, GrievanceWorkflow, OrderWorkflow)


class RecoveryActivities:
    """Activities of these stages, by queue.

    `bank_delivery` is shared with hold requests, so that the limit of concurrent calls to a bank counts both.
    """

    def __init__(
        self,
        ctx: Context,
        bank_delivery: BankDelivery,
        mailer: Mailer | None,
        links: LinkMaker | None = None,
    ) -> None:
        self._orders = OrderActivities(ctx, bank_delivery, mailer, OrderDocuments(ctx).of, links)
        self._cancellations = CancellationActivities(ctx, bank_delivery, mailer, links)
        self._restorations = RestorationActivities(ctx)
        self._grievances = GrievanceActivities(ctx)

    def restoration_queue(self) -> list[Callable[..., Any]]:
        """Return the activities of the restoration queue: they use only our own database or mail."""
        return [
            self._restorations.read_restoration_state,
            self._restorations.write_application,
            self._restorations.divide_accounts,
            self._restorations.remind_of_step,
            self._restorations.escalate_step,
            self._restorations.move_restoration,
            self._grievances.read_grievance_state,
            self._grievances.move_grievance,
            self._orders.read_order_state,
            self._orders.escalate_order,
            self._cancellations.escalate_cancellation,
        ]

    def bank_calls_queue(self) -> list[Callable[..., Any]]:
        """Return the activities that call banks, on the queue of all bank calls."""
        return [self._orders.send_order, self._cancellations.send_cancellation]


GOLDEN_HOUR_CONNECTIONS = 8
"""the most connections of a process of the golden hour"""
WARM_CONNECTIONS = 6
"""connections that it opens and rehearses on at its start"""
GOLDEN_HOUR_IDLE_SECONDS = 0.0
"""It keeps every connection. A closed one could be a rehearsed one, and a new one is slow at first."""
LEAST_CONNECTIONS = 2
OTHER_CONNECTIONS = 10
"""the most connections of any other process; each one costs PostgreSQL ten to thirty megabytes of memory.

Replies by links hold one while they wait for another (`REPLIES_AT_ONCE` of each kind). The event stream keeps one."""
OTHER_IDLE_SECONDS = 60.0
"""time after which an unused connection is closed"""


@dataclass(frozen=True)
class Engine:
    """The parts that every process of the engine holds."""

    settings: Settings
    pool: Pool
    keys: Keys
    ctx: Context
    runtime: Runtime
    """runtime of `client`, which further clients share"""
    client: Client
    notifier: CaseNotifier

    @staticmethod
    @asynccontextmanager
    async def open(
        settings: Settings,
        process: Process,
        *,
        sdk_metrics_port: int | None = None,
        lazy_temporal: bool = False,
        golden_hour: bool = False,
    ) -> "AsyncIterator[Engine]":
        """Open the database and Temporal named by `settings`, or those of the stack that runs in their home folder.

        It has only the keys of `process`. A process of the `golden_hour` has warm connections, unless the settings say
        no. With `lazy_temporal` the process starts even while Temporal is unavailable. Raises `NothingRunning`,
        `BadProcessKey`, `SettingsError`, `InvalidPolicy`, `MigrationError`, and the connection errors of the database
        and Temporal.
        """
        settings = for_process(with_running_services(settings), process)
        assert settings.database_url is not None, "settled"
        assert settings.temporal_address is not None, "settled"
        policy = await asyncio.to_thread(load_policy, settings.policy_file)
        keys = process_keys(settings, process)
        dsn = settings.database_url.get_secret_value()
        warm = golden_hour and settings.warm_connections
        pool = await open_pool(
            dsn,
            min_size=WARM_CONNECTIONS if warm else LEAST_CONNECTIONS,
            max_size=GOLDEN_HOUR_CONNECTIONS if golden_hour else OTHER_CONNECTIONS,
            idle_seconds=GOLDEN_HOUR_IDLE_SECONDS if golden_hour else OTHER_IDLE_SECONDS,
            only_single_cases=golden_hour,
            session_name=session_name(keys.key_ids),
        )
        try:
            async with pool.acquire() as connection:
                check_embedded(settings, is_embedded=await is_embedded(connection))
                policy = await in_force(connection, policy)
            directory = DirectoryCache(pool, keys.sealer(Purpose.SEALING))
            await directory.refresh()
            runtime = make_runtime(sdk_metrics_port)
            client = await connect_to(settings, runtime, lazy=lazy_temporal)
            notifier = CaseNotifier(client, pool)
            factors = settings.clock_factor, settings.procedure_clock_factor
            ctx = Context(
                pool,
                directory,
                policy,
                *factors,
                bank_callers=settings.bank_callers,
                my_case_page=my_case_page(settings.public_url),
                person_keys=PersonKeys(keys),
            )
            if warm:
                await rehearse(ctx, WARM_CONNECTIONS)
            async with _traces(settings.tracing_url if golden_hour else None) as trace:
                try:
                    ctx = replace(ctx, trace=trace)
                    async with directory.watched(PolicyWatch(ctx).look):
                        yield Engine(settings, pool, keys, ctx, runtime, client, notifier)
                finally:
                    await notifier.close()
        finally:
            await pool.close()


@asynccontextmanager
async def _traces(url: str | None) -> AsyncIterator[Callable[[RequestStages], None] | None]:
    """Yield the function that sends traces to the receiver at `url`, or None without one."""
    if url is None:
        yield None
        return
    # OpenTelemetry is loaded only here, because its import takes long and most processes send no traces.
    from adapters.traces import RequestTraces

    traces = await asyncio.to_thread(RequestTraces, url)
    try:
        yield traces.send
    finally:
        await traces.close()
