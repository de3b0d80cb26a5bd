"""The day on which a court, a Lok Adalat or the District Magistrate hears a restoration."""

from datetime import date
from typing import Annotated, Final

from pydantic import Field

from schemas.base import FrozenModel, UtcDatetime, WithReason
from schemas.text import Line

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
