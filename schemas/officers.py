"""Officers of the police, their teams, and the tokens of scripts."""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, field_validator, model_validator

from schemas.base import FrozenModel, Storable, UtcDatetime
from schemas.enums import Language, Role
from schemas.text import EmailAddress, Line, Mobile

SCRIPT_ROLES: Final = frozenset({Role.INTAKE, Role.AUDITOR})
"""roles that a script can have; none of them is a second officer anywhere"""
SCRIPT_DAYS_MAX: Final = 365
DISTRICTS_MAX: Final = 100
MEMBERS_MAX: Final = 500
SHIFTS_MAX: Final = 50
MINUTES_A_DAY: Final = 24 * 60

_OFFICER_ID: Final = re.compile(r"[a-z0-9._@-]{1,64}", re.ASCII)
_SCRIPT_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,47}", re.ASCII)


def folded(name: str) -> str:
    """Return an officer's id as the database has it, so that "Ravi" and "ravi" are one person."""
    return name.strip().lower()


def _officer_id(name: str) -> str:
    if not _OFFICER_ID.fullmatch(folded(name)):
        raise ValueError("is not an officer's id: 1 to 64 letters, digits, or any of . _ @ -")
    return folded(name)


def _script_name(name: str) -> str:
    if not _SCRIPT_NAME.fullmatch(folded(name)):
        raise ValueError("is not a script's name: 1 to 48 letters, digits, or any of . _ -")
    return folded(name)


OfficerId = Annotated[str, AfterValidator(_officer_id)]
"""service number or e-mail address of an officer, in lower case"""
ScriptName = Annotated[str, AfterValidator(_script_name)]
District = Line
LineOrNothing = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), Storable]


def _nothing(value: object) -> object:
    return None if value == "" else value


class OfficerEntry(FrozenModel):
    """Officer as an administrator writes one: person, roles and districts."""

    officer_id: OfficerId
    name: Line
    rank: LineOrNothing = ""
    station: LineOrNothing = ""
    mobile: Annotated[Mobile | None, BeforeValidator(_nothing)] = None
    email: Annotated[EmailAddress | None, BeforeValidator(_nothing)] = None
    language: Language = Language.EN
    state: LineOrNothing = ""
    roles: Annotated[tuple[Role, ...], Field(max_length=len(Role))] = ()
    districts: Annotated[tuple[District, ...], Field(max_length=DISTRICTS_MAX)] = ()


class OfficerRow(FrozenModel):
    """Officer as the database has one now."""

    officer_id: str
    name: str
    rank: str
    station: str
    mobile: str
    email: str
    language: str
    state: str
    roles: tuple[Role, ...]
    """the roles that are live now; none of a disabled officer"""
    districts: tuple[str, ...]
    teams: tuple[str, ...]
    disabled_at: UtcDatetime | None
    disabled_by: str | None


class OfficerEvent(FrozenModel):
    """One thing that was done to an officer, a team or a script's token."""

    event_id: int
    at: UtcDatetime
    actor: str
    kind: str
    officer_id: str | None
    data: dict[str, Any]


class Absence(FrozenModel):
    """Days on which an officer is absent, including the first and the last."""

    first_day: date
    last_day: date

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if self.last_day < self.first_day:
            raise ValueError("ends before it starts")
        return self


class TeamShift(FrozenModel):
    """Working hours of a team on one day of every week, in minutes of Indian time."""

    day_no: Annotated[int, Field(ge=1, le=7)]
    """of the week, 1 is Monday"""
    starts_minute: Annotated[int, Field(ge=0, lt=MINUTES_A_DAY)]
    ends_minute: Annotated[int, Field(gt=0, le=MINUTES_A_DAY)]

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if self.ends_minute <= self.starts_minute:
            raise ValueError("ends before it starts: work past midnight is two shifts")
        return self


class TeamEntry(FrozenModel):
    """Team as an administrator writes one. A team without shifts works at any hour."""

    name: Line
    lead: OfficerId | None = None
    districts: Annotated[tuple[District, ...], Field(max_length=DISTRICTS_MAX)] = ()
    members: Annotated[tuple[OfficerId, ...], Field(max_length=MEMBERS_MAX)] = ()
    shifts: Annotated[tuple[TeamShift, ...], Field(max_length=SHIFTS_MAX)] = ()


class ScriptTokenState(StrEnum):
    """State of a script's token."""

    LIVE = "live"
    ENDED = "ended"
    REVOKED = "revoked"


class NewScriptToken(FrozenModel):
    """Request for a token with which a script calls the API."""

    name: ScriptName
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    days: Annotated[int, Field(ge=1, le=SCRIPT_DAYS_MAX)]

    @field_validator("roles")
    @classmethod
    def _roles_of_scripts(cls, roles: tuple[Role, ...]) -> tuple[Role, ...]:
        if not SCRIPT_ROLES.issuperset(roles):
            raise ValueError(f"a script has only these roles: {', '.join(sorted(SCRIPT_ROLES))}")
        return roles


class ScriptToken(FrozenModel):
    """Token of a script, without its secret."""

    token_id: int
    name: str
    roles: tuple[Role, ...]
    issued_at: UtcDatetime
    issued_by: str
    ends_at: UtcDatetime
    revoked_at: UtcDatetime | None
    revoked_by: str | None
    last_used_day: date | None
    state: ScriptTokenState
