"""Child processes: watched, restarted within limits, stopped in order, and never left running."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.waiting import until
from workers import processes
from workers.processes import ChildFailed, ChildProcess, ChildSpec, Supervisor, http_ready, own_command

SLEEPS = [sys.executable, "-c", "import time; print('awake', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('awake', flush=True); time.sleep(600)",
]
CRASHES = """
import os, sys, time
print("awake", flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.02)
sys.exit(3)
"""


def crashes_after(told: Path) -> list[str]:
    """A process that ends by itself once this file is there."""
    return [sys.executable, "-c", CRASHES, str(told)]


def logged(log_file: Path, text: str = "awake") -> processes.Probe:
    async def probe() -> bool:
        return log_file.exists() and text in log_file.read_text()

    return probe


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def spec(folder: Path, name: str, command: list[str], *, restarts: bool = True) -> ChildSpec:
    return ChildSpec(
        name=name,
        command=command,
        environment=dict(os.environ),
        ready=logged(folder / f"{name}.log"),
        restarts=restarts,
        ready_limit_seconds=60.0,
        stop_limit_seconds=2.0,
    )


async def test_a_child_logs_privately_and_stops(tmp_path: Path) -> None:
    child = ChildProcess("sleeper", SLEEPS, log_file=tmp_path / "logs" / "sleeper.log")
    child.start()
    await child.wait_ready(logged(child.log_file), 10.0)
    assert child.is_running
    assert child.memory_bytes() > 1_000_000
    with pytest.raises(ChildFailed, match="already runs"):
        child.start()
    assert await child.stop() == -signal.SIGTERM
    assert child.memory_bytes() == 0
    assert stat.S_IMODE(child.log_file.stat().st_mode) == 0o600


async def test_what_does_not_stop_is_killed(tmp_path: Path) -> None:
    child = ChildProcess("stubborn", STUBBORN, log_file=tmp_path / "log")
    child.start()
    await child.wait_ready(logged(child.log_file), 10.0)
    assert await child.stop(limit_seconds=0.2) == -signal.SIGKILL


async def test_what_ends_before_it_is_ready_shows_its_last_output(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such setting')"]
    child = ChildProcess("broken", command, log_file=tmp_path / "log")
    child.start()
    with pytest.raises(ChildFailed, match=r"(?s)exit code 1 before.*no such setting"):
        await child.wait_ready(logged(child.log_file), 10.0)


async def test_what_never_gets_ready_is_said(tmp_path: Path) -> None:
    child = ChildProcess("slow", SLEEPS, log_file=tmp_path / "log")
    child.start()
    with pytest.raises(ChildFailed, match="not ready within"):
        await child.wait_ready(logged(child.log_file, "never"), 0.2)
    await child.kill()


async def test_a_slow_start_says_what_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(processes, "FIRST_WORD_SECONDS", 0.1)
    child = ChildProcess("slow", SLEEPS, log_file=tmp_path / "log")
    child.start()
    with pytest.raises(ChildFailed, match="the machine may be too busy"):
        await child.wait_ready(logged(child.log_file, "never"), 1.0)
    await child.kill()
    assert 2 <= len([line for line in caplog.messages if line.startswith("slow is not ready after")]) <= 4


async def test_a_large_log_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LOG_FILE_MAX_BYTES", 10)
    log = tmp_path / "log"
    log.write_text("yesterday " * 3)
    child = ChildProcess("sleeper", SLEEPS, log_file=log)
    child.start()
    await child.kill()
    assert "yesterday" not in log.read_text()
    assert "yesterday" in (tmp_path / "log.1").read_text()


async def test_the_supervisor_stops_all_in_reverse(tmp_path: Path) -> None:
    async with Supervisor(tmp_path) as supervisor:
        children = [await supervisor.start(spec(tmp_path, name, SLEEPS)) for name in ("one", "two")]
        assert set(supervisor.memory_bytes()) == {"one", "two"}
        assert all(size > 0 for size in supervisor.memory_bytes().values())
        with pytest.raises(ChildFailed, match="already started"):
            await supervisor.start(spec(tmp_path, "one", SLEEPS))
    assert [child.exit_code for child in children] == [-signal.SIGTERM] * 2


async def test_a_killed_child_comes_back(tmp_path: Path) -> None:
    async with Supervisor(tmp_path) as supervisor:
        child = await supervisor.start(spec(tmp_path, "worker", SLEEPS))
        first = child.pid
        child.send(signal.SIGKILL)
        await until(lambda: child.is_running and child.pid != first, 10)
    assert not child.is_running


async def test_n2_a_child_that_keeps_crashing_is_started_again_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Six crashes of one process do not end the others."""
    monkeypatch.setattr(processes, "BACKOFF_MAX_SECONDS", 0.01)
    told = tmp_path / "told"
    async with Supervisor(tmp_path) as supervisor:
        child = await supervisor.start(spec(tmp_path, "worker", crashes_after(told)))
        other = await supervisor.start(spec(tmp_path, "other", SLEEPS))
        told.touch()
        await until(lambda: child.log_file.read_text().count("awake") > 6, 60)
        failed = asyncio.ensure_future(supervisor.failed())
        await asyncio.sleep(0)
        assert (failed.done(), other.is_running) == (False, True)
        failed.cancel()
    assert "worker ended with exit code 3" in caplog.text
    assert "crash 6 in ten minutes" in caplog.text


async def test_without_restarts_the_first_crash_is_final(tmp_path: Path) -> None:
    told = tmp_path / "told"
    async with Supervisor(tmp_path) as supervisor:
        await supervisor.start(spec(tmp_path, "worker", crashes_after(told), restarts=False))
        told.touch()
        async with asyncio.timeout(60):
            assert "exit code 3" in str(await supervisor.failed())


def test_restarts_wait_longer_each_time_up_to_a_limit() -> None:
    waits = [processes._backoff_seconds(crashes) for crashes in (1, 2, 3, 100)]
    assert waits == [0.5, 1.0, 2.0, 60.0]


async def test_an_http_probe_tells_ready_from_not(tmp_path: Path) -> None:
    server = await asyncio.start_server(answer_once, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        assert await http_ready("127.0.0.1", port, "/readyz")()
        assert not await http_ready("127.0.0.1", port, "/other")()
    with pytest.raises(ConnectionRefusedError):
        await http_ready("127.0.0.1", port, "/readyz")()


async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request = await reader.readuntil(b"\r\n\r\n")
    status = b"200 OK" if b"/readyz" in request else b"503 Service Unavailable"
    writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()
    writer.close()
    await writer.wait_closed()


def test_our_own_commands_run_in_this_python() -> None:
    assert own_command("worker", "--queue", "bank-calls") == [
        sys.executable,
        "-m",
        "workers.cli",
        "worker",
        "--queue",
        "bank-calls",
    ]


PARENT = """
import asyncio, os, sys
from pathlib import Path
from workers.embedded.postgres import EmbeddedPostgres
from workers.embedded.temporal import EmbeddedTemporal
from workers.processes import ChildSpec, Supervisor

async def awake():
    return True

async def main(home):
    async with (
        EmbeddedPostgres(home / "postgres", durable=False) as postgres,
        EmbeddedTemporal(home / "temporal.db") as temporal,
        Supervisor(home) as supervisor,
    ):
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        child = await supervisor.start(ChildSpec("worker", command, dict(os.environ), awake))
        print(postgres.process.pid, temporal.process.pid, child.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main(Path(sys.argv[1])))
"""


async def test_nothing_outlives_a_parent_that_was_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        children = [int(pid) for pid in (await asyncio.to_thread(parent.stdout.readline)).split()]
        assert len(children) == 3
        family = children + [member.pid for pid in children for member in psutil.Process(pid).children(recursive=True)]
        assert len(family) > 3, "PostgreSQL's own processes belong to the proof"
    finally:
        parent.kill()
        parent.communicate()
    await until(lambda: all(gone(pid) for pid in family), 10)


def test_a_child_whose_parent_is_already_gone_does_not_start(tmp_path: Path) -> None:
    outcome = subprocess.run(
        [sys.executable, "-I", "-S", str(processes.LAUNCHER), "1", "9", "same", sys.executable, "-c", ""],
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 125
    assert "the parent ended" in outcome.stderr
