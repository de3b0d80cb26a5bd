"""Responses that are streams of server-sent events."""

from collections.abc import Awaitable, Callable
from typing import Final

import anyio
from fastapi.sse import format_sse_event
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.request_places import leave_place

EVENT_STREAM: Final = "text/event-stream"
RECONNECT_MILLISECONDS: Final = 2_000

SendEvents = Callable[[Send], Awaitable[None]]
"""sends parts of a stream by `send_part`, and returns at its end"""


class StreamResponse(Response):
    """Response that is a stream of server-sent events. It ends when the caller disconnects."""

    def __init__(self) -> None:
        super().__init__(media_type=EVENT_STREAM, headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]

    async def stream(self, scope: Scope, receive: Receive, send: Send, send_events: SendEvents) -> None:
        """Begin the response, send events, and end it."""
        leave_place(scope)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with anyio.create_task_group() as tasks:

            async def end_on_disconnect() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                tasks.cancel_scope.cancel()

            tasks.start_soon(end_on_disconnect)
            await send_part(send, format_sse_event(retry=RECONNECT_MILLISECONDS))
            await send_events(send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            tasks.cancel_scope.cancel()


async def send_part(send: Send, part: bytes) -> None:
    """Send a part of a stream."""
    await send({"type": "http.response.body", "body": part, "more_body": True})
