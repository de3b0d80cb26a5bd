"""`goldenhour intake`, `officers`, `worker` and `migrate`: single processes, and what they need to run."""

import asyncio
import gc
import getpass
import logging
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Annotated, Literal

import typer
import uvloop

from api.parts import Part
from workers.commands.common import errors, load_settings, run, with_database
from workers.commands.exits import USAGE, Failed
from workers.settings import Settings

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
WARM_AFTER_SECONDS = 5.0
"""after this time a process has loaded what it keeps for its whole life"""
QUEUES_HELP = (
    "Which task queues to serve: [bold]case-work[/] (cases and their records), [bold]bank-calls[/],"
    " [bold]golden-hour[/] (both), [bold]restoration[/] (restoration, release, messages), or all."
)
PHASE_HELP = (
    "Which migrations to apply: [bold]pre[/] (before the processes of the new release start), [bold]post[/] (after all"
    " run the new release), or all (while no process runs, or at the end of an update)."
)

Stop = asyncio.Event
RunPart = Callable[..., Coroutine[None, None, None]]


Single = Annotated[bool, typer.Option("--single", hidden=True, help="One of several processes on one port.")]
AwaitRunFile = Annotated[
    bool, typer.Option("--await-run-file", hidden=True, help="Not ready before the run file is written.")
]


def intake(single: Single = False, await_run_file: AwaitRunFile = False) -> None:
    """Run the API for complaints and banks.

    Takes complaints, banks' answers and everything else that banks call, and runs the workflows of cases in the same
    process. Listens on GOLDENHOUR_API_HOST:GOLDENHOUR_INTAKE_PORT (127.0.0.1:8081) with GOLDENHOUR_INTAKE_WORKERS
    processes (1). Uses the database and Temporal of the settings, else those of the stack that runs in GOLDENHOUR_HOME.
    Complaints and answers are accepted even while Temporal is unavailable. SIGTERM and Ctrl-C let running requests
    finish.

    Exit codes: 0 stopped, 1 failed, 2 wrong usage or settings.
    """
    from workers.api_processes import run_intake

    settings = load_settings()
    _serve_part(
        Part.INTAKE,
        run_intake,
        settings,
        several=settings.intake_workers > 1 and not single,
        await_run_file=await_run_file,
    )


def officers(single: Single = False, await_run_file: AwaitRunFile = False) -> None:
    """Run the API for officers, with events, and the pages behind links.

    It cannot open banks' credentials. With the database of the settings it takes its keys from GOLDENHOUR_OFFICERS_KEY.
    Listens on GOLDENHOUR_API_HOST:GOLDENHOUR_API_PORT (127.0.0.1:8080) with
    GOLDENHOUR_API_WORKERS processes (1). Uses the database and Temporal of the settings, else those of the stack that
    runs in GOLDENHOUR_HOME. SIGTERM and Ctrl-C let running requests finish.

    Exit codes: 0 stopped, 1 failed, 2 wrong usage or settings.
    """
    from workers.api_processes import run_officers

    settings = load_settings()
    _serve_part(
        Part.OFFICERS,
        run_officers,
        settings,
        several=settings.api_workers > 1 and not single,
        await_run_file=await_run_file,
    )


def process_key(
    process: Annotated[str, typer.Argument(help="The process: intake, officers or worker.", metavar="PROCESS")],
) -> None:
    """Print the key of a process: GOLDENHOUR_INTAKE_KEY, GOLDENHOUR_OFFICERS_KEY or GOLDENHOUR_WORKER_KEY.

    It is derived from the secret key of GOLDENHOUR_SECRET_KEY, else of the stack in GOLDENHOUR_HOME. A process has only
    the keys of its own work, and the secret key cannot be computed from them. With GOLDENHOUR_PREVIOUS_SECRET_KEY the
    process also opens what was sealed under that one: docs/how-to/keys.md has the steps.

    Exit codes: 0 done, 1 failed, 2 wrong usage or settings.
    """
    from activities.secrets import Process
    from workers.home import secret_box

    if process not in set(Process):
        raise Failed(f"PROCESS is one of {', '.join(Process)}, not {process}", USAGE)
    keys = secret_box(with_known_key(load_settings())).process_key(Process(process))
    sys.stdout.write(keys.get_secret_value() + "\n")


def officers_key() -> None:
    """Print the key of the officers process, as `process-key officers` does.

    Exit codes: 0 done, 1 failed, 2 wrong usage or settings.
    """
    process_key("officers")


def worker(
    queue: Annotated[
        str, typer.Option(help=QUEUES_HELP, metavar="all|golden-hour|case-work|bank-calls|restoration")
    ] = "all",
) -> None:
    """Run a worker for workflows, database activities and calls to banks.

    With GOLDENHOUR_WORKER_METRICS_PORT, /metrics on that port shows its metrics and the Temporal SDK's. Any number of
    workers may run. SIGTERM and Ctrl-C let running work finish.

    Exit codes: 0 stopped, 1 failed, 2 wrong usage or settings.
    """
    from workers.worker import Queues, run_worker

    if queue not in set(Queues):
        raise Failed(f"--queue is one of {', '.join(Queues)}, not {queue}", USAGE)
    settings = load_settings()
    log_to_stderr()
    _serve(lambda stop: run_worker(settings, Queues(queue), stop))


def migrate(
    phase: Annotated[Literal["all", "pre", "post"], typer.Option(help=PHASE_HELP)] = "all",
) -> None:
    """Apply the missing migrations to the database, each once, even if several commands run at the same time.

    An update without a stop is: `--phase pre`, then start every process on the new release, then `--phase post`. The
    migrations of the other phase that are left are named. An empty database gets all.

    With GOLDENHOUR_MIGRATION_URL it connects as that role, which then owns the tables. The role of
    GOLDENHOUR_DATABASE_URL gets only the rights that it needs: read and insert only, where rows never change.

    Exit codes: 0 done, 1 failed or a `pre` is left, 2 wrong usage or settings.
    """
    from db.migration_files import Phase, phase_of
    from workers.stack import migrate_database

    wanted = None if phase == "all" else Phase(phase)
    done = run(migrate_database(with_database(load_settings()), wanted))
    for verb, names in done._asdict().items():
        if names:
            errors().print(f"{verb} {', '.join(names)}", highlight=False)
    if done == ([], []):
        errors().print("the database is up to date", highlight=False)
    if wanted is Phase.PRE and Phase.PRE in map(phase_of, done.left):
        raise Failed(f"{done.left[0]} of the release before comes first: use `--phase post` while all run that release")


def with_known_key(settings: Settings) -> Settings:
    """Return settings with a key that exists. Raises `NothingRunning`."""
    from workers.home import SECRET_KEY_FILE, NothingRunning

    named = settings.secret_key or settings.officers_key
    if named is None and not (settings.home / SECRET_KEY_FILE).is_file():
        # A key made now would not be the key of any running engine.
        raise NothingRunning(settings.home.absolute())
    return settings


def own_name() -> str:
    """Return the user who runs this, for logs; `unknown` if the machine has no name for the user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def actor() -> str:
    """Return the name of the user who runs this command, for records of who changed what."""
    return f"command:{own_name()}"


class UtcFormatter(logging.Formatter):
    """Writes the time of a line in UTC with its offset, as `2026-11-28T01:40:00.123+00:00`."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03d+00:00"


def log_to_stderr(level: int = logging.INFO) -> None:
    """Log to stderr, one line per event; libraries log warnings and errors only."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(UtcFormatter(LOG_FORMAT))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for room in ("goldenhour", "activities", "adapters", "api", "db", "workers", "workflows"):
        logging.getLogger(room).setLevel(level)


def _serve(work: Callable[[Stop], Coroutine[None, None, None]]) -> None:
    """Run a process of the engine until SIGTERM or Ctrl-C."""

    async def main() -> None:
        stop = Stop()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        asyncio.get_running_loop().call_later(WARM_AFTER_SECONDS, _exclude_from_gc)
        await work(stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def _exclude_from_gc() -> None:
    """Exclude modules, schemas and pools from garbage collection.

    A full collection would stop every request.
    """
    gc.collect()
    gc.freeze()


def _serve_part(part: Part, run_part: RunPart, settings: Settings, *, several: bool, await_run_file: bool) -> None:
    """Run one process of a part of the API, or several on one port, until SIGTERM or Ctrl-C."""
    log_to_stderr()
    if several:
        run(_several(settings, part))
        return
    from workers.process_heartbeat import watch_loop

    log = logging.getLogger("goldenhour.api")

    def started(url: str) -> None:
        watch_loop()
        log.info("%s accepts requests at %s", part, url)

    _serve(lambda stop: run_part(settings, stop, started, await_run_file=await_run_file))


async def _several(settings: Settings, part: Part) -> None:
    """Run the processes of a part of the API, all on one port, until SIGTERM or Ctrl-C."""
    from activities.secrets import Process
    from workers.home import refuse_secret_key
    from workers.processes import Supervisor
    from workers.stack import start_part

    refuse_secret_key(settings, Process(part))
    stop = Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Supervisor(settings.home.absolute() / "logs") as supervisor:
        await start_part(supervisor, settings, part, restarts=True)
        stopped, failed = asyncio.ensure_future(stop.wait()), asyncio.ensure_future(supervisor.failed())
        done, _ = await asyncio.wait([stopped, failed], return_when=asyncio.FIRST_COMPLETED)
        if failed in done:
            raise failed.result()
