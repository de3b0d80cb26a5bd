"""HTTP client for POST requests to banks.

Requests are bounded and redirects are never followed. Plain http is used only if allowed. The client is aiohttp. On
this wire it takes a quarter of httpx's processor time for single calls, and a tenth with twenty calls at once.
"""

import math
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from io import BytesIO
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from adapters.banks.envelope import BODY_MAX_BYTES, Sealed
from adapters.banks.protocol import BankMisconfigured, BankProtocolError, BankUnreachable, BankWire
from adapters.clock import wall_clock
from adapters.transcript import Header, Sending, Transcript
from schemas.banks.keys import REPLY_MAX_BYTES
from schemas.enums import ChannelKind

CONNECTIONS_MAX: Final = 1000
"""Most connections open at once to all banks. A further call waits within its own time limit."""
IDLE_CONNECTION_SECONDS: Final = 60.0
RETRY_AFTER_MAX_SECONDS: Final = 3600.0
"""Longest wait that a bank may ask for. The golden hour allows no longer one."""

REDIRECTS: Final = range(300, 400)
SENT_HEADERS_KEPT: Final = frozenset(
    {
        "content-digest",
        "content-type",
        "idempotency-key",
        "signature",
        "signature-input",
        "webhook-id",
        "webhook-signature",
        "webhook-timestamp",
        "x-goldenhour-envelope",
        "x-goldenhour-signature",
    }
)
"""Headers kept in records. The list names each one, so that a new header with a secret is never recorded."""
REPLY_HEADERS_KEPT: Final = frozenset(
    {
        "content-digest",
        "content-type",
        "date",
        "retry-after",
        "signature",
        "signature-input",
        "x-correlation-id",
        "x-request-id",
    }
)


class ReplyTooLarge(BankProtocolError):
    """The bank's reply is larger than agreed; whether it has the request is unknown."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, body and Retry-After of one reply. `retry_after_seconds` is None if the bank asks for no wait."""

    status: int
    body: bytes = field(repr=False)
    retry_after_seconds: float | None


class Poster:
    """HTTP client for banks with kept-alive connections.

    Create it anywhere, use it in one event loop, and close it there.
    """

    def __init__(
        self, *, connect_timeout_seconds: float, allow_plain_http: bool, tls: ssl.SSLContext | None = None
    ) -> None:
        """Allow http beyond loopback with `allow_plain_http`. `tls` replaces the system's trusted certificates."""
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout_seconds)
        self._allow_plain_http = allow_plain_http
        self._tls: ssl.SSLContext | bool = tls or True
        self._opened: aiohttp.ClientSession | None = None

    async def post(
        self,
        bank: BankWire,
        path: str,
        body: bytes,
        headers: dict[str, str],
        transcript: Transcript | None = None,
        content: bytes | None = None,
        afresh: Callable[[], Sealed] | None = None,
    ) -> Reply:
        """Post `body` to `path` below the bank's address and return the reply of any status.

        An empty `path` posts to the address exactly as written. `transcript` records the call; a login passes none.
        `content` is the plaintext of a body that is an envelope.

        The caller limits the time (`asyncio.timeout`). If a connection breaks before the reply, the request is sent
        once more, because the bank may just have closed a kept-alive connection. Every request here may be repeated.
        `afresh` wraps the content in a new envelope for that second sending; without it the same bytes are sent.

        Raises BankUnreachable, BankProtocolError or BankMisconfigured. A redirect raises BankProtocolError, because a
        bank's secrets go to no other address.
        """
        address = _address(bank, self._allow_plain_http)
        url = address.rstrip("/") + path if path else address
        noted = transcript or Transcript(ChannelKind.I4C)
        try:
            try:
                return await self._post_once(bank, url, body, headers, noted, content)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as broken:
                if isinstance(broken, aiohttp.ClientConnectorError):
                    raise
                noted.failed(type(broken).__name__)
                if afresh is not None:
                    sealed = afresh()
                    body, headers = sealed.body, headers | sealed.headers
                return await self._post_once(bank, url, body, headers, noted, content)
        except aiohttp.InvalidURL:
            raise BankMisconfigured(bank.code, "base_url is not an address") from None
        except aiohttp.ClientResponseError:
            raise BankProtocolError(bank.code, "the reply is not HTTP") from None
        except aiohttp.ClientError as error:
            # Only the class name is kept, because the text of a transport error may repeat what was sent.
            raise BankUnreachable(bank.code, type(error).__name__) from None

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
                connector=aiohttp.TCPConnector(
                    limit=CONNECTIONS_MAX, keepalive_timeout=IDLE_CONNECTION_SECONDS, ssl=self._tls
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                auto_decompress=False,
                headers={"User-Agent": "goldenhour", "Accept": "application/json", "Accept-Encoding": "identity"},
            )
        return self._opened

    async def _post_once(
        self,
        bank: BankWire,
        url: str,
        body: bytes,
        headers: dict[str, str],
        transcript: Transcript,
        content: bytes | None,
    ) -> Reply:
        # Only `bank test` sends more than the wire allows; aiohttp warns about that many bytes in one object.
        data = body if len(body) <= BODY_MAX_BYTES else BytesIO(body)
        noted = transcript.sends(
            Sending(f"POST {url}", _kept_headers(headers.items(), SENT_HEADERS_KEPT), body, content)
        )
        async with self._session().post(url, data=data, headers=headers, allow_redirects=False) as response:
            noted.status = str(response.status)
            noted.reply_headers = _kept_headers(response.headers.items(), REPLY_HEADERS_KEPT)
            if response.status in REDIRECTS:
                raise BankProtocolError(bank.code, f"HTTP {response.status}, a redirect")
            received = noted.reply
            async for chunk in response.content.iter_any():
                received += chunk
                if len(received) > REPLY_MAX_BYTES:
                    raise ReplyTooLarge(bank.code, f"the reply is larger than {REPLY_MAX_BYTES} bytes")
            noted.replied_whole = True
            return Reply(response.status, bytes(received), _retry_after(response.headers.get("Retry-After")))


def _kept_headers(headers: Iterable[Header], kept: frozenset[str]) -> list[Header]:
    return [(name, value) for name, value in headers if name.lower() in kept]


def _address(bank: BankWire, allow_plain_http: bool) -> str:
    """Return the bank's address. Raises BankMisconfigured if secrets must not be sent there."""
    try:
        parts = urlsplit(bank.base_url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise BankMisconfigured(bank.code, "base_url is not an address") from None
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None:
        raise BankMisconfigured(bank.code, "base_url must be http(s)://host[:port][/path]")
    if parts.query or parts.fragment:
        raise BankMisconfigured(bank.code, "base_url must have no query and no fragment")
    if parts.scheme == "http" and not allow_plain_http and not _is_loopback(host):
        raise BankMisconfigured(bank.code, "plain http is for loopback only")
    return bank.base_url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _retry_after(text: str | None) -> float | None:
    """Return the seconds a Retry-After header asks for (seconds or an HTTP date), within 0 and the maximum."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - wall_clock().timestamp()
    return min(max(seconds, 0.0), RETRY_AFTER_MAX_SECONDS) if math.isfinite(seconds) else None
