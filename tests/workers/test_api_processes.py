"""The processes intake and officers, with Temporal and while Temporal is unavailable."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from temporalio.client import Client

from activities.secrets import Process, SecretBox
from db.pool import open_pool
from tests.api.conftest import complaint, transfer
from tests.factories import rrn
from tests.officers import script_token
from tests.waiting import until
from workers.api_processes import run_intake, run_officers
from workers.embedded.temporal import EmbeddedTemporal, free_port
from workers.settings import Settings, SettingsError
from workers.worker import Queues, run_worker
from workflows.case import case_workflow_id

SECRET = SecretStr("a-secret-key-for-tests-only-0123456789")
DEAD = "127.0.0.1:9"
KEYS: dict[Callable[..., Awaitable[None]], dict[str, SecretStr]] = {
    run_intake: {"intake_key": SecretBox(SECRET).process_key(Process.INTAKE)},
    run_officers: {"officers_key": SecretBox(SECRET).process_key(Process.OFFICERS)},
}


@asynccontextmanager
async def running(
    run: Callable[..., Awaitable[None]], dsn: str, temporal_address: str, namespace: str = "default", **more: int
) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings.model_validate(
        {
            "database_url": SecretStr(dsn),
            "temporal_address": temporal_address,
            "temporal_namespace": namespace,
            "api_port": 0,
            "intake_port": 0,
            **KEYS[run],
            **more,
        }
    )
    async with await open_pool(dsn, min_size=1, max_size=1) as pool:
        token = await script_token(pool)
    stop = asyncio.Event()
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task: asyncio.Future[Any] = asyncio.ensure_future(run(settings, stop, url.set_result))

    def ended(process: asyncio.Future[Any]) -> None:
        """A process that cannot start must fail the test, not hang it."""
        if not url.done():
            url.set_exception(process.exception() or EOFError("stopped"))

    task.add_done_callback(ended)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=await url, headers=headers, timeout=20, trust_env=False) as client:
        yield client
    stop.set()
    async with asyncio.timeout(30):
        await task


async def complain(client: httpx.AsyncClient) -> str:
    body = complaint(transfers=[transfer(rrn())])
    response = await client.post("/api/v1/complaints", json=body, headers={"Idempotency-Key": uuid4().hex})
    assert response.status_code == 201, response.text
    ack_no: str = response.json()["ack_no"]
    return ack_no


async def starts_in_its_own_process(client: httpx.AsyncClient, temporal: Client) -> bool:
    """Whether the server gives the first workflow task of a new case to the process that took the complaint."""
    handle = temporal.get_workflow_handle(case_workflow_id(await complain(client)))
    try:
        await until(lambda: _is_there(handle.describe), 10)
    except TimeoutError:
        # Its start is lost, because Temporal has only just come and no sweep runs here.
        return False
    first = (await handle.fetch_history()).events[0]
    return first.workflow_execution_started_event_attributes.eager_execution_accepted


async def _is_there(describe: Callable[[], Awaitable[Any]]) -> bool:
    try:
        await describe()
    except Exception:
        return False
    return True


async def is_ready(client: httpx.AsyncClient) -> bool:
    """Whether the process answers that it and Temporal work."""
    ready = await client.get("/readyz")
    return ready.status_code == 200 and ready.json()["parts"]["temporal"] == "ok"


@pytest.mark.parametrize("run", [run_intake, run_officers])
async def test_with_temporal_it_is_ready_and_shows_the_sdks_numbers(
    database_dsn: str, temporal_server: EmbeddedTemporal, run: Callable[..., Awaitable[None]]
) -> None:
    async with running(run, database_dsn, temporal_server.address, temporal_server.namespace) as client:
        # The first process of a test run may need longer than one look at its database and at Temporal has.
        await until(partial(is_ready, client))
        text = (await client.get("/metrics")).text
        assert "goldenhour_complaints_total" in text
        assert "\ntemporal_" in text


async def test_while_temporal_is_away_complaints_are_taken(database_dsn: str) -> None:
    async with running(run_intake, database_dsn, DEAD) as client:
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["parts"]["temporal"] == "down"
        ack_no = await complain(client)
        async with running(run_officers, database_dsn, DEAD) as officers:
            assert (await officers.get(f"/api/v1/cases/{ack_no}")).json()["state"] == "open"


async def test_a_case_starts_in_the_process_that_took_its_complaint(
    database_dsn: str, temporal_server: EmbeddedTemporal, temporal_client: Client
) -> None:
    async with running(run_intake, database_dsn, temporal_server.address, temporal_server.namespace) as client:
        await until(lambda: starts_in_its_own_process(client, temporal_client))


async def test_cases_start_in_intake_from_when_temporal_comes(database_dsn: str, tmp_path: Path) -> None:
    port = free_port()
    async with running(run_intake, database_dsn, f"127.0.0.1:{port}", "goldenhour") as client:
        await complain(client)
        async with EmbeddedTemporal(tmp_path / "temporal.db", port) as server:
            temporal = await Client.connect(server.address, namespace=server.namespace)
            await until(lambda: starts_in_its_own_process(client, temporal))


async def test_officers_shows_the_metrics_of_intake_on_this_machine_too(database_dsn: str) -> None:
    port = free_port()
    async with (
        running(run_intake, database_dsn, DEAD, intake_port=port) as intake,
        running(run_officers, database_dsn, DEAD, intake_port=port, worker_metrics_port=free_port()) as officers,
    ):
        await complain(intake)
        # A page that does not come in time is left out, and is there the next time.
        await until(partial(shows_both, intake, officers))


async def shows_both(intake: httpx.AsyncClient, officers: httpx.AsyncClient) -> bool:
    """Whether the page of officers has the complaints of both processes.

    Both run in this process and count in the same place, so the sum of the pages is twice that of one.
    """
    alone, together = [complaints_counted((await each.get("/metrics")).text) for each in (intake, officers)]
    return 0 < alone == together / 2


def complaints_counted(page: str) -> float:
    """The sum of the counter of complaints on a page of metrics."""
    lines = [line for line in page.splitlines() if line.startswith("goldenhour_complaints_total")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


@pytest.mark.parametrize("name", ["secret_key", "previous_secret_key"])
@pytest.mark.parametrize(
    ("run", "process"),
    [(run_intake, "intake"), (run_officers, "officers"), (partial(run_worker, queues=Queues.ALL), "worker")],
)
async def test_c2_no_process_takes_the_secret_key(
    database_dsn: str, run: Callable[..., Awaitable[None]], process: str, name: str
) -> None:
    settings = Settings.model_validate({"database_url": database_dsn, "temporal_address": DEAD, name: SECRET})
    with pytest.raises(SettingsError, match=f"goldenhour process-key {process}"):
        await run(settings, stop=asyncio.Event())
