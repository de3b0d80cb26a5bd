"""Grievances of account holders: their levels, the appeal page, and the officers who decide."""

from enum import StrEnum
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.base import FrozenModel, PositivePaise, Reason, Storable, UtcDatetime
from schemas.case.police import Phone
from schemas.enums import Language
from schemas.recovery.orders import ReleaseProposal, ReleaseStage
from schemas.restoration_enums import (
    GrievanceDecision,
    GrievanceLevel,
    GrievanceOutcome,
    GrievanceState,
    KycFinding,
    OrderState,
)
from schemas.text import EmailAddress

TEXT_MIN_CHARS: Final = 10
TEXT_MAX_CHARS: Final = 2_000
CONTACT_MAX_CHARS: Final = 200

AppealText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=TEXT_MIN_CHARS, max_length=TEXT_MAX_CHARS), Storable
]
MoreText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=TEXT_MAX_CHARS), Storable]
Contact = Annotated[str, StringConstraints(strip_whitespace=True, max_length=CONTACT_MAX_CHARS), Storable]
Finding = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=4000), Storable]


class GrievanceVerb(StrEnum):
    """Action on a grievance; `domain.recovery.grievances` has role, level and effect of each."""

    REPORT = "report"
    DECIDE = "decide"
    ESCALATE = "escalate"
    APPEAL_ON = "appeal_on"
    WITHDRAW = "withdraw"


class GrievanceClockAction(StrEnum):
    """Action of a grievance's workflow when its time has come."""

    ESCALATE = "escalate"
    OVERDUE = "overdue"
    """the highest level has passed its time limit, and the supervisor is notified"""
    OVERTAKE = "overtake"
    """no money is on hold any more"""


def number_of(serial_no: int) -> str:
    """Return the number of a grievance as its holder sees it."""
    return f"G{serial_no:08d}"


class NewGrievance(FrozenModel):
    """Appeal of an account holder; `contact` if the holder wants to be reached elsewhere."""

    text: AppealText
    language: Language
    contact: Contact = ""


class LevelSeen(FrozenModel):
    """Level that the actor saw. The action is refused if the grievance has moved on."""

    level: GrievanceLevel


class GrievanceReport(FrozenModel):
    """The bank's findings about its customer."""

    kyc: KycFinding
    finding: Finding


class GrievanceDecided(LevelSeen):
    """Decision. `released_paise` is the amount of a partial release."""

    decision: GrievanceDecision
    released_paise: PositivePaise | None = None
    reason: Reason

    @model_validator(mode="after")
    def _a_part_has_an_amount(self) -> Self:
        if (self.decision is GrievanceDecision.PART_RELEASED) != (self.released_paise is not None):
            raise ValueError("give released_paise for a partial release, and only then")
        return self


class GrievanceReason(LevelSeen):
    """Action with a reason."""

    reason: Reason


class AppealOn(LevelSeen):
    """The holder's appeal to the next level."""

    text: MoreText = ""


class WithdrawGrievance(GrievanceReason):
    """Withdrawal by the holder, as an officer records it; the reason is the holder's statement."""


class GrievanceDone(FrozenModel):
    """State of the grievance after an action."""

    grievance_id: UUID
    number: str
    case_ack_no: str
    state: GrievanceState
    level: GrievanceLevel
    due_at: UtcDatetime | None
    """due time of the level; null if decided"""
    released_paise: int | None = None
    """null, because money is ordered to be released when the proposed release is confirmed"""
    waits_for: ReleaseStage | None = None
    """what a proposed release waits for; null without one"""
    hear_until: UtcDatetime | None = None
    """the victims are heard on the release until then"""


# -- models for reading ------------------------------------------------------------------------------------------------


class GrievanceHead(FrozenModel):
    """Grievance in a list."""

    grievance_id: UUID
    number: str
    hold_id: UUID
    case_ack_no: str
    institution: str
    state: GrievanceState
    level: GrievanceLevel
    opened_at: UtcDatetime
    due_at: UtcDatetime | None
    overdue: bool
    held_paise: int
    ended_at: UtcDatetime | None
    waits_for: ReleaseStage | None = None
    """what a proposed release waits for; null without one"""


class GrievancePage(FrozenModel):
    """Page of grievances, the oldest first."""

    items: tuple[GrievanceHead, ...]
    next: str | None


class LevelView(FrozenModel):
    """One level of the grievance and its outcome."""

    level: GrievanceLevel
    opened_at: UtcDatetime
    due_at: UtcDatetime
    ended_at: UtcDatetime | None
    ended_by: str | None
    outcome: GrievanceOutcome | None
    kyc: KycFinding | None
    decision: GrievanceDecision | None
    released_paise: int | None
    finding: str
    """finding of the bank, or reason of the decision"""
    said: str
    """statement of the holder against the previous decision"""
    overdue_at: UtcDatetime | None


class ReleaseView(FrozenModel):
    """Release that a bank was ordered to make because of a grievance."""

    order_id: UUID
    state: OrderState
    ordered_at: UtcDatetime
    ordered_paise: int
    confirmed_paise: int
    ended_at: UtcDatetime | None


class GrievanceView(GrievanceHead):
    """Complete view of one grievance."""

    last_event_seq: int
    """number of the last event of the case's log that the view covers"""
    text: str
    contact: str
    language: Language
    policy_version: str
    reference: str
    free_paise: int
    """on hold and not covered by any order"""
    levels: tuple[LevelView, ...]
    releases: tuple[ReleaseView, ...]
    proposed: ReleaseProposal | None = None
    """release that waits, with who was heard; what they said is in the list of the releases of the hold"""
    may: tuple[GrievanceVerb, ...]
    """actions that the reader's role allows now; the four-eyes rule is checked when one is done"""


class BankGrievance(FrozenModel):
    """Grievance as the bank of the account holder reads it."""

    grievance_id: UUID
    number: str
    ack_no: str
    """number of the case"""
    account: Annotated[str, Field(repr=False)]
    held_paise: int
    text: Annotated[str, Field(repr=False)]
    language: Language
    opened_at: UtcDatetime
    report_by: UtcDatetime


class BankGrievances(FrozenModel):
    """Grievances that await the bank's report, the oldest first."""

    items: tuple[BankGrievance, ...]
    next: str | None


class GrievanceCount(FrozenModel):
    """Number of grievances of one state, level and age."""

    state: GrievanceState
    level: GrievanceLevel
    age: str
    """time since opening, or until the end: `under_7_days`, `under_30_days`, …"""
    grievances: int
    held_paise: int
    released_paise: int


class AppealGrievance(FrozenModel):
    """Latest grievance about the hold."""

    grievance_id: UUID
    number: str
    state: GrievanceState
    level: GrievanceLevel
    text: Annotated[str, Field(repr=False)]
    opened_at: UtcDatetime
    ended_at: UtcDatetime | None
    filed: int
    """number of grievances about the hold since it began"""
    level_seconds: dict[GrievanceLevel, float]
    """frozen time limits of this grievance"""
    levels: tuple[LevelView, ...]
    releases: tuple[ReleaseView, ...]


class AppealView(FrozenModel):
    """Hold as its account holder sees it."""

    hold_id: UUID
    case_no: str
    reference: str
    bank: str
    account_end: str
    """last four characters of the account, enough for its holder to recognise"""
    state: str
    first_held_at: UtcDatetime
    lapses_at: UtcDatetime
    kept: bool
    held_paise: int
    released_paise: int
    officer: str
    """name and rank of the responding officer; "" if none is assigned"""
    officer_station: str
    officer_phone: str
    grievance: AppealGrievance | None


OfficersLevel = Literal[GrievanceLevel.DY_SP, GrievanceLevel.DISTRICT_GRO, GrievanceLevel.STATE_GRO]
District = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, max_length=100), Storable]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Storable]


class NewGrievanceOfficer(FrozenModel):
    """Officer who decides at a level from now on, in one district or for the State (no district)."""

    level: OfficersLevel
    district: District = ""
    name: Name
    phone: Phone
    email: EmailAddress | None = None

    @model_validator(mode="after")
    def _a_district_has_a_name(self) -> Self:
        if (self.level is GrievanceLevel.STATE_GRO) != (self.district == ""):
            raise ValueError("give district at every level except that of the State")
        return self


class GrievanceOfficer(FrozenModel):
    """Officer who decides at a level."""

    level: GrievanceLevel
    district: str
    name: str
    phone: str
    email: str
    written_at: UtcDatetime
    written_by: str


class GrievanceOfficers(FrozenModel):
    """All such officers, those of the State first."""

    items: tuple[GrievanceOfficer, ...]
