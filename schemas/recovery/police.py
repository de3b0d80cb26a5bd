"""Police data of a case: its officers, first information reports, court orders, duties."""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import AfterValidator, Base64Bytes, BeforeValidator, Field, StringConstraints, model_validator

from schemas.base import REASON_MAX_CHARS, FrozenModel, PositivePaise, Reason, Storable, UtcDatetime
from schemas.identifiers import ACK_NO_PATTERN
from schemas.officers.officers import folded
from schemas.restoration_enums import (
    CaseDuty,
    CourtOrderEffect,
    CourtOrderEnd,
    CourtOrderKind,
    DutyKind,
    FirKind,
    FirState,
)
from schemas.text import Code, EmailAddress, Identifier, Line, LocalDatetime

DOCUMENT_MAX_BYTES: Final = 2 * 1024 * 1024
"""size limit of a PDF: forty scanned pages in black and white"""
SECTIONS_MAX: Final = 20
ABOUT_MAX: Final = 50
"""most accounts or cases in one order, because the row of each case stays locked until all are written"""

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


class OrderedOf(FrozenModel):
    """Content of an order about one account, or about every account of the case without `institution` and `account`."""

    amount_paise: PositivePaise | None = None
    institution: Code | None = None
    account: Identifier | None = None

    @model_validator(mode="after")
    def _names_a_whole_account(self) -> Self:
        if (self.institution is None) != (self.account is None):
            raise ValueError("give both institution and account, or neither for every account")
        return self


class CourtOrderHead(FrozenModel):
    """Fields of a court order of any scope."""

    kind: CourtOrderKind
    effect: CourtOrderEffect
    court: Line
    order_no: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Storable]
    made_on: Day
    ends_on: Day | None = None
    """the last day on which the order keeps a hold; without it the policy's time counts"""
    document: Pdf | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=REASON_MAX_CHARS), Storable] = ""

    @model_validator(mode="after")
    def _only_a_keep_ends(self) -> Self:
        if self.ends_on is not None and self.effect is not CourtOrderEffect.KEEP_HOLD:
            raise ValueError("give ends_on only for an order that keeps a hold")
        return self


class NewCourtOrder(CourtOrderHead, OrderedOf):
    """Court order as an officer records it, about one account or all of a case."""


class OrderedOfCase(OrderedOf):
    """Content of an order about one account, or every account, of one case."""

    ack_no: Annotated[str, StringConstraints(pattern=ACK_NO_PATTERN.pattern)]


class WideCourtOrder(CourtOrderHead):
    """One order about several accounts, each with its amount, or several cases."""

    about: Annotated[tuple[OrderedOfCase, ...], Field(min_length=1, max_length=ABOUT_MAX)]


class CourtOrderCopy(FrozenModel):
    """The order as the court issued it."""

    document: Pdf


class CourtOrder(FrozenModel):
    """Recorded court order."""

    court_order_id: int
    kind: CourtOrderKind
    effect: CourtOrderEffect
    court: str
    order_no: str
    made_on: date
    amount_paise: int | None
    institution: str | None
    account_key: str | None
    document_digest: str | None
    """SHA-256 of the PDF, in hex; None without one"""
    taken_by: str
    taken_at: UtcDatetime
    reason: str
    confirmed_by: str | None
    """second officer, who has read the document"""
    confirmed_at: UtcDatetime | None
    ends_on: date | None = None
    """the last day on which the order says that it keeps a hold"""
    counts_until: UtcDatetime | None = None
    """when it ends by itself; None if it has no end"""
    warned_at: UtcDatetime | None = None
    ended_as: CourtOrderEnd | None = None
    """why it ended by itself; None for one that an officer withdrew"""
    withdrawal_asked_by: str | None = None
    """officer who asked to withdraw an order that retains holds; another one confirms it"""
    withdrawal_asked_at: UtcDatetime | None = None
    withdrawal_asked_reason: str = ""
    withdrawn_at: UtcDatetime | None
    withdrawn_by: str | None
    withdrawn_reason: str

    @property
    def counts(self) -> bool:
        """Return whether it moves money or a restoration, unless it is withdrawn."""
        return self.confirmed_at is not None


class CourtOrdersTaken(FrozenModel):
    """Wide order as recorded at each account and case, in the order of the request."""

    orders: tuple[CourtOrder, ...]


class DutyAction(StrEnum):
    """Something that the workflow of a case's duties does by itself. A kind of duty follows: `remind:follow_up`."""

    REMIND = "remind"
    ESCALATE = "escalate"
    LAPSE = "lapse"
    """the report was not signed in time"""


class Duty(FrozenModel):
    """Duty of the police under the law, with its deadline."""

    kind: DutyKind
    opened_at: UtcDatetime
    due_at: UtcDatetime
    remind_at: UtcDatetime
    escalate_at: UtcDatetime
    reminded_at: UtcDatetime | None
    escalated_at: UtcDatetime | None
    done_at: UtcDatetime | None
    done_by: str | None
    document_id: UUID | None
    """document of the duty; with `issued_at` and without `done_at` it is still to be filed"""
    issued_at: UtcDatetime | None
    diary_no: str | None
    handed_in_at: UtcDatetime | None
    reason: str


class HandedIn(FrozenModel):
    """Record that the report to the magistrate was filed, by the entry in the court's diary."""

    diary_no: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), Storable]
    at: LocalDatetime


class FinishDuty(FrozenModel):
    """Completion of a duty: filed at the court, or done otherwise for a reason."""

    reason: Reason | None = None
    handed_in: HandedIn | None = None

    @model_validator(mode="after")
    def _says_how(self) -> Self:
        if self.reason is None and self.handed_in is None:
            raise ValueError("give handed_in, or the reason why none is needed")
        return self


class PoliceSide(FrozenModel):
    """All police data of a case: officers, reports, court orders, duties."""

    case_ack_no: str
    officers: tuple[CaseOfficer, ...]
    """by duty, the newest first"""
    firs: tuple[Fir, ...]
    court_orders: tuple[CourtOrder, ...]
    duties: tuple[Duty, ...]
