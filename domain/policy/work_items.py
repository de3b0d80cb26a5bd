"""Policy of work items: owners, shifts, assignment and streams."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.base import FrozenModel
from schemas.enums import TaskKind

Seconds = Annotated[int, Field(ge=60, le=400 * 86_400)]
Source = Annotated[str, Field(min_length=3, max_length=600)]


class UnownedRules(FrozenModel):
    """After how long the supervisor is told of an item without an owner, once."""

    seconds: dict[TaskKind, Seconds]
    """a kind that is missing has none"""
    source: Source

    @model_validator(mode="after")
    def _no_alarm_about_an_alarm(self) -> Self:
        if TaskKind.SUPERVISE in self.seconds:
            raise ValueError("unowned: items of the supervisor have no alarm")
        return self


class WorkItemRules(FrozenModel):
    """How long an officer has a work item, and how long an item may be without an owner."""

    lease_seconds: Seconds
    """an owner who does nothing in the case for this long has the item no more"""
    snooze_max_seconds: Seconds
    keep_acts_seconds: Seconds
    """time for which it is stored who gave an item to whom, with their notes"""
    unowned: UnownedRules
    source: Source


class AtShiftEnd(StrEnum):
    """Rule for the work items that an officer still has at the end of a shift."""

    RETURN = "return"
    """they go back to the list of those without an owner"""
    GIVE = "give"
    """each goes to the officer on shift who can act on it and has the fewest; without one it goes back to the list"""


class ShiftRules(FrozenModel):
    """Rules for the end of a shift."""

    grace_seconds: Annotated[int, Field(ge=0, le=3_600)]
    """so long after its end the record is written; an officer who acts in a case after the end keeps its items"""
    look_back_seconds: Annotated[int, Field(ge=3_600, le=7 * 86_400)]
    """a shift that ended longer ago gets no record"""
    items: AtShiftEnd
    keep_seconds: Annotated[int, Field(ge=86_400, le=1_100 * 86_400)]
    """time for which the records are stored"""
    source: Annotated[str, Field(min_length=3, max_length=900)]


class AssignmentRules(FrozenModel):
    """How the engine looks for officers of cases."""

    leave_days: Annotated[int, Field(ge=0, le=366)]
    """the cases of an officer who is absent for more days in a row get another one"""
    look_again_seconds: Annotated[float, Field(ge=1, le=7 * 86_400)]
    """pause before the next look for a case for which no officer was found"""
    officers_seconds: Annotated[float, Field(ge=1, le=86_400)]
    """pause between two looks for officers who left their cases"""
    source: Annotated[str, Field(min_length=1, max_length=600)]


class OfficerStreamRules(FrozenModel):
    """Limits of the streams of officers, and their pace."""

    cases_max: Annotated[int, Field(ge=1, le=40)]
    """cases that one stream follows"""
    items_max: Annotated[int, Field(ge=1_000, le=1_000_000)]
    """open work items that one process knows; the newest ones, if there are more"""
    kept_events: Annotated[int, Field(ge=100, le=1_000_000)]
    """events that are kept in one process for callers who come again"""
    waiting_max: Annotated[int, Field(ge=10, le=100_000)]
    """things of which an event waits for one caller; a caller for whom more waits is too slow"""
    sends_at_once: Annotated[int, Field(ge=1, le=1_000)]
    """sendings to one caller without a pause; between them the newest event of each thing waits"""
    sends_per_second: Annotated[float, Field(gt=0, le=100)]
    """sendings to one caller after those"""
    all_sends_per_second: Annotated[float, Field(ge=10, le=100_000)]
    """sendings of one process to all callers together, so that many open streams leave time for other requests"""
    clock_seconds: Annotated[float, Field(ge=1, le=60)]
    """the server's time comes so often"""
    presence_seconds: Annotated[float, Field(ge=5, le=600)]
    """time for which an officer counts as looking after each call"""
    breaches_seconds: Annotated[float, Field(ge=1, le=600)]
    """pause between two looks for stages that passed their target"""
    source: Annotated[str, Field(min_length=3, max_length=600)]
