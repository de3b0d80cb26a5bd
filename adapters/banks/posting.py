"""HTTP as a bank's wire needs it: POST, bounded, never redirected, in plain text only where that is allowed.

The client is aiohttp: measured on this wire it takes a quarter of httpx's processor time a call when calls
come one by one, and a tenth when twenty run at once.
"""

import math
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from io import BytesIO
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from adapters.banks.envelope import BODY_MAX_BYTES
from adapters.banks.protocol import BankMisconfigured, BankProtocolError, BankUnreachable, BankWire
from adapters.transcript import Header, Sending, Transcript
from schemas.banks.exchanges import REPLY_MAX_BYTES
from schemas.enums import ChannelKind

CONNECTIONS_MAX: Final = 1000
"""Most connections open at once, to all banks together; a call beyond waits within its own time."""
IDLE_CONNECTION_SECONDS: Final = 60.0
RETRY_AFTER_MAX_SECONDS: Final = 3600.0
"""A bank may ask us to stay away so long at most: behind this stands the golden hour."""

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
"""Named one by one: whatever carries a secret is in no record, though nobody thought of it."""
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
    """The bank's reply is larger than any that was agreed; whether it has the request is unknown."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, body, and how many seconds the bank asks us to stay away (None: it does not)."""

    status: int
    body: bytes = field(repr=False)
    retry_after_seconds: float | None


class Poster:
    """Posts to banks over kept-alive connections. Create it anywhere, use it in one event loop, close it there."""

    def __init__(
        self, *, connect_timeout_seconds: float, allow_plain_http: bool, tls: ssl.SSLContext | None = None
    ) -> None:
        """`allow_plain_http` permits http to hosts beyond loopback; `tls` replaces the system's trust."""
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
    ) -> Reply:
        """Post `body` to `path` below the bank's address and return the reply, whatever its status says.

        Without a `path` it goes to the address exactly as it stands. What passes is noted in `transcript`, a login
        in none; `content` is what the body holds where it is an envelope.

        The caller bounds the time (`asyncio.timeout`). Where a connection breaks before the reply, one more
        attempt is made at once: the bank may just have closed a kept-alive connection, and every request here
        may be repeated. Raises BankUnreachable, BankProtocolError (a redirect too: a bank's secrets go
        nowhere else) or BankMisconfigured.
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
                return await self._post_once(bank, url, body, headers, noted, content)
        except aiohttp.InvalidURL:
            raise BankMisconfigured(bank.code, "base_url is no address") from None
        except aiohttp.ClientResponseError:
            raise BankProtocolError(bank.code, "the reply is no HTTP") from None
        except aiohttp.ClientError as error:
            # The class alone: the text of a transport's error may repeat what was sent.
            raise BankUnreachable(bank.code, type(error).__name__) from None

    async def close(self) -> None:
        """Close every connection."""
        if self._opened is not None:
            await self._opened.close()

    def _session(self) -> aiohttp.ClientSession:
        """Return the one session, opened at the first call because it belongs to the loop it is opened in."""
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
        # More than the wire allows comes only from `bank test`; aiohttp warns of it as bytes.
        data = body if len(body) <= BODY_MAX_BYTES else BytesIO(body)
        noted = transcript.sends(Sending(f"POST {url}", _that_say(headers.items(), SENT_HEADERS_KEPT), body, content))
        async with self._session().post(url, data=data, headers=headers, allow_redirects=False) as response:
            noted.status = str(response.status)
            noted.reply_headers = _that_say(response.headers.items(), REPLY_HEADERS_KEPT)
            if response.status in REDIRECTS:
                raise BankProtocolError(bank.code, f"HTTP {response.status}, a redirect")
            received = noted.reply
            async for chunk in response.content.iter_any():
                received += chunk
                if len(received) > REPLY_MAX_BYTES:
                    raise ReplyTooLarge(bank.code, f"the reply is larger than {REPLY_MAX_BYTES} bytes")
            noted.replied_whole = True
            return Reply(response.status, bytes(received), _retry_after(response.headers.get("Retry-After")))


def _that_say(headers: Iterable[Header], kept: frozenset[str]) -> list[Header]:
    return [(name, value) for name, value in headers if name.lower() in kept]


def _address(bank: BankWire, allow_plain_http: bool) -> str:
    """Return the address. Raises BankMisconfigured where secrets must not go there."""
    try:
        parts = urlsplit(bank.base_url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise BankMisconfigured(bank.code, "base_url is no address") from None
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
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - time.time()
    return min(max(seconds, 0.0), RETRY_AFTER_MAX_SECONDS) if math.isfinite(seconds) else None
