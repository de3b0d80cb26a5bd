"""Appeals of account holders: how they are written down, reported on, decided and read."""

from enum import StrEnum
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.base import FrozenModel, PositivePaise, Storable, UtcDatetime
from schemas.enums import Language
from schemas.restoration_enums import (
    GrievanceDecision,
    GrievanceLevel,
    GrievanceOutcome,
    GrievanceState,
    KycFinding,
    OrderState,
)

TEXT_MIN_CHARS: Final = 10
TEXT_MAX_CHARS: Final = 2_000
CONTACT_MAX_CHARS: Final = 200

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000), Storable]
AppealText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=TEXT_MIN_CHARS, max_length=TEXT_MAX_CHARS), Storable
]
MoreText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=TEXT_MAX_CHARS), Storable]
Contact = Annotated[str, StringConstraints(strip_whitespace=True, max_length=CONTACT_MAX_CHARS), Storable]
Finding = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=4000), Storable]


class GrievanceVerb(StrEnum):
    """What can be done to a grievance; `domain.grievances` has who, at which level, and what follows."""

    REPORT = "report"
    DECIDE = "decide"
    ESCALATE = "escalate"
    APPEAL_ON = "appeal_on"
    WITHDRAW = "withdraw"


class GrievanceErrand(StrEnum):
    """What a grievance's workflow does by itself when its time has come."""

    ESCALATE = "escalate"
    OVERDUE = "overdue"
    """the highest level has let its time pass: the supervisor is told"""
    OVERTAKE = "overtake"
    """nothing is on hold any more"""


def number_of(serial_no: int) -> str:
    """The number of a grievance, as its holder is told it."""
    return f"G{serial_no:08d}"


class NewGrievance(FrozenModel):
    """What an account holder asks; `contact` where the holder wants to be reached otherwise."""

    text: AppealText
    language: Language
    contact: Contact = ""


class LevelSeen(FrozenModel):
    """The level that whoever acts has seen: what has moved on since is not acted on."""

    level: GrievanceLevel


class GrievanceReport(FrozenModel):
    """What the bank has found out about its customer."""

    kyc: KycFinding
    finding: Finding


class GrievanceDecided(LevelSeen):
    """A decision. `released_paise` is what is let go where it is a part."""

    decision: GrievanceDecision
    released_paise: PositivePaise | None = None
    reason: Reason

    @model_validator(mode="after")
    def _a_part_has_an_amount(self) -> Self:
        if (self.decision is GrievanceDecision.PART_RELEASED) != (self.released_paise is not None):
            raise ValueError("released_paise is told where a part is released, and only there")
        return self


class GrievanceReason(LevelSeen):
    """A verb that says why."""

    reason: Reason


class AppealOn(LevelSeen):
    """The holder takes the decision to the next level."""

    text: MoreText = ""


class WithdrawGrievance(GrievanceReason):
    """The holder does not appeal any more, as an officer writes down; the reason is what he said."""


class GrievanceDone(FrozenModel):
    """Where the grievance stands after a verb."""

    grievance_id: UUID
    number: str
    case_ack_no: str
    state: GrievanceState
    level: GrievanceLevel
    due_at: UtcDatetime | None
    """of the level; null when it is decided"""
    released_paise: int | None = None


# -- as they are read --------------------------------------------------------------------------------------------------


class GrievanceHead(FrozenModel):
    """A grievance in a list."""

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


class GrievancePage(FrozenModel):
    """A page of grievances, the oldest first."""

    items: tuple[GrievanceHead, ...]
    next: str | None


class LevelView(FrozenModel):
    """One level of the ladder as it was taken."""

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
    """what the bank found, or why it was decided so"""
    said: str
    """what the holder says against the decision below"""
    overdue_at: UtcDatetime | None


class ReleaseView(FrozenModel):
    """What a bank was ordered to let go because of a grievance."""

    order_id: UUID
    state: OrderState
    ordered_at: UtcDatetime
    ordered_paise: int
    confirmed_paise: int
    ended_at: UtcDatetime | None


class GrievanceView(GrievanceHead):
    """Everything there is of one grievance."""

    text: str
    contact: str
    language: Language
    policy_version: str
    reference: str
    free_paise: int
    """on hold, and asked for by no order"""
    levels: tuple[LevelView, ...]
    releases: tuple[ReleaseView, ...]
    may: tuple[GrievanceVerb, ...]
    """what whoever reads it could do now, by the role; four eyes are seen to when it is done"""


class BankGrievance(FrozenModel):
    """A grievance as the bank reads it whose customer appeals."""

    grievance_id: UUID
    number: str
    ack_no: str
    """the case's number"""
    account: Annotated[str, Field(repr=False)]
    held_paise: int
    text: Annotated[str, Field(repr=False)]
    language: Language
    opened_at: UtcDatetime
    report_by: UtcDatetime


class BankGrievances(FrozenModel):
    """What waits for the bank's report, the oldest first."""

    items: tuple[BankGrievance, ...]
    next: str | None


class GrievanceCount(FrozenModel):
    """How many grievances stand so, and for how long they took or have taken."""

    state: GrievanceState
    level: GrievanceLevel
    age: str
    """of an open one since it was opened, of another until it ended: `under_7_days`, `under_30_days`, …"""
    grievances: int
    held_paise: int
    released_paise: int
