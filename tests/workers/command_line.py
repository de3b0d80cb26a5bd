"""Run the command line inside a test, or as a separate process."""

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil
from typer.testing import CliRunner, Result

from tests.factories import SECRET
from tests.forked import Forked, fork_server
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


@dataclass(frozen=True)
class Begun:
    """A command that runs as a forked process, and the file of what it writes."""

    process: Forked
    output: IO[bytes]

    async def ended(self) -> tuple[int, str]:
        """Wait for its end; return its exit code, and what it has written."""
        while (code := self.process.poll()) is None:  # noqa: ASYNC110 - processes set no event
            await asyncio.sleep(LOOK_SECONDS)
        self.output.seek(0)
        return code, self.output.read().decode()


@contextmanager
def begun(*arguments: str, **settings: str) -> Iterator[Begun]:
    """Start a command as a forked process, which costs no import; it is killed if it outlives the block."""
    with tempfile.TemporaryFile() as output:
        terms = {"environment": own_environment(**settings), "death_signal": int(signal.SIGKILL)}
        process = fork_server().fork([*arguments], output.fileno(), **terms)
        try:
            yield Begun(process, output)
        finally:
            process.send_signal(signal.SIGKILL)


async def ended(*arguments: str, **settings: str) -> tuple[int, str]:
    """Run a command as a forked process; return its exit code, and what it has written."""
    with begun(*arguments, **settings) as command:
        return await command.ended()


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
