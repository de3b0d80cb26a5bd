"""Officers of the police, their teams, and the tokens of scripts."""

import re
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)

from schemas.base import FrozenModel, Storable, UtcDatetime
from schemas.enums import OFFICER_ROLES, Language, Role
from schemas.text import EmailAddress, Line, Mobile

SCRIPT_ROLES: Final = frozenset({Role.INTAKE, Role.AUDITOR})
"""roles that a script can have; none of them is a second officer anywhere"""
DISPLAY_ROLES: Final = frozenset({Role.DISPLAY})
"""roles of a display, which has no other"""
SCRIPT_DAYS_MAX: Final = 365
DISTRICTS_MAX: Final = 100
MEMBERS_MAX: Final = 500
ABSENCES_MAX: Final = 100
ABSENCE_MAX: Final = timedelta(days=3 * 366)
SHIFTS_MAX: Final = 50
MINUTES_A_DAY: Final = 24 * 60

COMPLAINANT: Final = "complainant"
"""owner of every draft of the public form, and actor in the logs; no officer has this id"""
RESERVED_IDS: Final = frozenset({COMPLAINANT, "engine", "victim"})
"""names that act in the logs without a person behind them; the database refuses them too"""
_OFFICER_ID: Final = re.compile(r"[a-z0-9._@-]{1,64}", re.ASCII)
_SCRIPT_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,47}", re.ASCII)


def folded(name: str) -> str:
    """Return an officer's id as the database has it, so that "Ravi" and "ravi" are one person."""
    return name.strip().lower()


def _officer_id(name: str) -> str:
    if not _OFFICER_ID.fullmatch(folded(name)):
        raise ValueError("is not an officer's id: 1 to 64 letters, digits, or any of . _ @ -")
    if folded(name) in RESERVED_IDS:
        raise ValueError("is a name that acts in the logs without a person: give the officer another id")
    return folded(name)


def _script_name(name: str) -> str:
    if not _SCRIPT_NAME.fullmatch(folded(name)):
        raise ValueError("is not a script's name: 1 to 48 letters, digits, or any of . _ -")
    return folded(name)


def _officer_role(role: Role) -> Role:
    if role not in OFFICER_ROLES:
        raise ValueError("is no role of an officer")
    return role


OfficerRole = Annotated[Role, AfterValidator(_officer_role)]
OfficerId = Annotated[str, AfterValidator(_officer_id)]
"""service number or e-mail address of an officer, in lower case"""
ScriptName = Annotated[str, AfterValidator(_script_name)]
District = Line
LineOrNothing = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), Storable]


def _nothing(value: object) -> object:
    return None if value == "" else value


class OfficerPerson(FrozenModel):
    """Officer as an administrator writes one, without roles: person, contact and districts."""

    officer_id: OfficerId
    name: Line
    rank: LineOrNothing = ""
    station: LineOrNothing = ""
    mobile: Annotated[Mobile | None, BeforeValidator(_nothing)] = None
    email: Annotated[EmailAddress | None, BeforeValidator(_nothing)] = None
    language: Language = Language.EN
    state: LineOrNothing = ""
    districts: Annotated[tuple[District, ...], Field(max_length=DISTRICTS_MAX)] = ()


class OfficerEntry(OfficerPerson):
    """Officer as an administrator writes one: person, roles and districts."""

    roles: Annotated[tuple[OfficerRole, ...], Field(max_length=len(OFFICER_ROLES))] = ()


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
        if not self.first_day <= self.last_day <= self.first_day + ABSENCE_MAX:
            raise ValueError("ends on the day it starts or later, within three years")
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


class TeamChange(FrozenModel):
    """Team as it becomes. It takes the place of all that the team has."""

    team: TeamEntry
    seen: TeamEntry | None = None
    """the team as the officer saw it; a team that has changed since then stays as it is"""


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
        if not SCRIPT_ROLES.issuperset(roles) and set(roles) != DISPLAY_ROLES:
            raise ValueError(f"a script has only these roles: {', '.join(sorted(SCRIPT_ROLES))}; or display alone")
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
    placed_at: UtcDatetime | None = None
    """when a display took the token; it opens nothing before that"""
    state: ScriptTokenState


class NewDisplay(FrozenModel):
    """Request for the token of a display."""

    name: ScriptName
    """where the display hangs, such as `wall-lucknow-1`"""
    days: Annotated[int, Field(ge=1, le=SCRIPT_DAYS_MAX)]


class IssuedDisplay(FrozenModel):
    """Token of a new display, which is shown once."""

    token_id: int
    token: str
    """good once: the display exchanges it"""


class DisplayList(FrozenModel):
    """Displays by name, those that have ended too."""

    items: tuple[ScriptToken, ...]


class DisplayPlacement(FrozenModel):
    """Exchange of a display's token in the browser of the display."""

    token: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class PlacedDisplay(FrozenModel):
    """A display that has come in."""

    name: str
    ends_at: UtcDatetime


class OfficerLine(OfficerRow):
    """Officer in a list: with presence, and the last sign-in."""

    is_absent: bool
    """whether the officer is absent on this day in India"""
    is_on_shift: bool
    """whether one of the officer's teams works now; an officer without a team works at any hour"""
    last_sign_in_at: UtcDatetime | None


class OfficerPage(FrozenModel):
    """Officers by id."""

    items: tuple[OfficerLine, ...]
    next: str | None


class OfficerQuestion(FrozenModel):
    """Search for officers by one text."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Storable]
    """a part of the id, name, rank or station; or the beginning of a role, district or team"""


class FoundOfficers(FrozenModel):
    """Officers that a search found, by id."""

    items: tuple[OfficerLine, ...]
    is_cut: bool
    """whether more officers fit than are shown"""


class TeamOfficer(FrozenModel):
    """Another officer of a team of one's own."""

    officer_id: str
    name: str
    teams: tuple[str, ...]
    """the teams that both are in"""
    is_absent: bool
    """whether the officer is absent today, and so gets nothing"""


class TeamOfficers(FrozenModel):
    """Officers of the own teams, by name."""

    items: tuple[TeamOfficer, ...]


class HeldRole(FrozenModel):
    """One time in which an officer has a role, or had it, or will have it."""

    role: Role
    from_at: UtcDatetime
    until_at: UtcDatetime | None
    given_by: str
    given_at: UtcDatetime
    ended_by: str | None


class OfficerDetails(FrozenModel):
    """An officer with the roles of all times, and the days of absence that are known."""

    officer: OfficerLine
    roles: tuple[HeldRole, ...]
    """the newest first"""
    absences: tuple[Absence, ...]


class OfficerEventPage(FrozenModel):
    """Events of officers, teams and tokens, the newest first."""

    items: tuple[OfficerEvent, ...]
    next: str | None


class AbsencesEntry(FrozenModel):
    """All days on which an officer is absent. They replace the known ones."""

    absences: Annotated[tuple[Absence, ...], Field(max_length=ABSENCES_MAX)]

    @model_validator(mode="after")
    def _begin_on_different_days(self) -> Self:
        if len({absence.first_day for absence in self.absences}) < len(self.absences):
            raise ValueError("names two absences that begin on one day")
        return self


class TeamList(FrozenModel):
    """Teams by name."""

    items: tuple[TeamEntry, ...]


class Acting(FrozenModel):
    """Officer who acts: id, the roles that are live now, and the name in the case log."""

    subject: str
    roles: frozenset[Role]
    actor: str
