"""HTTP of the simulator: client and server in one process.

A small HTTP/1.1 client for one server, because the simulator shares two cores with the tested product. Connections are
kept alive, and the last used one is used first. A general client spends more time on its pool than on the request
(measured here: 2 ms of CPU per request instead of 0.3).
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import h11
import orjson
from starlette.requests import Request
from starlette.responses import Response

READ_BYTES = 65_536
MAX_ANSWER_BYTES = 16 << 20
TIMEOUT_WALL_SECONDS = 30.0
LOOPBACK = "127.0.0.1"
LOCALHOST = ".localhost"
"""the end of names that mean this machine, which not every resolver knows"""
_PORTS = {"http": 80, "https": 443}


class HttpClientError(OSError):
    """The request got no answer: not connected, dropped, too slow, or not HTTP. The message says which."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request."""

    status: int
    body: bytes
    location: str = ""
    """target of a redirect"""
    set_cookie: str = ""
    """the first cookie that the server sets"""


def _header(response: h11.Response, name: bytes) -> str:
    return next((value.decode() for known, value in response.headers if known == name), "")


class _Connection:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.protocol = h11.Connection(h11.CLIENT)
        self.used = False
        self.answer_began = False
        """whether a part of the current answer has arrived"""

    @property
    def stale(self) -> bool:
        """Whether the other side has closed the connection."""
        return self.reader.at_eof() or self.writer.is_closing()

    async def exchange(self, request: h11.Request, body: bytes) -> Answer:
        """Send one request and read its answer."""
        self.used, self.answer_began = True, False
        sent = self.protocol.send(request) or b""
        if body:
            sent += self.protocol.send(h11.Data(data=body)) or b""
        sent += self.protocol.send(h11.EndOfMessage()) or b""
        self.writer.write(sent)
        status, header_values, content = 0, ("", ""), bytearray()
        while True:
            event = self.protocol.next_event()
            if event is h11.NEED_DATA:
                received = await self.reader.read(READ_BYTES)
                self.answer_began = self.answer_began or bool(received)
                self.protocol.receive_data(received)
            elif isinstance(event, h11.Response):
                status = event.status_code
                header_values = (_header(event, b"location"), _header(event, b"set-cookie"))
            elif isinstance(event, h11.Data):
                content += event.data
                if len(content) > MAX_ANSWER_BYTES:
                    raise HttpClientError("the answer is too large")
            elif isinstance(event, h11.EndOfMessage):
                return Answer(status, bytes(content), *header_values)
            elif not isinstance(event, h11.InformationalResponse):
                raise HttpClientError("dropped before the answer was whole")

    def ready_again(self) -> bool:
        """Prepare for the next request; return False if the connection cannot be used again."""
        if self.protocol.our_state is not h11.DONE or self.protocol.their_state is not h11.DONE:
            return False
        self.protocol.start_next_cycle()
        return True

    def close(self) -> None:
        """Close the connection."""
        self.writer.close()


class HttpClient:
    """Requests to one server over at most `at_once` connections."""

    def __init__(self, url: str, at_once: int, authority_file: Path | None = None) -> None:
        """Take the address of the server. With TLS its certificate is of `authority_file`, or else of the system's."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or parts.hostname is None:
            raise ValueError(f"{url!r} is not the address of an HTTP server")
        self._host = parts.hostname
        self._port = parts.port or _PORTS[parts.scheme]
        self._prefix = parts.path.rstrip("/")
        self._address = LOOPBACK if self._host.endswith(LOCALHOST) else self._host
        self._tls = ssl.create_default_context(cafile=authority_file) if parts.scheme == "https" else None
        self._slots = asyncio.Semaphore(at_once)
        self._idle: list[_Connection] = []

    def close(self) -> None:
        """Close all idle connections."""
        for wire in self._idle:
            wire.close()
        self._idle.clear()

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        timeout_seconds: float = TIMEOUT_WALL_SECONDS,
    ) -> Answer:
        """Send one request and return its answer with any status. Raises LineError."""
        all_headers = [("host", f"{self._host}:{self._port}"), ("content-length", str(len(body))), *headers.items()]
        request = h11.Request(method=method, target=self._prefix + path, headers=all_headers)
        async with self._slots:
            try:
                async with asyncio.timeout(timeout_seconds):
                    return await self._send(request, body)
            except TimeoutError:
                raise HttpClientError("no answer in time") from None
            except (OSError, h11.ProtocolError) as error:
                raise HttpClientError(str(error)) from error

    async def _send(self, request: h11.Request, body: bytes) -> Answer:
        while True:
            wire = await self._wire()
            reused, done = wire.used, False
            try:
                answer = await wire.exchange(request, body)
                done = wire.ready_again()
                return answer
            except (OSError, h11.ProtocolError):
                # The server may have closed a kept connection at the same moment, which is no failure yet.
                if not reused or wire.answer_began:
                    raise
            finally:
                if done:
                    self._idle.append(wire)
                else:
                    wire.close()

    async def _wire(self) -> _Connection:
        while self._idle:
            wire = self._idle.pop()
            if not wire.stale:
                return wire
            wire.close()
        name = self._host if self._tls is not None else None
        return _Connection(
            *await asyncio.open_connection(self._address, self._port, ssl=self._tls, server_hostname=name)
        )


async def body_of(request: Request, most_bytes: int) -> bytes | None:
    """Return the whole body, or None if it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            return None
    return bytes(body)


def json_reply(status: int, content: object, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON reply."""
    return Response(orjson.dumps(content), status, headers, "application/json")
