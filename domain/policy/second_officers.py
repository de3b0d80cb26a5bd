"""Part of the policy file on second officers: sums from which they are needed, and times that people have."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel, Paise

Source = Annotated[str, Field(min_length=1, max_length=600)]
LongSeconds = Annotated[float, Field(gt=0, le=4 * 366 * 86_400)]


class ReleaseRules(FrozenModel):
    """Releases that officers decide: by a grievance, or of a small hold."""

    second_officer_above_paise: Paise
    """releases of one hold that one officer can decide alone, in total"""
    second_officer_above_a_day_paise: Paise
    """releases that one officer can decide alone on one day in India, in total"""
    hear_seconds: LongSeconds
    """time in which the victims are heard before a release"""
    confirm_within_seconds: LongSeconds
    """time after the hearing in which the release is confirmed, before the next level decides the grievance"""
    source: Source


class CourtOrderRules(FrozenModel):
    """How long an order of a court counts by itself."""

    without_document_seconds: LongSeconds
    confirm_within_seconds: LongSeconds
    """time for the second officer, once the document is there"""
    keep_seconds: LongSeconds
    """how long an order without a date of its own keeps a hold"""
    warn_before_seconds: LongSeconds
    """a supervisor has a task so long before the end of a keep"""
    hearing_notice_seconds: LongSeconds
    """the investigating officer is told so long before the day of a hearing"""
    source: Source


class AlarmRules(FrozenModel):
    """Acts of one officer that the supervisor sees at once."""

    stop_within_seconds: LongSeconds
    """a request is stopped so soon after the transfer"""
    stop_above_paise: Paise
    source: Source

    def concern(self, paise: int, transferred_at: Iterable[datetime], now: datetime, clock_factor: float) -> bool:
        """Return whether the supervisor sees an act about so much money of these transfers at once."""
        since = now - timedelta(seconds=self.stop_within_seconds / clock_factor)
        return paise > self.stop_above_paise or any(at >= since for at in transferred_at)
