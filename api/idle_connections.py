"""A line to the server, and for how long it may say nothing that is a request.

uvicorn closes a line that is silent after a response. It waits for ever for the first head on a line, for one that
comes a byte at a time, and for the rest of a body that was refused before it had come.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


def lines_of(request_seconds: float) -> type[HttpToolsProtocol]:
    """The protocol of a server whose lines are closed where no request's head is whole `request_seconds` after the
    line was opened, or after the first byte that follows a response."""

    class Line(HttpToolsProtocol):
        """One line. While a request is served its limits are the edge's; here is what lies between two requests."""

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
            # Set by uvicorn when a head is whole.
            cycle: Any = self.cycle
            if cycle is not None and not cycle.response_complete:
                self._forget()
            elif self._ends is None:
                self._ends = self.loop.call_later(request_seconds, self.transport.close)

        def _forget(self) -> None:
            if self._ends is not None:
                self._ends.cancel()
                self._ends = None

    return Line
