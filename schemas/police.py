"""The police side of a case: who answers for it, first information reports, orders of courts, duties."""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import AfterValidator, Base64Bytes, BeforeValidator, Field, StringConstraints, model_validator

from schemas.banks.institutions import Code
from schemas.base import FrozenModel, PositivePaise, Reason, Storable, UtcDatetime
from schemas.identifiers import ACK_NO_PATTERN
from schemas.restoration_enums import CourtOrderEffect, CourtOrderKind, DutyKind, FirKind, FirState
from schemas.text import EmailAddress, Identifier, Line, LocalDatetime

DOCUMENT_MAX_BYTES: Final = 2 * 1024 * 1024
"""of the order as it was made: forty pages of a scan in black and white"""
SECTIONS_MAX: Final = 20
ABOUT_MAX: Final = 50
"""accounts or cases that one order is taken in for in one go: each case is held until all are"""

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PHONE: Final = re.compile(r"[0-9]{8,12}")


def _is_phone(text: str) -> str:
    digits = text.replace(" ", "").replace("-", "").removeprefix("+91")
    if not _PHONE.fullmatch(digits):
        raise ValueError("is no phone number: ten digits, or a landline with its code")
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


class CaseDuty(StrEnum):
    """What an officer is to a case."""

    IO = "io"
    """who investigates, and makes orders ready"""
    SUPERVISING = "supervising"
    """Superintendent or Deputy Commissioner: approves"""
    DECIDING = "deciding"
    """who orders or decides in the case and answers for no more: papers name who it was"""


class NewOfficer(FrozenModel):
    """An officer who answers for a case from now on."""

    duty: CaseDuty
    subject: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@-]{1,64}$")]
    """the name on the officer's token: by it the four eyes are told apart"""
    name: Line
    rank: Line
    police_station: Line
    district: Line
    phone: Phone
    email: EmailAddress | None = None


class CaseOfficer(FrozenModel):
    """An officer as assigned; of each duty the one with the highest number stands."""

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
    """A report that an officer has registered elsewhere."""

    fir_no: FirNo
    police_station: Line
    registered_at: LocalDatetime
    signed_at: LocalDatetime | None = None
    """of an e-Zero FIR: when its complainant signed it"""
    document: Pdf | None = None
    """the report itself"""


class FirCopy(FrozenModel):
    """The report as the police station has issued it."""

    document: Pdf


class NewFir(FrozenModel):
    """Ask the register for a report, or record one that stands there already (`by_hand`)."""

    kind: FirKind
    sections: Annotated[tuple[Section, ...], Field(max_length=SECTIONS_MAX)] = ()
    """of the law; none: those of the policy"""
    by_hand: FirByHand | None = None


class SignFir(FrozenModel):
    """The complainant has signed the e-Zero FIR."""

    signed_at: LocalDatetime
    reason: Reason


class Fir(FrozenModel):
    """A first information report, or the asking for one."""

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
    """how often the register was asked"""
    failure: str
    """why it has not answered yet; "" where nothing went wrong"""
    document_digest: str | None
    """SHA-256 of the report's PDF, in hex; None where it is not here: notices that need a copy cannot go out"""


class OrderedOf(FrozenModel):
    """What an order says of one account. Without `institution` and `account` it is about every account of the case."""

    amount_paise: PositivePaise | None = None
    institution: Code | None = None
    account: Identifier | None = None

    @model_validator(mode="after")
    def _names_a_whole_account(self) -> Self:
        if (self.institution is None) != (self.account is None):
            raise ValueError("give both institution and account, or neither: it is about every account then")
        return self


class CourtOrderHead(FrozenModel):
    """An order of a court, whatever it is about."""

    kind: CourtOrderKind
    effect: CourtOrderEffect
    court: Line
    order_no: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Storable]
    made_on: Day
    document: Pdf | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), Storable] = ""


class NewCourtOrder(CourtOrderHead, OrderedOf):
    """An order as an officer takes it in, about one account or all of a case."""


class OrderedOfCase(OrderedOf):
    """What an order says of one account, or of all, of one case."""

    ack_no: Annotated[str, StringConstraints(pattern=ACK_NO_PATTERN.pattern)]


class WideCourtOrder(CourtOrderHead):
    """One order that names several accounts, each with its sum, or several cases."""

    about: Annotated[tuple[OrderedOfCase, ...], Field(min_length=1, max_length=ABOUT_MAX)]


class CourtOrderCopy(FrozenModel):
    """The order as the court has made it."""

    document: Pdf


class CourtOrder(FrozenModel):
    """An order that was taken in."""

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
    """SHA-256 of the PDF, in hex; None where none was handed in"""
    taken_by: str
    taken_at: UtcDatetime
    reason: str
    confirmed_by: str | None
    """the second officer, without whom no bank lets go"""
    confirmed_at: UtcDatetime | None
    withdrawn_at: UtcDatetime | None
    withdrawn_by: str | None
    withdrawn_reason: str


class CourtOrdersTaken(FrozenModel):
    """A wide order, as it stands at each account and case that it names, in their order."""

    orders: tuple[CourtOrder, ...]


class DutyAction(StrEnum):
    """Something that the workflow of a case's duties does by itself. A kind of duty follows: `remind:follow_up`."""

    REMIND = "remind"
    ESCALATE = "escalate"
    LAPSE = "lapse"
    """the report was not signed in time"""


class Duty(FrozenModel):
    """What the law asks of the police, and by when."""

    kind: DutyKind
    opened_at: UtcDatetime
    due_at: UtcDatetime
    remind_at: UtcDatetime
    escalate_at: UtcDatetime
    reminded_at: UtcDatetime | None
    escalated_at: UtcDatetime | None
    done_at: UtcDatetime | None
    done_by: str | None
    paper_id: UUID | None
    """with `issued_at` and without `done_at` it is still to be handed in"""
    issued_at: UtcDatetime | None
    diary_no: str | None
    handed_in_at: UtcDatetime | None
    reason: str


class HandedIn(FrozenModel):
    """The report to the magistrate is handed in: as the court's diary has it."""

    diary_no: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), Storable]
    at: LocalDatetime


class FinishDuty(FrozenModel):
    """How a duty is done: handed in at the court, or for a reason otherwise."""

    reason: Reason | None = None
    handed_in: HandedIn | None = None

    @model_validator(mode="after")
    def _says_how(self) -> Self:
        if self.reason is None and self.handed_in is None:
            raise ValueError("give handed_in, or the reason why none is needed")
        return self


class PoliceSide(FrozenModel):
    """Everything of a case that is the police's own: who answers for it, reports, orders, duties."""

    case_ack_no: str
    officers: tuple[CaseOfficer, ...]
    """by duty, the newest first"""
    firs: tuple[Fir, ...]
    court_orders: tuple[CourtOrder, ...]
    duties: tuple[Duty, ...]
