"""Police → CCTNS-like register: one signed POST per report (docs/explanation/police.md describes the wire)."""

import hashlib
import hmac
import re
import ssl
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit, urlunsplit

import orjson

from adapters.calling import Caller, Reply, Unreachable, UnusableReply, checked_address, text
from adapters.clock import wall_clock
from adapters.police.protocol import (
    FirRequest,
    PoliceLoginFailed,
    PoliceProtocolError,
    PoliceRefused,
    PoliceUnreachable,
    Registered,
)
from schemas.recovery.police import DOCUMENT_MAX_BYTES

FIRS_PATH: Final = "/v1/firs"
CLIENT_HEADER: Final = "X-Client-Id"
TIMESTAMP_HEADER: Final = "X-Timestamp"
SIGNATURE_HEADER: Final = "X-Signature"
FIR_NO_MAX_CHARS: Final = 64
STATION_MAX_CHARS: Final = 200
CODE_MAX_CHARS: Final = 40
MESSAGE_MAX_CHARS: Final = 500
KEY_MIN_BYTES: Final = 16
REPLY_MAX_BYTES: Final = DOCUMENT_MAX_BYTES * 4 // 3 + 64 * 1024
"""size of the report in Base64, with room for the other fields"""

_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class CctnsWire:
    """Address of the register and the key that signs our calls."""

    base_url: str
    client_id: str
    key: bytes = field(repr=False)

    @classmethod
    def from_url(cls, url: str, *, allow_plain_http: bool = False) -> Self:
        """Read https://CLIENT:KEY@HOST/PATH. Raises ValueError, which never repeats the URL."""
        parts = urlsplit(url)
        client_id, key = unquote(parts.username or ""), unquote(parts.password or "").encode()
        if not _CLIENT_ID.fullmatch(client_id) or len(key) < KEY_MIN_BYTES:
            raise ValueError(
                f"a register looks like https://CLIENT:KEY@HOST/PATH, the key of at least {KEY_MIN_BYTES} characters"
            )
        host = parts.netloc.rpartition("@")[2]
        bare = urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment))
        return cls(checked_address(bare, allow_plain_http=allow_plain_http), client_id, key)


def signature(key: bytes, timestamp: str, path: str, body: bytes) -> str:
    """Return the hex HMAC-SHA256 over time, path and body digest, so that it is valid for this call only."""
    signed = f"{timestamp}\nPOST\n{path}\n{hashlib.sha256(body).hexdigest()}".encode()
    return hmac.new(key, signed, hashlib.sha256).hexdigest()


class CctnsRegister:
    """The register as a `FirRegister`. A process has one instance, because it shares connections."""

    def __init__(
        self,
        wire: CctnsWire,
        *,
        allow_plain_http: bool = False,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        """Check the address. Raises ValueError if no secret may be sent to it."""
        self._wire = wire
        self._url = checked_address(wire.base_url, allow_plain_http=allow_plain_http) + FIRS_PATH
        self._path = urlsplit(self._url).path
        self._caller = Caller(tls=tls)
        self._clock = clock

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._caller.close()

    async def register(self, request: FirRequest, *, timeout_seconds: float) -> Registered:
        """Register a report; see `FirRegister.register`."""
        body = orjson.dumps(_body(request))
        timestamp = str(int(self._clock().timestamp()))
        headers = {
            "Idempotency-Key": str(request.fir_id),
            CLIENT_HEADER: self._wire.client_id,
            TIMESTAMP_HEADER: timestamp,
            SIGNATURE_HEADER: signature(self._wire.key, timestamp, self._path, body),
        }
        try:
            reply = await self._caller.post(
                self._url, body, headers, timeout_seconds=timeout_seconds, reply_max_bytes=REPLY_MAX_BYTES
            )
        except Unreachable as error:
            raise PoliceUnreachable(str(error), error.retry_after_seconds) from None
        except UnusableReply as error:
            raise PoliceProtocolError(str(error)) from None
        return _registered(reply)


def _body(request: FirRequest) -> dict[str, Any]:
    return {
        "fir_id": str(request.fir_id),
        "kind": request.kind.value,
        "acknowledgement_no": request.case_no,
        "category": request.category,
        "sections": list(request.sections),
        "loss_paise": request.loss_paise,
        "complained_at": request.complained_at.isoformat(),
        "complainant": {
            "name": request.complainant_name,
            "mobile": request.complainant_mobile,
            "district": request.district,
        },
        "transfers": [
            {
                "reference": transfer.reference,
                "amount_paise": transfer.amount_paise,
                "at": transfer.at.isoformat(),
                "to_institution": transfer.to_institution,
            }
            for transfer in request.transfers
        ],
    }


def _registered(reply: Reply) -> Registered:
    """Return the registration that the reply reports, or raise the error that it means."""
    if reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise PoliceLoginFailed(f"HTTP {reply.status}")
    if reply.status >= HTTPStatus.BAD_REQUEST:
        code = text(reply.fields.get("code"), CODE_MAX_CHARS) or f"HTTP-{reply.status}"
        raise PoliceRefused(code, text(reply.fields.get("message"), MESSAGE_MAX_CHARS))
    fir_no = text(reply.fields.get("fir_no"), FIR_NO_MAX_CHARS + 1)
    if not 0 < len(fir_no) <= FIR_NO_MAX_CHARS:
        raise PoliceProtocolError("no usable fir_no")
    registered_at = _moment(reply.fields.get("registered_at"), "registered_at")
    if registered_at is None:
        raise PoliceProtocolError("no registered_at")
    return Registered(
        fir_no=fir_no,
        police_station=text(reply.fields.get("police_station"), STATION_MAX_CHARS),
        registered_at=registered_at,
        sign_by=_moment(reply.fields.get("sign_by"), "sign_by"),
        document=_document(reply.fields.get("document")),
    )


def _document(value: object) -> bytes | None:
    if value is None:
        return None
    try:
        document = b64decode(value, validate=True) if isinstance(value, str) else b""
    except ValueError:
        document = b""
    if not document.startswith(b"%PDF-"):
        raise PoliceProtocolError("document is not a PDF in Base64")
    return document


def _moment(value: object, name: str) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise PoliceProtocolError(f"{name} is not a time with an offset")
