"""Imports the engine once, and forks a process for each start: `python -m tests.fork_server DESCRIPTOR`.

A process that has imported the engine forks a server (`fork`), and any other starts one.

A request is a JSON object with the arguments, the environment, the parent and the signal for the parent's end; the
descriptor of the log comes with it. The reply is the id of the new process.
"""

import atexit
import ctypes
import gc
import json
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, cast

from fastapi import FastAPI
from temporalio.worker._worker import load_default_build_id

import workers.api_processes
import workers.restoration_workers
import workers.worker  # noqa: F401 - imported before the fork
from api import app as applications
from api import server
from api.parts import Part
from api.services import Services
from db import schema_state
from db.migration_files import MIGRATIONS, MigrationFile, read_files
from tests.lent_routes import lend_routes, work_out
from workers import cli

REQUEST_MAX_BYTES = 1_000_000
PR_SET_PDEATHSIG = 1
LOOK_SECONDS = 0.001
_lenders: dict[Part, FastAPI] = {}
"""applications whose routes are worked out, by the part of the API that they serve"""


def serve(requests: socket.socket) -> tuple[dict[str, Any], int] | None:
    """Fork for each request; return the request in the new process, and None at the end of the server."""
    while True:
        text, descriptors, *_ = socket.recv_fds(requests, REQUEST_MAX_BYTES, 1)
        if not text:
            return None
        (output,) = descriptors
        between = os.fork()
        if between == 0:
            if os.fork() != 0:
                # The new process loses its parent here, and becomes a child of the test's process.
                os._exit(0)
            return json.loads(text), output
        os.waitpid(between, 0)
        os.close(output)


def become(request: dict[str, Any], output: int, requests: socket.socket) -> NoReturn:
    """Run the command in this new process."""
    while os.getppid() != request["parent"]:
        time.sleep(LOOK_SECONDS)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, *(ctypes.c_ulong(value) for value in (request["death_signal"], 0, 0, 0)))
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in enumerate((nothing, output, output)):
        os.dup2(descriptor, number)
    os.close(nothing)
    os.close(output)
    os.environ.clear()
    os.environ.update(request["environment"])
    # The folder of temporary files follows from the environment, and our parent has worked out its own.
    tempfile.tempdir = None
    sys.argv = ["goldenhour", *request["arguments"]]
    requests.send(str(os.getpid()).encode())
    requests.close()
    end_at_once(cli.main)


def end_at_once(run: Callable[[], object]) -> NoReturn:
    """Run this, and end the process with its exit code, without the cost of taking apart all that was imported.

    A fork shares that memory with others until it writes there.
    """
    code: object = 0
    try:
        run()
    except SystemExit as end:
        code = end.code or 0
    atexit._run_exitfuncs()
    if not isinstance(code, int):
        sys.stderr.write(f"{code}\n")
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def prepare() -> None:
    """Work out what each process of the engine would work out for itself, so that its forks have it.

    These are the routes of both parts of the API, which take as long as all else at the start, and the name that a
    worker gives to its code, for which it reads every module again.
    """
    load_default_build_id()
    pages = applications.PAGES
    # A page is made for the services of its process.
    applications.PAGES = ()  # type: ignore[misc]
    _lenders.update({part: applications.create_app(cast("Services", None), part) for part in Part})
    applications.PAGES = pages  # type: ignore[misc]
    for lender in _lenders.values():
        work_out(lender)


def lend_worked_out_routes() -> None:
    """Let the application of each new process have the routes that are worked out."""
    create_app = applications.create_app

    def create(services: Services, part: Part | None = None) -> FastAPI:
        app = create_app(services, part)
        if part is not None:
            lend_routes(_lenders[part], app)
        return app

    server.create_app = create  # type: ignore[attr-defined]


def lend_migrations() -> None:
    """Let each new process have the migrations as they were read here: every pool checks them."""
    own = read_files()

    def read(directory: Path = MIGRATIONS) -> list[MigrationFile]:
        return own if directory == MIGRATIONS else read_files(directory)

    schema_state.read_files = read  # type: ignore[attr-defined]


def fork(*not_its: int) -> tuple[socket.socket, int]:
    """Fork a server, which closes the descriptors that are not its own; return our end of its socket, and its id."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server_id = os.fork()
    if server_id == 0:
        ours.close()
        for descriptor in not_its:
            os.close(descriptor)
        fork_for_each(its)
    its.close()
    return ours, server_id


def fork_for_each(requests: socket.socket) -> NoReturn:
    """Fork for each request until the other end of the socket is closed."""
    lend_worked_out_routes()
    lend_migrations()
    assert threading.active_count() == 1, "a thread does not outlive a fork"
    new = serve(requests)
    if new is not None:
        become(*new, requests)
    os._exit(0)


if __name__ == "__main__":
    prepare()
    gc.collect()
    gc.freeze()
    fork_for_each(socket.socket(fileno=int(sys.argv[1])))
