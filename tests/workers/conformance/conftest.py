"""Several banks and a webhook, over real HTTP."""

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.adapters.conftest import street
from tests.asgi_server import served
from tests.workers.conformance.banks import Hook

__all__ = ["hook", "street"]


@pytest.fixture
async def hook() -> AsyncIterator[tuple[Hook, str]]:
    """A webhook and its address."""
    bank = Hook()

    async def take(request: Request) -> Response:
        return await bank.take(request)

    app = Starlette(routes=[Route("/hook", take, methods=["POST"])])
    async with served(app) as url:
        yield bank, f"{url}/hook"
