"""The HTTP server around the application: its socket, its limits, and a stop that open streams do not hold up."""

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.dependencies import Parts
from api.idle_connections import lines_of
from api.streams import EventHub

BACKLOG: Final = 2048
KEEP_ALIVE_SECONDS: Final = 75
"""Banks and the console come back within that on the connection they have."""
STOP_LIMIT_SECONDS: Final = 3
CONNECTIONS_MAX: Final = 2_000


class _Server(uvicorn.Server):
    """Runs until `stop` is set; signals are for whoever sets it."""

    def __init__(
        self, config: uvicorn.Config, hubs: Sequence[EventHub], stop: asyncio.Event, started: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._hubs = hubs
        self._stop = stop
        self._tell_started = started

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would end the process by the signal before its parts are closed."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take requests, and say so."""
        await super().startup(sockets)
        self._tell_started()

    async def on_tick(self, counter: int) -> bool:
        """Whether to end now."""
        return self._stop.is_set() or await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams first, as they never end by themselves; then finish what is under way."""
        await asyncio.gather(*(hub.close() for hub in self._hubs))
        await super().shutdown(sockets)


async def serve(
    parts: Parts,
    *,
    host: str,
    port: int,
    stop: asyncio.Event,
    started: Callable[[str], None] = lambda _: None,
    share_port: bool = False,
) -> None:
    """Serve the API on `host:port` until `stop` is set, then finish within a few seconds.

    Port 0 takes a free one; `started` is called with the URL once requests are taken. With `share_port` several
    processes serve one port. Raises OSError when the port is taken. The parts stay the caller's to close.
    """
    app: FastAPI = create_app(parts)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=BACKLOG, reuse_port=share_port) as listener:
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            # The edge dates every response, also where no uvicorn is.
            date_header=False,
            backlog=BACKLOG,
            limit_concurrency=CONNECTIONS_MAX,
            http=lines_of(parts.ctx.policy.doors.body_seconds),
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_LIMIT_SECONDS,
        )
        hubs = (app.state.hub, app.state.bank_hub)
        url = _url(host, listener.getsockname()[1])
        await _Server(config, hubs, stop, lambda: started(url)).serve([listener])


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
