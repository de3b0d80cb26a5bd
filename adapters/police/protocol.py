"""Interface of a register of first information reports: the request, the registration, and the errors.

Error texts hold no personal data, because they enter the database's `failure` and logs. The register's own text is only
in `PoliceRefused.message`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol
from uuid import UUID

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
