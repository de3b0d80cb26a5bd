"""Two questions to victims on how they were treated: the answers, and their figures over a period."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, Storable, UtcDatetime

TEXT_MAX_CHARS: Final = 2_000


class SaidAnswer(StrEnum):
    """Answer to a question."""

    YES = "yes"
    NO = "no"
    DONT_KNOW = "dont_know"


class TreatmentQuestion(StrEnum):
    """Question on how the police treated a victim."""

    RESPECTED = "respected"
    """were you treated with respect?"""
    KNOWS_NEXT = "knows_next"
    """do you know what happens next?"""


class TreatmentGroup(StrEnum):
    """Grouping of the figures."""

    DISTRICT = "district"
    """district of the complaint's victim"""
    TEAM = "team"
    """team that answers for the district; an answer of a district with two teams counts for both"""


class NewTreatment(FrozenModel):
    """Answers of a victim. The text is for a supervisor."""

    respected: SaidAnswer
    knows_next: SaidAnswer
    text: Annotated[str, StringConstraints(strip_whitespace=True, max_length=TEXT_MAX_CHARS), Storable] = ""


class TreatmentView(FrozenModel):
    """Report of a victim, as a supervisor reads it. Only an answer that alarms is kept with the number."""

    ack_no: str
    answered_on: date
    is_alarming: bool
    """whether the victim says that the police did not act with respect"""
    text: str
    """empty too if the personal data of the victim are destroyed"""


class TreatmentFigures(FrozenModel):
    """Answers to one question: of all victims, or of those of one district or team.

    The counts of few answers are None, because they could name a victim.
    """

    question: TreatmentQuestion
    about: str = ""
    """district or team; "" in the total, and for districts that are none of the State"""
    is_shown: bool
    """whether there are enough answers to show them"""
    yes: Annotated[int, Field(ge=0)] | None = None
    no: Annotated[int, Field(ge=0)] | None = None
    dont_know: Annotated[int, Field(ge=0)] | None = None
    share: float | None = None
    """yes of yes and no"""
    low: float | None = None
    """interval of 95 % of the share (Wilson)"""
    high: float | None = None
    is_small: bool = True
    """whether so few said yes or no that the share says little"""


class TreatmentReport(FrozenModel):
    """Figures of the answers given in the days `[first_day, end_day)`, Indian time."""

    first_day: date
    end_day: date
    as_of: UtcDatetime
    by: TreatmentGroup | None
    total: tuple[TreatmentFigures, ...]
    rows: tuple[TreatmentFigures, ...]
    """rows by district or team; empty without a grouping"""
