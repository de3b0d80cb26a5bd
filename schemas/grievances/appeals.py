"""What an account's holder is shown of a hold and of the grievance about it. Nothing of the victim's."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.base import FrozenModel, UtcDatetime
from schemas.grievances.grievances import LevelView, ReleaseView
from schemas.restoration_enums import GrievanceLevel, GrievanceState


class AppealGrievance(FrozenModel):
    """The last grievance about the hold."""

    grievance_id: UUID
    number: str
    state: GrievanceState
    level: GrievanceLevel
    text: Annotated[str, Field(repr=False)]
    opened_at: UtcDatetime
    ended_at: UtcDatetime | None
    filed: int
    """how many there are about the hold since it began"""
    level_seconds: dict[GrievanceLevel, float]
    """what this one was promised"""
    levels: tuple[LevelView, ...]
    releases: tuple[ReleaseView, ...]


class AppealView(FrozenModel):
    """A hold as its account's holder sees it."""

    hold_id: UUID
    case_no: str
    reference: str
    bank: str
    account_end: str
    """the last four characters of the account: enough for its holder, nothing for another"""
    state: str
    first_held_at: UtcDatetime
    lapses_at: UtcDatetime
    kept: bool
    held_paise: int
    released_paise: int
    officer: str
    """name and rank of who answers for the case; "" where nobody was assigned"""
    officer_station: str
    officer_phone: str
    grievance: AppealGrievance | None
