"""Child processes: start, watch, restart within limits, and stop in order. None outlives this process.

`ChildProcess` is one program; the embedded services are built on it. `Supervisor` runs the engine's own processes (API,
workers) for `goldenhour up` and `goldenhour demo`.
"""

import asyncio
import http.client
import logging
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

log = logging.getLogger(__name__)

LAUNCHER = Path(__file__).with_name("launch.py")
LOG_FILE_MODE = 0o600
POLL_SECONDS = 0.02
POLL_SHARE = 0.05
"""a process is seen to be ready at most so much later than it was, as a share of its start"""
WATCH_SECONDS = 0.1
"""time between two looks at a process whose end the system does not tell"""
STOP_LIMIT_SECONDS = 15.0
KILL_LIMIT_SECONDS = 10.0
READY_LIMIT_SECONDS = 300.0
"""a machine that is busy or slow takes minutes to start a process"""
FIRST_WORD_SECONDS = 15.0
"""how long a start takes until the first line says what is waited for; each later line comes after twice the time"""
LOG_TAIL_BYTES = 4_096
LOG_FILE_MAX_BYTES = 16 * 1024 * 1024
PROBE_LIMIT_SECONDS = 5.0

RESTART_WINDOW_SECONDS = 600.0
BACKOFF_FIRST_SECONDS = 0.5
BACKOFF_MAX_SECONDS = 60.0

SAME_IDENTITY = "same"

Probe = Callable[[], Awaitable[bool]]


class ChildFailed(Exception):
    """A child process ended or did not become ready; the text includes the end of its log."""


class ChildProcess:
    """One program that ends when this process ends.

    `command[0]` is an absolute path. Output is appended to `log_file` (mode 0600); a large log is renamed at the start.
    The kernel sends `death_signal` to the child if this process ends without stopping it. The child has its own
    session, so that Ctrl-C on a terminal does not reach it; we stop it in order.

    The kernel ties a child to the *thread* that started it: start children from the main thread.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log_file: Path,
        environment: Mapping[str, str] | None = None,
        death_signal: signal.Signals = signal.SIGKILL,
        identity: str = SAME_IDENTITY,
        working_folder: Path | None = None,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.log_file = log_file
        self._environment = environment
        self._death_signal = death_signal
        self._identity = identity
        self._working_folder = working_folder
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int:
        """Process id of the current or last process. Raises `ChildFailed` if it was never started."""
        if self._process is None:
            raise ChildFailed(f"{self.name} was not started")
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Exit code; None while the process runs or before its start, negative for a signal, as in `subprocess`."""
        return None if self._process is None else self._process.poll()

    @property
    def is_running(self) -> bool:
        """Whether the process was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the program. Raises `ChildFailed` if it already runs."""
        if self.is_running:
            raise ChildFailed(f"{self.name} already runs")
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        _set_aside_if_large(self.log_file)
        descriptor = os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, LOG_FILE_MODE)
        try:
            self._log_start = os.fstat(descriptor).st_size
            self._process = self._launched(descriptor)
        finally:
            os.close(descriptor)

    def _launched(self, output: int) -> subprocess.Popen[bytes]:
        """Start the launcher, which becomes the program; `output` is where it writes."""
        launcher = [sys.executable, "-I", "-S", str(LAUNCHER)]
        terms = [str(os.getpid()), str(int(self._death_signal)), self._identity]
        return subprocess.Popen(
            [*launcher, *terms, *self.command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=self._environment,
            cwd=self._working_folder,
            start_new_session=True,
        )

    def log_tail(self) -> str:
        """Return the end of the log since this start, at most 4 KiB."""
        with self.log_file.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, end - LOG_TAIL_BYTES))
            return log.read().decode(errors="replace").strip()

    def failure(self, what: str) -> ChildFailed:
        """Return an error that names the problem and includes the end of the log."""
        return ChildFailed(f"{self.name} {what}\n{self.log_tail()}\n(log: {self.log_file})")

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self._process is not None:
            self._process.send_signal(number)

    async def stop(
        self, number: signal.Signals = signal.SIGTERM, limit_seconds: float = STOP_LIMIT_SECONDS
    ) -> int | None:
        """Ask the process to end, kill it after `limit_seconds`, and return its exit code."""
        self.send(number)
        if not await self._ends_within(limit_seconds):
            await self.kill()
        return self.exit_code

    async def kill(self) -> None:
        """Kill the process. Raises `ChildFailed` if it has not ended within 10 seconds."""
        self.send(signal.SIGKILL)
        if not await self._ends_within(KILL_LIMIT_SECONDS):
            raise self.failure("does not end")

    async def wait_ready(self, probe: Probe, limit_seconds: float = READY_LIMIT_SECONDS) -> None:
        """Wait until `probe` returns True. Raises `ChildFailed` if the process ends first, or time is up."""
        began = time.monotonic()
        deadline, next_word = began + limit_seconds, FIRST_WORD_SECONDS
        while True:
            if not self.is_running:
                raise self.failure(f"ended with exit code {self.exit_code} before it was ready")
            if await _passes(probe):
                return
            now = time.monotonic()
            if now > deadline:
                raise self.failure(f"was not ready within {limit_seconds:.0f} s; the machine may be too busy for it")
            if now - began >= next_word:
                log.warning(
                    "%s is not ready after %.0f s; it may take %.0f s (log: %s)",
                    self.name,
                    now - began,
                    limit_seconds,
                    self.log_file,
                )
                next_word *= 2
            # A probe costs the processor time that the new process needs, so a long start is asked less often.
            await asyncio.sleep(max(POLL_SECONDS, (time.monotonic() - began) * POLL_SHARE))

    def memory_bytes(self) -> int:
        """Return the memory of the process and its children in bytes; 0 if it does not run.

        This is the proportional set size: memory that several processes share, as PostgreSQL's do, counts once.
        """
        if not self.is_running:
            return 0
        try:
            process = psutil.Process(self.pid)
            family = [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return 0
        return sum(process_memory_bytes(member) for member in family)

    def cpu_seconds(self, *, with_children: bool = True) -> float:
        """Return the processor time of the process until now; 0 if it does not run.

        To find living children every process of the machine is read, which takes milliseconds.
        """
        if not self.is_running:
            return 0.0
        try:
            process = psutil.Process(self.pid)
            family = [process, *(process.children(recursive=True) if with_children else ())]
        except psutil.NoSuchProcess:
            return 0.0
        return sum(process_cpu_seconds(member) for member in family)

    def listens_on(self, port: int) -> bool:
        """Return whether this very process listens on a TCP port, as far as the kernel shows it."""
        try:
            connections = psutil.Process(self.pid).net_connections("tcp")
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return _is_another_users(self.pid)
        return any(
            connection.status == psutil.CONN_LISTEN and connection.laddr.port == port for connection in connections
        )

    async def ended(self) -> None:
        """Wait until the process has ended. The wait takes no processor time."""
        while self.is_running:
            await _end_of(self.pid)

    async def _ends_within(self, limit_seconds: float) -> bool:
        try:
            async with asyncio.timeout(limit_seconds):
                await self.ended()
        except TimeoutError:
            return False
        return True


async def _end_of(pid: int) -> None:
    """Wait until a process of this id has ended, or where the system does not tell, for a moment."""
    loop, has_ended = asyncio.get_running_loop(), asyncio.Event()
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except OSError:  # some containers refuse the call, and a process may have too many open files
        await asyncio.sleep(WATCH_SECONDS)
        return
    try:
        loop.add_reader(descriptor, has_ended.set)
        await has_ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def http_ready(host: str, port: int, path: str) -> Probe:
    """Return a probe that passes if `GET path` on a plain HTTP server of this machine returns 200."""

    def ask() -> bool:
        connection = http.client.HTTPConnection(host, port, timeout=PROBE_LIMIT_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == http.HTTPStatus.OK
        except http.client.HTTPException:
            return False
        finally:
            connection.close()

    async def probe() -> bool:
        return await asyncio.to_thread(ask)

    return probe


def _set_aside_if_large(log_file: Path) -> None:
    if log_file.exists() and log_file.stat().st_size > LOG_FILE_MAX_BYTES:
        log_file.replace(log_file.with_name(f"{log_file.name}.1"))


def _is_another_users(pid: int) -> bool:
    """Return whether the process belongs to another user, which explains why access is denied.

    Access to our own process is denied only while it ends.
    """
    try:
        return bool(psutil.Process(pid).uids().effective != os.geteuid())
    except psutil.NoSuchProcess:
        return False


def process_memory_bytes(process: psutil.Process) -> int:
    """Return the proportional set size of one process in bytes, or its resident memory if that is hidden."""
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0
    except psutil.AccessDenied:
        return int(process.memory_info().rss)


def process_cpu_seconds(process: psutil.Process) -> float:
    """Return the processor time of one process and of those of its children that have ended."""
    try:
        times = process.cpu_times()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0.0
    # Only some systems count children that have ended.
    ended = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return float(times.user + times.system + ended)


async def _passes(probe: Probe) -> bool:
    """Run a readiness probe once. A refused connection counts as False; only a bug in the probe raises."""
    try:
        async with asyncio.timeout(PROBE_LIMIT_SECONDS):
            return await probe()
    except OSError:  # TimeoutError is one
        return False


@dataclass(frozen=True)
class ChildSpec:
    """A process to run, and the probe that shows that it works."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Probe
    restarts: bool = True
    """whether a crash leads to a restart (`up`) or ends the stack (`demo`, benchmarks)"""

    ready_limit_seconds: float = READY_LIMIT_SECONDS
    stop_limit_seconds: float = STOP_LIMIT_SECONDS


def own_command(*arguments: str) -> list[str]:
    """Return the command line that runs `goldenhour` in this same Python."""
    return [sys.executable, "-m", "workers.cli", *arguments]


@dataclass
class _Watched:
    spec: ChildSpec
    child: ChildProcess
    watch: asyncio.Task[None] | None = None
    crashes: deque[float] = field(default_factory=deque)
    """times of its crashes (monotonic seconds), within the last `RESTART_WINDOW_SECONDS` only"""


class Supervisor:
    """Runs child processes; leaving the `async with` stops them all, the last started first.

    After a crash, the process restarts after 0.5, 1, 2, 4 … 60 seconds, for ever, because the other processes go on.
    The crashes of the last ten minutes count. `failed()` reports the end of a process that is not restarted.
    """

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self._watched: dict[str, _Watched] = {}
        self._failure: asyncio.Future[ChildFailed] | None = None

    async def __aenter__(self) -> Self:
        self._failure = asyncio.get_running_loop().create_future()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in reversed(self._watched):
            await self.stop(name)

    async def start(self, spec: ChildSpec) -> ChildProcess:
        """Start a process and wait until it is ready. Raises `ChildFailed`; names are unique."""
        if spec.name in self._watched:
            raise ChildFailed(f"{spec.name} was already started")
        log_file = self._log_folder / f"{spec.name}.log"
        child = ChildProcess(spec.name, spec.command, log_file=log_file, environment=spec.environment)
        watched = self._watched[spec.name] = _Watched(spec, child)
        child.start()
        await child.wait_ready(spec.ready, spec.ready_limit_seconds)
        watched.watch = asyncio.create_task(self._watch(watched), name=f"watch-{spec.name}")
        return child

    async def stop(self, name: str) -> None:
        """Stop one process without a restart; do nothing if it has ended."""
        watched = self._watched[name]
        if watched.watch is not None:
            watched.watch.cancel()
            await asyncio.wait([watched.watch])
        await watched.child.stop(limit_seconds=watched.spec.stop_limit_seconds)

    async def failed(self) -> ChildFailed:
        """Wait for the first final failure of a process. Await this beside the work that needs all processes."""
        if self._failure is None:
            raise ChildFailed("the supervisor was not entered")
        return await asyncio.shield(self._failure)

    def memory_bytes(self) -> dict[str, int]:
        """Return the memory of each process now, in bytes, by name."""
        return {name: watched.child.memory_bytes() for name, watched in self._watched.items()}

    def cpu_seconds(self) -> dict[str, float]:
        """Return the processor time of each process until now, by name. The engine's processes have no children."""
        return {name: watched.child.cpu_seconds(with_children=False) for name, watched in self._watched.items()}

    async def _watch(self, watched: _Watched) -> None:
        while True:
            await watched.child.ended()
            failure = watched.child.failure(f"ended with exit code {watched.child.exit_code}")
            if not watched.spec.restarts:
                self._give_up(failure)
                return
            crashes = _crashes_with_this(watched)
            pause_seconds = _backoff_seconds(crashes)
            log.error("%s; crash %d in ten minutes, starts again in %.1f s", failure, crashes, pause_seconds)
            await asyncio.sleep(pause_seconds)
            try:
                watched.child.start()
                await watched.child.wait_ready(watched.spec.ready, watched.spec.ready_limit_seconds)
            except (ChildFailed, OSError):
                # This counts as the next crash, and the loop decides what follows.
                await watched.child.kill()

    def _give_up(self, failure: ChildFailed) -> None:
        if self._failure is not None and not self._failure.done():
            self._failure.set_result(failure)


def _crashes_with_this(watched: _Watched) -> int:
    """Note a crash, and return how many there were in the last ten minutes."""
    now = time.monotonic()
    watched.crashes.append(now)
    while watched.crashes[0] < now - RESTART_WINDOW_SECONDS:
        watched.crashes.popleft()
    return len(watched.crashes)


def _backoff_seconds(crashes: int) -> float:
    """Return the wait before the restart after crash number `crashes`, counted from 1."""
    return min(BACKOFF_MAX_SECONDS, BACKOFF_FIRST_SECONDS * 2.0 ** (crashes - 1))
