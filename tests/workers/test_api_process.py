"""The API process, with Temporal and while Temporal is unavailable."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
from pydantic import SecretStr

from activities.secrets import SecretBox
from api.tokens import Tokens
from schemas.enums import Role
from tests.api.conftest import complaint
from workers.api_process import run_api
from workers.embedded.temporal import EmbeddedTemporal
from workers.settings import Settings

SECRET = SecretStr("a-secret-key-for-tests-only-0123456789")
DEAD = "127.0.0.1:9"


@asynccontextmanager
async def running(dsn: str, temporal_address: str, namespace: str = "default") -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(
        database_url=SecretStr(dsn),
        temporal_address=temporal_address,
        temporal_namespace=namespace,
        secret_key=SECRET,
        api_port=0,
    )
    stop = asyncio.Event()
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(run_api(settings, stop, url.set_result))

    def ended(process: asyncio.Task[None]) -> None:
        """A process that cannot start must fail the test, not hang it."""
        if not url.done():
            url.set_exception(process.exception() or EOFError("stopped"))

    task.add_done_callback(ended)
    headers = {"Authorization": f"Bearer {Tokens(SecretBox(SECRET)).for_officer('intake1', Role.INTAKE)}"}
    async with httpx.AsyncClient(base_url=await url, headers=headers, timeout=20, trust_env=False) as client:
        yield client
    stop.set()
    async with asyncio.timeout(20):
        await task


async def complain(client: httpx.AsyncClient) -> str:
    response = await client.post("/api/v1/complaints", json=complaint(), headers={"Idempotency-Key": uuid4().hex})
    assert response.status_code == 201, response.text
    ack_no: str = response.json()["ack_no"]
    return ack_no


async def test_with_temporal_it_is_ready_and_shows_the_sdks_numbers(
    database_dsn: str, temporal_server: EmbeddedTemporal
) -> None:
    async with running(database_dsn, temporal_server.address, temporal_server.namespace) as client:
        ready = await client.get("/readyz")
        assert ready.status_code == 200
        assert ready.json()["parts"]["temporal"] == "ok"
        await complain(client)
        text = (await client.get("/metrics")).text
        assert "goldenhour_complaints_total" in text
        assert "\ntemporal_" in text


async def test_while_temporal_is_away_complaints_are_taken(database_dsn: str) -> None:
    async with running(database_dsn, DEAD) as client:
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["parts"]["temporal"] == "down"
        ack_no = await complain(client)
        assert (await client.get(f"/api/v1/cases/{ack_no}")).json()["state"] == "open"
