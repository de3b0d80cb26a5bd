"""The police's system, and what it offers.

Interface of a register of first information reports: the request, the registration, and the errors. Error texts hold no
personal data, because they enter the database's `failure` and logs. The register's own text is only in
`PoliceRefused.message`.
"""

import hashlib
import hmac
import re
import ssl
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, ClassVar, Final, Protocol, Self
from urllib.parse import unquote, urlsplit, urlunsplit
from uuid import UUID

import orjson

from adapters.calling import Caller, Reply, Unreachable, UnusableReply, checked_address, text
from adapters.clock import wall_clock
from schemas.case.police import DOCUMENT_MAX_BYTES
from schemas.restoration_enums import FirKind


@dataclass(frozen=True, slots=True)
class LostTransfer:
    """One transfer of the complaint, as the report names it."""

    reference: str
    amount_paise: int
    at: datetime
    to_institution: str


@dataclass(frozen=True, slots=True)
class FirRequest:
    """Content of the request to register a report. Complainant and transfers are personal data."""

    fir_id: UUID
    """idempotency key at the register: the same id for the same request"""
    kind: FirKind
    case_no: str
    category: str
    sections: tuple[str, ...]
    loss_paise: int
    complained_at: datetime
    complainant_name: str = field(repr=False)
    complainant_mobile: str = field(repr=False)
    district: str
    transfers: tuple[LostTransfer, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered report.

    An e-Zero FIR lapses unless it is signed by `sign_by`, which is None if not given. `document` is the report as a
    PDF, or None if the register sends none.
    """

    fir_no: str
    police_station: str
    registered_at: datetime
    sign_by: datetime | None
    document: bytes | None = field(default=None, repr=False)


class PoliceError(Exception):
    """The register's wire failed."""

    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "") -> None:
        """Keep `detail`, which says what happened without personal data."""
        text = (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(f"{text} ({detail})" if detail else text)
        self.detail = detail


class PoliceUnreachable(PoliceError):
    """The register could not be reached or cannot answer now; the same request may be sent again."""

    retryable = True

    def __init__(self, detail: str = "", retry_after_seconds: float | None = None) -> None:
        """Keep `retry_after_seconds`, the wait that the register asked for, or None."""
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class PoliceRefused(PoliceError):
    """The register refuses the report; sending it again unchanged cannot help."""

    def __init__(self, code: str, message: str = "") -> None:
        """Keep `code`, the register's or `HTTP-<status>`, and its `message`, which str(self) leaves out."""
        super().__init__(f"code {code}")
        self.code = code
        self.message = message


class PoliceLoginFailed(PoliceError):
    """The register does not accept our signature; an officer must check the key."""

    retryable = True


class PoliceProtocolError(PoliceError):
    """The register's reply is not of the agreed shape; whether it has the report is unknown."""

    # The idempotency key makes a repeat the same request.
    retryable = True


class FirRegister(Protocol):
    """Interface of every register."""

    async def register(self, request: FirRequest, *, timeout_seconds: float) -> Registered:
        """Register a report. The same `fir_id` sent twice is one report. Raises PoliceError."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


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
