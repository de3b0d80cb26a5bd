"""Figures of restoration (docs/reference/measures.md). Held, restored, released and lost are always separate."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel, UtcDatetime
from schemas.recovery.grievances import GrievanceCount

Count = Annotated[int, Field(ge=0)]


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
