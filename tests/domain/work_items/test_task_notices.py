"""When an officer is told of work items, by which setting, and what a message says of a sum."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors.officers import NoticeWithoutContact
from domain.policy.model import load_policy
from domain.work_items.task_owners import (
    NOT_TOLD,
    MessageStanding,
    check_contacts,
    default_setting,
    is_due,
    is_told_at,
    rounded_down,
)
from schemas.base import MAX_AMOUNT_PAISE
from schemas.enums import Role
from schemas.notifications import NoticeHours, NoticeMedium, NoticeSetting
from schemas.officers.officers import TeamShift
from schemas.tasks import TeamHours

RULES = load_policy().notices
NOON = datetime(2026, 11, 30, 6, 30, tzinfo=UTC)
"""a Monday, 12:00 in India"""
MORNINGS = TeamHours(shifts=(TeamShift(day_no=1, starts_minute=0, ends_minute=720),))
ON_SHIFT, ALWAYS = NoticeSetting(), NoticeSetting(hours=NoticeHours.ALWAYS)


def test_an_officer_is_told_on_shift_and_never_on_leave() -> None:
    before = NOON - timedelta(minutes=1)
    assert is_told_at(ON_SHIFT, [MORNINGS], before, is_absent=False)
    assert not is_told_at(ON_SHIFT, [MORNINGS], NOON, is_absent=False)
    assert is_told_at(ON_SHIFT, [MORNINGS, TeamHours()], NOON, is_absent=False), "a team without shifts always works"
    assert is_told_at(ON_SHIFT, [], NOON, is_absent=False), "an officer without a team has no shifts"
    assert is_told_at(ALWAYS, [MORNINGS], NOON, is_absent=False)
    assert not is_told_at(ALWAYS, [MORNINGS], before, is_absent=True)
    assert not is_told_at(NOT_TOLD, [], NOON, is_absent=False)


def test_the_policy_tells_every_role_that_can_have_an_item() -> None:
    both = default_setting({Role.DESK, Role.SUPERVISOR}, RULES)
    assert both == RULES.defaults[Role.SUPERVISOR]
    assert default_setting({Role.INTAKE}, RULES) == NOT_TOLD


def test_messages_keep_their_gap_and_the_limit_of_a_day() -> None:
    def due(medium: NoticeMedium = NoticeMedium.SMS, after: int | None = None, **told: object) -> bool:
        last_at = None if after is None else NOON - timedelta(seconds=after)
        known = {"is_urgent": False, "is_under_way": False, "in_a_day": 0} | told
        standing = MessageStanding.model_validate({"officer_id": "a", "medium": medium, "last_at": last_at, **known})
        return is_due(NoticeSetting(gap_seconds=900), standing, RULES, NOON)

    assert due()
    assert not due(is_under_way=True, is_urgent=True)
    assert [due(after=seconds) for seconds in (899, 900)] == [False, True]
    assert due(after=1, is_urgent=True), "no other officer could be told"
    assert not due(in_a_day=RULES.sms_a_day_max, is_urgent=True)
    assert due(NoticeMedium.EMAIL, in_a_day=RULES.sms_a_day_max)


def test_a_medium_needs_its_contact() -> None:
    setting = NoticeSetting(media=(NoticeMedium.STREAM, NoticeMedium.SMS, NoticeMedium.WEBHOOK))
    with pytest.raises(NoticeWithoutContact) as lacking:
        check_contacts(setting, has_mobile=False, has_email=False, has_webhook=False, officer_id="a")
    assert lacking.value.media == ("sms", "webhook")
    check_contacts(setting, has_mobile=True, has_email=False, has_webhook=True, officer_id="a")


@given(st.integers(0, MAX_AMOUNT_PAISE))
def test_a_rounded_sum_states_its_first_digit_alone(paise: int) -> None:
    shown = rounded_down(paise)
    assert shown <= paise
    assert len(str(shown).rstrip("0")) <= 1
    assert paise < 100 or shown * 2 > paise - 100
