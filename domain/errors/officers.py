"""Business errors about officers, their teams, and the tokens of scripts."""

from domain.errors import LimitExceeded, MayNot, NotFound, NotNow


class OfficerNotFound(NotFound):
    code = "officer_not_found"
    officer_id: str


class OutsideJurisdiction(MayNot):
    code = "outside_jurisdiction"
    missing: str


class ReadReasonNeeded(MayNot):
    code = "read_reason_needed"
    missing: str


class OfficerExists(NotNow):
    code = "officer_exists"
    officer_id: str


class RoleGiven(NotNow):
    code = "role_given"
    officer_id: str
    role: str


class RoleNotGiven(NotNow):
    code = "role_not_given"
    officer_id: str
    role: str


class RoleEndsBefore(NotNow):
    code = "role_ends_before"
    role: str


class TeamExists(NotNow):
    code = "team_exists"
    name: str


class TeamNotFound(NotFound):
    code = "team_not_found"
    name: str


class NotOfTeam(NotNow):
    code = "not_of_team"
    officer_id: str
    name: str


class AlreadyOfTeam(NotNow):
    code = "already_of_team"
    officer_id: str
    name: str


class TeamChangedSince(NotNow):
    code = "team_changed_since"
    name: str


class TeamFull(LimitExceeded):
    code = "team_full"
    name: str
    limit: int


class TeamShiftsOverlap(NotNow):
    code = "team_shifts_overlap"
    name: str


class ShiftNotFound(NotFound):
    code = "shift_not_found"
    shift_id: int


class OwnShiftNotFound(NotFound):
    code = "own_shift_not_found"
    team: str


class NotOfThisShift(NotNow):
    code = "not_of_this_shift"
    shift_id: int
    officer_id: str


class NoticeWithoutContact(NotNow):
    code = "notice_without_contact"
    officer_id: str
    media: tuple[str, ...]


class WebhookAddressRefused(NotNow):
    code = "webhook_address_refused"
    problem: str


class ScriptTokenNotFound(NotFound):
    code = "script_token_not_found"
    token_id: int
