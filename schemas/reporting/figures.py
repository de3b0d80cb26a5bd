"""Figures of stages over a period, and of restoration.

Figures of stages over a period: how long each takes, what is late now, and the officers' load. Seconds, UTC, shares
from 0 to 1. A share of nothing and a percentile of no duration are None.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import AnswerClass, LateBy, TimedStage
from schemas.recovery.grievances import GrievanceCount
from schemas.reporting.scorecards import Percentiles

Count = Annotated[int, Field(ge=0)]


class StageGroup(StrEnum):
    """Grouping of the figures of stages."""

    DISTRICT = "district"
    """district of the first complaint's victim"""
    TEAM = "team"
    """team that answers for the district; a case of a district with two teams counts for both"""
    BANK = "bank"
    """bank that was asked or ordered"""
    CHANNEL = "channel"
    """channel of the first complaint"""
    WIRE = "wire"
    """channel to the bank"""
    HOUR = "hour"
    """hour of the day, Indian time, in which the stage is counted"""
    CATEGORY = "category"
    """category of the first complaint"""


class TargetShare(FrozenModel):
    """Share of a stage that was within a target, with its interval of 95 % (Wilson)."""

    within: Count = 0
    """ended within the target"""
    judged: Count = 0
    """ended, or past the target and not ended"""
    late_now: Count = 0
    """not ended, and past the target"""
    share: float | None = None
    low: float | None = None
    high: float | None = None
    is_small: bool = True
    """whether so few are judged that the share says little"""


class StageFigures(FrozenModel):
    """Figures of one stage: of all cases, or of those of one district, team, bank, channel, hour or category."""

    stage: TimedStage
    about: str = ""
    """key of the row; "" if unknown, or if it has too few cases to be named"""
    name: str = ""
    """name of the bank"""
    began: Count
    ended: Count
    """measured by `seconds`"""
    waiting: Count
    """not ended, and still expected; what neither ended nor waits ended another way"""
    seconds: Percentiles
    policy: TargetShare
    legal: TargetShare | None = None
    """None for a stage without a time in law"""


class StageTarget(FrozenModel):
    """Target times of a stage, with their source."""

    stage: TimedStage
    late_by: LateBy
    policy_seconds: float | None
    """None if each row has its own due time"""
    class_seconds: dict[AnswerClass, float] | None = None
    """target by the class of the bank, instead of one for all"""
    legal_seconds: float | None
    source: str


class StageReport(FrozenModel):
    """Figures of the stages that began in the days `[first_day, end_day)`, Indian time."""

    first_day: date
    end_day: date
    as_of: UtcDatetime
    by: StageGroup | None
    is_exact: bool
    """whether percentiles are exact; otherwise each is at most 4.5 % from a duration that was measured"""
    counted_at: UtcDatetime | None
    """when the day that was counted longest ago was counted; None if not every day is counted yet"""
    targets: tuple[StageTarget, ...]
    total: tuple[StageFigures, ...]
    rows: tuple[StageFigures, ...]
    """rows by key, in the order of the stages; empty without a grouping"""


class StageCases(StrEnum):
    """Which of the cases behind a figure are listed."""

    ALL = "all"
    ENDED = "ended"
    WAITING = "waiting"
    LATE = "late"
    """past the target of the policy, ended or not"""


class StageCase(FrozenModel):
    """One case behind a figure, or one breach: a stage of a case, transfer, request, restoration or order."""

    stage: TimedStage
    late_by: LateBy
    case_ack_no: str
    subject: str
    """hop, request, restoration or order; the case itself for a stage of the case"""
    institution: str | None
    institution_name: str | None
    """as the directory names it; None if it has no such code"""
    began_at: UtcDatetime
    ended_at: UtcDatetime | None
    due_at: UtcDatetime | None
    """by the policy"""
    legal_due_at: UtcDatetime | None
    seconds: float
    """until its end, or until now"""
    officer_name: str | None
    """the investigating officer, else the officer who has an open work item of the case; None without either"""


class StageCasePage(FrozenModel):
    """Cases behind a figure, the newest first."""

    as_of: UtcDatetime
    items: tuple[StageCase, ...]
    next: str | None


class BreachPage(FrozenModel):
    """Breaches: what is past its target now, the longest first."""

    as_of: UtcDatetime
    items: tuple[StageCase, ...]
    next: str | None


class OfficerLoad(FrozenModel):
    """Load of one officer: what is open now, and what the officer has done in the period."""

    officer: str
    cases_as_io: Count = 0
    """open cases"""
    io_since: UtcDatetime | None = None
    """assignment of the longest open one"""
    cases_supervised: Count = 0
    supervised_since: UtcDatetime | None = None
    steps_open: Count = 0
    """steps of restorations of the officer's cases that wait for the police"""
    steps_late: Count = 0
    oldest_step_at: UtcDatetime | None = None
    tasks_owned: Count = 0
    """open work items that the officer has"""
    oldest_owned_since: UtcDatetime | None = None
    """when the officer got the one that they have for the longest time"""
    tasks: Percentiles = Percentiles()
    """work items that the officer closed in the period, from their opening"""
    steps: Percentiles = Percentiles()
    """steps of restorations that the officer ended in the period"""


class LoadReport(FrozenModel):
    """Load of the officers, by their id."""

    first_day: date
    end_day: date
    as_of: UtcDatetime
    items: tuple[OfficerLoad, ...]


class FigureGroup(StrEnum):
    """Grouping of the figures."""

    ROUTE = "route"
    DISTRICT = "district"
    """district of the victim"""
    BANK = "bank"
    """bank that received the money"""
    OFFICER = "officer"
    """investigating officer of the case, by the subject of the token"""


class Stage(StrEnum):
    """Stage that money has reached. Each of the first four includes the later ones."""

    APPLIED = "applied"
    VERIFIED = "verified"
    NOTICED = "noticed"
    """notice was served and the objection period is over"""
    APPROVED = "approved"
    ORDERED = "ordered"
    LAPSED = "lapsed"
    """released by a bank after ninety days; part of `released`"""
    LOST = "lost"
    """total loss of the victims, wherever the money is"""
    HELD = "held"
    """on hold now"""
    RESTORED = "restored"
    """credited to the victim, confirmed by the bank"""
    RELEASED = "released"
    """released to the account holder, confirmed by the bank"""


class Sum(FrozenModel):
    """Amount, and the number of cases with such an amount."""

    paise: Count = 0
    cases: Count = 0


class HeldToRestored(FrozenModel):
    """Time from the victim's first hold to a credit, over all credits."""

    credits: Count = 0
    p50_seconds: float | None = None
    p95_seconds: float | None = None


class PastDays(FrozenModel):
    """Money on hold now for longer than `days`."""

    days: Count
    holds: Count = 0
    """number of accounts, each counted once per case"""
    paise: Count = 0


PAST_DAYS = (30, 60, 90)


class OutcomeFigures(FrozenModel):
    """One row of figures: all cases, or those of one route, district, bank or officer."""

    about: str
    """key of the row; "" if unknown: no route, district, bank or officer"""
    name: str = ""
    """name of the bank"""
    stages: dict[Stage, Sum]
    held_to_restored: HeldToRestored = HeldToRestored()
    past: tuple[PastDays, ...] = tuple(PastDays(days=days) for days in PAST_DAYS)
    restored_of_held: float | None = None
    """share of restored money in all money ever on hold (held, restored or released); None if there is none"""


class OutcomeReport(FrozenModel):
    """Figures of the cases opened in `[opened_from, opened_to)`, as of `as_of`."""

    opened_from: UtcDatetime
    opened_to: UtcDatetime
    as_of: UtcDatetime
    by: FigureGroup | None
    total: OutcomeFigures
    rows: tuple[OutcomeFigures, ...]
    """rows with the most money ever on hold first; empty without a grouping"""
    grievances: tuple[GrievanceCount, ...]
    """grievances opened in the same time, by outcome, level and age"""
