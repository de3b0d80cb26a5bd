"""Runs pytest in forks of one process that has collected every test: `python -m tests.forked_pytest -n 4 tests`.

To import the product and the tests takes longer than to collect them again. Beside each process of pytest stands its
fork server (`tests/fork_server.py`), which needs no import of its own either. The arguments are those of pytest.
"""

import argparse
import gc
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Final, NoReturn

import pytest
from execnet import gateway_io
from execnet.gateway_base import ExecModel, Popen2IO
from execnet.xspec import XSpec

COLLECTS: Final = ("-n", "0", "--collect-only", "-qq")
_create_io = gateway_io.create_io


class Prepared(Popen2IO):
    """A process of pytest that waits for its work, as far as execnet needs one."""

    def __init__(self, pid: int, to_it: int, from_it: int, execmodel: ExecModel) -> None:
        super().__init__(os.fdopen(to_it, "wb"), os.fdopen(from_it, "rb"), execmodel=execmodel)
        self._pid = pid

    def wait(self) -> int | None:
        """Wait for its end; return the exit code, or None if that was asked before."""
        with suppress(ChildProcessError):
            return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return None

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)


class Waiting:
    """The processes that wait for execnet. Where all are given away, execnet starts one as ever."""

    def __init__(self) -> None:
        self._processes: list[tuple[int, int, int]] = []

    def add(self) -> None:
        """Fork a process; return in this one alone."""
        its_input, to_it = os.pipe()
        from_it, its_output = os.pipe()
        pid = os.fork()
        if pid == 0:
            # The end of the input tells a process to end, so no other process may keep it open.
            for descriptor in (to_it, from_it, *(one for _, *both in self._processes for one in both)):
                os.close(descriptor)
            serve(its_input, its_output)
        os.close(its_input)
        os.close(its_output)
        self._processes.append((pid, to_it, from_it))

    def give(self, spec: XSpec, execmodel: ExecModel) -> Popen2IO:
        """Return a process that waits, in the place of `execnet.gateway_io.create_io`."""
        if spec.popen and self._processes:
            return Prepared(*self._processes.pop(0), execmodel)
        return _create_io(spec, execmodel)


def serve(its_input: int, its_output: int) -> NoReturn:
    """Be a process of pytest: run the line that execnet sends to each process which it starts."""
    from tests import fork_server, forked  # noqa: PLC0415 - after the tests: pytest rewrites what it imports first

    requests, server = fork_server.fork(its_input, its_output)
    forked.keep(requests, lambda: os.waitpid(server, 0))
    os.dup2(its_input, 0)
    os.dup2(its_output, 1)
    os.close(its_input)
    os.close(its_output)
    sys.stdin = os.fdopen(0, "r", closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    line = eval(sys.stdin.readline())  # noqa: S307 - from our parent
    fork_server.end_at_once(lambda: exec(line, {"__name__": "__main__"}))  # noqa: S102 - as above


def collect(arguments: list[str]) -> bool:
    """Import every test in silence; return whether that went well and left no thread, which would not be forked."""
    nothing, output = os.open(os.devnull, os.O_WRONLY), os.dup(1)
    os.dup2(nothing, 1)
    try:
        code = pytest.main([*arguments, *COLLECTS])
    finally:
        sys.stdout.flush()
        os.dup2(output, 1)
        os.close(nothing)
        os.close(output)
    return code == pytest.ExitCode.OK and threading.active_count() == 1


def processes_of(arguments: list[str]) -> int:
    """Return how many processes the arguments ask for."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-n", "--numprocesses", type=int, default=0)
    return int(parser.parse_known_args(arguments)[0].numprocesses)


def main(arguments: list[str]) -> int:
    """Run pytest with these arguments; return its exit code."""
    count = processes_of(arguments)
    if count and collect(arguments):
        from tests import fork_server  # noqa: PLC0415 - as above

        fork_server.prepare()
        if (described := sys.modules.get("tests.api.openapi_world")) is not None:
            # A dozen files need the description of the API, which takes seconds to make.
            described.published()
        gc.collect()
        gc.freeze()
        waiting = Waiting()
        for _ in range(count):
            waiting.add()
        vars(gateway_io)["create_io"] = waiting.give
    return int(pytest.main(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
