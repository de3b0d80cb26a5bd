"""Court orders, days of courts, and duties of the police; and all police data of a case."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.base import REASON_MAX_CHARS, FrozenModel, PositivePaise, Reason, Storable, UtcDatetime, WithReason
from schemas.case.police import CaseOfficer, Day, Fir, Pdf
from schemas.identifiers import ACK_NO_PATTERN
from schemas.restoration_enums import (
    CourtOrderEffect,
    CourtOrderEnd,
    CourtOrderKind,
    DutyKind,
    RestorationState,
    Route,
    Step,
)
from schemas.text import Code, Identifier, Line, LocalDatetime

COURT_NAME_MAX_CHARS: Final = 200
ABOUT_MAX: Final = 50
"""most accounts or cases in one order, because the row of each case stays locked until all are written"""

CourtRoute = Literal[Route.LOK_ADALAT, Route.COURT, Route.MAGISTRATE_107]


class CourtDayStanding(StrEnum):
    """How far the order about a restoration has come."""

    WAITS = "waits"
    """no order is recorded"""
    RECORDED = "recorded"
    """an order is recorded, and a second officer has to confirm it"""
    IN_FORCE = "in_force"
    """an order counts, and the restoration has not taken it yet"""
    TAKEN = "taken"
    """the restoration went on, or ended, by an order"""


class AccountOfDay(FrozenModel):
    """Account with money of the restoration on hold."""

    institution: str
    account_end: str
    """last four characters of the account"""
    held_paise: int


class OrderOfDay(FrozenModel):
    """Newest order about the restoration's money."""

    court_order_id: int
    kind: CourtOrderKind
    effect: CourtOrderEffect
    court: str
    order_no: str
    made_on: date
    amount_paise: int | None
    has_document: bool
    taken_by: str
    confirmed_by: str | None


class HearingOfDay(FrozenModel):
    """Day on which a court hears the restoration."""

    court_hearing_id: int
    held_on: date
    court: str
    recorded_by: str
    recorded_at: UtcDatetime


class CourtDayLine(FrozenModel):
    """One restoration on the list of a day."""

    restoration_id: UUID
    case_ack_no: str
    ack_no: str
    round_no: int
    route: Route
    state: RestorationState
    step: Step
    visit_no: int
    district: str
    """of the case's first victim, as it is stored"""
    due_at: UtcDatetime | None
    overdue: bool
    held_paise: int
    accounts: tuple[AccountOfDay, ...]
    applied_at: UtcDatetime | None
    """when the victim's signed application was received"""
    signed_by_code: bool
    """whether the victim signed it by a code"""
    notices: int
    """notices to account holders that the procedure requires"""
    notices_issued: int
    open_objections: int
    open_appeals: int
    contested: int
    """transfers of its money that another complainant claims too, and nothing is decided"""
    is_ready: bool
    """signed application, every notice issued, and nothing open against it"""
    standing: CourtDayStanding
    hearing: HearingOfDay | None
    order: OrderOfDay | None


class CourtDayPage(FrozenModel):
    """Page of the list, by complaint number."""

    items: tuple[CourtDayLine, ...]
    next: str | None


class CourtOrderAsks(StrEnum):
    """The thing that a second officer is asked for."""

    CONFIRMATION = "confirmation"
    WITHDRAWAL = "withdrawal"


class WaitingCourtOrder(FrozenModel):
    """Order that waits for a second officer."""

    court_order_id: int
    case_ack_no: str
    asks: CourtOrderAsks
    kind: CourtOrderKind
    effect: CourtOrderEffect
    court: str
    order_no: str
    made_on: date
    ends_on: date | None
    amount_paise: int | None
    institution: str | None
    """bank of the account that it is about; None for every account of the case"""
    account_end: str
    """last four characters of that account"""
    held_paise: int
    """on hold at that account, or at every account of the case"""
    has_document: bool
    """an order without its PDF cannot be confirmed"""
    taken_by: str
    taken_at: UtcDatetime
    reason: str
    counts_until: UtcDatetime | None
    """when it becomes void, or ends by itself"""
    withdrawal_asked_by: str | None
    withdrawal_asked_at: UtcDatetime | None
    withdrawal_asked_reason: str
    needs_another: bool
    """whether the reader is the officer whose act another one has to confirm"""


class WaitingCourtOrders(FrozenModel):
    """Page of orders that wait for a second officer, the oldest first."""

    items: tuple[WaitingCourtOrder, ...]
    next: str | None


DAYS_AHEAD_MAX: Final = 731


class NewCourtHearing(WithReason):
    """A day and a court, or the end of the day that stands."""

    held_on: date | None
    """today or later; None if the court has named no day"""
    court: Line
    """as the list of its day names it"""
    seen: Annotated[int, Field(ge=1, le=2**63 - 1)] | None
    """hearing that the officer saw; None if the officer saw none"""


class CourtHearing(FrozenModel):
    """Day on which a court hears a restoration. The one without an end stands."""

    court_hearing_id: int
    held_on: date
    court: str
    reason: str
    recorded_by: str
    recorded_at: UtcDatetime
    told_at: UtcDatetime | None
    """when the investigating officer was told"""
    ended_by: str | None
    ended_reason: str | None
    ended_at: UtcDatetime | None


class CourtHearings(FrozenModel):
    """Hearings of a restoration, the newest first; at most 200."""

    items: tuple[CourtHearing, ...]


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
