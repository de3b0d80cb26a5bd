"""Processes of the engine, forked from one process that has imported everything: a start costs no import.

Each is a process of its own, as in the product: it has its own session, environment and log, and ends with ours.
`test_stack_processes` starts processes as the product does.
"""

import atexit
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, cast

import pytest

from tests.paths import ROOT
from workers.processes import ChildProcess, own_command

PR_SET_CHILD_SUBREAPER: Final = 36
command_lines: Final[dict[int, list[str]]] = {}
"""what each forked process runs, by its id: all of them have the command line of the server"""
_OWN: Final = own_command()


class Forked:
    """A forked process, as far as `ChildProcess` needs one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while the process runs."""
        if self._code is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if ended else None
        return self._code

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


class ForkServer:
    """The process that forks, a child of ours. It ends when our end of its socket is closed."""

    def __init__(self, requests: socket.socket, wait: Callable[[], object]) -> None:
        self._socket = requests
        self._wait = wait
        atexit.register(self._end)

    def fork(self, arguments: list[str], output: int, **terms: object) -> Forked:
        """Let a new process run `goldenhour` with these arguments; it becomes a child of ours."""
        request = json.dumps({"arguments": arguments, "parent": os.getpid(), **terms}).encode()
        # An orphan goes to its next ancestor that takes orphans: the server's child leaves the new process to us.
        _take_orphans(1)
        try:
            socket.send_fds(self._socket, [request], [output])
            pid = int(self._socket.recv(32))
        finally:
            _take_orphans(0)
        command_lines[pid] = [*_OWN, *arguments]
        return Forked(pid)

    def _end(self) -> None:
        self._socket.close()
        self._wait()


_servers: Final[list[ForkServer]] = []
"""the server of this process, if it has one"""


def keep(requests: socket.socket, wait: Callable[[], object]) -> None:
    """Let this process use a fork server that is its child: our end of its socket, and what waits for its end."""
    _servers.append(ForkServer(requests, wait))


def fork_server() -> ForkServer:
    """Return the server of this process. Where it has none yet, one starts."""
    if not _servers:
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            command = [sys.executable, "-m", "tests.fork_server", str(its.fileno())]
            process = subprocess.Popen(command, cwd=ROOT, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL)
        keep(ours, process.wait)
    return _servers[0]


@asynccontextmanager
async def starts_are_forks() -> AsyncIterator[None]:
    """Fork the processes of the engine; all other programs start as they do."""
    launched = ChildProcess._launched

    def fork(child: ChildProcess, output: int) -> subprocess.Popen[bytes]:
        if child.command[: len(_OWN)] != _OWN:
            return launched(child, output)
        terms = {"environment": dict(child._environment or os.environ), "death_signal": int(child._death_signal)}
        return cast("subprocess.Popen[bytes]", fork_server().fork(child.command[len(_OWN) :], output, **terms))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ChildProcess, "_launched", fork)
        yield


def _take_orphans(whether: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.prctl(PR_SET_CHILD_SUBREAPER, *(ctypes.c_ulong(value) for value in (whether, 0, 0, 0)))
    assert done == 0, os.strerror(ctypes.get_errno())
