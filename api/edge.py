"""ASGI layer around the routes, which every request and response passes.

The edge adds an id and a time to every response. On the TLS port it refuses a host that does not serve the path. It
limits the size of bodies and the number of concurrent requests. It refuses a caller without a credential before a body
is read. It writes one log line for a request, and answers every exception. It is plain ASGI, because each Starlette
middleware costs one task for each request.
"""

import asyncio
import logging
import math
import time
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from activities.case.intake import note_arrival
from activities.metrics import METRICS
from adapters.clock import wall_clock
from api import params
from api.addresses import comes_directly_from
from api.hosts import OPERATORS_PATHS, PROBE_PATH, is_local, refusal_of_host
from api.officers.callers import DESCRIPTION_PATH, counted, door_of, officer_of
from api.officers.refused_acts import note_refusal
from api.officers.tokens import BadToken
from api.parts import Part
from api.problems import (
    BANK_PATH,
    CONSOLE_PATH,
    NOT_A_FORM,
    NOT_FOUND,
    OVERLOADED,
    PAGES,
    TABLE_PATH,
    TOO_LARGE,
    TOO_SLOW,
    UNSUPPORTED_MEDIA_TYPE,
    Kind,
    failed,
    not_logged_in,
    refusal,
    refused_as,
)
from api.request_places import Places, leave_place
from api.services import Services
from domain.policy.callers import DoorName

log = logging.getLogger("goldenhour.access")

BODY_MAX_BYTES: Final = 64 * 1024
"""The limit of a route that names no limit of its own."""
DRAIN_MAX_BYTES: Final = 64 * 1024 * 1024
"""A refused body up to this size is read and dropped, so that the sender sees the answer. A longer one is cut off."""
HSTS: Final = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
"""tells a browser to use HTTPS only, for two years"""

_LENGTH_DIGITS_MAX: Final = 18
_CLOSE: Final = {"Connection": "close"}
_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    # A response shows one case at one moment, and most responses hold personal data.
    (b"cache-control", b"no-store"),
)
_CONTENT_POLICY: Final = b"content-security-policy"
NOTHING_LOADED: Final = (_CONTENT_POLICY, b"default-src 'none'; frame-ancestors 'none'")
"""policy of a response that has none of its own: nothing of it loads anything, and no page has it in a frame"""
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
"""media types of forms; the second one has a file"""


class Edge:
    """ASGI application around the whole API, or around the `part` of it that a process serves.

    `limits` has the limits of bodies in bytes, by path. A path that ends in / covers all paths below it. A path that
    begins with * covers all paths with that ending.
    """

    def __init__(self, app: ASGIApp, services: Services, part: Part | None, limits: Mapping[str, int]) -> None:
        self._app = app
        self._services = services
        self._part = part
        self._limits = limits
        self._body_seconds = services.ctx.policy.doors.body_seconds
        self._places = Places(lambda: services.ctx.policy.doors.places)
        public_url = services.public_url or ""
        # A browser would refuse the next demo, which has another authority, for two years.
        is_lasting = public_url.startswith("https://") and not is_local(public_url)
        self._headers = (*_ALWAYS, HSTS) if is_lasting else _ALWAYS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Lifespan messages pass unchanged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit_bytes = self._limit_bytes(scope["path"], BODY_MAX_BYTES)
        note_arrival(wall_clock())
        exchange = _Exchange(scope, receive, send, limit_bytes, self._body_seconds, self._headers)
        try:
            refused = refusal_of_host(scope) or exchange.refusal_by_headers() or await self._refusal_of_caller(scope)
            if refused is not None:
                await refused(scope, receive, exchange.send)
            else:
                await self._app(scope, exchange.receive, exchange.send)
        except Exception as error:  # the caller gets a response to every failure, and we get a log line
            response = failed(scope, error)
            if not exchange.status:
                await response(scope, receive, exchange.send)
        finally:
            if refused_as(scope) is not None:
                await note_refusal(scope, self._services, self._part, exchange.status)
            leave_place(scope)
            exchange.note()

    async def _refusal_of_caller(self, scope: Scope) -> ASGIApp | None:
        """Return the refusal that follows from who calls, or None. A caller who is not refused has a place then."""
        path: str = scope["path"]
        # The files of the console are in memory, and a whole control room loads them at once after an update.
        if path == PROBE_PATH or path.startswith(f"{CONSOLE_PATH}/"):
            return None
        connection = HTTPConnection(scope)
        if path in OPERATORS_PATHS:
            return None if comes_directly_from(connection, self._services.operators) else refusal(scope, NOT_FOUND)
        caller = await counted(connection, self._services, self._part)
        if caller.door is DoorName.PUBLIC and await self._needs_credential(connection):
            return not_logged_in(connection)
        if self._places.take(scope, caller):
            return None
        METRICS.request_refused(caller.door)
        return refusal(scope, OVERLOADED)

    async def _needs_credential(self, connection: HTTPConnection) -> bool:
        """Return whether a request without a credential is refused here.

        A route refuses a request without a body itself. A route of banks knows its caller before it reads the body.
        """
        path: str = connection.scope["path"]
        if path == DESCRIPTION_PATH:
            return self._part is not Part.INTAKE and not await self._may_read_description(connection)
        return door_of(path) is DoorName.OFFICERS and _announces_body(connection.headers)

    async def _may_read_description(self, connection: HTTPConnection) -> bool:
        if comes_directly_from(connection, self._services.operators):
            return True
        try:
            await officer_of(connection, self._services)
        except BadToken:
            return False
        return True

    def _limit_bytes(self, path: str, usual_bytes: int) -> int:
        fits = (limit for pattern, limit in self._limits.items() if _fits(pattern, path))
        return self._limits.get(path) or next(fits, usual_bytes)


def _fits(pattern: str, path: str) -> bool:
    if pattern.startswith("*"):
        return path.endswith(pattern[1:])
    return pattern.endswith("/") and path.startswith(pattern)


class _Exchange:
    """One request and its response."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        limit_bytes: int,
        body_seconds: float,
        always: Sequence[tuple[bytes, bytes]],
    ) -> None:
        self._always = always
        self._scope = scope
        self._receive = receive
        self._send = send
        self._headers = Headers(scope=scope)
        self._id = params.begin(_raw(scope, params.HEADER))
        self._limit_bytes = limit_bytes
        self._left_bytes = limit_bytes
        self._body_seconds = body_seconds
        self._body_until: float | None = None
        self._body_is_read = False
        self._began = time.perf_counter()
        self.status = 0

    def refusal_by_headers(self) -> ASGIApp | None:
        """Return the refusal that follows from the announced body alone, or None."""
        scope = self._scope
        length_bytes = _length_bytes(self._headers.get("content-length", "0"))
        if length_bytes > self._limit_bytes:
            drains = length_bytes <= DRAIN_MAX_BYTES
            return refusal(scope, TOO_LARGE, f"at most {self._limit_bytes} bytes", headers={} if drains else _CLOSE)
        wrong = self._wrong_media_type() if scope["method"] == "POST" else None
        return refusal(scope, wrong) if wrong else None

    def _wrong_media_type(self) -> Kind | None:
        """Return the refusal for a wrong media type, or None.

        The I4C wire allows any media type. Pages take forms, one of them with a file, and all other routes take JSON.
        """
        path: str = self._scope["path"]
        if path.startswith(BANK_PATH):
            return None
        media_type = self._headers.get("content-type", "").partition(";")[0].strip().lower()
        if path.startswith(PAGES):
            taken = _FORMS if path == TABLE_PATH else _FORMS[:1]
            return None if media_type in taken else NOT_A_FORM
        return None if _is_json(media_type) else UNSUPPORTED_MEDIA_TYPE

    async def receive(self) -> Message:
        """Return the next part of the body.

        Raises a 413 beyond the size limit, and a 408 if the whole body has not arrived in time.
        """
        if self._body_is_read:
            return await self._receive()
        if self._body_until is None:
            self._body_until = asyncio.get_running_loop().time() + self._body_seconds
        try:
            async with asyncio.timeout_at(self._body_until):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(TOO_SLOW.status, headers=_CLOSE) from None
        if message["type"] == "http.request":
            self._left_bytes -= len(message.get("body", b""))
            if self._left_bytes < 0:
                raise HTTPException(TOO_LARGE.status, headers=_CLOSE)
            self._body_is_read = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the response. The start of the response gets the headers that every response has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = message["headers"]
            named = {name.lower() for name, _ in own}
            policy = () if _CONTENT_POLICY in named else (NOTHING_LOADED,)
            message["headers"] = [
                *own,
                *(header for header in self._always if header[0] not in named),
                *policy,
                (b"date", formatdate(usegmt=True).encode()),
                (params.HEADER, self._id.encode()),
            ]
        await self._send(message)

    def note(self) -> None:
        """Log one line with the route's template.

        The path and the query are never logged, because they may name a person's account.
        """
        route = self._scope.get("route")
        log.info(
            "method=%s route=%s status=%d ms=%.1f request=%s",
            self._scope["method"],
            getattr(route, "path_format", "-"),
            self.status,
            (time.perf_counter() - self._began) * 1000,
            self._id,
        )


def _announces_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _length_bytes(header: str) -> float:
    """Return the number of a Content-Length header, or infinity if it is no number or has too many digits."""
    return int(header) if header.isdecimal() and len(header) <= _LENGTH_DIGITS_MAX else math.inf


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def _raw(scope: Scope, name: bytes) -> bytes | None:
    for key, value in scope["headers"]:
        if key == name:
            raw: bytes = value
            return raw
    return None
