"""Views for an account holder of a hold and its grievance, without data of the victim."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.base import FrozenModel, UtcDatetime
from schemas.recovery.grievances import LevelView, ReleaseView
from schemas.restoration_enums import GrievanceLevel, GrievanceState


class AppealGrievance(FrozenModel):
    """Latest grievance about the hold."""

    grievance_id: UUID
    number: str
    state: GrievanceState
    level: GrievanceLevel
    text: Annotated[str, Field(repr=False)]
    opened_at: UtcDatetime
    ended_at: UtcDatetime | None
    filed: int
    """number of grievances about the hold since it began"""
    level_seconds: dict[GrievanceLevel, float]
    """frozen time limits of this grievance"""
    levels: tuple[LevelView, ...]
    releases: tuple[ReleaseView, ...]


class AppealView(FrozenModel):
    """Hold as its account holder sees it."""

    hold_id: UUID
    case_no: str
    reference: str
    bank: str
    account_end: str
    """last four characters of the account, enough for its holder to recognise"""
    state: str
    first_held_at: UtcDatetime
    lapses_at: UtcDatetime
    kept: bool
    held_paise: int
    released_paise: int
    officer: str
    """name and rank of the responding officer; "" if none is assigned"""
    officer_station: str
    officer_phone: str
    grievance: AppealGrievance | None
