"""Releases that officers propose: by a grievance, or of a small hold. The victims are heard before one is ordered."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from schemas.base import FrozenModel, Reason, Storable, UtcDatetime
from schemas.identifiers import ACK_NO_PATTERN


class ReleaseState(StrEnum):
    """State of a proposed release."""

    WAITS = "waits"
    ORDERED = "ordered"
    """the bank is ordered to release"""
    REJECTED = "rejected"
    DROPPED = "dropped"
    """the hold or the grievance ended otherwise, or the grievance moved up"""


class ReleaseStage(StrEnum):
    """The thing that a proposed release waits for."""

    VICTIM_IS_HEARD = "victim_is_heard"
    SECOND_OFFICER = "second_officer"
    CONFIRMATION = "confirmation"
    """the officer who proposed it, or another one, confirms it"""


class NewHearing(FrozenModel):
    """Statement of a victim about a proposed release, as an officer records it."""

    ack_no: Annotated[str, StringConstraints(pattern=ACK_NO_PATTERN.pattern)]
    said: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=2_000), Storable]


class Hearing(FrozenModel):
    """Recorded statement of a victim about a proposed release."""

    ack_no: str
    said: str
    """empty where an act or a grievance returns the hearing; the list of the releases of a hold has it"""
    recorded_by: str
    recorded_at: UtcDatetime


class ReleaseRejected(FrozenModel):
    """Rejection of a proposed release."""

    reason: Reason


class ReleaseProposal(FrozenModel):
    """A release that an officer has proposed, and what the victims said to it."""

    proposal_id: int
    hold_id: UUID
    case_ack_no: str
    grievance_id: UUID | None
    """None for a small hold"""
    paise: int
    whole: bool
    """all that is free is released, and not a part"""
    reason: str
    proposed_by: str
    proposed_at: UtcDatetime
    hear_until: UtcDatetime
    """nothing is released before"""
    needs_second: bool
    """another officer than `proposed_by` has to confirm it"""
    state: ReleaseState
    stage: ReleaseStage | None
    """what it waits for; None once it has ended"""
    ended_at: UtcDatetime | None
    ended_by: str | None
    ended_reason: str
    hearings: tuple[Hearing, ...] = ()


class ReleaseProposals(FrozenModel):
    """Releases proposed of one hold, the newest first."""

    releases: tuple[ReleaseProposal, ...]
