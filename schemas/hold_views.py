"""Money on hold at one account, as officers read it and decide on it."""

from enum import StrEnum
from uuid import UUID

from schemas.base import Noun, UtcDatetime
from schemas.grievances import Reason


class MicroDecision(StrEnum):
    """What becomes of a small hold."""

    KEEP = "keep"
    RELEASE = "release"


class MicroDecided(Noun):
    """An officer's decision on a small hold."""

    decision: MicroDecision
    reason: Reason


class MicroDone(Noun):
    """What was decided, and what the bank is ordered to let go (paise)."""

    hold_id: UUID
    case_ack_no: str
    decision: MicroDecision
    released_paise: int | None


class HoldView(Noun):
    """One case's money on hold at one account, with its clocks."""

    hold_id: UUID
    case_ack_no: str
    institution: str
    reference: str
    """with which the holder appeals"""
    state: str
    first_held_at: UtcDatetime
    lapses_at: UtcDatetime
    holder_told_at: UtcDatetime | None
    warned_days: int | None
    kept_by: str | None
    micro: bool
    micro_decision: MicroDecision | None
    micro_decided_by: str | None
    micro_reason: str
    held_paise: int
    free_paise: int
    """on hold, and asked for by no order"""
    ended_at: UtcDatetime | None


class HoldPage(Noun):
    """A page of holds, the first to lapse first."""

    items: tuple[HoldView, ...]
    next: str | None


class AppealCode(Noun):
    """A one-time code for an account's holder, to be handed on by the bank or at the counter; shown once."""

    hold_id: UUID
    reference: str
    code: str
    valid_until: UtcDatetime
