"""Rules for notices of work items: who is told, by which setting, and when a message is due."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from domain.errors.officers import NoticeWithoutContact
from domain.policy.notices import NoticeRules
from domain.work_items.assignment import is_open
from schemas.assignment import TeamHours
from schemas.base import FrozenModel
from schemas.enums import Role
from schemas.work_items.task_notices import NoticeHours, NoticeMedium, NoticeSetting

NOT_TOLD: Final = NoticeSetting(media=())
"""the setting of an officer whose roles have none"""
DAY: Final = timedelta(days=1)


class MessageStanding(FrozenModel):
    """Messages to one officer over one medium, and the notices that wait for the next."""

    officer_id: str
    medium: NoticeMedium
    is_urgent: bool
    """whether no other officer could be told"""
    is_under_way: bool
    """whether a message waits to be sent"""
    last_at: datetime | None
    in_a_day: int


def default_setting(roles: Collection[Role], rules: NoticeRules) -> NoticeSetting:
    """Return the setting of the policy for an officer with these roles."""
    return next((setting for role, setting in rules.defaults.items() if role in roles), NOT_TOLD)


def on_shift(teams: Iterable[TeamHours], at: datetime) -> bool:
    """Return whether an officer of these teams works at this time. An officer without a team works at any hour."""
    teams = list(teams)
    return not teams or any(is_open(team.shifts, at) for team in teams)


def is_told_at(setting: NoticeSetting, teams: Iterable[TeamHours], at: datetime, *, is_absent: bool) -> bool:
    """Return whether an officer with this setting is told of work items at this time."""
    if is_absent or not setting.media:
        return False
    return setting.hours is NoticeHours.ALWAYS or on_shift(teams, at)


def is_due(setting: NoticeSetting, standing: MessageStanding, rules: NoticeRules, now: datetime) -> bool:
    """Return whether the notices that wait become a message now."""
    if standing.is_under_way:
        return False
    if standing.medium is NoticeMedium.SMS and standing.in_a_day >= rules.sms_a_day_max:
        return False
    gap = timedelta(seconds=setting.gap_seconds)
    return standing.is_urgent or standing.last_at is None or now >= standing.last_at + gap


def check_contacts(
    setting: NoticeSetting, *, has_mobile: bool, has_email: bool, has_webhook: bool, officer_id: str
) -> None:
    """Check that an officer can be told over the media of a setting. Raises `NoticeWithoutContact`."""
    known = {NoticeMedium.SMS: has_mobile, NoticeMedium.EMAIL: has_email, NoticeMedium.WEBHOOK: has_webhook}
    missing = tuple(medium.value for medium in setting.media if not known.get(medium, True))
    if missing:
        raise NoticeWithoutContact(officer_id, missing)


def rounded_down(paise: int) -> int:
    """Return a sum with its first digit alone, so that a message does not state it."""
    rupees = paise // 100
    place: int = 10 ** max(0, len(str(rupees)) - 1)
    return rupees // place * place * 100
