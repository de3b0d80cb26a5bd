"""Shared parts of the simulator's ASGI applications: read a body with a limit, reply with JSON."""

from collections.abc import Mapping

import orjson
from starlette.requests import Request
from starlette.responses import Response


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
