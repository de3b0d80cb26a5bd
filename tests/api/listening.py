"""The API behind a real socket, with its own time limit for bodies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from api.officers.tokens import Tokens
from api.server import serve
from api.services import Services
from domain.policy.callers import DoorName, Places
from tests.officers import script_token


@dataclass
class Server:
    """Where a server listens, and tokens for it: of a script that comes to the officers' door, and of a bank."""

    host: str
    port: int
    officer: str
    bank: str


def with_doors(services: Services, **changes: Any) -> Services:
    """The services under a policy with other limits of its doors."""
    doors = services.ctx.policy.doors.model_copy(update=changes)
    policy = services.ctx.policy.model_copy(update={"doors": doors})
    return replace(services, ctx=replace(services.ctx, policy=policy))


def one_place(services: Services, *doors: DoorName) -> dict[DoorName, Places]:
    """The places of the policy, but a single one for these doors, or for all."""
    only = Places(requests=1, of_one=1, of_one_crowded=1, source="the test")
    return services.ctx.policy.doors.places | dict.fromkeys(doors or DoorName, only)


@asynccontextmanager
async def listening(services: Services, body_seconds: float) -> AsyncIterator[Server]:
    """Serve the API, with a wait of `body_seconds` for a body, as long as the block runs."""
    services = with_doors(services, body_seconds=body_seconds)
    stop, url = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(services, host="127.0.0.1", port=0, stop=stop, started=url.set_result))
    host, _, port = (await url).removeprefix("http://").rpartition(":")
    script = await script_token(services.ctx.pool)
    try:
        yield Server(host, int(port), script, Tokens(services.keys).for_bank("SBIN"))
    finally:
        stop.set()
        await task
