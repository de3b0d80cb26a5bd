"""Policy of officers: sessions, second persons, and reads."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.base import FrozenModel, Paise


class AdministrationRules(FrozenModel):
    """Limits of proposals that another admin decides."""

    valid_seconds: Annotated[float, Field(ge=60, le=90 * 86_400)]
    """time after a proposal in which another admin may agree to it"""
    open_most: Annotated[int, Field(ge=1, le=10_000)]
    """open proposals at once"""
    source: Annotated[str, Field(min_length=3, max_length=600)]


class SessionRules(FrozenModel):
    """Sign-in of officers and their sessions, in real time whatever the clock factor."""

    idle_seconds: Annotated[float, Field(ge=60, le=86_400)]
    """a session without a request for this long is over"""
    longest_seconds: Annotated[float, Field(ge=60, le=86_400)]
    """the longest session"""
    seen_every_seconds: Annotated[float, Field(ge=1, le=600)]
    """the use of a session is written at most this often"""
    cached_seconds: Annotated[float, Field(ge=0, le=1)]
    """time for which a process may rely on what it read about a session"""
    most_of_officer: Annotated[int, Field(ge=1, le=100)]
    """sessions of one officer at once; one more ends the oldest"""
    link_seconds: Annotated[float, Field(ge=60, le=7 * 86_400)]
    """life of a sign-in link"""
    bank_link_seconds: Annotated[float, Field(ge=60, le=7 * 86_400)]
    """life of a link by which a bank sets the password of its login"""
    proof_seconds: Annotated[float, Field(ge=30, le=3600)]
    """time after a sign-in or a code in which the officer may end other own sessions, and do acts that need a proof"""
    address_known_seconds: Annotated[float, Field(ge=0, le=400 * 86_400)]
    """time for which an address counts as an officer's own after a sign-in from it"""
    provider_acr: tuple[str, ...] = ()
    """authentication classes of which an identity provider must state one; empty demands none"""
    provider_amr: tuple[str, ...] = ("mfa",)
    """methods of which an identity provider must state one; empty demands none"""
    provider_longest_seconds: Annotated[float, Field(ge=60, le=400 * 86_400)] | None = None
    """longest time since the officer gave the proof at an identity provider; None demands no time"""
    source: Annotated[str, Field(min_length=3)]

    @model_validator(mode="after")
    def _idle_is_shorter(self) -> Self:
        if not self.seen_every_seconds < self.idle_seconds <= self.longest_seconds:
            raise ValueError("seen_every_seconds, idle_seconds and longest_seconds must be in this order")
        return self


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
    """time after that in which the release is confirmed, before the next level decides the grievance"""
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


class ReadLogRules(FrozenModel):
    """How long reads are kept, and when a repeated read is the same."""

    kept_days: Annotated[int, Field(ge=366, le=20 * 366)]
    """the database refuses to delete a row of the last 365 days"""
    same_seconds: Annotated[float, Field(ge=0, le=900)]
    """the same read of the same caller is written once in this time, because a page reads again and again"""
    source: Annotated[str, Field(min_length=1, max_length=600)]


class RefusalLogRules(FrozenModel):
    """How long refused acts are kept, and how many lines of one caller there are."""

    kept_days: Annotated[int, Field(ge=366, le=20 * 366)]
    """the database refuses to delete a row of the last 365 days"""
    lines_a_minute: Annotated[int, Field(ge=1, le=1000)]
    """kinds of refused acts of one caller in a minute, of one process; all further ones are one line"""
    source: Annotated[str, Field(min_length=1, max_length=600)]


class SearchRules(FrozenModel):
    """Limit of a search over cases."""

    candidates_max: Annotated[int, Field(ge=1, le=10_000)]
    """matches of one kind that a search looks at; among more it does not know the newest"""
    source: Annotated[str, Field(min_length=1, max_length=600)]
