"""The intake process behind the TLS port of the officers process.

The console works at one host, but the intake process takes complaints. A proxy such as nginx sends each path to its
process. On a machine without a proxy the officers process passes such a request on.
"""

import asyncio
import logging
from typing import Final, Self

import httpx
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.problems import DATABASE_DOWN, TOO_LARGE, TOO_SLOW, Elsewhere, refusal

log = logging.getLogger("goldenhour.api")

BODY_MAX_BYTES: Final = 256 * 1024
"""the largest body of a complaint"""
ANSWERS_WITHIN_SECONDS: Final = 30.0
CONNECTIONS_MAX: Final = 32
_OF_ONE_CONNECTION: Final = frozenset(
    {b"connection", b"keep-alive", b"transfer-encoding", b"te", b"trailer", b"upgrade", b"content-length", b"expect"}
)
"""headers that are between two ends of a connection"""


class LocalProxy:
    """The other process of this machine, which answers some paths of the same host."""

    def __init__(self, url: str, elsewhere: Elsewhere, body_seconds: float) -> None:
        self._elsewhere = elsewhere
        self._body_seconds = body_seconds
        self._client = httpx.AsyncClient(
            base_url=url,
            timeout=ANSWERS_WITHIN_SECONDS,
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    def serves(self, scope: Scope) -> bool:
        """Return whether the path of a request is one of the other process."""
        return self._elsewhere.serves(scope)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its response back. The other process makes every check."""
        response = await self._response(scope, receive)
        await response(scope, receive, send)

    async def _response(self, scope: Scope, receive: Receive) -> Response:
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > BODY_MAX_BYTES:
            return refusal(scope, TOO_LARGE, f"at most {BODY_MAX_BYTES} bytes", headers={"Connection": "close"})
        try:
            async with asyncio.timeout(self._body_seconds):
                body = await Request(scope, receive).body()
        except TimeoutError:
            return refusal(scope, TOO_SLOW, headers={"Connection": "close"})
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        headers = [(name, value) for name, value in scope["headers"] if name not in _OF_ONE_CONNECTION]
        request = self._client.build_request(
            scope["method"], httpx.URL(raw_path=target), headers=headers, content=body or None
        )
        try:
            answer = await self._client.send(request)
        except httpx.HTTPError as error:
            log.warning("the intake process does not answer: %s", type(error).__name__)
            return refusal(scope, DATABASE_DOWN, "the intake process does not answer; try again")
        response = Response(answer.content, answer.status_code)
        response.raw_headers = [
            *((name.lower(), value) for name, value in answer.headers.raw if name.lower() not in _OF_ONE_CONNECTION),
            (b"content-length", str(len(answer.content)).encode()),
        ]
        return response
