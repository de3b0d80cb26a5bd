"""The cases behind a sum of money or a count of complaints, as the supervisor's page shows it."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel, Paise, UtcDatetime
from schemas.enums import CaseState


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
