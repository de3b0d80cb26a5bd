"""The supervisor's wall, and the cases behind its sums. No person, account or number.

The supervisor's wall: figures of today and of the last weeks, without a person, an account or a case. Paise and whole
rupees, seconds, UTC, shares from 0 to 1. A number that is too small to be shown is None.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel, Paise, UtcDatetime
from schemas.case.trail_layout import BucketShare
from schemas.enums import CaseState, TimedStage
from schemas.reporting.figures import Count, Sum, TargetShare
from schemas.reporting.scorecards import Percentiles


class WallToday(FrozenModel):
    """Complaints of today, Indian time, and where the money of the cases opened today is."""

    day: date
    complaints: Count
    complaints_yesterday: Count
    """until the same time"""
    cases: Count
    paise: Count
    rupees: Count
    buckets: tuple[BucketShare, ...]
    """every bucket of money; they sum to `paise`, and their rupees to `rupees`"""


class LateStage(FrozenModel):
    """Count of one stage that is past its target now."""

    stage: TimedStage
    late: Count
    most_seconds: float
    """time past the target of the one that is late the longest"""


class WallBreaches(FrozenModel):
    """Matters that need a person now."""

    stages: tuple[LateStage, ...]
    """stages with something late, in their order"""
    lapsing_holds: Count
    """holds that lapse within a day, with money that no order asks for"""
    lapsing_paise: Count
    unowned_tasks: Count
    """open work items without an owner that are not snoozed"""
    unowned_most_seconds: float


class WallTeam(FrozenModel):
    """Work of one team."""

    name: str
    on_shift: Count
    """members who work now and are not absent"""
    tasks: Count
    """open work items that members have"""


class WallNow(FrozenModel):
    """Figures that are read at least once in two seconds."""

    as_of: UtcDatetime
    today: WallToday
    breaches: WallBreaches
    teams: tuple[WallTeam, ...]


class WallHour(FrozenModel):
    """Cases opened in one hour of today, Indian time, and their time to the first hold."""

    hour: Count
    cases: Count
    waiting: Count
    """without a hold, and still expected"""
    first_hold: Percentiles
    in_time: TargetShare


class WallBank(FrozenModel):
    """How a bank answers the requests of the last day, and the money that waits for it."""

    institution: str
    name: str
    requests: Count
    answer: Percentiles
    in_time: TargetShare
    is_slow: bool
    """whether less than half is answered in time with certainty: the whole interval is below one half"""
    waiting_requests: Count
    waiting_paise: Count


class WallDistrict(FrozenModel):
    """One district, with its place on the map of tiles. Small numbers are None."""

    code: str
    english: str
    hindi: str
    column: Count
    row: Count
    complaints: Count | None
    """of today"""
    in_play_paise: Count | None
    """of the cases opened today"""
    is_late: bool
    """whether the first hold of a case of today or yesterday is late now"""
    judged: Count | None
    """cases of the last days whose first hold was in time or late"""
    in_time: float | None
    """share of them in time, with its interval of 95 % (Wilson)"""
    low: float | None
    high: float | None


class WallFunnel(FrozenModel):
    """Money of the cases opened in the last days: lost, ever on hold, and restored."""

    days: Count
    lost: Sum
    held_paise: Count
    """held, restored or released now"""
    restored: Sum


class WallRecent(FrozenModel):
    """Figures that are read about once a minute."""

    as_of: UtcDatetime
    first_hold_seconds: float | None
    """target from complaint to first hold"""
    hours: tuple[WallHour, ...]
    banks: tuple[WallBank, ...]
    """those with the most money waiting first; the order says nothing of how they answer"""
    share_days: Count
    """days that the districts' shares cover"""
    districts: tuple[WallDistrict, ...]
    elsewhere: Count
    """complaints of today without a district of the State, or of districts with few"""


class WallWeeks(FrozenModel):
    """Figures that are read a few times an hour."""

    as_of: UtcDatetime
    funnel: WallFunnel


class Wall(FrozenModel):
    """All figures of the wall. Each part says of when it is.

    A part that cannot be read stays as it was.
    """

    now: UtcDatetime
    current: WallNow
    recent: WallRecent
    weeks: WallWeeks


class MoneyFigure(StrEnum):
    """Sum whose cases are listed: where the money of the cases that were opened in a period is now."""

    COMPLAINTS = "complaints"
    """cases of the complaints that were received in the period; the sum is what is lost"""
    ALL = "all"
    """every bucket, as the bar of the wall sums them"""
    LOST = "lost"
    """without money of transfers that only a bank names"""
    EVER_HELD = "ever_held"
    """on hold, restored or released"""
    IN_PLAY = "in_play"
    HELD = "held"
    WITHDRAWN = "withdrawn"
    SPENT = "spent"
    REFUSED = "refused"
    UNTRACED = "untraced"
    RESTORED = "restored"
    RELEASED = "released"


class MoneyCase(FrozenModel):
    """One case behind a sum."""

    case_ack_no: str
    district: str
    """of the case's first victim, as it is stored"""
    state: CaseState
    opened_at: UtcDatetime
    complaints: Annotated[int, Field(ge=0)]
    """complaints of the case that were received in the period"""
    paise: Paise
    """money of the case in the figure"""
    officer_name: str | None
    """the investigating officer, else the officer who has an open work item of the case; None without either"""


class MoneyCasePage(FrozenModel):
    """Cases behind a sum, those with the most money first."""

    as_of: UtcDatetime
    figure: MoneyFigure
    items: tuple[MoneyCase, ...]
    next: str | None
