"""Ends of shifts, in Indian time. Pure."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from schemas.base import FrozenModel, UtcDatetime
from schemas.officers import TeamShift
from schemas.text import IST

DAY: Final = timedelta(days=1)


class ShiftSpan(FrozenModel):
    """One shift of a team."""

    starts_at: UtcDatetime
    ends_at: UtcDatetime


def ended_shifts(shifts: Sequence[TeamShift], now: datetime, look_back: timedelta) -> list[ShiftSpan]:
    """Return the shifts that ended in the time before `now`, the oldest first.

    A shift until midnight and one from midnight on are one shift. A team that works around the clock has no end.
    """
    last = now.astimezone(IST).date() + DAY
    days = look_back.days + 3
    spans: list[ShiftSpan] = []
    for day in (last - DAY * back for back in range(days, -1, -1)):
        for one in _of_day(shifts, day):
            if spans and spans[-1].ends_at == one.starts_at == _at(day, 0):
                spans[-1] = ShiftSpan(starts_at=spans[-1].starts_at, ends_at=one.ends_at)
            else:
                spans.append(one)
    return [span for span in spans if now - look_back <= span.ends_at <= now]


def _of_day(shifts: Sequence[TeamShift], day: date) -> list[ShiftSpan]:
    of_day = sorted((one.starts_minute, one.ends_minute) for one in shifts if one.day_no == day.isoweekday())
    return [ShiftSpan(starts_at=_at(day, starts), ends_at=_at(day, ends)) for starts, ends in of_day]


def _at(day: date, minute: int) -> datetime:
    return datetime.combine(day, time(), tzinfo=IST) + timedelta(minutes=minute)
