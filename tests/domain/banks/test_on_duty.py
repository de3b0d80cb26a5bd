"""Who is on duty, who comes next, and which rosters are refused."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.banks.on_duty import LOOK_AHEAD_DAYS, Holidays, calling_order, on_duty
from domain.policy.model import load_policy
from domain.policy.telephone import HolidayRules
from schemas.banks.rosters import NodalOfficer
from schemas.text import IST
from tests.each import each

NONE = Holidays(HolidayRules(source="none of them"))
OFFICE = [{"days": ["mon", "tue", "wed", "thu", "fri"], "starts": "10:00", "ends": "18:00"}]
NIGHT = [
    {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "starts": "22:00", "ends": "24:00"},
    {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "starts": "00:00", "ends": "06:00"},
]
TUESDAY = date(2026, 11, 24)


def officer(name: str = "A", **changes: Any) -> NodalOfficer:
    return NodalOfficer.model_validate({"name": name, **changes})


def ist(clock: str, day: date = TUESDAY) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}:00").replace(tzinfo=IST).astimezone(UTC)


def working(officers: list[NodalOfficer], at: datetime, holidays: Holidays = NONE) -> list[str]:
    return [one.name for one in on_duty(officers, holidays, at)]


def back(one: NodalOfficer, at: datetime, holidays: Holidays = NONE) -> datetime | None:
    (found,) = calling_order([one], holidays, at)
    assert not found.on_duty
    return found.off_duty_until


@each(("clock", "works"), [("09:59", False), ("10:00", True), ("17:59", True), ("18:00", False), ("00:00", False)])
def test_a_shift_counts_its_first_minute_and_not_its_end(clock: str, works: bool) -> None:
    assert bool(working([officer(shifts=OFFICE)], ist(clock))) is works


def test_hours_are_those_of_indian_clocks() -> None:
    one = [officer(shifts=OFFICE)]
    assert working(one, datetime(2026, 11, 24, 4, 30, tzinfo=UTC)) == ["A"]
    assert working(one, datetime(2026, 11, 24, 13, 0, tzinfo=UTC)) == []
    # Sunday evening in UTC is Monday in India.
    early = [officer(shifts=[{"days": ["mon"], "starts": "00:00", "ends": "02:00"}])]
    assert working(early, datetime(2026, 11, 22, 19, 0, tzinfo=UTC)) == ["A"]


def test_one_without_a_roster_can_be_asked_at_any_hour_but_on_leave() -> None:
    closed = Holidays(NONE.rules, {TUESDAY})
    assert working([officer()], ist("03:00"), closed) == ["A"]
    away = officer(leaves=[{"first_day": "2026-11-24", "last_day": "2026-11-25"}])
    assert working([away], ist("03:00")) == []
    assert back(away, ist("03:00")) == ist("00:00", date(2026, 11, 26))


def test_those_on_duty_stand_in_the_order_of_calling() -> None:
    all_of_them = [officer("A", shifts=NIGHT), officer("B", shifts=OFFICE), officer("C"), officer("D", shifts=OFFICE)]
    assert working(all_of_them, ist("12:00")) == ["B", "C", "D"]
    assert working(all_of_them, ist("23:59")) == ["A", "C"]
    assert working(all_of_them, ist("05:59")) == ["A", "C"]


def test_who_comes_next_stands_before_who_comes_later() -> None:
    on_leave = officer("B", shifts=OFFICE, leaves=[{"first_day": "2026-11-20", "last_day": "2026-12-01"}])
    gone = officer("A", shifts=OFFICE, leaves=[{"first_day": "2026-11-20", "last_day": "2029-01-01"}])
    order = calling_order([gone, on_leave, officer("C", shifts=OFFICE), officer("D")], NONE, ist("20:00"))
    assert [(one.name, one.on_duty, one.off_duty_until) for one in order] == [
        ("D", True, None),
        ("C", False, ist("10:00", date(2026, 11, 25))),
        ("B", False, ist("10:00", date(2026, 12, 2))),
        ("A", False, None),
    ]


def test_the_same_officer_twice_is_listed_twice() -> None:
    one = officer(shifts=OFFICE)
    assert len(calling_order([one, one], NONE, ist("12:00"))) == 2
    assert len(calling_order([one, one], NONE, ist("20:00"))) == 2


def test_a_holiday_sends_home_who_does_not_work_on_holidays() -> None:
    closed = Holidays(NONE.rules, {TUESDAY})
    assert working([officer(shifts=OFFICE)], ist("12:00"), closed) == []
    assert working([officer(shifts=OFFICE, works_on_holidays=True)], ist("12:00"), closed) == ["A"]
    assert back(officer(shifts=OFFICE), ist("12:00"), closed) == ist("10:00", date(2026, 11, 25))


def test_the_policy_knows_national_holidays_and_the_second_and_fourth_saturdays() -> None:
    holidays = Holidays(load_policy().bank_holidays)
    closed = {day for day in (date(2026, 1, 1) + timedelta(n) for n in range(365)) if day in holidays}
    assert {date(2026, 1, 26), date(2026, 8, 15), date(2026, 10, 2)} <= closed
    november = sorted(day.day for day in closed if day.month == 11)
    assert november == [14, 28]
    assert len(closed) == 24 + 3


def test_who_is_off_on_friday_evening_is_back_after_a_closed_monday() -> None:
    holidays = Holidays(load_policy().bank_holidays, {date(2026, 11, 30)})
    assert back(officer(shifts=OFFICE), ist("18:00", date(2026, 11, 27)), holidays) == ist("10:00", date(2026, 12, 1))


@each(
    ("changes", "error"),
    [
        ({"shifts": [{"days": ["mon"], "starts": "18:00", "ends": "10:00"}]}, "roster_ends_before_start"),
        ({"shifts": [{"days": ["mon"], "starts": "10:00", "ends": "10:00"}]}, "roster_ends_before_start"),
        ({"shifts": [{"days": ["monday"], "starts": "10:00", "ends": "11:00"}]}, "roster_unknown_day"),
        ({"shifts": [{"days": [], "starts": "10:00", "ends": "11:00"}]}, "too_short"),
        ({"shifts": [{"days": ["mon", "mon"], "starts": "10:00", "ends": "11:00"}]}, "roster_overlap"),
        ({"shifts": [*OFFICE, {"days": ["fri"], "starts": "17:59", "ends": "20:00"}]}, "roster_overlap"),
        ({"shifts": [{"days": ["mon"], "starts": "10:00", "ends": "24:01"}]}, "string_pattern_mismatch"),
        ({"leaves": [{"first_day": "2026-11-24", "last_day": "2026-11-23"}]}, "leave_ends_before_start"),
        ({"name": ""}, "officer_without_contact"),
        ({"name": "a\x00b"}, "value_error"),
    ],
)
def test_a_roster_that_cannot_be_is_refused_by_name(changes: dict[str, Any], error: str) -> None:
    with pytest.raises(ValidationError) as caught:
        officer(**changes)
    assert [one["type"] for one in caught.value.errors()] == [error]


def test_shifts_that_touch_do_not_overlap() -> None:
    both = officer(shifts=[*OFFICE, {"days": ["tue"], "starts": "18:00", "ends": "20:00"}])
    assert working([both], ist("18:00")) == ["A"]


spans = st.tuples(st.integers(0, 23), st.integers(0, 23)).filter(lambda span: span[0] < span[1])
rosters = st.dictionaries(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), spans, min_size=1)
moments = st.integers(0, 60 * 24 * 60).map(lambda minutes: ist("00:00") + timedelta(minutes=minutes))


@given(rosters, st.sets(st.integers(0, 60)), moments)
def test_who_is_off_duty_is_on_duty_at_the_moment_told_and_at_none_before(
    roster: dict[str, tuple[int, int]], closed: set[int], at: datetime
) -> None:
    shifts = [{"days": [day], "starts": f"{a:02}:00", "ends": f"{b:02}:00"} for day, (a, b) in roster.items()]
    one, holidays = officer(shifts=shifts), Holidays(NONE.rules, {TUESDAY + timedelta(n) for n in closed})
    (found,) = calling_order([one], holidays, at)
    assert found.on_duty is bool(working([one], at, holidays))
    if found.on_duty:
        return
    assert found.off_duty_until is not None
    assert at < found.off_duty_until < at + timedelta(days=LOOK_AHEAD_DAYS)
    assert working([one], found.off_duty_until, holidays)
    hour = at.replace(minute=0, second=0) + timedelta(minutes=30)
    while (hour := hour + timedelta(hours=1)) < found.off_duty_until:
        assert not working([one], hour, holidays)
