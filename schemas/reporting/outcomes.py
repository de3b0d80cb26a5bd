"""The measures of the way home (docs/measures.md): held, restored, released and lost are always apart."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel, UtcDatetime
from schemas.grievances.grievances import GrievanceCount

Count = Annotated[int, Field(ge=0)]


class HomeBy(StrEnum):
    """What the figures are told apart by."""

    ROUTE = "route"
    DISTRICT = "district"
    """of the victim"""
    BANK = "bank"
    """where the money came to"""
    OFFICER = "officer"
    """the investigating officer of the case, by the name on the token"""


class Stage(StrEnum):
    """How far money has come. What stands further of the first four is in those before it."""

    APPLIED = "applied"
    VERIFIED = "verified"
    NOTICED = "noticed"
    """the account holder has been heard, or said nothing until the time was over"""
    APPROVED = "approved"
    ORDERED = "ordered"
    LAPSED = "lapsed"
    """let go by a bank because ninety days were over; a part of `released`"""
    LOST = "lost"
    """all that victims have lost, wherever it is"""
    HELD = "held"
    """on hold now"""
    RESTORED = "restored"
    """credited to the victim, as the bank has confirmed"""
    RELEASED = "released"
    """let go to the account's holder, as the bank has confirmed"""


class Sum(FrozenModel):
    """Money, and in how many cases there is some."""

    paise: Count = 0
    cases: Count = 0


class HeldToRestored(FrozenModel):
    """From the victim's first hold to a credit, over all credits."""

    credits: Count = 0
    p50_seconds: float | None = None
    p95_seconds: float | None = None


class PastDays(FrozenModel):
    """What has been on hold for longer than so many days, of what is on hold now."""

    days: Count
    holds: Count = 0
    """accounts, each once a case"""
    paise: Count = 0


PAST_DAYS = (30, 60, 90)


class HomeFigures(FrozenModel):
    """One row: all cases, or those of one route, district, bank or officer."""

    about: str
    """"" where there is none: not routed yet, no district told, an unknown bank, nobody assigned"""
    name: str = ""
    """of the bank"""
    stages: dict[Stage, Sum]
    held_to_restored: HeldToRestored = HeldToRestored()
    past: tuple[PastDays, ...] = tuple(PastDays(days=days) for days in PAST_DAYS)
    restored_of_held: float | None = None
    """restored, of everything that was ever on hold: what is held, restored or released; None of nothing"""


class HomeReport(FrozenModel):
    """The figures of the cases that were opened in `[opened_from, opened_to)`, as of `as_of`."""

    opened_from: UtcDatetime
    opened_to: UtcDatetime
    as_of: UtcDatetime
    by: HomeBy | None
    total: HomeFigures
    rows: tuple[HomeFigures, ...]
    """the most ever on hold first; none where nothing is told apart"""
    grievances: tuple[GrievanceCount, ...]
    """those opened in the same time, by outcome, level and age"""
