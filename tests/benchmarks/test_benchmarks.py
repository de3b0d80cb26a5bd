"""The benchmarks run and print their figures; no test judges the values."""

import asyncio
import json
import sys

import pytest
from temporalio.client import Client

from benchmarks.bare import BareCase, run_bare


async def test_bare_batches_run_to_their_end(temporal_client: Client) -> None:
    assert await run_bare(temporal_client, [BareCase("1", (1, 2)), BareCase("2", (3,))]) > 0


async def test_first_hold_prints_one_json_object_and_nothing_else() -> None:
    command = [sys.executable, "-m", "workers.cli", "bench", "first-hold", "--seconds", "3", "--after-seconds", "5"]
    process = await asyncio.create_subprocess_exec(
        *command, "--json", "-", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    printed, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    result = json.loads(printed)
    assert result["complaints"] == 3
    assert result["first_request_ms"]["count"] == 3
    assert {"p50", "p95", "p99"} <= set(result["first_request_ms"])
    assert {"p50", "p95", "p99"} <= set(result["next_layer_ms"])
    assert set(result["memory_mib"]) == {
        "postgres",
        "temporal",
        "simulator",
        "intake",
        "officers",
        "worker",
        "worker-restoration",
        "goldenhour",
    }


async def test_isolation_has_every_request_at_its_bank_and_says_both_p99() -> None:
    command = [sys.executable, "-m", "workers.cli", "bench", "isolation", "--seconds", "3", "--rate-per-second", "4"]
    process = await asyncio.create_subprocess_exec(
        *command,
        *("--queued", "20", "--hang-seconds", "5", "--json", "-"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    result = json.loads(printed)
    assert result["alone_ms"]["count"] == result["beside_ms"]["count"] == 12
    assert result["p99_ratio"] == pytest.approx(result["p99_ms_beside"] / result["p99_ms_alone"], abs=0.01)
    assert result["queue_delivered_after_seconds"] >= 0


async def test_doors_measures_officers_and_banks_beside_a_stranger() -> None:
    command = [sys.executable, "-m", "workers.cli", "bench", "doors", "--seconds", "2", "--rate-per-second", "4"]
    process = await asyncio.create_subprocess_exec(
        *command,
        *("--lead-seconds", "1", "--json", "-"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    result = json.loads(printed)
    assert result["slow_at_once"] > 0
    for caller in ("officers", "banks"):
        figures = result[caller]
        assert figures["requests_alone"] == figures["requests_beside"] == 8
        assert figures["refused"] == 0
        assert figures["p99_ratio"] == pytest.approx(figures["p99_ms_beside"] / figures["p99_ms_alone"], abs=0.01)
