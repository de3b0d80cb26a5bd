"""Time limit for connections to the server that do not send a whole request.

uvicorn closes a connection that is idle after a response. It has no time limit for the first head of a connection, for
a head that arrives byte by byte, and for the rest of a refused body. This module adds that limit.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


def limited_protocol(request_seconds: float) -> type[HttpToolsProtocol]:
    """Return a uvicorn protocol that closes connections without a whole request head in time.

    `request_seconds` count from the opening of the connection, or from the first byte after a response.
    """

    class LimitedProtocol(HttpToolsProtocol):
        """One connection. It limits the time between two requests; `api.edge` limits the time of a request."""

        _ends: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget()
            super().connection_lost(exc)

        def _watch(self) -> None:
            # uvicorn sets the cycle when it has read a whole head.
            cycle: Any = self.cycle
            if cycle is not None and not cycle.response_complete:
                self._forget()
            elif self._ends is None:
                self._ends = self.loop.call_later(request_seconds, self.transport.close)

        def _forget(self) -> None:
            if self._ends is not None:
                self._ends.cancel()
                self._ends = None

    return LimitedProtocol
