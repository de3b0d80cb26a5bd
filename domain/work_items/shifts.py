"""Shifts and their ends, and the officer who is chosen for a case."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from domain.officers.jurisdiction import district_key
from domain.officers.officers import is_open
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Role
from schemas.officers.officers import TeamShift
from schemas.privacy.personal_data import WHOLE_STATE
from schemas.restoration_enums import CaseDuty
from schemas.tasks import Candidate, Choice, NoOfficer, TeamHours
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
        for shift in _of_day(shifts, day):
            if spans and spans[-1].ends_at == shift.starts_at == _at(day, 0):
                spans[-1] = ShiftSpan(starts_at=spans[-1].starts_at, ends_at=shift.ends_at)
            else:
                spans.append(shift)
    return spans


def _of_day(shifts: Sequence[TeamShift], day: date) -> list[ShiftSpan]:
    of_day = sorted((shift.starts_minute, shift.ends_minute) for shift in shifts if shift.day_no == day.isoweekday())
    return [ShiftSpan(starts_at=_at(day, starts), ends_at=_at(day, ends)) for starts, ends in of_day]


def _at(day: date, minute: int) -> datetime:
    return datetime.combine(day, time(), tzinfo=IST) + timedelta(minutes=minute)


ROLE_OF_DUTY: Final[Mapping[CaseDuty, Role]] = {CaseDuty.IO: Role.IO, CaseDuty.SUPERVISING: Role.SP}
"""the duties that the engine assigns, and the role of those among whom it chooses"""

_key_of: Final = lru_cache(maxsize=4_096)(district_key)
"""A round compares the same few names for every case."""


def choose(
    candidates: Iterable[Candidate],
    district: str,
    at: datetime,
    open_cases: Mapping[str, int],
    without: Collection[str] = (),
) -> Choice | NoOfficer:
    """Return the officer who gets a case of this district at this time, or why no officer does.

    An officer of the district comes before one of the whole State, then one whose team works now, then the one with
    the fewest open cases, then the first by id. `without` are officers with another duty in the case.
    """
    key = _key_of(district)
    answering = [
        candidate for candidate in candidates if WHOLE_STATE in candidate.districts or _covers(candidate.districts, key)
    ]
    if not answering:
        return NoOfficer.NONE_IN_DISTRICT
    present = [
        candidate
        for candidate in answering
        if not (candidate.is_disabled or candidate.is_absent or candidate.officer_id in without)
    ]
    if not present:
        return NoOfficer.ALL_AWAY
    able = [candidate for candidate in present if candidate.has_details]
    if not able:
        return NoOfficer.DETAILS_MISSING

    def place(candidate: Candidate) -> tuple[bool, bool, int, str]:
        is_of_state = not _covers(candidate.districts, key)
        return (
            is_of_state,
            not works_now(candidate, key, at),
            open_cases.get(candidate.officer_id, 0),
            candidate.officer_id,
        )

    chosen = min(able, key=place)
    return Choice(
        officer=chosen,
        on_shift=works_now(chosen, key, at),
        open_cases=open_cases.get(chosen.officer_id, 0),
        candidates=len(able),
    )


def answering_for(candidates: Iterable[Candidate], districts: Collection[str]) -> list[Candidate]:
    """Return the officers who answer for one of these districts."""
    keys = {_key_of(name) for name in districts}
    return [
        candidate
        for candidate in candidates
        if WHOLE_STATE in candidate.districts or any(_key_of(d) in keys for d in candidate.districts)
    ]


def rivals(candidates: Collection[Candidate], districts: Collection[str]) -> set[str]:
    """Return the officers who answer for one of these districts beside others: only their cases are compared."""
    officer_ids = set[str]()
    for name in districts:
        near = answering_for(candidates, {name})
        if len(near) > 1:
            officer_ids |= {candidate.officer_id for candidate in near}
    return officer_ids


def works_now(officer: Candidate, key: str, at: datetime) -> bool:
    """Return whether a team of the officer that answers for the district works at this time."""
    return any(_answers_for(team, key) and is_open(team.shifts, at) for team in officer.teams)


def _covers(names: Iterable[str], key: str) -> bool:
    return any(_key_of(name) == key for name in names if name != WHOLE_STATE)


def _answers_for(team: TeamHours, key: str) -> bool:
    return not team.districts or WHOLE_STATE in team.districts or _covers(team.districts, key)
