"""`goldenhour demo`: a day of complaints against simulated banks, on a separate stack."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.commands.common import (
    INTERRUPTED,
    JsonTarget,
    Steps,
    errors,
    host_pairs,
    load_settings,
    people,
    show_pairs,
    write_json,
)
from workers.commands.exits import FAILURE, USAGE, Failed
from workers.settings import CLOCK_FACTOR_MAX, PROCEDURE_CLOCK_FACTOR_MAX, Settings

if TYPE_CHECKING:
    from rich.console import Console

    from schemas.banks.institutions import InstitutionEntry
    from workers.demo.play import DayPlan, Played
    from workers.simulated import SimulatedStack
    from workers.simulated_people import SimulatedPerson

HOME_PREFIX = "goldenhour-demo-"
MINUTE_SECONDS = 60.0
DAY_SECONDS = 86_400.0
PROCEDURE_CLOCK_FACTOR = 86_400.0
"""a day takes a second, so a hold without an order lapses after a minute and a half"""
LIMIT_EXTRA_MINUTES = 3.0
SHOWN_LOG_LINES = 8


def demo(
    complaints: Annotated[int, typer.Option(min=1, max=20_000, help="Number of complaints.")] = 40,
    seed: Annotated[int, typer.Option(help="Random seed: the same seed gives the same world.")] = 7,
    minutes: Annotated[
        float, typer.Option(min=0.05, max=1440, help="Minutes of real time over which the complaints arrive.")
    ] = 1.0,
    clock_factor: Annotated[
        float | None,
        typer.Option(
            min=1,
            max=CLOCK_FACTOR_MAX,
            help="Speed of the simulated clock; by default MINUTES of real time are a whole day.",
            show_default=False,
        ),
    ] = None,
    procedure_clock_factor: Annotated[
        float,
        typer.Option(
            min=1,
            max=PROCEDURE_CLOCK_FACTOR_MAX,
            help="Speed of the clock for restorations, which take months.",
        ),
    ] = PROCEDURE_CLOCK_FACTOR,
    faults: Annotated[
        bool,
        typer.Option(
            "--faults", help="Give every bank random faults: failing connections, malformed and false answers."
        ),
    ] = False,
    stay: Annotated[bool, typer.Option("--stay", help="Keep everything running afterwards, until Ctrl-C.")] = False,
    home: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep data and logs in this new or empty folder.")
    ] = None,
    json_target: JsonTarget = None,
) -> None:
    """Play a day of complaints against simulated banks, and show where each rupee is.

    Starts PostgreSQL, Temporal, intake, officers, the workers and the simulated banks as separate processes on free
    ports. Plays the day with live progress, and waits for the answers of banks that answer by API or from the control
    room. Then reports the results and verifies every case. Everything stops and is deleted afterwards, unless you ask
    to keep it. A process that crashes is started again; without its simulated banks the day ends early.
    Any number of demos may run at once. A database in the settings is not touched.

    Exit codes: 0 done and clean; 1 failed, not finished in time, a bank got a request twice, or a rule is violated; 2
    wrong usage or settings.
    """
    from workers.demo.play import DayPlan
    from workers.stack import run_until_stopped

    wall_seconds = minutes * MINUTE_SECONDS
    factor = clock_factor or min(DAY_SECONDS / wall_seconds, CLOCK_FACTOR_MAX)
    plan = DayPlan(complaints, seed, factor, wall_seconds, procedure_clock_factor, faults)
    settings = load_settings()
    with _folder(home) as folder:
        played = run_until_stopped(_demo(settings.embedded(folder), plan, stay=stay, json_target=json_target))
    if played is None:
        errors().print("stopped", highlight=False)
        raise typer.Exit(INTERRUPTED)
    if played.trouble or not played.verdict.clean or played.state.world.repeated_requests:
        raise typer.Exit(FAILURE)


async def _demo(settings: Settings, plan: "DayPlan", *, stay: bool, json_target: str | None) -> "Played":
    from workers.demo.play import play
    from workers.demo.reports import as_json, show
    from workers.demo.view import Watcher
    from workers.simulated import simulated_stack
    from workers.stack import write_run_file

    console = people(json_target)
    limit_seconds = plan.wall_seconds * 2 + LIMIT_EXTRA_MINUTES * MINUTE_SECONDS
    with Steps("starting") as steps:
        async with simulated_stack(
            settings,
            plan.config(),
            every_channel=True,
            with_restorations=True,
            over_tls=True,
            run_file=True,
            restarts=True,
            ui=stay,
            report_step=steps.show,
        ) as stack:
            steps.stop()
            write_run_file(stack.services, stack.running, is_demo=True)
            if stay:
                _show_urls(stack, json_target, "watch the day")
            with Watcher(console, plan) as watcher:
                played = await play(stack, plan, limit_seconds, watcher.show)
            show(console, played)
            write_json(json_target, as_json(played))
            for twice in played.state.world.repeated_requests_of:
                errors().print(
                    f"goldenhour: case {twice.ack_no}: bank {twice.bank} was asked twice about transfer {twice.rrn},"
                    f" in the requests {', '.join(twice.keys)}",
                    style="red",
                    highlight=False,
                )
            if played.trouble:
                _show_trouble(played.trouble, stack.running.settings.home / "logs")
            if stay:
                people(json_target).print("\n[bold green]still running[/] at the same addresses; stop it with Ctrl-C")
                await _until_stopped(stack)
            steps.begin("stopping")
    return played


def _show_trouble(trouble: str, logs: Path) -> None:
    """Show the error with the end of each log, because the folder may be deleted with the demo."""
    errors().print(f"goldenhour: {trouble}", style="red", highlight=False)
    for log in sorted(logs.glob("*.log")):
        errors().print(f"--- {log.name}", highlight=False, markup=False)
        lines = log.read_text(errors="replace").splitlines()[-SHOWN_LOG_LINES:]
        errors().print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)


async def _until_stopped(stack: "SimulatedStack") -> None:
    """Keep the stack running until Ctrl-C or SIGTERM, which end the command normally. Raises `ChildFailed`."""
    from workers.stack import until_failure

    try:
        await until_failure(stack.services, stack.supervisor, restarts=True)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task:
            task.uncancel()


def _show_urls(stack: "SimulatedStack", json_target: str | None, heading: str) -> None:
    """Show where each kind of person works, and what they sign in with."""
    running, services = stack.running, stack.services
    home = running.settings.home
    pairs = [
        *host_pairs(running),
        ("API for officers", running.api_url),
        ("API for complaints and banks", running.intake_url),
        ("metrics", f"{running.api_url}/metrics"),
    ]
    if services.temporal and services.temporal.ui_url:
        pairs.append(("Temporal UI", services.temporal.ui_url))
    pairs += [
        ("simulated banks", f"{str(stack.control.base_url).rstrip('/')}/sim/state"),
        ("messages sent", f"{str(stack.control.base_url).rstrip('/')}/sent"),
        ("logs", str(home / "logs")),
        ("code to sign in", f"GOLDENHOUR_HOME={home} goldenhour demo-code USER"),
        ("verify", f"GOLDENHOUR_HOME={home} goldenhour verify"),
    ]
    console = people(json_target)
    console.print(f"\n[bold green]{heading}[/]; stop it with Ctrl-C")
    show_pairs(console, pairs)
    _show_people(console, stack.people, stack.bank)


def _show_people(console: "Console", people: "tuple[SimulatedPerson, ...]", bank: "InstitutionEntry | None") -> None:
    """Show what the invented officers and a bank sign in with, at least one officer of each role."""
    from rich.table import Table

    table = Table(title="invented officers, and a bank for the inbox", title_justify="left")
    for name in ("role", "user", "password"):
        table.add_column(name, overflow="fold")
    for person in people:
        table.add_row(person.role, person.officer_id, person.password)
    if bank is not None and bank.inbound is not None:
        table.add_row(f"bank ({bank.name})", bank.inbound.email, bank.inbound.password.get_secret_value())
    console.print(table)


@contextmanager
def _folder(home: Path | None) -> Iterator[Path]:
    """Return the demo's folder: the requested one, or a temporary one."""
    if home is None:
        _remove_leftovers(Path(tempfile.gettempdir()))
        with tempfile.TemporaryDirectory(prefix=HOME_PREFIX, ignore_cleanup_errors=True) as folder:
            yield Path(folder)
        return
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise Failed(f"{home} is not an empty folder; a demo needs an empty one", USAGE)
    yield home


def _remove_leftovers(folder: Path) -> None:
    """Remove the folders of killed demos: our own folders in which no stack runs."""
    import fcntl
    import os
    import shutil

    from workers.home import LOCK_FILE

    for left in folder.glob(f"{HOME_PREFIX}*"):
        try:
            if left.lstat().st_uid != os.geteuid() or left.is_symlink():
                continue
            with (left / LOCK_FILE).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
        except OSError:
            # The lock file is missing or locked, so a demo runs there.
            continue
