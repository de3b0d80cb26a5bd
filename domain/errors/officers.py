"""Business errors about officers, their teams, and the tokens of scripts."""

from domain.errors import LimitExceeded, MayNot, NotFound, NotNow


class OfficerNotFound(NotFound):
    officer_id: str


class OutsideJurisdiction(MayNot):
    missing: str


class ReadReasonNeeded(MayNot):
    missing: str


class OfficerExists(NotNow):
    officer_id: str


class RoleGiven(NotNow):
    officer_id: str
    role: str


class RoleNotGiven(NotNow):
    officer_id: str
    role: str


class RoleEndsBefore(NotNow):
    role: str


class TeamExists(NotNow):
    name: str


class TeamNotFound(NotFound):
    name: str


class NotOfTeam(NotNow):
    officer_id: str
    name: str


class AlreadyOfTeam(NotNow):
    officer_id: str
    name: str


class TeamChangedSince(NotNow):
    name: str


class TeamFull(LimitExceeded):
    name: str
    limit: int


class TeamShiftsOverlap(NotNow):
    name: str


class ShiftNotFound(NotFound):
    shift_id: int


class OwnShiftNotFound(NotFound):
    team: str


class NotOfThisShift(NotNow):
    shift_id: int
    officer_id: str


class NoticeWithoutContact(NotNow):
    officer_id: str
    media: tuple[str, ...]


class WebhookAddressRefused(NotNow):
    problem: str


class ScriptTokenNotFound(NotFound):
    token_id: int
