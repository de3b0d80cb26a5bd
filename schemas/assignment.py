"""Assignment of officers to cases by the engine: who may be chosen, who is chosen, and why no officer is."""

from enum import StrEnum

from schemas.base import FrozenModel
from schemas.officers.officers import TeamShift


class NoOfficer(StrEnum):
    """Why no officer can be chosen for a case."""

    NONE_IN_DISTRICT = "none_in_district"
    """no officer with the role answers for the district"""
    ALL_AWAY = "all_away"
    """each of them is disabled, absent today, or has another duty in the case"""
    DETAILS_MISSING = "details_missing"
    """rank, station or mobile of each is not known, and documents have to name them"""


class LeftBecause(StrEnum):
    """Why an officer cannot go on with a case."""

    DISABLED = "disabled"
    ROLE_ENDED = "role_ended"
    ON_LEAVE = "on_leave"


class TeamHours(FrozenModel):
    """Districts and working hours of a team."""

    districts: tuple[str, ...] = ()
    """none: every district of its officers"""
    shifts: tuple[TeamShift, ...] = ()
    """none: it works at any hour"""


class Candidate(FrozenModel):
    """Officer who has the role of a duty."""

    officer_id: str
    name: str
    rank: str
    station: str
    mobile: str
    email: str
    is_disabled: bool
    is_absent: bool
    """today, in India"""
    districts: tuple[str, ...]
    teams: tuple[TeamHours, ...] = ()

    @property
    def has_details(self) -> bool:
        """Whether documents can name the officer."""
        return bool(self.rank and self.station and self.mobile)


class Choice(FrozenModel):
    """Officer who is chosen for a case."""

    officer: Candidate
    on_shift: bool
    """whether a team of the officer works now"""
    open_cases: int
    """cases that the officer had before"""
    candidates: int
    """officers among whom the choice was made"""
