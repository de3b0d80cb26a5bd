"""Officers who decide on appeals above the level of a case, and their contacts."""

from typing import Annotated, Literal, Self

from pydantic import StringConstraints, model_validator

from schemas.base import FrozenModel, Storable, UtcDatetime
from schemas.recovery.police import Phone
from schemas.restoration_enums import GrievanceLevel
from schemas.text import EmailAddress

OfficersLevel = Literal[GrievanceLevel.DY_SP, GrievanceLevel.DISTRICT_GRO, GrievanceLevel.STATE_GRO]
District = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, max_length=100), Storable]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Storable]


class NewGrievanceOfficer(FrozenModel):
    """Officer who decides at a level from now on, in one district or for the State (no district)."""

    level: OfficersLevel
    district: District = ""
    name: Name
    phone: Phone
    email: EmailAddress | None = None

    @model_validator(mode="after")
    def _a_district_has_a_name(self) -> Self:
        if (self.level is GrievanceLevel.STATE_GRO) != (self.district == ""):
            raise ValueError("give district at every level except that of the State")
        return self


class GrievanceOfficer(FrozenModel):
    """Officer who decides at a level."""

    level: GrievanceLevel
    district: str
    name: str
    phone: str
    email: str
    written_at: UtcDatetime
    written_by: str


class GrievanceOfficers(FrozenModel):
    """All such officers, those of the State first."""

    items: tuple[GrievanceOfficer, ...]
