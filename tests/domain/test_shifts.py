"""Ends of shifts in Indian time: over midnight, around the clock, and within the time that is looked back."""

from datetime import UTC, datetime, timedelta

from domain.shifts import ended_shifts
from schemas.officers import TeamShift

MONDAY_NOON = datetime(2026, 11, 30, 6, 30, tzinfo=UTC)
"""12:00 in India"""
HALF_A_DAY = timedelta(hours=12)


def shift(day_no: int, starts: int, ends: int) -> TeamShift:
    return TeamShift(day_no=day_no, starts_minute=starts * 60, ends_minute=ends * 60)


def test_a_shift_over_midnight_ends_once() -> None:
    night = [shift(7, 18, 24), shift(1, 0, 6), shift(1, 18, 24), shift(2, 0, 6)]
    (one,) = ended_shifts(night, MONDAY_NOON, HALF_A_DAY)
    assert (one.starts_at, one.ends_at) == (MONDAY_NOON - timedelta(hours=18), MONDAY_NOON - timedelta(hours=6))
    assert ended_shifts(night, MONDAY_NOON - timedelta(hours=7), HALF_A_DAY) == [], "midnight is no end of it"
    assert ended_shifts(night, MONDAY_NOON + timedelta(days=1), HALF_A_DAY)[0].ends_at.hour == 0


def test_shifts_of_a_day_end_one_by_one() -> None:
    day = [shift(1, 0, 6), shift(1, 6, 12), shift(1, 12, 18)]
    ends = [one.ends_at for one in ended_shifts(day, MONDAY_NOON, HALF_A_DAY)]
    assert ends == [MONDAY_NOON - timedelta(hours=6), MONDAY_NOON]
    assert ended_shifts(day, MONDAY_NOON, timedelta(hours=5)) == ended_shifts(day, MONDAY_NOON, HALF_A_DAY)[1:]


def test_a_team_around_the_clock_has_no_end() -> None:
    assert ended_shifts([shift(day, 0, 24) for day in range(1, 8)], MONDAY_NOON, timedelta(days=2)) == []
    assert ended_shifts([], MONDAY_NOON, timedelta(days=2)) == []
