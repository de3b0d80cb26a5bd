"""Faulty replies: cut, slow, sent in small pieces, endless, or in a wrong charset."""

import asyncio
import contextlib
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulator.banks.faults import HUGE_REPLY_BYTES, PIECE_BYTES, Faults, Reply

CHUNK_BYTES = 64 << 10
DRIP_WALL_SECONDS = 0.05


class FaultyReply:
    """An ASGI application that sends the reply `good` with a bank's fault."""

    def __init__(self, good: Response, fault: Reply, faults: Faults) -> None:
        self._good = good
        self._fault = fault
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the reply with its fault."""
        body = bytes(self._good.body)
        match self._fault:
            case Reply.TORN:
                await self._begin(send, len(body))
                await _part(send, body[: len(body) // 2], more=True)
                drop(send)
            case Reply.DRIPPED:
                await self._begin(send, len(body))
                for start in range(0, len(body), PIECE_BYTES):
                    await _part(send, body[start : start + PIECE_BYTES], more=True)
                    await asyncio.sleep(DRIP_WALL_SECONDS)
                await _part(send, b"", more=False)
            case Reply.HUGE:
                await self._begin(send, len(body) + HUGE_REPLY_BYTES)
                await _part(send, body, more=True)
                for _ in range(0, HUGE_REPLY_BYTES, CHUNK_BYTES):
                    await _part(send, b" " * CHUNK_BYTES, more=True)
                await _part(send, b"", more=False)
            case Reply.CHARSET:
                odd = body.decode().encode("utf-16")
                await self._begin(send, len(odd))
                await _part(send, odd, more=False)
            case _:
                await asyncio.sleep(self._faults.slow_wall_seconds)
                await self._good(scope, receive, send)

    async def _begin(self, send: Send, length: int) -> None:
        headers = [(name, value) for name, value in self._good.raw_headers if name != b"content-length"]
        headers.append((b"content-length", str(length).encode()))
        await send({"type": "http.response.start", "status": self._good.status_code, "headers": headers})


async def _part(send: Send, body: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def until_disconnected(request: Request, most_seconds: float) -> None:
    """Send nothing until the client disconnects, or the time limit ends."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(most_seconds):
            message: Mapping[str, object] = {"type": ""}
            while message["type"] != "http.disconnect":
                message = await request.receive()


def drop(send: Send) -> None:
    """Close the connection without an answer, as a failed machine does.

    ASGI has no call for this. uvicorn's `send` is a method of the cycle that owns the transport. Transports of uvloop
    are no subclass of asyncio's classes, so the code checks for the method.
    """
    abort = getattr(getattr(getattr(send, "__self__", None), "transport", None), "abort", None)
    if callable(abort):
        abort()
