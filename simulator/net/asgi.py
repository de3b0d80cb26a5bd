"""What the plain ASGI applications beside the banks share: reading a body within bounds, replying with JSON."""

from collections.abc import Mapping

import orjson
from starlette.requests import Request
from starlette.responses import Response


async def body_of(request: Request, most_bytes: int) -> bytes | None:
    """The whole body, None when it is larger."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            return None
    return bytes(body)


def json_reply(status: int, content: object, headers: Mapping[str, str] | None = None) -> Response:
    """A reply with that content."""
    return Response(orjson.dumps(content), status, headers, "application/json")
