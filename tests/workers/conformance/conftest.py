"""A street of banks and a webhook, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.adapters.fake_bank import STARTED_POLL_SECONDS, Street
from tests.workers.conformance.banks import Hook


@pytest.fixture(scope="session")
async def street() -> AsyncIterator[Street]:
    async for open_street in Street().run():
        yield open_street


@pytest.fixture
async def hook() -> AsyncIterator[tuple[Hook, str]]:
    """A webhook and its address."""
    bank = Hook()

    async def take(request: Request) -> Response:
        return await bank.take(request)

    app = Starlette(routes=[Route("/hook", take, methods=["POST"])])
    options = uvicorn.Config(app, port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(options)
    running = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(STARTED_POLL_SECONDS)
    yield bank, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/hook"
    server.should_exit = True
    await running
