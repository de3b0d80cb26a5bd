"""A whole stack on one machine, as `up` and `demo` run it: embedded services, migrations, the API and the worker.

Where the settings name a real database or a real Temporal cluster, that one is used and nothing is embedded for it.
Leaving the contexts stops everything, the last started first; what kills this process ends its children too.
"""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import psutil
from pydantic import SecretStr

from db.migrate import migrate
from workers.embedded.ports import free_port
from workers.embedded.postgres import EmbeddedPostgres
from workers.embedded.temporal import EmbeddedTemporal
from workers.home import RunFile, claimed, own_start_epoch_seconds, secret_key
from workers.processes import ChildFailed, ChildSpec, Supervisor, http_ready, own_command, process_memory_bytes
from workers.settings import ENV_PREFIX, Settings, role_of

T = TypeVar("T")
Tell = Callable[[str], None]

API_STOP_LIMIT_SECONDS = 15.0
WORKER_STOP_LIMIT_SECONDS = 20.0
PORT_TRIES = 3
PORT_TROUBLE = "address already in use"
INTERRUPTED = 130
PYCACHE = "PYTHONPYCACHEPREFIX"
RESTARTS_MAX = 5
RESTART_WAIT_SECONDS = 0.5


@dataclass(frozen=True)
class Services:
    """What the engine's processes stand on; `settings` has every address and the secret key filled in."""

    settings: Settings
    postgres: EmbeddedPostgres | None
    temporal: EmbeddedTemporal | None


@dataclass(frozen=True)
class Running:
    """Where the engine's running processes are found."""

    settings: Settings
    api_url: str
    worker_metrics_url: str
    way_home_metrics_url: str


@asynccontextmanager
async def services(settings: Settings, *, ui: bool = False, tell: Tell = lambda _: None) -> AsyncIterator[Services]:
    """Claim the home folder, start what is embedded and migrate the database.

    `ui` shows Temporal's web interface, `tell` is told of each step. Raises `HomeInUse`, `ChildFailed`, and what the
    database raises when it cannot be reached.
    """
    async with AsyncExitStack() as stack:
        home = stack.enter_context(claimed(settings.home))
        changes: dict[str, object] = {"home": home}
        postgres = temporal = None
        if settings.database_url is None:
            tell("PostgreSQL")
            postgres = EmbeddedPostgres(home / "postgres", bin_dir=settings.pg_bin)
            await stack.enter_async_context(postgres)
            changes["database_url"] = SecretStr(postgres.application_dsn)
            changes["migration_url"] = SecretStr(postgres.dsn)
        if settings.temporal_address is None:
            tell("Temporal")
            folder = home / "temporal"
            temporal = EmbeddedTemporal(
                folder / "temporal.db",
                ui=ui,
                namespace=settings.temporal_namespace,
                binary=settings.temporal_bin,
            )
            await stack.enter_async_context(temporal)
            changes["temporal_address"] = temporal.address
        changes["secret_key"] = secret_key(settings)
        settled = settings.model_copy(update=changes)
        tell("migrations")
        await migrated(settled)
        yield Services(settled, postgres, temporal)


async def migrated(settings: Settings) -> list[str]:
    """Bring the database up to date as who owns it, for who works in it; gives the names of what was applied."""
    assert settings.database_url is not None, "embedded, found or named"
    owner = settings.migration_url or settings.database_url
    return await migrate(owner.get_secret_value(), application=role_of(settings.database_url) or None)


async def start_engine(
    supervisor: Supervisor,
    settings: Settings,
    *,
    restarts: bool = True,
    tell: Tell = lambda _: None,
) -> Running:
    """Start the API, a worker for the golden hour and one for the way home, and wait until they work.

    A port of 0 (or none, for a worker's metrics) becomes a free one. Raises `ChildFailed`.
    """
    metrics_port = settings.worker_metrics_port or free_port()
    settings = settings.model_copy(update={"worker_metrics_port": metrics_port})
    tell("API")
    settings = await start_apis(supervisor, settings, restarts=restarts)
    tell("workers")
    await _start_worker(supervisor, settings, "worker", "golden-hour", restarts=restarts)
    apart_port = free_port()
    apart = settings.model_copy(update={"worker_metrics_port": apart_port})
    await _start_worker(supervisor, apart, "worker-way-home", "way-home", restarts=restarts)
    host = f"[{settings.api_host}]" if ":" in settings.api_host else settings.api_host
    metrics_urls = [f"http://{host}:{port}/metrics" for port in (metrics_port, apart_port)]
    return Running(settings, f"http://{host}:{settings.api_port}", *metrics_urls)


async def _start_worker(supervisor: Supervisor, settings: Settings, name: str, queues: str, *, restarts: bool) -> None:
    port = settings.worker_metrics_port
    assert port is not None, "by its metrics it says that it works"
    await supervisor.start(
        ChildSpec(
            name,
            own_command("worker", "--queue", queues),
            environment(settings),
            http_ready(settings.api_host, port, "/metrics"),
            restarts=restarts,
            stop_limit_seconds=WORKER_STOP_LIMIT_SECONDS,
        )
    )


async def start_apis(supervisor: Supervisor, settings: Settings, *, restarts: bool) -> Settings:
    """Start the API on its port, or on a free one; gives the settings with that port."""
    for attempt in range(1, PORT_TRIES + 1):
        chosen = settings.model_copy(update={"api_port": settings.api_port or free_port()})
        try:
            await _start_api(supervisor, chosen, restarts=restarts, attempt=attempt)
            return chosen
        except ChildFailed as failure:
            # Only a port we picked ourselves may be picked anew.
            if settings.api_port or PORT_TROUBLE not in str(failure):
                raise
    raise ChildFailed("no free port was found for the API")


async def _start_api(supervisor: Supervisor, settings: Settings, *, restarts: bool, attempt: int) -> None:
    """Start every API process; several share one port."""
    for number in range(1, settings.api_workers + 1):
        name = "api" if settings.api_workers == 1 else f"api-{number}"
        await supervisor.start(
            ChildSpec(
                name if attempt == 1 else f"{name}-port-{attempt}",
                own_command("api", "--single"),
                environment(settings),
                http_ready(settings.api_host, settings.api_port, "/readyz"),
                restarts=restarts,
                stop_limit_seconds=API_STOP_LIMIT_SECONDS,
            )
        )


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a child process: ours, with exactly these settings.

    Its compiled files are in the home, unless our own environment names a folder for them.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.upper().startswith(ENV_PREFIX)}
    # The workflow sandbox loads its files again for every case: without their compiled form it compiles them each time.
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)
    compiled = {PYCACHE: str(settings.home.absolute() / "pycache")} if PYCACHE not in inherited else {}
    # Whoever works in the tables is not told how to own them.
    return inherited | compiled | settings.model_copy(update={"migration_url": None}).to_environment()


def announce(services: Services, running: Running) -> RunFile:
    """Write the file by which other commands find this stack."""
    settings = services.settings
    assert settings.database_url is not None, "services fill it in"
    assert settings.temporal_address is not None, "services fill it in"
    run_file = RunFile(
        pid=os.getpid(),
        pid_started_at_epoch_seconds=own_start_epoch_seconds(),
        started_at=datetime.now(UTC),
        database_url=settings.database_url.get_secret_value(),
        migration_url=settings.migration_url.get_secret_value() if settings.migration_url else None,
        temporal_address=settings.temporal_address,
        temporal_namespace=settings.temporal_namespace,
        api_url=running.api_url,
        temporal_ui_url=services.temporal.ui_url if services.temporal else None,
    )
    run_file.write(settings.home)
    return run_file


def run_until_stopped(work: Coroutine[object, object, T]) -> T | None:
    """Run `work`; Ctrl-C or SIGTERM cancels it, so that its contexts stop what they started. None when cancelled.

    A second signal does not wait for that: the process ends at once, and its children with it.
    """

    async def main() -> T | None:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()

        def stop() -> None:
            if task.cancelling():
                os._exit(INTERRUPTED)
            task.cancel()

        # Python hands signals to the main thread only; elsewhere (in tests) nobody can stop us this way.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop)
        try:
            return await task
        except asyncio.CancelledError:
            return None

    return asyncio.run(main())


async def until_failure(services: Services, supervisor: Supervisor, *, restarts: bool) -> None:
    """Wait for ever; with `restarts` an embedded service that ends is started again, within bounds.

    Raises `ChildFailed` when a process or a service is given up.
    """
    embedded = [service for service in (services.postgres, services.temporal) if service]
    waits = [asyncio.ensure_future(_kept_alive(service, restarts=restarts)) for service in embedded]
    waits.append(asyncio.ensure_future(supervisor.failed()))
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        raise done.pop().result()
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def _kept_alive(service: EmbeddedPostgres | EmbeddedTemporal, *, restarts: bool) -> ChildFailed:
    """Start a service again whenever it ends; gives the failure at which it is given up."""
    tries = RESTARTS_MAX if restarts else 0
    while True:
        await service.process.ended()
        failure = service.process.failure(f"ended with exit code {service.process.exit_code}")
        for attempt in range(1, tries + 1):
            await asyncio.sleep(RESTART_WAIT_SECONDS * attempt)
            try:
                await service.restart()
                break
            except ChildFailed as error:
                failure = error
        else:
            return failure


def memory(services: Services, supervisor: Supervisor) -> Mapping[str, int]:
    """Memory in bytes of every process of the stack with its own children, and of this one, by name."""
    embedded = {"postgres": services.postgres, "temporal": services.temporal}
    sizes = {name: service.process.memory_bytes() for name, service in embedded.items() if service}
    return sizes | supervisor.memory_bytes() | {"goldenhour": process_memory_bytes(psutil.Process())}
