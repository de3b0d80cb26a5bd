"""Officers of an institution whom the police call, and their working hours. Times are IST."""

from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Final, Self

from pydantic import Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import FrozenModel, Storable, UtcDatetime

MINUTES_A_DAY: Final = 24 * 60
MAX_LEAVE: Final = timedelta(days=3 * 366)

ClockTime = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
ShortText = Annotated[str, StringConstraints(max_length=200), Storable]


class Weekday(StrEnum):
    """Day of the week, in order."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEK: Final = tuple(Weekday)


def minute_of_day(clock: str) -> int:
    """Return the minutes since midnight of a time like `09:30`; `24:00` is the end of the day."""
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


class Shift(FrozenModel):
    """Working hours on some days of every week. Work past midnight is two shifts: one ends at 24:00."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)]
    starts: ClockTime
    ends: ClockTime

    @field_validator("days", mode="before")
    @classmethod
    def _days_of_the_week(cls, value: Any) -> Any:
        if isinstance(value, list | tuple) and any(day not in WEEK for day in value):
            raise PydanticCustomError(
                "roster_unknown_day", "not a day of the week: use mon, tue, wed, thu, fri, sat or sun"
            )
        return value

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if self.ends <= self.starts:
            raise PydanticCustomError(
                "roster_ends_before_start", "a shift ends after it starts; one past midnight is two shifts"
            )
        return self

    @property
    def minutes(self) -> tuple[int, int]:
        """Return start and end in minutes since midnight."""
        return minute_of_day(self.starts), minute_of_day(self.ends)


class Leave(FrozenModel):
    """Days on which an officer is absent, including the first and the last."""

    first_day: date
    last_day: date

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if not self.first_day <= self.last_day <= self.first_day + MAX_LEAVE:
            raise PydanticCustomError(
                "leave_ends_before_start", "a leave ends on the day it starts or later, within three years"
            )
        return self


class NodalOfficer(FrozenModel):
    """Officer of an institution for police requests. The first of several is called first.

    An officer without shifts can be called at any hour, also on holidays.
    """

    name: ShortText = ""
    role: ShortText = ""
    """for example `nodal officer` or `principal nodal officer`"""
    email: ShortText = ""
    mobile: ShortText = ""
    shifts: Annotated[tuple[Shift, ...], Field(max_length=50)] = ()
    works_on_holidays: bool = False
    leaves: Annotated[tuple[Leave, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> Self:
        if not (self.name or self.email or self.mobile):
            raise PydanticCustomError("officer_without_contact", "an officer has a name, an e-mail or a mobile")
        return self

    @model_validator(mode="after")
    def _shifts_do_not_overlap(self) -> Self:
        taken: dict[Weekday, list[tuple[int, int]]] = {}
        for shift in self.shifts:
            for day in shift.days:
                taken.setdefault(day, []).append(shift.minutes)
        for spans in map(sorted, taken.values()):
            if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
                raise PydanticCustomError("roster_overlap", "two shifts of one officer overlap")
        return self


class Holiday(FrozenModel):
    """Day on which an institution, or every institution, is closed."""

    day: date
    name: Annotated[str, StringConstraints(min_length=1, max_length=200), Storable]
    source: Annotated[str, StringConstraints(min_length=3, max_length=300), Storable]
    """source, such as the circular that lists the day"""


class OfficerToCall(FrozenModel):
    """Officer as the desk sees one: contact, and whether on duty now."""

    name: str
    role: str
    email: str
    mobile: str
    on_duty: bool
    off_duty_until: UtcDatetime | None
    """None for an officer on duty, and if no next shift is known"""
