"""Days of courts: orders, hearings, and lists of cases for a day."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from schemas.base import FrozenModel, UtcDatetime, WithReason
from schemas.restoration_enums import CourtOrderEffect, CourtOrderKind, RestorationState, Route, Step
from schemas.text import Line

COURT_MAX_CHARS: Final = 200

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
