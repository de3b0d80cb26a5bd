"""Ends of shifts, in Indian time. Pure."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from schemas.base import FrozenModel, UtcDatetime
from schemas.officers.officers import TeamShift
from schemas.text import IST

DAY: Final = timedelta(days=1)
MORE_THAN_A_WEEK: Final = 8
"""days in which a team that ever rests has the end of a shift"""


class ShiftSpan(FrozenModel):
    """One shift of a team."""

    starts_at: UtcDatetime
    ends_at: UtcDatetime


def ended_shifts(shifts: Sequence[TeamShift], now: datetime, look_back: timedelta) -> list[ShiftSpan]:
    """Return the shifts that ended in the time before `now`, the oldest first.

    A shift until midnight and one from midnight on are one shift. A team that works around the clock has no end.
    """
    today = now.astimezone(IST).date()
    spans = _spans(shifts, today - DAY * (look_back.days + 2), today + DAY)
    return [span for span in spans if now - look_back <= span.ends_at <= now]


def running_shifts(shifts: Sequence[TeamShift], now: datetime) -> list[ShiftSpan]:
    """Return the shifts that run now and have an end."""
    today = now.astimezone(IST).date()
    last = today + DAY * MORE_THAN_A_WEEK
    spans = _spans(shifts, today - DAY * MORE_THAN_A_WEEK, last)
    return [span for span in spans if span.starts_at <= now < span.ends_at < _at(last + DAY, 0)]


def is_note_of(span: ShiftSpan, ends_at: datetime, noted_at: datetime) -> bool:
    """Return whether a note is one for this shift.

    `ends_at` is the end of the shift when the note was written. The hours of the team may have changed since. Then the
    note goes with the shift in which it was written.
    """
    return ends_at > span.starts_at and (noted_at < span.ends_at or ends_at <= span.ends_at)


def _spans(shifts: Sequence[TeamShift], first: date, last: date) -> list[ShiftSpan]:
    """Return the shifts of these days, the oldest first."""
    spans: list[ShiftSpan] = []
    for day in (first + DAY * number for number in range((last - first).days + 1)):
        for one in _of_day(shifts, day):
            if spans and spans[-1].ends_at == one.starts_at == _at(day, 0):
                spans[-1] = ShiftSpan(starts_at=spans[-1].starts_at, ends_at=one.ends_at)
            else:
                spans.append(one)
    return spans


def _of_day(shifts: Sequence[TeamShift], day: date) -> list[ShiftSpan]:
    of_day = sorted((one.starts_minute, one.ends_minute) for one in shifts if one.day_no == day.isoweekday())
    return [ShiftSpan(starts_at=_at(day, starts), ends_at=_at(day, ends)) for starts, ends in of_day]


def _at(day: date, minute: int) -> datetime:
    return datetime.combine(day, time(), tzinfo=IST) + timedelta(minutes=minute)
