"""Limits for connections to the server: their number, requests that do not arrive whole, the rest of a refused body.

uvicorn closes a connection that is idle after a response. It has no time limit for the first head of a connection, for
a head that arrives byte by byte, and for the rest of a refused body. It also closes a connection at once after a
response with `Connection: close`. If the body is still arriving then, the sender gets a reset and never reads the
response. This module adds the limits, and reads the rest of such a body before it closes. It also closes a connection
at once if its address has too many.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.addresses import Networks, name_of_peer


class _Answering(asyncio.Transport):
    """The transport for responses. Its `close` ends the last response; `end` decides when the connection closes."""

    def __init__(self, transport: asyncio.Transport, end: Callable[[], None]) -> None:
        super().__init__()
        self._transport = transport
        self._end = end

    def write(self, data: Any) -> None:
        self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self._end()


class _LimitedProtocol(HttpToolsProtocol):
    """One connection. It limits the time between two requests; `api.edge` limits the time of a request."""

    request_seconds: ClassVar[float]
    rest_max_bytes: ClassVar[int]
    address_max: ClassVar[int]
    trusted: ClassVar[Networks]
    by_address: ClassVar[Counter[str]]
    """open connections of each address that is no trusted proxy"""

    _address: str | None = None
    _ends: asyncio.TimerHandle | None = None
    _body_is_whole = True
    _body_until = 0.0
    _rest_bytes = 0
    _closes = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._answering = _Answering(transport, self._end)
        self._watch()
        self._address = name_of_peer(self.client[0], self.trusted) if self.client else None
        if self._address is not None:
            self.by_address[self._address] += 1
            if self.by_address[self._address] > self.address_max:
                transport.close()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        if self._address is not None:
            self.by_address[self._address] -= 1
            if not self.by_address[self._address]:
                del self.by_address[self._address]
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._body_is_whole = False
        self._rest_bytes = 0

    def on_headers_complete(self) -> None:
        # A request behind the last one is not served, because the response has ended the connection.
        if self._closes:
            return
        super().on_headers_complete()
        self._body_until = self.loop.time() + self.request_seconds
        self.cycle.transport = self._answering

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self.cycle.response_complete:
            self._rest_bytes += len(body)
            if self._rest_bytes > self.rest_max_bytes:
                self.transport.close()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._body_is_whole = True
        if self._closes:
            self.transport.close()

    def _end(self) -> None:
        """Close the connection, or say that nothing more comes and read the rest of the body first.

        TLS cannot say it, so the sender knows it from the header alone.
        """
        left_seconds = self._body_until - self.loop.time()
        # The newest request has no response yet if the response is to an earlier one, whose body came whole.
        is_whole = self._body_is_whole or not self.cycle.response_complete
        is_crowded = self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency
        if is_whole or is_crowded or left_seconds <= 0 or self.transport.is_closing():
            self.transport.close()
            return
        self._closes = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._forget()
        self._ends = self.loop.call_later(left_seconds, self.transport.close)

    def _watch(self) -> None:
        # uvicorn sets the cycle when it has read a whole head.
        cycle: Any = self.cycle
        if cycle is not None and not cycle.response_complete:
            self._forget()
        elif self._ends is None:
            self._ends = self.loop.call_later(self.request_seconds, self.transport.close)

    def _forget(self) -> None:
        if self._ends is not None:
            self._ends.cancel()
            self._ends = None


def limited_protocol(
    seconds: float, max_bytes: int, *, address_connections: int, trusted_proxies: Networks
) -> type[HttpToolsProtocol]:
    """Return a uvicorn protocol that closes connections without a whole request in time.

    `seconds` count from the opening of the connection, from the first byte after a response, or from the head
    of a request whose response closes the connection. Of a refused body at most `max_bytes` are read. An address has
    at most `address_connections`, and a trusted proxy any number.
    """

    class LimitedProtocol(_LimitedProtocol):
        request_seconds = seconds
        rest_max_bytes = max_bytes
        address_max = address_connections
        trusted = trusted_proxies
        by_address: ClassVar[Counter[str]] = Counter()

    return LimitedProtocol
