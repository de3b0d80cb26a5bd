"""Money on hold at one account, its releases, and those that wait for a supervisor."""

from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from schemas.base import FrozenModel, Reason, UtcDatetime
from schemas.recovery.orders import ReleaseStage
from schemas.restoration_enums import RetainedBy, Step
from schemas.text import EmailAddress, Mobile


class HoldAction(StrEnum):
    """Something that a hold's workflow does by itself at its time."""

    TELL_HOLDER = "tell_holder"
    TELL_LATE = "tell_late"
    """the holder could not be told in time: the supervisor is asked"""
    TELL_OFFICER = "tell_officer"
    """the holder, who was told before the case had an officer, is told who it is"""
    RELEASE_EXCESS = "release_excess"
    LAPSE = "lapse"
    WARN = "warn"
    """the days that are left follow, as in `warn_30`"""

    @classmethod
    def of(cls, what: str) -> Self:
        """Return the action that a due names."""
        return cls("warn" if what.startswith("warn_") else what)


class SmallHoldDecision(StrEnum):
    """Decision on a small-value hold."""

    KEEP = "keep"
    RELEASE = "release"


class NewSmallHoldDecision(FrozenModel):
    """An officer's decision on a small-value hold."""

    decision: SmallHoldDecision
    reason: Reason


class SmallHoldDone(FrozenModel):
    """The decision. A release is only proposed: the victims are heard, and it is confirmed."""

    hold_id: UUID
    case_ack_no: str
    decision: SmallHoldDecision
    released_paise: int | None
    """None, because nothing is ordered before the victims are heard"""
    waits_for: ReleaseStage | None = None
    """of a proposed release"""
    hear_until: UtcDatetime | None = None


class HoldView(FrozenModel):
    """Money of one case on hold at one account, with its clocks."""

    hold_id: UUID
    case_ack_no: str
    institution: str
    account_end: str
    """last four characters of the account"""
    reference: str
    """reference for the holder's appeal"""
    state: str
    first_held_at: UtcDatetime
    lapses_at: UtcDatetime
    holder_told_at: UtcDatetime | None
    warned_days: int | None
    retained_by_kind: RetainedBy | None
    retained_by_id: str | None
    """what keeps the hold from lapsing"""
    small: bool
    small_hold_decision: SmallHoldDecision | None
    small_hold_decided_by: str | None
    small_hold_reason: str
    held_paise: int
    free_paise: int
    """on hold and not covered by any order"""
    ended_at: UtcDatetime | None
    waits_for: ReleaseStage | None = None
    """what a proposed release waits for; null without one"""


class HoldPage(FrozenModel):
    """Page of holds, the first to lapse first."""

    items: tuple[HoldView, ...]
    next: str | None


class HeldTransfer(FrozenModel):
    """Transfer to the account of a hold, and how its money came there."""

    hop_no: int
    layer: int
    """1 for the victim's own transfer"""
    ack_no: str
    """complaint whose money it is"""
    banks: tuple[str, ...]
    """banks that the money went through, from the one that the victim paid from"""
    transferred_at: UtcDatetime
    amount_paise: int
    disputed_paise: int
    held_paise: int


class ClaimOnHold(FrozenModel):
    """Complaint with money on hold at the account, and what its victim has on hold in all."""

    ack_no: str
    held_here_paise: int
    held_paise: int
    """on hold for the complaint at every account"""
    restored_paise: int
    restoration_id: UUID | None
    """open restoration with money of this hold"""
    step: Step | None
    due_at: UtcDatetime | None


class HoldAct(StrEnum):
    """Act on a hold or its appeal for which officers are told apart."""

    DECIDE = "decide"
    DECIDE_SMALL = "decide_small"
    HEAR = "hear"
    CONFIRM = "confirm"


class BarredAct(FrozenModel):
    """Act that the reader may not do, though the reader's role does it."""

    act: HoldAct
    code: str
    """code of the refusal that the act would get"""


class HoldFile(FrozenModel):
    """File on a hold, for officers who decide on it: why it was made, and whom a release affects."""

    hold: HoldView
    last_event_seq: int
    """number of the last event of the case's log that the view covers"""
    account_end: str
    """last four characters of the account"""
    grievance_id: UUID | None
    """open appeal of its holder"""
    transfers: tuple[HeldTransfer, ...]
    """transfers to the account, those with most on hold first"""
    more_transfers: bool
    """whether there are transfers that are not shown"""
    claims: tuple[ClaimOnHold, ...]
    """complaints of the case with money on hold there"""
    barred: tuple[BarredAct, ...]
    """acts that are for another officer"""


class NewHolderContact(FrozenModel):
    """Contact of an account holder, as given by the bank or the holder."""

    phone: Mobile | None = None
    email: EmailAddress | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if not self.phone and not self.email:
            raise ValueError("a mobile number or an e-mail address is needed")
        return self


class HolderContactTaken(FrozenModel):
    """Receipt of a contact; `messages` is the number of messages to the holder about the hold."""

    hold_id: UUID
    reference: str
    messages: int


class AppealCode(FrozenModel):
    """One-time code that was sent to an account holder, or to the bank for the holder."""

    hold_id: UUID
    reference: str
    valid_until: UtcDatetime


class BrakedRelease(FrozenModel):
    """One release that waits."""

    hold_id: UUID
    case_ack_no: str
    institution: str
    amount_paise: int
    since: UtcDatetime


class ReleaseBrake(FrozenModel):
    """All releases that wait, with their sum."""

    brake_id: int
    first_hold_id: UUID
    """hold whose release was the first to wait; the work item is about it"""
    braked_at: UtcDatetime
    releases: int
    paise: int
    largest: tuple[BrakedRelease, ...] = ()
    """the largest of them, at most a hundred"""


class ReleaseBrakeView(FrozenModel):
    """The releases that wait, if any, and the limits above which they do."""

    waiting: ReleaseBrake | None
    releases_max: int
    """automatic releases in an hour"""
    paise_max: int
    """their sum in an hour"""


class ContinueReleases(FrozenModel):
    """A supervisor's decision to continue the releases that wait, with the figures that the supervisor saw."""

    brake_id: Annotated[int, Field(ge=1, lt=2**63)]
    releases: Annotated[int, Field(ge=0, lt=2**31)]
    """at most so many are continued"""
    paise: Annotated[int, Field(ge=0, lt=2**63)]
    """at most this sum is continued"""
    reason: Reason


class ReleasesContinued(FrozenModel):
    """The releases that are continued, and their sum."""

    brake_id: int
    releases: int
    paise: int
