"""The HTTP server around the application: its sockets, its limits, and a stop that does not wait for open streams.

Beside the plain port it may have a TLS port, on loopback only and with hosts of its own (`api.hosts`).
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.app import create_app
from api.edge import DRAIN_MAX_BYTES
from api.hosts import LOOPBACK, Hosted
from api.idle_connections import limited_protocol
from api.local_proxy import LocalProxy
from api.parts import Part
from api.services import Services

log = logging.getLogger("goldenhour.api")

BACKLOG: Final = 2048
KEEP_ALIVE_SECONDS: Final = 75
"""An idle connection stays open for this time, because banks and the console reuse theirs within it."""
STOP_LIMIT_SECONDS: Final = 3
CONNECTIONS_MAX: Final = 2_000
LOOK_TICKS: Final = 600
"""ticks of the server, which has ten a second, until it looks again whether its certificate was renewed"""


@dataclass(frozen=True)
class TlsPort:
    """A port for TLS on loopback, with its certificate and private key in PEM files.

    Port 0 takes a free port. What officers ask of the other part there goes to `proxied_url`.
    """

    port: int
    certificate: Path
    private_key: Path
    proxied_url: str | None = None

    def context(self) -> ssl.SSLContext:
        """Return the context of the server. Raises OSError if a file cannot be read or used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(self.certificate, self.private_key)
        return context


class _Certificate:
    """The certificate of a TLS port, as its files have it now.

    A renewed one serves new connections. Open connections go on.
    """

    def __init__(self, port: TlsPort) -> None:
        self._port = port
        self._seen = self._files()
        self.context = port.context()

    def look(self) -> None:
        """Read the files again if they have changed. What cannot be used changes nothing, and is read again later."""
        try:
            stamps = self._files()
            if stamps != self._seen:
                # Both files are tried beside first, because the context would keep a certificate without its key.
                self._port.context()
                self.context.load_cert_chain(self._port.certificate, self._port.private_key)
                self._seen = stamps
        except OSError as error:
            log.warning("the changed certificate of the TLS port is not used: %s", type(error).__name__)

    def _files(self) -> list[tuple[int, int]]:
        read = [file.stat() for file in (self._port.certificate, self._port.private_key)]
        return [(status.st_ino, status.st_mtime_ns) for status in read]


@dataclass(frozen=True)
class _TlsListener:
    listener: socket.socket
    certificate: _Certificate
    protocol: type[HttpToolsProtocol]
    handshake_seconds: float
    proxy: LocalProxy | None


class _Server(uvicorn.Server):
    """uvicorn server that runs until `stop` is set. The caller handles signals."""

    def __init__(
        self,
        config: uvicorn.Config,
        services: Services,
        stop: asyncio.Event,
        started: Callable[[], None],
        tls: _TlsListener | None,
    ) -> None:
        super().__init__(config)
        self._tls = tls
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
        if self._tls is not None:
            server = await asyncio.get_running_loop().create_server(
                self._hosted_protocol,
                sock=self._tls.listener,
                ssl=self._tls.certificate.context,
                ssl_handshake_timeout=self._tls.handshake_seconds,
                backlog=BACKLOG,
            )
            self.servers.append(server)
        self._started_callback()

    async def on_tick(self, counter: int) -> bool:
        """Return whether the server must end now. At times, look whether the certificate was renewed."""
        if self._tls is not None and counter % LOOK_TICKS == 0:
            self._tls.certificate.look()
        return self._stop.is_set() or await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams first, because they never end by themselves. Then finish the open requests."""
        await self._services.end_streams()
        await super().shutdown(sockets)

    def _hosted_protocol(self) -> asyncio.Protocol:
        """Return the protocol of a connection to the TLS port.

        The connection counts with the others. The host of its requests is looked at.
        """
        assert self._tls is not None, "only its listener asks for one"
        protocol = self._tls.protocol(self.config, self.server_state, self.lifespan.state)
        protocol.app = Hosted(protocol.app, self._tls.proxy)
        return protocol


async def serve(
    services: Services,
    part: Part | None = None,
    *,
    host: str,
    port: int,
    stop: asyncio.Event,
    started: Callable[[str], None] = lambda _: None,
    share_port: bool = False,
    tls: TlsPort | None = None,
) -> None:
    """Serve a part of the API, or all of it, on `host:port` until `stop` is set.

    It then finishes within a few seconds. Port 0 takes a free port. `started` is called with the URL when the server
    accepts requests. With `share_port` several processes serve one port. With `tls` it also serves that port. Raises
    OSError if a port is taken. The caller closes what it passed.
    """
    app: FastAPI = create_app(services, part)
    doors = services.ctx.policy.doors
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    protocol = limited_protocol(
        doors.body_seconds,
        DRAIN_MAX_BYTES,
        address_connections=doors.connections_of_address,
        trusted_proxies=services.trusted_proxies,
    )
    async with AsyncExitStack() as listeners:
        listener = listeners.enter_context(
            socket.create_server((host, port), family=family, backlog=BACKLOG, reuse_port=share_port)
        )
        hosted = None
        if tls is not None:
            opened = socket.create_server((LOOPBACK, tls.port), backlog=BACKLOG, reuse_port=share_port)
            proxy = _proxy(app, tls, doors.body_seconds)
            if proxy is not None:
                await listeners.enter_async_context(proxy)
            hosted = _TlsListener(
                listeners.enter_context(opened), _Certificate(tls), protocol, doors.body_seconds, proxy
            )
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
            http=protocol,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_LIMIT_SECONDS,
        )
        url = _url(host, listener.getsockname()[1])
        await _Server(config, services, stop, lambda: started(url), hosted).serve([listener])


def _proxy(app: FastAPI, tls: TlsPort, body_seconds: float) -> LocalProxy | None:
    """Return the process that serves the other part, or None without one."""
    if tls.proxied_url is None:
        return None
    return LocalProxy(tls.proxied_url, app.state.elsewhere, body_seconds)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
