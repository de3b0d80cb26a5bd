"""The command that runs the whole engine, and its parts."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.commands.common import (
    Steps,
    errors,
    host_pairs,
    load_settings,
    open_database,
    people,
    policy_in_force,
    show_pairs,
)
from workers.commands.exits import FAILURE, USAGE, Failed
from workers.settings import Settings

if TYPE_CHECKING:
    from workers.stack import Running, Services


def up(
    ui: Annotated[bool, typer.Option(help="Show Temporal's own web interface (embedded server only).")] = True,
    home: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of data, logs and secret key; GOLDENHOUR_HOME by default."),
    ] = None,
) -> None:
    """Run the whole stack on this machine: PostgreSQL, Temporal, intake, officers and the workers. Ctrl-C stops it all.

    Data, logs and the secret key are in GOLDENHOUR_HOME (.goldenhour) or `--home`, one stack per folder. A service that
    GOLDENHOUR_DATABASE_URL or GOLDENHOUR_TEMPORAL_ADDRESS names replaces the embedded one. A process that crashes is
    restarted. Everything stops when this command ends, even if it is killed.

    Exit codes: 0 stopped, 1 failed, 2 wrong usage or settings.
    """
    from workers.home import HomeInUse
    from workers.stack import run_until_stopped

    settings = load_settings()
    if home is not None:
        settings = settings.model_copy(update={"home": home})
    try:
        run_until_stopped(_up(settings, ui=ui))
    except HomeInUse as error:
        raise Failed(_running_stack_text(settings, str(error)), FAILURE) from error
    errors().print("stopped", highlight=False)


async def _up(settings: Settings, *, ui: bool) -> None:
    from workers.processes import Supervisor
    from workers.stack import services, start_engine, until_failure, with_tls_ports, write_run_file

    with Steps("starting") as steps:
        async with (
            services(settings, ui=ui, report_step=steps.show) as running_services,
            Supervisor(running_services.settings.home / "logs") as supervisor,
        ):
            settings = with_tls_ports(running_services.settings)
            running = await start_engine(supervisor, settings, run_file=True, report_step=steps.show)
            write_run_file(running_services, running)
            steps.stop()
            _show(running_services, running)
            try:
                await until_failure(running_services, supervisor, restarts=True)
            finally:
                steps.begin("stopping")


def _show(services: "Services", running: "Running") -> None:
    settings = running.settings
    pairs = [
        *host_pairs(running),
        ("API for officers", running.api_url),
        ("API for complaints and banks", running.intake_url),
        ("metrics", f"{running.api_url}/metrics (officers, intake and worker)"),
        ("worker metrics", running.worker_metrics_url),
        ("restoration worker metrics", running.restoration_metrics_url),
    ]
    if services.temporal and services.temporal.ui_url:
        pairs.append(("Temporal UI", services.temporal.ui_url))
    pairs += [
        ("home", f"{settings.home}; other commands need GOLDENHOUR_HOME={settings.home}"),
        ("logs", str(settings.home / "logs")),
        ("first admin", "goldenhour officer first-admin ID --name NAME"),
        ("add an officer", "goldenhour officer add ID --name NAME --role desk"),
        ("token of a script", "goldenhour token issue --name NAME --role intake"),
        ("load banks", "goldenhour bank load FILE"),
    ]
    people(None).print("[bold green]goldenhour runs[/]; stop it with Ctrl-C")
    show_pairs(people(None), pairs)


def _running_stack_text(settings: Settings, otherwise: str) -> str:
    from workers.home import RunFile

    running = RunFile.read(settings.home)
    if running is None:
        return otherwise
    return (
        f"a stack runs in {settings.home.absolute()} already: process {running.pid} since"
        f" {running.started_at.astimezone():%H:%M:%S}, API at {running.api_url} and {running.intake_url}."
        " Stop it, or name another folder: `goldenhour up --home DIR`."
    )


if TYPE_CHECKING:
    from activities.context import Context
    from db.pool import Pool
    from schemas.case.case_workflow import FollowUp

TEMPORAL_LIMIT_SECONDS = 3.0


def write_rejects_file(write: Callable[[], int], path: Path) -> None:
    """Write a file of rejected rows and report it. Raises `Failed` if it cannot be written."""
    try:
        count = write()
    except OSError as error:
        raise Failed(f"{path}: {error.strerror}", USAGE) from error
    errors().print(f"{count:,} rejected rows are in {path}", highlight=False, markup=False)


@asynccontextmanager
async def open_context(settings: Settings, *, personal_data: bool = True) -> "AsyncIterator[Context]":
    """Open a context for a command that needs the database, and no credential of a bank.

    Warns if the directory is empty. Raises `SettingsError` without the secret key, if it needs `personal_data`.
    """
    from activities.banks.directory import DirectoryCache
    from activities.context import Context
    from activities.people.my_case import my_case_page
    from activities.privacy.person_keys import PersonKeys
    from db.databases import is_embedded
    from workers.home import check_embedded, secret_box

    persons = PersonKeys(await asyncio.to_thread(secret_box, settings)) if personal_data else None
    async with await open_database(settings, most_connections=4) as pool:
        async with pool.acquire() as connection:
            check_embedded(settings, is_embedded=await is_embedded(connection))
            policy = await policy_in_force(connection, settings)
        directory = DirectoryCache(pool, None)
        await directory.refresh()
        if not len(directory.current):
            errors().print(
                "The directory is empty, so no bank can get a request: use `goldenhour bank load FILE`.", style="yellow"
            )
        factors = settings.clock_factor, settings.procedure_clock_factor
        page = my_case_page(settings.public_url)
        yield Context(pool, directory, policy, *factors, my_case_page=page, person_keys=persons)


@asynccontextmanager
async def notifier(settings: Settings, pool: "Pool") -> "AsyncIterator[Callable[[FollowUp], None]]":
    """Yield a function that notifies workflows at once; without Temporal it does nothing.

    The workers' sweep then starts the cases.
    """
    from workers.temporal import CaseNotifier, connect_to

    # Each failed notification would log a line. One line for all of them is enough.
    logging.getLogger("workers.temporal").setLevel(logging.ERROR)
    client = None
    if settings.temporal_address is not None:
        try:
            async with asyncio.timeout(TEMPORAL_LIMIT_SECONDS):
                client = await connect_to(settings)
        except (RuntimeError, TimeoutError):
            client = None
    if client is None:
        errors().print("Temporal cannot be reached; the workers' sweep will start the cases.", style="yellow")
        yield lambda _: None
        return
    notifier = CaseNotifier(client, pool)
    try:
        yield notifier.soon
    finally:
        await notifier.close()
