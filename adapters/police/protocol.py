"""What a register of first information reports takes and gives: the asking out, the number back, how it can fail.

The text of every error is free of personal data: it ends in the database's `failure` and in logs. What the register
wrote itself is kept apart, in `PoliceRefused.message`.
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
    """What a report is registered from. Complainant and transfers are personal data."""

    fir_id: UUID
    """the same for the same asking: the register's idempotency key"""
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
    """A report is registered. `sign_by`: an e-Zero FIR lapses unless it is signed by then; None: it was not said.

    `document` is the report itself, a PDF; None where the register sends none.
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
        """`detail` says what happened, with no personal data in it."""
        words = (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(f"{words} ({detail})" if detail else words)
        self.detail = detail


class PoliceUnreachable(PoliceError):
    """The register could not be reached or cannot answer now; the same asking may be sent again."""

    retryable = True

    def __init__(self, detail: str = "", retry_after_seconds: float | None = None) -> None:
        """`retry_after_seconds` is what the register asked for, else None."""
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class PoliceRefused(PoliceError):
    """The register refuses the report; sending it again unchanged cannot help."""

    def __init__(self, code: str, message: str = "") -> None:
        """`code` is the register's or `HTTP-<status>`; `message`, its own words, is not in str(self)."""
        super().__init__(f"code {code}")
        self.code = code
        self.message = message


class PoliceLoginFailed(PoliceError):
    """The register does not accept our signature; a person must look at the key."""

    retryable = True


class PoliceProtocolError(PoliceError):
    """The register's reply is not of the agreed shape; whether it has the report is unknown."""

    # The idempotency key makes a retransmission the same asking.
    retryable = True


class FirRegister(Protocol):
    """What every register can do."""

    async def register(self, request: FirRequest, *, timeout_seconds: float) -> Registered:
        """Have a report registered. The same `fir_id` twice is one report. Raises PoliceError."""
        ...

    async def close(self) -> None:
        """Give back every connection."""
        ...
