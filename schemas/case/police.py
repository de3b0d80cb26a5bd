"""Officers of a case, its first information reports, and fields that police write."""

import re
from datetime import date
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, Base64Bytes, BeforeValidator, Field, StringConstraints

from schemas.base import FrozenModel, Reason, Storable, UtcDatetime
from schemas.officers.officers import folded
from schemas.restoration_enums import (
    CaseDuty,
    FirKind,
    FirState,
)
from schemas.text import EmailAddress, Line, LocalDatetime

DOCUMENT_MAX_BYTES: Final = 2 * 1024 * 1024
"""size limit of a PDF: forty scanned pages in black and white"""
SECTIONS_MAX: Final = 20

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PHONE: Final = re.compile(r"[0-9]{8,12}")


def _is_phone(text: str) -> str:
    digits = text.replace(" ", "").replace("-", "").removeprefix("+91")
    if not _PHONE.fullmatch(digits):
        raise ValueError("is not a phone number: ten digits, or a landline with its code")
    return text


def _written_as_a_day(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError("write YYYY-MM-DD")


def _is_pdf(document: bytes) -> bytes:
    if len(document) > DOCUMENT_MAX_BYTES:
        raise ValueError(f"a document has at most {DOCUMENT_MAX_BYTES} bytes")
    if not document.startswith(b"%PDF-"):
        raise ValueError("a document is a PDF")
    return document


Phone = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20), Storable, AfterValidator(_is_phone)]
Day = Annotated[date, BeforeValidator(_written_as_a_day)]
FirNo = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), Storable]
Section = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), Storable]
Pdf = Annotated[Base64Bytes, Field(max_length=DOCUMENT_MAX_BYTES * 4 // 3 + 8), AfterValidator(_is_pdf)]


class NewOfficer(FrozenModel):
    """Officer responsible for a case from now on."""

    duty: CaseDuty
    subject: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@-]{1,64}$"), AfterValidator(folded)]
    """id of the officer, by which the four-eyes rule tells officers apart"""
    name: Line
    rank: Line
    police_station: Line
    district: Line
    phone: Phone
    email: EmailAddress | None = None


class CaseOfficer(FrozenModel):
    """Officer as assigned. The assignment with the highest number of each duty is current."""

    duty: CaseDuty
    assignment_no: int
    subject: str
    name: str
    rank: str
    police_station: str
    district: str
    phone: str
    email: str
    assigned_by: str
    assigned_at: UtcDatetime


class FirByHand(FrozenModel):
    """Report that an officer registered elsewhere."""

    fir_no: FirNo
    police_station: Line
    registered_at: LocalDatetime
    signed_at: LocalDatetime | None = None
    """time of the complainant's signature on an e-Zero FIR"""
    document: Pdf | None = None
    """PDF of the report"""


class FirCopy(FrozenModel):
    """The report as issued by the police station."""

    document: Pdf


class NewFir(FrozenModel):
    """Request to register a report, or the record of one already registered (`by_hand`)."""

    kind: FirKind
    sections: Annotated[tuple[Section, ...], Field(max_length=SECTIONS_MAX)] = ()
    """sections of law; empty: those of the policy"""
    by_hand: FirByHand | None = None


class SignFir(FrozenModel):
    """Record that the complainant signed the e-Zero FIR."""

    signed_at: LocalDatetime
    reason: Reason


class Fir(FrozenModel):
    """First information report, or the request for one."""

    fir_id: UUID
    kind: FirKind
    state: FirState
    fir_no: str | None
    police_station: str
    sections: tuple[str, ...]
    requested_at: UtcDatetime
    requested_by: str
    registered_at: UtcDatetime | None
    sign_by: UtcDatetime | None
    signed_at: UtcDatetime | None
    refusal: str
    attempts: int
    """number of calls to the register"""
    failure: str
    """reason why the register has not answered; "" without a failure, `no_register` while none is configured"""
    document_digest: str | None
    """SHA-256 of the report's PDF, in hex. None without the PDF; notices that need a copy then wait."""
