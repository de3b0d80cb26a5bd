"""`goldenhour demo`: a day of complaints against simulated banks, on a stack of its own."""

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
    load_settings,
    people,
    show_pairs,
    write_json,
)
from workers.commands.exits import FAILURE, USAGE, Failed
from workers.settings import CLOCK_FACTOR_MAX, PROCEDURE_CLOCK_FACTOR_MAX, Settings

if TYPE_CHECKING:
    from workers.demo.play import DayPlan, Played
    from workers.simulated import Stage

HOME_PREFIX = "goldenhour-demo-"
MINUTE_SECONDS = 60.0
DAY_SECONDS = 86_400.0
PROCEDURE_CLOCK_FACTOR = 86_400.0
"""a day is a second, and a hold without an order lapses after a minute and a half"""
LIMIT_EXTRA_MINUTES = 3.0
SHOWN_LOG_LINES = 8


def demo(
    complaints: Annotated[int, typer.Option(min=1, max=20_000, help="How many complaints come in.")] = 40,
    seed: Annotated[int, typer.Option(help="The world is drawn from it: same seed, same world.")] = 7,
    minutes: Annotated[
        float, typer.Option(min=0.05, max=1440, help="Minutes in which the complaints come in, by your clock.")
    ] = 1.0,
    clock_factor: Annotated[
        float | None,
        typer.Option(
            min=1,
            max=CLOCK_FACTOR_MAX,
            help="How much faster the simulated world runs than your clock; by default, MINUTES are a whole day.",
            show_default=False,
        ),
    ] = None,
    procedure_clock_factor: Annotated[
        float,
        typer.Option(
            min=1,
            max=PROCEDURE_CLOCK_FACTOR_MAX,
            help="How much faster the months of the way home run than your clock.",
        ),
    ] = PROCEDURE_CLOCK_FACTOR,
    faults: Annotated[
        bool,
        typer.Option(
            "--faults", help="Give every bank faults at random: lines that fail, answers that are foul or boastful."
        ),
    ] = False,
    stay: Annotated[bool, typer.Option("--stay", help="Keep everything running afterwards, until Ctrl-C.")] = False,
    home: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep data and logs in this new or empty folder.")
    ] = None,
    json_target: JsonTarget = None,
) -> None:
    """Play a day of complaints against simulated banks, and tell where each rupee is.

    Starts PostgreSQL, Temporal, the API, the workers and the simulated banks, each a process of its own on a free port;
    plays the day with live progress; waits until the banks that answer by API or from the control room have answered;
    tells how it went and verifies every case. Nothing keeps running or lying about afterwards, however it ends, unless
    you ask for it. Any number of demos may run at once; a database that the settings name is left alone.

    Exit codes: 0 done and clean, 1 failed, not over in time, a bank was asked twice, or a rule breaks, 2 wrong usage or
    settings.
    """
    from workers.demo.play import DayPlan
    from workers.stack import run_until_stopped

    wall_seconds = minutes * MINUTE_SECONDS
    factor = clock_factor or min(DAY_SECONDS / wall_seconds, CLOCK_FACTOR_MAX)
    plan = DayPlan(complaints, seed, factor, wall_seconds, procedure_clock_factor, faults)
    settings = load_settings()
    with _folder(home) as folder:
        own = settings.model_copy(
            update={"home": folder, "database_url": None, "temporal_address": None, "secret_key": None}
        )
        played = run_until_stopped(_demo(own, plan, stay=stay, json_target=json_target))
    if played is None:
        errors().print("stopped", highlight=False)
        raise typer.Exit(INTERRUPTED)
    if played.trouble or not played.verdict.clean or played.look.world.asked_twice:
        raise typer.Exit(FAILURE)


async def _demo(settings: Settings, plan: "DayPlan", *, stay: bool, json_target: str | None) -> "Played":
    from workers.demo.play import play
    from workers.demo.report import as_json, show
    from workers.demo.view import Watcher
    from workers.simulated import staged
    from workers.stack import announce

    console = people(json_target)
    limit_seconds = plan.wall_seconds * 2 + LIMIT_EXTRA_MINUTES * MINUTE_SECONDS
    with Steps("starting") as steps:
        async with staged(
            settings, plan.config(), every_channel=True, goes_home=True, ui=stay, tell=steps.tell
        ) as stage:
            steps.stop()
            announce(stage.services, stage.running)
            with Watcher(console, plan) as watcher:
                played = await play(stage, plan, limit_seconds, watcher.show)
            show(console, played)
            write_json(json_target, as_json(played))
            if played.trouble:
                _show_trouble(played.trouble, stage.running.settings.home / "logs")
            if stay:
                _show_urls(stage, json_target)
                await _until_stopped(stage)
            steps.begin("stopping")
    return played


def _show_trouble(trouble: str, logs: Path) -> None:
    """Say what is wrong, with the end of each log: the folder may go with the demo."""
    errors().print(f"goldenhour: {trouble}", style="red", highlight=False)
    for log in sorted(logs.glob("*.log")):
        errors().print(f"--- {log.name}", highlight=False, markup=False)
        lines = log.read_text(errors="replace").splitlines()[-SHOWN_LOG_LINES:]
        errors().print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)


async def _until_stopped(stage: "Stage") -> None:
    """Keep the stage as it is until Ctrl-C or SIGTERM, which end a stay as it should end. Raises `ChildFailed`."""
    from workers.stack import until_failure

    try:
        await until_failure(stage.services, stage.supervisor, restarts=False)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task:
            task.uncancel()


def _show_urls(stage: "Stage", json_target: str | None) -> None:
    running, services = stage.running, stage.services
    home = running.settings.home
    pairs = [("API", running.api_url), ("metrics", f"{running.api_url}/metrics")]
    if services.temporal and services.temporal.ui_url:
        pairs.append(("Temporal UI", services.temporal.ui_url))
    pairs += [
        ("simulated banks", f"{str(stage.control.base_url).rstrip('/')}/sim/state"),
        ("logs", str(home / "logs")),
        ("a token", f"GOLDENHOUR_HOME={home} goldenhour token --role desk"),
        ("verify", f"GOLDENHOUR_HOME={home} goldenhour verify"),
    ]
    console = people(json_target)
    console.print("\n[bold green]still running[/]; Ctrl-C stops it")
    show_pairs(console, pairs)


@contextmanager
def _folder(home: Path | None) -> Iterator[Path]:
    """The folder the demo lives in: the one asked for, or one that goes with it."""
    if home is None:
        _sweep(Path(tempfile.gettempdir()))
        with tempfile.TemporaryDirectory(prefix=HOME_PREFIX, ignore_cleanup_errors=True) as folder:
            yield Path(folder)
        return
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise Failed(f"{home} is not an empty folder: a demo begins with an empty one", USAGE)
    yield home


def _sweep(folder: Path) -> None:
    """Remove what demos left that were killed before they could: folders of ours in which no stack runs."""
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
            # No lock file yet, or somebody holds it: a demo runs there.
            continue
