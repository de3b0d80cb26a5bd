"""Ends of shifts in Indian time: over midnight, around the clock, and within the time that is looked back."""

from datetime import UTC, datetime, timedelta

from domain.work_items.shifts import ShiftSpan, ended_shifts, is_note_of, running_shifts
from schemas.officers.officers import TeamShift

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


def test_a_shift_runs_until_its_end() -> None:
    night = [shift(7, 18, 24), shift(1, 0, 6), shift(1, 18, 24), shift(2, 0, 6)]
    ends = {hour: running_shifts(night, MONDAY_NOON + timedelta(hours=hour)) for hour in (-8, -6, 5, 6, 17)}
    assert [[one.ends_at for one in found] for found in ends.values()] == [
        [MONDAY_NOON - timedelta(hours=6)],
        *([], []),
        *[[MONDAY_NOON + timedelta(hours=18)]] * 2,
    ]
    (week,) = running_shifts([shift(day, 0, 24) for day in range(1, 7)], MONDAY_NOON)
    assert week.ends_at - week.starts_at == timedelta(days=6)


def test_a_note_goes_with_the_shift_in_which_it_was_written() -> None:
    starts_at, ends_at = MONDAY_NOON, MONDAY_NOON + timedelta(hours=8)
    one = ShiftSpan(starts_at=starts_at, ends_at=ends_at)
    hour = timedelta(hours=1)
    assert is_note_of(one, ends_at, ends_at - hour)
    assert is_note_of(one, ends_at, ends_at + hour), "after its end, and before the record"
    assert is_note_of(one, ends_at + hour, ends_at - hour), "the hours were changed since"
    assert not is_note_of(one, ends_at + 8 * hour, ends_at + hour), "the next shift"
    assert not is_note_of(one, starts_at, starts_at + hour), "the shift before"


def test_a_team_around_the_clock_has_no_end() -> None:
    assert running_shifts([shift(day, 0, 24) for day in range(1, 8)], MONDAY_NOON) == []
    assert ended_shifts([shift(day, 0, 24) for day in range(1, 8)], MONDAY_NOON, timedelta(days=2)) == []
    assert ended_shifts([], MONDAY_NOON, timedelta(days=2)) == []
