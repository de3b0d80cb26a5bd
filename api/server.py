"""The HTTP server around the application: its socket, its limits, and a stop that does not wait for open streams."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.edge import DRAIN_MAX_BYTES
from api.idle_connections import limited_protocol
from api.parts import Part
from api.services import Services

BACKLOG: Final = 2048
KEEP_ALIVE_SECONDS: Final = 75
"""An idle connection stays open for this time, because banks and the console reuse theirs within it."""
STOP_LIMIT_SECONDS: Final = 3
CONNECTIONS_MAX: Final = 2_000


class _Server(uvicorn.Server):
    """uvicorn server that runs until `stop` is set. The caller handles signals."""

    def __init__(
        self, config: uvicorn.Config, services: Services, stop: asyncio.Event, started: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._services = services
        self._stop = stop
        self._started_callback = started

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers, because uvicorn would end the process before its resources are closed."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept requests, and call `started`."""
        await super().startup(sockets)
        self._started_callback()

    async def on_tick(self, counter: int) -> bool:
        """Return whether the server must end now."""
        return self._stop.is_set() or await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams first, because they never end by themselves. Then finish the open requests."""
        await self._services.end_streams()
        await super().shutdown(sockets)


async def serve(
    services: Services,
    part: Part | None = None,
    *,
    host: str,
    port: int,
    stop: asyncio.Event,
    started: Callable[[str], None] = lambda _: None,
    share_port: bool = False,
) -> None:
    """Serve a part of the API, or all of it, on `host:port` until `stop` is set.

    It then finishes within a few seconds. Port 0 takes a free port. `started` is called with the URL when the server
    accepts requests. With `share_port` several processes serve one port. Raises OSError if the port is taken. The
    caller closes what it passed.
    """
    app: FastAPI = create_app(services, part)
    doors = services.ctx.policy.doors
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=BACKLOG, reuse_port=share_port) as listener:
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            # The edge sets the date of every response, also of those that another server sends.
            date_header=False,
            backlog=BACKLOG,
            limit_concurrency=CONNECTIONS_MAX,
            http=limited_protocol(
                doors.body_seconds,
                DRAIN_MAX_BYTES,
                address_connections=doors.connections_of_address,
                trusted_proxies=services.trusted_proxies,
            ),
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_LIMIT_SECONDS,
        )
        url = _url(host, listener.getsockname()[1])
        await _Server(config, services, stop, lambda: started(url)).serve([listener])


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
