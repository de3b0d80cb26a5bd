"""HTTP client for calls to the police register, the SMS gateway and the webhooks of officers.

Each call is one bounded POST with JSON. Redirects are never followed, and plain http is for loopback only. Calls to
banks use `adapters/banks/posting.py`, which raises the banks' errors.
"""

import asyncio
import math
import ssl
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import orjson
from aiohttp.abc import AbstractResolver

REPLY_MAX_BYTES: Final = 64 * 1024
RETRY_AFTER_MAX_SECONDS: Final = 3_600.0
CONNECT_TIMEOUT_SECONDS: Final = 5.0
CONNECTIONS_MAX: Final = 20

_RETRY_LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


class CallFailed(Exception):
    """No usable reply was received. The text repeats nothing of the request."""


class Unreachable(CallFailed):
    """The server did not answer in time or cannot work now."""

    def __init__(self, detail: str, retry_after_seconds: float | None = None) -> None:
        """Keep `retry_after_seconds`, the wait that the server asked for, or None."""
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class UnusableReply(CallFailed):
    """The reply does not have the agreed shape."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP reply. `fields` is the JSON object in its body, empty if there is none."""

    status: int
    fields: dict[str, Any] = field(repr=False)


def checked_address(url: str, *, allow_plain_http: bool = False) -> str:
    """Return the address without a final slash.

    Raises ValueError if no secret may be sent to the address. The error never repeats the address.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("must look like https://HOST (or https://HOST/PATH)")
    if parts.scheme == "http" and not allow_plain_http and not _is_loopback(parts.hostname):
        raise ValueError("plain http is for loopback only")
    return url.rstrip("/")


class Caller:
    """HTTP client with kept-alive connections.

    Create it anywhere, use it in one event loop, and close it there.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, resolver: AbstractResolver | None = None) -> None:
        """Use `tls`, if given, instead of the system's trusted certificates, and `resolver` instead of its own."""
        self._tls: ssl.SSLContext | bool = tls or True
        self._resolver = resolver
        self._opened: aiohttp.ClientSession | None = None

    async def post(
        self,
        url: str,
        body: bytes,
        headers: dict[str, str],
        *,
        timeout_seconds: float,
        reply_max_bytes: int = REPLY_MAX_BYTES,
    ) -> Reply:
        """Post JSON and return the reply of any other status. Raises Unreachable or UnusableReply.

        The statuses 408, 425, 429 and 5xx raise Unreachable, because the server cannot work now.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._post(url, body, headers, reply_max_bytes)
        except TimeoutError:
            raise Unreachable(f"no reply within {timeout_seconds:g} s") from None
        except aiohttp.ClientResponseError:
            raise UnusableReply("the reply is not HTTP") from None
        except aiohttp.ClientError as error:
            # Only the class name is kept, because the text of a transport error may repeat what was sent.
            raise Unreachable(type(error).__name__) from None

    async def close(self) -> None:
        """Close every connection."""
        if self._opened is not None:
            await self._opened.close()

    def _session(self) -> aiohttp.ClientSession:
        """Return the one session, opened by the first call.

        A session belongs to the event loop that opens it.
        """
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX, ssl=self._tls, resolver=self._resolver),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_SECONDS),
                auto_decompress=False,
                headers={"User-Agent": "goldenhour", "Accept": "application/json", "Accept-Encoding": "identity"},
            )
        return self._opened

    async def _post(self, url: str, body: bytes, headers: dict[str, str], reply_max_bytes: int) -> Reply:
        kind = {"Content-Type": "application/json"}
        async with self._session().post(url, data=body, headers=kind | headers, allow_redirects=False) as response:
            status = response.status
            if status in _RETRY_LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise Unreachable(f"HTTP {status}", _seconds(response.headers.get("Retry-After")))
            if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
                raise UnusableReply(f"HTTP {status}, a redirect")
            received = bytearray()
            async for chunk in response.content.iter_any():
                received += chunk
                if len(received) > reply_max_bytes:
                    raise UnusableReply(f"the reply is larger than {reply_max_bytes} bytes")
            return Reply(status, _object(bytes(received)))


def text(value: object, max_chars: int) -> str:
    """Return a text or whole number of a reply as storable text, cut to `max_chars`; "" for any other value."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).replace("\0", "\ufffd").strip()[:max_chars]


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, between 0 and the maximum. A date is not read."""
    try:
        seconds = float(retry_after or "")
    except ValueError:
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_MAX_SECONDS) if math.isfinite(seconds) else None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
