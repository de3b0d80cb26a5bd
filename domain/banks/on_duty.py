"""People of a bank on duty, and the login by which it answers.

Officers of an institution on duty, and the next officer on duty. Working hours are in IST, which has no summer time, so
every day has 24 hours.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from domain.policy.telephone import HolidayRules
from schemas.banks.institutions import Institution, Lack
from schemas.banks.rosters import MINUTES_A_DAY, WEEK, NodalOfficer, OfficerToCall, Weekday
from schemas.base import to_utc
from schemas.enums import ChannelKind
from schemas.text import IST

LOOK_AHEAD_DAYS: Final = 400
"""An officer who is away for longer has no usable next shift."""

_WHOLE_DAY: Final = ((0, MINUTES_A_DAY),)


@dataclass(frozen=True, slots=True)
class Holidays:
    """Days on which an institution is closed: those of every year, and those given by date."""

    rules: HolidayRules
    dated: Collection[date] = frozenset()

    def __contains__(self, day: date) -> bool:
        if day in self.dated or f"{day:%m-%d}" in self.rules.yearly:
            return True
        return WEEK[day.weekday()] is Weekday.SAT and (day.day + 6) // 7 in self.rules.saturdays


def on_duty(officers: Sequence[NodalOfficer], holidays: Holidays, at: datetime) -> list[NodalOfficer]:
    """Return the officers who work at that moment, in the order of calling."""
    local = at.astimezone(IST)
    minute = local.hour * 60 + local.minute
    return [
        officer
        for officer in officers
        if any(starts <= minute < ends for starts, ends in _hours(officer, holidays, local.date()))
    ]


def calling_order(officers: Sequence[NodalOfficer], holidays: Holidays, at: datetime) -> list[OfficerToCall]:
    """Return all officers: those on duty in the order of calling, then the others by their next shift."""
    working = on_duty(officers, holidays, at)
    away = [(officer, _back_at(officer, holidays, at)) for officer in officers if officer not in working]
    away.sort(key=lambda absent: (absent[1] is None, absent[1] or at))
    return [_to_call(officer, True, None) for officer in working] + [
        _to_call(absent, False, back) for absent, back in away
    ]


def _to_call(officer: NodalOfficer, works: bool, back_at: datetime | None) -> OfficerToCall:
    return OfficerToCall(
        name=officer.name,
        role=officer.role,
        email=officer.email,
        mobile=officer.mobile,
        on_duty=works,
        off_duty_until=back_at,
    )


def _back_at(officer: NodalOfficer, holidays: Holidays, at: datetime) -> datetime | None:
    """Return the start of the next shift of an officer off duty; None if there is none within `LOOK_AHEAD_DAYS`."""
    starts = (start for start in _starts(officer, holidays, at.astimezone(IST).date()) if start > at)
    return next(starts, None)


def _starts(officer: NodalOfficer, holidays: Holidays, today: date) -> Iterator[datetime]:
    for days in range(LOOK_AHEAD_DAYS):
        day = today + timedelta(days=days)
        midnight = datetime(day.year, day.month, day.day, tzinfo=IST)
        for minute, _ in sorted(_hours(officer, holidays, day)):
            yield to_utc(midnight + timedelta(minutes=minute))


def _hours(officer: NodalOfficer, holidays: Holidays, day: date) -> Sequence[tuple[int, int]]:
    """Return the officer's shifts on that day, each as its first minute and the minute after its last."""
    if any(leave.first_day <= day <= leave.last_day for leave in officer.leaves):
        return ()
    if not officer.shifts:
        return _WHOLE_DAY
    if day in holidays and not officer.works_on_holidays:
        return ()
    weekday = WEEK[day.weekday()]
    return [shift.minutes for shift in officer.shifts if weekday in shift.days]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Login and key of an institution at our API."""

    has_login: bool = False
    has_key: bool = False
    """whether a key is registered that has not ended"""


_API_CHANNELS: Final = frozenset({ChannelKind.PUSH, ChannelKind.PULL})


def lacks_of(institution: Institution, known: Mapping[str, Credentials]) -> tuple[Lack, ...]:
    """Return what the institution lacks for its channels.

    Without a channel it is asked by telephone or through its sponsor, and lacks nothing.
    """
    own = known.get(institution.code, Credentials())
    channels = frozenset(institution.channels)
    missing = []
    if ChannelKind.I4C in channels and not own.has_login:
        missing.append(Lack.LOGIN)
    elif channels & _API_CHANNELS and not (own.has_login or own.has_key):
        missing.append(Lack.LOGIN_OR_KEY)
    addresses = (institution.desk_email, *(officer.email for officer in institution.nodal_officers))
    if channels and not any(addresses):
        missing.append(Lack.EMAIL)
    return tuple(missing)
