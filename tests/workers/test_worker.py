"""The metrics of a worker process, and its stop."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from temporalio.worker import Worker

from activities.database_figures import DatabaseGauges, read_backlog
from activities.secrets import Process, SecretBox
from db.pool import Pool
from tests.activities.bench import Bench
from tests.activities.recovery.test_hold_opening import held_case
from tests.factories import SECRET, make_context, rrn
from workers.embedded.temporal import LOOPBACK, EmbeddedTemporal, free_port
from workers.metrics_page import served
from workers.settings import Settings
from workers.temporal import SDK_BUCKETS_SECONDS
from workers.worker import Queues, run_worker, running

PATIENCE_SECONDS = 240.0
SHOWN_BY_A_SWEEP = (
    "request_latency",
    "workflow_task_schedule_to_start_latency",
    "workflow_task_execution_latency",
    "activity_schedule_to_start_latency",
    "activity_execution_latency",
    "workflow_endtoend_latency",
)


async def test_its_page_shows_the_sdks_times_from_a_millisecond_to_an_hour(database_dsn: str, tmp_path: Path) -> None:
    stop = asyncio.Event()
    async with EmbeddedTemporal(tmp_path / "temporal.db") as temporal, held_port() as port:
        settings = Settings(
            database_url=SecretStr(database_dsn),
            temporal_address=temporal.address,
            temporal_namespace=temporal.namespace,
            worker_key=SecretBox(SECRET).process_key(Process.WORKER),
            worker_metrics_port=port,
        )
        worker = asyncio.create_task(run_worker(settings, Queues.ALL, stop))
        text = await page_after_a_sweep(f"http://127.0.0.1:{port}/metrics", worker)
        stop.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await worker
    for name in SHOWN_BY_A_SWEEP:
        assert bounds(text, name) == sorted(SDK_BUCKETS_SECONDS[name]), name
    assert min(bounds(text, "activity_execution_latency")) == 0.001
    assert max(bounds(text, "activity_execution_latency")) == 3600


async def test_its_page_shows_the_work_that_is_due_and_the_lag(database: Pool) -> None:
    await held_case(Bench(await make_context(database)), f"1{rrn()}")
    await database.execute("UPDATE held_hop SET held_at = held_at - interval '1 hour'")
    refresh = partial(DatabaseGauges(read_backlog).refresh, database)
    async with (
        held_port() as port,
        served(LOOPBACK, port, free_port(), refresh),
        httpx.AsyncClient(timeout=20) as client,
    ):
        text = (await client.get(f"http://{LOOPBACK}:{port}/metrics")).text
    figures = dict(line.split(" ") for line in text.splitlines() if line.startswith("goldenhour_restoration_"))
    assert float(figures["goldenhour_restoration_due"]) == 1
    assert float(figures["goldenhour_restoration_lag_seconds"]) >= 3600


async def test_its_page_is_served_though_the_database_does_not_answer() -> None:
    async def refresh() -> None:
        raise RuntimeError("the pool is closed")

    async with (
        held_port() as port,
        served(LOOPBACK, port, free_port(), refresh),
        httpx.AsyncClient(timeout=20) as client,
    ):
        answer = await client.get(f"http://{LOOPBACK}:{port}/metrics")
    assert (answer.status_code, "goldenhour_complaints_total" in answer.text) == (200, True)


@asynccontextmanager
async def held_port() -> AsyncIterator[int]:
    """A port that no other program is given meanwhile; a server that reuses addresses can still listen on it."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((LOOPBACK, 0))
        yield holder.getsockname()[1]


async def page_after_a_sweep(url: str, worker: asyncio.Task[None]) -> str:
    """Return the page after a sweep has run and its workflow has ended. Fails as the worker does."""
    async with asyncio.timeout(PATIENCE_SECONDS), httpx.AsyncClient(trust_env=False) as client:
        while True:
            if worker.done():
                await worker
            try:
                text = (await client.get(url)).text
            except httpx.TransportError:
                text = ""
            if all(f"temporal_{name}_seconds_bucket" in text for name in SHOWN_BY_A_SWEEP):
                return text
            await asyncio.sleep(0.1)


def bounds(text: str, name: str) -> list[float]:
    """Return the upper bounds of a histogram's buckets, except the last, which has none."""
    lines = [line for line in text.splitlines() if line.startswith(f"temporal_{name}_seconds_bucket")]
    found = {line.split('le="', 1)[1].split('"', 1)[0] for line in lines}
    return sorted(float(bound) for bound in found - {"+Inf"})


class StandsStill(Worker):
    """A worker that never ends its stop, as the SDK's sometimes does."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.asked_to_stop = asyncio.Event()

    @property
    def task_queue(self) -> str:
        return "still"

    async def run(self) -> None:
        if self.failure:
            raise self.failure
        await asyncio.Event().wait()

    async def shutdown(self) -> None:
        self.asked_to_stop.set()
        await asyncio.Event().wait()


async def test_a_stop_that_does_not_end_is_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("workers.worker.STOP_MAX", timedelta(milliseconds=10))
    worker = StandsStill()
    async with running([worker]):
        assert not worker.asked_to_stop.is_set()
    assert worker.asked_to_stop.is_set()
    assert "worker of still did not end within" in caplog.text


async def test_a_worker_that_fails_ends_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.worker.STOP_MAX", timedelta(milliseconds=10))
    with pytest.raises(OSError, match="no server"):
        async with running([StandsStill(OSError("no server"))]):
            await asyncio.Event().wait()
