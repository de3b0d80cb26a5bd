"""Run the command line inside a test, or as a separate process."""

import asyncio
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import psutil
from typer.testing import CliRunner, Result

from tests.factories import SECRET
from tests.forked import fork_server
from workers.cli import app

COMMAND = [sys.executable, "-m", "workers.cli"]
GONE_LIMIT_SECONDS = 120.0
LOOK_SECONDS = 0.05


async def invoke(*arguments: str | Path, typed: str | None = None, **environment: str) -> Result:
    """Run a command in a thread with its own event loop and only these settings; `typed` answers prompts."""
    settings: dict[str, str | None] = {name: None for name in os.environ if name.startswith("GOLDENHOUR_")}
    settings |= {f"GOLDENHOUR_{name.upper()}": value for name, value in environment.items()}
    words = [str(argument) for argument in arguments]
    return await asyncio.to_thread(lambda: CliRunner(env=settings).invoke(app, words, input=typed))


def with_database(dsn: str) -> dict[str, str]:
    """Return the settings of a command that works on this database."""
    return {"database_url": dsn, "secret_key": SECRET.get_secret_value()}


def own_environment(**settings: str) -> dict[str, str]:
    """Return the environment of a command in a separate process."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GOLDENHOUR_")}
    return inherited | {"COLUMNS": "200"} | settings


async def ended(*arguments: str, **settings: str) -> tuple[int, str]:
    """Run a command as a forked process, which costs no import; return its exit code, and what it has written."""
    with tempfile.TemporaryFile() as output:
        terms = {"environment": own_environment(**settings), "death_signal": int(signal.SIGKILL)}
        process = fork_server().fork([*arguments], output.fileno(), **terms)
        while (code := process.poll()) is None:  # noqa: ASYNC110 - processes set no event
            await asyncio.sleep(LOOK_SECONDS)
        output.seek(0)
        return code, output.read().decode()


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of every process that works in `folder`."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values()]
            if any(str(folder) in word for word in words) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


async def all_gone(folder: Path) -> list[str]:
    """Wait until no process works in `folder`; return those that remain after a limit."""
    deadline = time.monotonic() + GONE_LIMIT_SECONDS
    while (left := processes_of(folder)) and time.monotonic() < deadline:  # noqa: ASYNC110 - processes set no event
        await asyncio.sleep(0.2)
    return left
