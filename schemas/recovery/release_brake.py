"""Automatic releases that wait for a supervisor, because too many fell due at once."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.base import FrozenModel, Reason, UtcDatetime


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
