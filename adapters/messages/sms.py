"""Short messages through an SMS gateway: one repeatable POST per message of at most four parts.

Errors hold no number and no message text, because they enter the database's `failure` and logs.
"""

import re
import ssl
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import ClassVar, Final, Self
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

import orjson

from adapters.calling import Caller, Unreachable, UnusableReply, checked_address, text
from schemas.identifiers import MOBILE_PATTERN
from schemas.notifications import SMS_PARTS_MAX, SmsIds, sms_parts

TIMEOUT_SECONDS: Final = 10.0
CODE_MAX_CHARS: Final = 40
ID_MAX_CHARS: Final = 100
COUNTRY: Final = "+91"

_MOBILE_CHARS: Final = re.compile(r"[\s().-]+")
_SENDER: Final = re.compile(r"[A-Za-z0-9]{3,15}")
_KEY: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")


class SmsError(Exception):
    """The short message was not sent."""

    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "") -> None:
        """Keep `detail`, which says what happened without any message text."""
        text = (type(self).__doc__ or "").strip()
        super().__init__(f"{text} ({detail})" if detail else text)


class SmsUnreachable(SmsError):
    """The gateway cannot take the short message now; it may be sent again."""

    retryable = True


class SmsProtocolError(SmsError):
    """The gateway's reply is not of the agreed shape; it may be sent again under the same key."""

    retryable = True


class SmsLoginFailed(SmsError):
    """The gateway does not accept our token; sending continues while an officer checks the token."""

    retryable = True


class SmsRefused(SmsError):
    """The gateway refuses the short message."""


class SmsUnsendable(SmsError):
    """The short message itself is not fit to send."""


def mobile_of(number: str) -> str | None:
    """Return the ten digits of an Indian mobile number in any usual notation, or None."""
    digits = _MOBILE_CHARS.sub("", number).removeprefix(COUNTRY)
    if len(digits) > len("9000000000"):
        digits = digits.removeprefix("0091").removeprefix("91").removeprefix("0")
    return digits if MOBILE_PATTERN.fullmatch(digits) else None


@dataclass(frozen=True, slots=True)
class SmsWire:
    """Address of the gateway, our sender name, and our token."""

    url: str
    sender: str
    token: str = field(repr=False)

    @classmethod
    def from_url(cls, url: str, *, allow_plain_http: bool = False) -> Self:
        """Read https://:TOKEN@HOST/PATH?from=SENDER. Raises ValueError, which never repeats the URL."""
        parts = urlsplit(url)
        sender = parse_qs(parts.query).get("from", [""])[0]
        token = unquote(parts.password or "")
        if not token or not token.isascii() or not token.isprintable() or not _SENDER.fullmatch(sender):
            raise ValueError("an SMS gateway looks like https://:TOKEN@HOST/PATH?from=SENDER")
        host = parts.netloc.rpartition("@")[2]
        bare = urlunsplit((parts.scheme, host, parts.path, "", ""))
        return cls(checked_address(bare, allow_plain_http=allow_plain_http), sender, token)


class SmsGateway:
    """HTTP client of an SMS gateway. A process has one instance, because it shares connections."""

    def __init__(
        self, wire: SmsWire, *, timeout_seconds: float = TIMEOUT_SECONDS, tls: ssl.SSLContext | None = None
    ) -> None:
        """Use `tls`, if given, instead of the system's trusted certificates."""
        self._wire = wire
        self._timeout_seconds = timeout_seconds
        self._caller = Caller(tls=tls)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._caller.close()

    async def send(self, to: str, body_text: str, key: str, ids: SmsIds | None = None) -> str:
        """Send one message and return the gateway's id of it, or "" if it gives none.

        `ids` are those of its registered text, where the gateway needs them. Repeats with the same `key` are one
        message. Raises SmsError.
        """
        mobile = mobile_of(to)
        if mobile is None:
            raise SmsUnsendable("the recipient is not an Indian mobile number")
        if not _KEY.fullmatch(key):
            raise SmsUnsendable("the key has characters that a header cannot carry")
        parts = sms_parts(body_text)
        if not 0 < parts.count <= SMS_PARTS_MAX:
            raise SmsUnsendable(f"a short message has 1 to {SMS_PARTS_MAX} parts")
        body = {
            "to": COUNTRY + mobile,
            "from": self._wire.sender,
            "text": body_text,
            "encoding": parts.encoding,
            "reference": key,
        }
        if ids is not None:
            body |= {"entity_id": ids.entity_id, "template_id": ids.template_id}
        headers = {"Authorization": f"Bearer {self._wire.token}", "Idempotency-Key": key}
        try:
            reply = await self._caller.post(
                self._wire.url, orjson.dumps(body), headers, timeout_seconds=self._timeout_seconds
            )
        except Unreachable as error:
            raise SmsUnreachable(str(error)) from None
        except UnusableReply as error:
            raise SmsProtocolError(str(error)) from None
        if reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise SmsLoginFailed(f"HTTP {reply.status}")
        if reply.status >= HTTPStatus.BAD_REQUEST:
            raise SmsRefused(text(reply.fields.get("code"), CODE_MAX_CHARS) or f"HTTP-{reply.status}")
        return text(reply.fields.get("id"), ID_MAX_CHARS)
