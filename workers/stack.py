"""A whole stack on one machine, as `up` and `demo` run it: embedded services, migrations, intake, officers and workers.

A real database or Temporal cluster in the settings replaces the embedded service. Leaving the contexts stops
everything, the last started first. If this process is killed, its children end too.
"""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
from pydantic import SecretStr

from activities.secrets import Process
from adapters.clock import wall_clock
from api.hosts import Site
from api.parts import Part
from db.migrate import Migrated, migrate
from db.migration_files import Phase
from workers.certificates import certificate_files, keep_renewed, renew_certificates
from workers.embedded.postgres import EmbeddedPostgres
from workers.embedded.temporal import EmbeddedTemporal, free_port
from workers.home import RunFile, for_process, locked_home, own_start_epoch_seconds, secret_key
from workers.processes import ChildFailed, ChildSpec, Supervisor, http_ready, own_command, process_memory_bytes
from workers.setting_checks import role_of
from workers.settings import ENV_PREFIX, Settings

log = logging.getLogger(__name__)

T = TypeVar("T")
ReportStep = Callable[[str], None]

OFFICERS_STOP_LIMIT_SECONDS = 15.0
WORKER_STOP_LIMIT_SECONDS = 20.0
INTAKE_STOP_LIMIT_SECONDS = 25.0
"""the process has open requests and a worker to finish"""
PORT_TRIES = 3
PORT_PAUSE_SECONDS = 1.0
PORT_TROUBLE = "address already in use"
INTERRUPTED = 130
PYCACHE = "PYTHONPYCACHEPREFIX"
RESTART_WAIT_SECONDS = 0.5
RESTART_WAIT_MAX_SECONDS = 60.0


@dataclass(frozen=True)
class Services:
    """The services behind the engine's processes. `settings` has every address and the secret key filled in."""

    settings: Settings
    postgres: EmbeddedPostgres | None
    temporal: EmbeddedTemporal | None


@dataclass(frozen=True)
class Running:
    """Addresses of the engine's running processes."""

    settings: Settings
    api_url: str
    """address of the officers process"""
    intake_url: str
    worker_metrics_url: str
    restoration_metrics_url: str

    @property
    def desk_url(self) -> str:
        """Return the address at which officers work, with TLS if there is a TLS port."""
        return self.site_url(Site.DESK) or self.api_url

    @property
    def authority_file(self) -> Path | None:
        """Return the file of the authority that the URLs with TLS need, or None if there are none."""
        has_tls = self.settings.api_tls_port is not None or self.settings.intake_tls_port is not None
        return certificate_files(self.settings.home).authority if has_tls else None

    def site_url(self, site: Site) -> str | None:
        """Return the URL of a host of the TLS ports, or None without such a port."""
        port = self.settings.intake_tls_port if site is Site.BANK else self.settings.api_tls_port
        return None if port is None else site_url(site, port)


def with_tls_ports(settings: Settings) -> Settings:
    """Return the settings with a free TLS port for each part that has none."""
    given = {part.tls_port: getattr(settings, part.tls_port) for part in _SERVING.values()}
    return settings.model_copy(update={name: 0 for name, port in given.items() if port is None})


def site_url(site: Site, port: int) -> str:
    """Return the URL of a host of a TLS port."""
    return f"https://{site.host}:{port}"


@asynccontextmanager
async def services(
    settings: Settings, *, ui: bool = False, report_step: ReportStep = lambda _: None
) -> AsyncIterator[Services]:
    """Lock the home folder, start the embedded services and migrate the database.

    `ui` starts Temporal's web interface. `report_step` is called with the name of each step. Raises `HomeInUse`,
    `ChildFailed`, and the database's errors if it cannot be reached.
    """
    async with AsyncExitStack() as stack:
        home = stack.enter_context(locked_home(settings.home))
        changes: dict[str, object] = {"home": home, "secret_key": secret_key(settings)}
        postgres = temporal = None
        if settings.database_url is None:
            report_step("PostgreSQL")
            postgres = EmbeddedPostgres(home / "postgres", bin_dir=settings.pg_bin)
            await stack.enter_async_context(postgres)
            changes["database_url"] = SecretStr(postgres.application_dsn)
            changes["migration_url"] = SecretStr(postgres.dsn)
            changes["database_is_embedded"] = True
        if settings.temporal_address is None:
            report_step("Temporal")
            folder = home / "temporal"
            temporal = EmbeddedTemporal(
                folder / "temporal.db",
                ui=ui,
                namespace=settings.temporal_namespace,
                binary=settings.temporal_bin,
            )
            await stack.enter_async_context(temporal)
            changes["temporal_address"] = temporal.address
        settings = settings.model_copy(update=changes)
        report_step("migrations")
        await migrate_database(settings)
        yield Services(settings, postgres, temporal)


async def migrate_database(settings: Settings, phase: Phase | None = None) -> Migrated:
    """Apply the migrations of one phase or all as the database's owner; grant rights to the application's role."""
    assert settings.database_url is not None, "embedded, found or named"
    owner = settings.migration_url or settings.database_url
    application = role_of(settings.database_url) or None
    return await migrate(owner.get_secret_value(), phase=phase, application=application)


async def start_engine(
    supervisor: Supervisor,
    settings: Settings,
    *,
    restarts: bool = True,
    run_file: bool = False,
    report_step: ReportStep = lambda _: None,
) -> Running:
    """Start intake, officers and two workers, one for cases and one for restorations, and wait until all are ready.

    With `run_file` the caller writes the run file next, and intake and officers call themselves ready only then. A port
    of 0, or no port for a worker's metrics, becomes a free one. TLS ports get a certificate in the home folder, which
    the caller has locked. Raises `ChildFailed`.
    """
    if settings.api_tls_port is not None or settings.intake_tls_port is not None:
        renew_certificates(settings.home, wall_clock())
    metrics_port = settings.worker_metrics_port or free_port()
    settings = settings.model_copy(update={"worker_metrics_port": metrics_port})
    for part in Part:
        report_step(part)
        settings = await start_part(supervisor, settings, part, restarts=restarts, run_file=run_file)
    report_step("workers")
    await _start_worker(supervisor, settings, "worker", "golden-hour", restarts=restarts)
    apart_port = free_port()
    apart = settings.model_copy(update={"worker_metrics_port": apart_port})
    await _start_worker(supervisor, apart, "worker-restoration", "restoration", restarts=restarts)
    host = f"[{settings.api_host}]" if ":" in settings.api_host else settings.api_host
    metrics_urls = [f"http://{host}:{port}/metrics" for port in (metrics_port, apart_port)]
    return Running(
        settings, f"http://{host}:{settings.api_port}", f"http://{host}:{settings.intake_port}", *metrics_urls
    )


async def _start_worker(supervisor: Supervisor, settings: Settings, name: str, queues: str, *, restarts: bool) -> None:
    port = settings.worker_metrics_port
    assert port is not None, "its metrics page shows that it is ready"
    for attempt in range(1, PORT_TRIES + 1):
        try:
            await supervisor.start(
                ChildSpec(
                    name if attempt == 1 else f"{name}-port-{attempt}",
                    own_command("worker", "--queue", queues),
                    environment(for_process(settings, Process.WORKER)),
                    http_ready(settings.api_host, port, "/metrics"),
                    restarts=restarts,
                    stop_limit_seconds=WORKER_STOP_LIMIT_SECONDS,
                )
            )
            return
        except ChildFailed as failure:
            # Another program that looks for a free port has this one for a moment. Other processes know it already.
            if attempt == PORT_TRIES or PORT_TROUBLE not in str(failure).lower():
                raise
            await asyncio.sleep(PORT_PAUSE_SECONDS)


@dataclass(frozen=True)
class _Serving:
    """How a part of the API is run: its settings, and the time in which it stops."""

    port: str
    tls_port: str
    workers: str
    stop_limit_seconds: float


_SERVING = {
    Part.INTAKE: _Serving("intake_port", "intake_tls_port", "intake_workers", INTAKE_STOP_LIMIT_SECONDS),
    Part.OFFICERS: _Serving("api_port", "api_tls_port", "api_workers", OFFICERS_STOP_LIMIT_SECONDS),
}


async def start_part(
    supervisor: Supervisor, settings: Settings, part: Part, *, restarts: bool, run_file: bool = False
) -> Settings:
    """Start a part of the API on its ports, or on free ones; return the settings with those ports."""
    given = {name: getattr(settings, name) for name in (_SERVING[part].port, _SERVING[part].tls_port)}
    for attempt in range(1, PORT_TRIES + 1):
        ports = {name: free_port() if port == 0 else port for name, port in given.items()}
        chosen = settings.model_copy(update=ports)
        try:
            await _start_part(supervisor, chosen, part, restarts=restarts, run_file=run_file, attempt=attempt)
            return chosen
        except ChildFailed as failure:
            # Only a port that we chose ourselves may be chosen again.
            if 0 not in given.values() or PORT_TROUBLE not in str(failure).lower():
                raise
    raise ChildFailed(f"no free port was found for {part}")


async def _start_part(
    supervisor: Supervisor, settings: Settings, part: Part, *, restarts: bool, run_file: bool, attempt: int
) -> None:
    """Start every process of a part; several share one port."""
    # The run file is written when everything runs, so the start cannot wait for a readiness that waits for the file.
    command, probe = (["--await-run-file"], "/healthz") if run_file else ([], "/readyz")
    serving, own = _SERVING[part], for_process(settings, Process(part))
    count = getattr(settings, serving.workers)
    for number in range(1, count + 1):
        name = part.value if count == 1 else f"{part}-{number}"
        await supervisor.start(
            ChildSpec(
                name if attempt == 1 else f"{name}-port-{attempt}",
                own_command(part.value, "--single", *command),
                environment(own),
                http_ready(settings.api_host, getattr(settings, serving.port), probe),
                restarts=restarts,
                stop_limit_seconds=serving.stop_limit_seconds,
            )
        )


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a child process: ours, with exactly these settings.

    Its compiled files are in the home, unless our own environment names a folder for them.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.upper().startswith(ENV_PREFIX)}
    # The workflow sandbox reloads its files for every case. Without compiled files it would compile them each time.
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)
    compiled = {PYCACHE: str(settings.home.absolute() / "pycache")} if PYCACHE not in inherited else {}
    # A process that only works with the tables must not get the owner's URL.
    return inherited | compiled | settings.model_copy(update={"migration_url": None}).to_environment()


def write_run_file(services: Services, running: Running, *, is_demo: bool = False) -> RunFile:
    """Write the run file by which other commands find this stack."""
    settings = services.settings
    assert settings.temporal_address is not None, "services fill it in"
    embedded = services.postgres
    run_file = RunFile(
        pid=os.getpid(),
        pid_started_at_epoch_seconds=own_start_epoch_seconds(),
        started_at=wall_clock(),
        database_url=embedded.application_dsn if embedded else None,
        migration_url=embedded.dsn if embedded else None,
        temporal_address=settings.temporal_address,
        temporal_namespace=settings.temporal_namespace,
        api_url=running.api_url,
        intake_url=running.intake_url,
        desk_url=running.site_url(Site.DESK),
        temporal_ui_url=services.temporal.ui_url if services.temporal else None,
        is_demo=is_demo,
    )
    run_file.write(settings.home)
    return run_file


def run_until_stopped(work: Coroutine[object, object, T]) -> T | None:
    """Run `work` until it ends or Ctrl-C or SIGTERM cancels it; return None if cancelled.

    Cancelling lets its contexts stop what they started. A second signal ends the process and its children at once.
    """

    async def main() -> T | None:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()

        def stop() -> None:
            if task.cancelling():
                os._exit(INTERRUPTED)
            task.cancel()

        # Python delivers signals to the main thread only. In other threads, as in tests, no signal handler is possible.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop)
        try:
            return await task
        except asyncio.CancelledError:
            return None

    return asyncio.run(main())


async def until_failure(services: Services, supervisor: Supervisor, *, restarts: bool) -> None:
    """Wait for ever; with `restarts`, restart an embedded service that ends, within limits.

    The certificates of TLS ports are renewed meanwhile. Raises `ChildFailed` on the final failure of a process or a
    service.
    """
    embedded = [service for service in (services.postgres, services.temporal) if service]
    waits = [asyncio.ensure_future(_restart_until_failure(service, restarts=restarts)) for service in embedded]
    waits.append(asyncio.ensure_future(supervisor.failed()))
    home = services.settings.home
    renewing = asyncio.ensure_future(keep_renewed(home)) if certificate_files(home).are_there else None
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        raise done.pop().result()
    finally:
        running = [*waits, *([renewing] if renewing else [])]
        for wait in running:
            wait.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _restart_until_failure(service: EmbeddedPostgres | EmbeddedTemporal, *, restarts: bool) -> ChildFailed:
    """Restart a service whenever it ends, for ever; without `restarts` return its failure."""
    attempt = 0
    while True:
        await service.process.ended()
        failure = service.process.failure(f"ended with exit code {service.process.exit_code}")
        if not restarts:
            return failure
        attempt += 1
        pause_seconds = min(RESTART_WAIT_MAX_SECONDS, RESTART_WAIT_SECONDS * attempt)
        log.error("%s; starts again in %.1f s", failure, pause_seconds)
        await asyncio.sleep(pause_seconds)
        try:
            await service.restart()
            attempt = 0
        except ChildFailed as error:
            log.error("%s", error)


def memory(services: Services, supervisor: Supervisor) -> Mapping[str, int]:
    """Return the memory of every process of the stack with its children, in bytes, by name."""
    embedded = {"postgres": services.postgres, "temporal": services.temporal}
    sizes = {name: service.process.memory_bytes() for name, service in embedded.items() if service}
    return sizes | supervisor.memory_bytes() | {"goldenhour": process_memory_bytes(psutil.Process())}
