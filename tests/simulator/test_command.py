"""`python -m simulator` as a separate process."""

import asyncio
import json
import signal
import stat
import sys
from pathlib import Path

import httpx
from typer.testing import CliRunner

from simulator.cli import app
from simulator.server import until
from tests.paths import ROOT
from tests.simulator.police import Police


def test_the_directory_can_be_written_beforehand(tmp_path: Path) -> None:
    path = tmp_path / "directory.json"
    result = CliRunner().invoke(app, ["directory", str(path), "--port", "9123", "--institutions", "5"])
    assert result.exit_code == 0, result.output
    entries = json.loads(path.read_text())
    assert entries[0]["wire"]["base_url"] == "http://127.0.0.1:9123/banks/SBIN"
    assert len(entries) == 5
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_day_from_the_command_line(tmp_path: Path) -> None:
    directory_file, config_file = tmp_path / "directory.json", tmp_path / "config.json"
    config_file.write_text('{"desk_poll_wall_seconds": 0.1}')
    simulator = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", "serve", "--complaints", "3", "--day-seconds", "1", "--no-traps"),
        *("--directory-file", str(directory_file), "--config-file", str(config_file)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert simulator.stdout is not None
    try:
        ready = json.loads(await asyncio.wait_for(simulator.stdout.readline(), 30))
        assert ready["institutions"] == 40
        entries = json.loads(directory_file.read_text())
        assert entries[0]["wire"]["base_url"].startswith(ready["base_url"])
        async with Police(entries) as police, httpx.AsyncClient(base_url=ready["base_url"]) as client:
            started = await client.post("/sim/start", json={"api_url": police.url, "intake_token": "t"})
            assert started.status_code == 200
            await asyncio.wait_for(until(lambda: len(police.complaints) == 3), 20)
            state = (await client.get("/sim/state")).json()
            assert state["complaints"]["planned"] == 3
    finally:
        simulator.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(simulator.wait(), 10) == 0
