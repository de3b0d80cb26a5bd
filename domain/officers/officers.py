"""Officers: their roles, the persons behind actors, passwords, and changes by two admins."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from domain.errors import RoleNotAllowed
from domain.facts import ENDED, IS_NOT_SO, IS_SET, IS_SO, NOT_SET, NOW, present, span, text_of
from domain.policy.model import Policy
from domain.policy.values import values_of
from schemas.base import Change
from schemas.enums import Role
from schemas.officers.officers import HeldRole, OfficerDetails, TeamEntry, TeamShift
from schemas.restoration_enums import GrievanceLevel
from schemas.tasks import TeamHours
from schemas.text import IST


def check_roles(roles: Collection[Role], allowed: Collection[Role]) -> None:
    """Check that one of an officer's roles is among the allowed ones. Raises `RoleNotAllowed`."""
    if allowed_by(roles, allowed) is None:
        raise RoleNotAllowed(in_words(roles), tuple(role for role in Role if role in allowed))


def allowed_by(roles: Collection[Role], allowed: Collection[Role]) -> Role | None:
    """Return the role by which an officer may act, or None."""
    return next((role for role in Role if role in roles and role in allowed), None)


def in_words(roles: Collection[Role]) -> str:
    """Return the roles in their order, for a message."""
    return ", ".join(role for role in Role if role in roles) or "none"


def officer_facts(details: OfficerDetails, has_credentials: bool, now: datetime) -> dict[str, str]:
    """Return what is known of an officer, without a secret."""
    officer = details.officer
    values: dict[str, object] = {
        "name": officer.name,
        "rank": officer.rank,
        "station": officer.station,
        "mobile": officer.mobile,
        "email": officer.email,
        "language": officer.language,
        "state": officer.state,
        "districts": officer.districts,
        "teams": officer.teams,
        "is_enabled": officer.disabled_at is None,
        "sign_in": IS_SET if has_credentials else NOT_SET,
    }
    return present(values | _roles(details.roles, now))


def _roles(roles: Iterable[HeldRole], now: datetime) -> dict[str, object]:
    """Return when the officer has each role, without times that are over."""
    by_field: dict[str, list[str]] = {}
    for held in sorted(roles, key=lambda held: held.from_at):
        if held.until_at is None or held.until_at > now:
            by_field.setdefault(f"role.{held.role}", []).append(span(held.from_at, held.until_at, now))
    return {field: "; ".join(spans) for field, spans in sorted(by_field.items())}


def team_facts(team: TeamEntry) -> dict[str, str]:
    """Return what is known of a team."""
    shifts = [f"day {shift.day_no} {_clock(shift.starts_minute)}-{_clock(shift.ends_minute)}" for shift in team.shifts]
    values = {"name": team.name, "lead": team.lead, "districts": team.districts, "members": team.members}
    return present(values | {"shifts": shifts})


def policy_facts(policy: Policy) -> dict[str, str]:
    """Return all values of a policy as JSON, so that whatever a change alters is seen."""
    return {item.name: orjson.dumps(item.value).decode() for item in values_of(policy)}


_WITH_FIELDS: Final = frozenset({"changed", "team_added", "team_changed"})
"""kinds of events that name the fields that were written"""
_OF_EVENT: Final[Mapping[str, Callable[[Mapping[str, Any]], Change]]] = {
    "role_given": lambda data: Change(field=f"role.{data['role']}", before=None, after=_given(data)),
    "role_ended": lambda data: Change(field=f"role.{data['role']}", before=NOW, after=None),
    "district_given": lambda data: Change(field="districts", before=None, after=data["district"]),
    "district_ended": lambda data: Change(field="districts", before=data["district"], after=None),
    "enabled": lambda _: Change(field="is_enabled", before=IS_NOT_SO, after=IS_SO),
    "disabled": lambda _: Change(field="is_enabled", before=IS_SO, after=IS_NOT_SO),
    "reset": lambda _: Change(field="sign_in", before=IS_SET, after=NOT_SET),
    "link_used": lambda _: Change(field="sign_in", before=NOT_SET, after=IS_SET),
    "member_added": lambda data: Change(field="teams", before=None, after=data["team"]),
    "member_removed": lambda data: Change(field="teams", before=data["team"], after=None),
    "token_issued": lambda data: Change(field="token", before=None, after=f"until {data['ends_at']}"),
    "token_revoked": lambda _: Change(field="token", before=NOW, after=ENDED),
}


def changes_of_event(kind: str, data: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return what has changed by an event of an officer, a team or a token."""
    if kind in _WITH_FIELDS:
        return _fields(data)
    made = _OF_EVENT.get(kind)
    return (made(data),) if made else ()


def _given(data: Mapping[str, Any]) -> str:
    until = data.get("until_at")
    return f"from {data['from_at']}" + (f" until {until}" if until else "")


def _fields(data: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the fields that were written."""
    before, after = data["before"], data["after"]
    return tuple(
        Change(field=field, before=text_of(before[field]) or None, after=text_of(after[field]) or None)
        for field in data["fields"]
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


PASSWORD_MIN_CHARS: Final = 12
PASSWORD_MAX_CHARS: Final = 200
WRONG_LINK_CODES_MOST: Final = 5
"""wrong codes after which a link is over; the tables of links hold the same number"""
_DIFFERENT_MIN: Final = 5
_PRODUCT: Final = ("goldenhour", "password", "police", "123456", "qwerty")
_REST_MIN: Final = 8
"""characters that a password needs beside what everybody tries first"""
_GUESSES_MIN: Final = 10**8
"""guesses that are needed by a person who knows leaked passwords, names and keyboards, by zxcvbn (its mark 3 of 4)"""
_ESTIMATED_CHARS: Final = 20
"""of each end of a password; 20 signs that may stand for letters take 0.3 s, and 72 take 4 s"""


def password_form_fault(password: str) -> str | None:
    """Return the code of the fault that the form of a new password has, or None. It takes no time."""
    if len(password) < PASSWORD_MIN_CHARS:
        return "too_short"
    if len(password) > PASSWORD_MAX_CHARS or "\0" in password:
        return "too_long"
    return "too_simple" if len(set(password)) < _DIFFERENT_MIN else None


def password_fault(password: str, officer_id: str) -> str | None:
    """Return the code of the fault of a new password, or None. It is taken exactly as typed.

    The estimate of guesses takes up to 0.6 s. So `judge_password` makes it in a thread, for a caller whose code is
    checked.
    """
    if fault := password_form_fault(password):
        return fault
    if _guesses(password, officer_id) < _GUESSES_MIN:
        return "common"
    rest = password.lower()
    for word in (officer_id, officer_id.partition("@")[0], *_PRODUCT):
        rest = rest.replace(word, "")
    return "easily_guessed" if len(rest) < _REST_MIN else None


def _guesses(password: str, officer_id: str) -> float:
    """Return about how many guesses the password would need."""
    # Read when a password is chosen, because its lists cost 90 ms and most processes need none.
    from zxcvbn import zxcvbn

    ends = {password[:_ESTIMATED_CHARS], password[-_ESTIMATED_CHARS:]}
    return max(float(zxcvbn(end, user_inputs=[officer_id])["guesses"]) for end in ends)


def is_open(shifts: Collection[TeamShift], at: datetime) -> bool:
    """Return whether a team with these shifts works at this time. One without shifts works at any hour."""
    local = at.astimezone(IST)
    minute = local.hour * 60 + local.minute
    return not shifts or any(
        shift.day_no == local.isoweekday() and shift.starts_minute <= minute < shift.ends_minute for shift in shifts
    )


def on_shift(teams: Iterable[TeamHours], at: datetime) -> bool:
    """Return whether an officer of these teams works at this time. An officer without a team works at any hour."""
    teams = list(teams)
    return not teams or any(is_open(team.shifts, at) for team in teams)


DECIDES: Final[Mapping[GrievanceLevel, Role]] = {
    GrievanceLevel.IO: Role.IO,
    GrievanceLevel.DY_SP: Role.DY_SP,
    GrievanceLevel.DISTRICT_GRO: Role.DISTRICT_GRO,
    GrievanceLevel.STATE_GRO: Role.STATE_GRO,
}
"""The bank reports but does not decide."""
