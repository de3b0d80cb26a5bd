"""`up` and `demo` as a user runs them: real processes, and none left running after any end."""

import asyncio
import json
import re
import signal
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from api.parts import Part
from schemas.enums import Role
from tests.waiting import until
from tests.workers import command_line
from tests.workers.command_line import COMMAND, all_gone, own_environment
from workers.certificates import certificate_files
from workers.commands.demo import HOME_PREFIX, _remove_leftovers
from workers.home import RunFile
from workers.host_client import local_client
from workers.simulated_people import read_people

COMPLAINTS = 2
START_LIMIT_SECONDS = 240.0
DEMO_LIMIT_SECONDS = 400.0


@asynccontextmanager
async def started(*arguments: str, **settings: str) -> AsyncIterator[Process]:
    """Start a command as a separate process, which is killed at the end of the test.

    Its processes warm no connections up, which costs processor time, unless the settings say so.
    """
    settings = {"GOLDENHOUR_WARM_CONNECTIONS": "false"} | settings
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, env=own_environment(**settings), stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def line_with(process: Process, words: str) -> str:
    """Wait for a line of its standard output that contains this text."""
    assert process.stdout is not None
    seen = []
    async with asyncio.timeout(START_LIMIT_SECONDS):
        async for raw in process.stdout:
            seen.append(raw.decode())
            if words in seen[-1]:
                return seen[-1]
    assert process.stderr is not None
    pytest.fail(f"ended without {words!r}: {''.join(seen)}{(await process.stderr.read()).decode()}")


async def ended(process: Process, limit_seconds: float = DEMO_LIMIT_SECONDS) -> tuple[int, str, str]:
    """Wait for its end; return exit code, standard output and standard error."""
    async with asyncio.timeout(limit_seconds):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def demo(*more: str) -> list[str]:
    return ["demo", "--complaints", f"{COMPLAINTS}", "--minutes", "0.1", "--clock-factor", "1440", *more]


async def test_a_demo_plays_a_day_stays_and_ends_at_a_signal(tmp_path: Path) -> None:
    home = tmp_path / "kept"
    async with started(*demo("--stay", "--home", str(home), "--json", str(tmp_path / "played.json"))) as playing:
        await line_with(playing, "still running")
        check_played(json.loads((tmp_path / "played.json").read_text()))
        code, out = await command_line.ended("verify", "--json", str(tmp_path / "verdict"), GOLDENHOUR_HOME=str(home))
        assert (code, json.loads((tmp_path / "verdict").read_text())["verify"]) == (0, "clean"), out
        await an_invented_officer_signs_in(home)
        await all_start_again(playing.pid)
        playing.send_signal(signal.SIGTERM)
        code, _, _ = await ended(playing)
    assert code == 0
    assert await all_gone(home) == []
    assert (home / "logs" / "intake.log").is_file()
    code, out = await command_line.ended(*demo("--home", str(home)))
    assert (code, "not an empty folder" in out) == (2, True)


@pytest.mark.world
async def test_of_two_demos_at_once_that_are_stopped_and_killed_no_process_is_left(tmp_path: Path) -> None:
    """Each ends when it has a service, the simulator, and a part of the engine.

    Both are forks, which import nothing. The processes that they start are no forks.
    """
    stopped, killed = tmp_path / "stopped", tmp_path / "killed"
    stopped.mkdir()
    killed.mkdir()
    with (
        command_line.begun(*demo("--minutes", "5"), TMPDIR=str(stopped)) as two,
        command_line.begun(*demo("--minutes", "5"), TMPDIR=str(killed)) as three,
    ):
        await until_another(three.process.pid, "intake --single", 0)
        three.process.send_signal(signal.SIGKILL)
        await three.ended()
        assert await all_gone(killed) == []
        await until_another(two.process.pid, "intake --single", 0)
        two.process.send_signal(signal.SIGINT)
        code, out = await two.ended()
        assert (code, "Traceback" in out) == (130, False)
        assert await all_gone(stopped) == []
        assert list(stopped.iterdir()) == []
    # The next demo clears up what the killed one left.
    (left,) = killed.glob(f"{HOME_PREFIX}*")
    _remove_leftovers(killed)
    assert not left.exists()


async def all_start_again(pid: int) -> None:
    """Kill a part of the engine, the simulator and a service, one after the other, and wait for each."""
    for words, number in (
        ("worker --queue restoration", signal.SIGKILL),
        ("simulator serve", signal.SIGKILL),
        ("postgres -D", signal.SIGQUIT),
    ):
        child = child_of(pid, words)
        child.send_signal(number)
        await until_another(pid, words, child.pid)


async def an_invented_officer_signs_in(home: Path) -> None:
    """Assert that the password of the demo's file and the printed code open a session at the desk's host."""
    [auditor] = [one for one in read_people(home) if one.role is Role.AUDITOR]
    running = RunFile.read(home)
    assert running is not None
    code, out = await command_line.ended("demo-code", auditor.officer_id, GOLDENHOUR_HOME=str(home))
    assert (code, len(out)) == (0, 7), out
    typed = {"officer_id": auditor.officer_id, "password": auditor.password, "code": out.strip()}
    assert running.desk_url is not None
    async with local_client(running.desk_url, certificate_files(home).authority, 20) as browser:
        assert (await browser.post("/api/v1/session", json=typed)).status_code == 201
        assert (await browser.get("/api/v1/session")).json()["officer_id"] == auditor.officer_id


def check_played(told: dict[str, Any]) -> None:
    """Assert what a demo says of a day that went well."""
    assert told["verify"] == "clean"
    assert told["complete"]
    assert told["complaints"] >= COMPLAINTS
    assert told["requests"] >= told["cases"] > 0
    assert told["repeated_requests"] == 0
    buckets = told["buckets_paise"]
    assert buckets.pop("lost") == sum(buckets.values()) > 0
    assert 0 < told["turnaround_ms"]["complaint_to_delivered"]["count"] <= told["cases"]
    assert told["restoration"]["total"]["stages"]["lost"]["cases"] == told["cases"]
    assert told["restoration"]["by"] == "route"
    assert set(told["memory_bytes"]) == {
        "postgres",
        "temporal",
        "simulator",
        "intake",
        "officers",
        "worker",
        "worker-restoration",
        "goldenhour",
    }
    assert all(size > 1_000_000 for size in told["memory_bytes"].values())


async def shows_just(page: str, queues: set[str]) -> bool:
    """Return whether the worker with that metrics page serves exactly these queues."""
    async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
        return set(re.findall(r'task_queue="([a-z-]+)"', (await client.get(page)).text)) == queues


@pytest.mark.world
async def test_up_is_alone_in_its_home_restarts_what_crashes_and_stops_clean(tmp_path: Path) -> None:
    home = tmp_path / "home"
    settings = {"GOLDENHOUR_HOME": str(home), "GOLDENHOUR_API_PORT": "0", "GOLDENHOUR_INTAKE_PORT": "0"}
    settings["GOLDENHOUR_WARM_CONNECTIONS"] = "true"
    async with started("up", "--no-ui", **settings) as process:
        api, intake = [(await line_with(process, f"API for {whom}")).split()[-1] for whom in ("officers", "complaints")]
        pages = [
            (await line_with(process, name)).split()[-1] for name in ("worker metrics", "restoration worker metrics")
        ]
        for page, queues in zip(pages, ({"case-work", "bank-calls"}, {"restoration"}), strict=True):
            await until(partial(shows_just, page, queues))
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            for url in (api, intake):
                ready = await client.get(f"{url}/readyz")
                assert (ready.status_code, ready.json()["parts"]["run_file"]) == (200, "ok")
            assert (await client.get(f"{api}/api/v1/bank/policies")).json()["code"] == "served_by_intake"
        assert (await https_statuses(home)) == {"desk.localhost": 200, "my.localhost": 421}
        secret = (home / "secret_key").read_text()
        commands = [
            *(f"{part} --single --await-run-file" for part in Part),
            "worker --queue golden-hour",
            "worker --queue restoration",
        ]
        knows = [secret in child_of(process.pid, command).environ().values() for command in commands]
        assert not any(knows)
        code, out = await command_line.ended("up", **settings)
        assert (code, f"process {process.pid}" in out, api in out and intake in out) == (1, True, True)
        worker = child_of(process.pid, "worker --queue golden-hour")
        worker.kill()
        await until_another(process.pid, "worker --queue golden-hour", worker.pid)
        postgres = child_of(process.pid, "postgres -D")
        postgres.send_signal(signal.SIGQUIT)
        await until_another(process.pid, "postgres -D", postgres.pid)
        process.send_signal(signal.SIGTERM)
        code, _, err = await ended(process)
    assert (code, "Traceback" in err) == (0, False)
    assert await all_gone(home) == []
    assert not (home / "run.json").exists()
    assert home.stat().st_mode & 0o777 == 0o700


async def https_statuses(home: Path) -> dict[str, int]:
    """The answers of the officers' TLS port to `/sign-in`, by host."""
    running = RunFile.read(home)
    assert running is not None
    assert running.desk_url is not None
    async with local_client(running.desk_url, certificate_files(home).authority, 20) as client:
        urls = (running.desk_url, running.desk_url.replace("desk.", "my."))
        return {httpx.URL(url).host: (await client.get(f"{url}/sign-in")).status_code for url in urls}


def child_of(pid: int, words: str) -> psutil.Process:
    """Return the child of `pid` whose command line contains this text."""
    return next(child for child in psutil.Process(pid).children() if re.search(words, " ".join(child.cmdline())))


async def until_another(pid: int, words: str, old_pid: int) -> None:
    """Wait until a new child with this text in its command line runs."""
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while time.monotonic() < deadline:
        try:
            if child_of(pid, words).pid != old_pid:
                return
        except (StopIteration, psutil.NoSuchProcess):
            pass
        await asyncio.sleep(0.2)
    pytest.fail(f"{words} was not started again")
