"""Rosters of the institutions' officers, and the days on which banks are closed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from asyncpg import Record

from db.pool import Connection
from domain.banks.on_duty import Holidays, calling_order
from domain.policy.telephone import HolidayRules
from schemas.banks.rosters import MINUTES_A_DAY, WEEK, Holiday, Leave, NodalOfficer, OfficerToCall, Shift

_OFFICERS: Final = """
SELECT o.institution, o.name, o.role, o.email, o.mobile, o.works_on_holidays,
    ARRAY(SELECT ROW(s.day_no, s.starts_minute, s.ends_minute) FROM officer_shift s
        WHERE s.officer_id = o.officer_id ORDER BY s.day_no, s.starts_minute) AS shifts,
    ARRAY(SELECT ROW(l.first_day, l.last_day) FROM officer_leave l
        WHERE l.officer_id = o.officer_id ORDER BY l.first_day, l.last_day) AS leaves
FROM nodal_officer o WHERE $1::text[] IS NULL OR o.institution = ANY($1) ORDER BY o.institution, o.call_order
"""

_CLOSED: Final = """
SELECT institution, day FROM bank_holiday
WHERE $1::text[] IS NULL OR institution IS NULL OR institution = ANY($1)
"""


async def replace_officers(connection: Connection, officers: Mapping[str, Sequence[NodalOfficer]]) -> None:
    """Replace the officers of these institutions, each list in the order of calling."""
    await connection.execute("DELETE FROM nodal_officer WHERE institution = ANY($1)", list(officers))
    rows = [(code, place, item) for code, all_of_it in officers.items() for place, item in enumerate(all_of_it, 1)]
    written = await connection.fetchmany(
        "INSERT INTO nodal_officer (institution, call_order, name, role, email, mobile, works_on_holidays)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING officer_id",
        [(code, place, o.name, o.role, o.email, o.mobile, o.works_on_holidays) for code, place, o in rows],
    )
    with_ids = [(row["officer_id"], officer) for row, (_, _, officer) in zip(written, rows, strict=True)]
    await connection.executemany(
        "INSERT INTO officer_shift (officer_id, day_no, starts_minute, ends_minute) VALUES ($1, $2, $3, $4)",
        [
            (officer_id, WEEK.index(day) + 1, *shift.minutes)
            for officer_id, officer in with_ids
            for shift in officer.shifts
            for day in shift.days
        ],
    )
    await connection.executemany(
        "INSERT INTO officer_leave (officer_id, first_day, last_day) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [(officer_id, item.first_day, item.last_day) for officer_id, officer in with_ids for item in officer.leaves],
    )


async def officers(connection: Connection, codes: Iterable[str] | None = None) -> dict[str, tuple[NodalOfficer, ...]]:
    """Return the officers of these institutions (of all by default) in the order of calling."""
    by_code: dict[str, tuple[NodalOfficer, ...]] = {}
    for row in await connection.fetch(_OFFICERS, None if codes is None else list(codes)):
        by_code[row["institution"]] = (*by_code.get(row["institution"], ()), _officer(row))
    return by_code


async def closed_days(connection: Connection, codes: Iterable[str] | None = None) -> dict[str | None, frozenset[date]]:
    """Return the entered holidays of these institutions (of all by default), by institution.

    The holidays of every institution stand under None.
    """
    by_code: dict[str | None, set[date]] = {None: set()}
    for row in await connection.fetch(_CLOSED, None if codes is None else list(codes)):
        by_code.setdefault(row["institution"], set()).add(row["day"])
    return {code: frozenset(days) for code, days in by_code.items()}


async def to_call(
    connection: Connection, codes: Iterable[str], rules: HolidayRules, at: datetime
) -> dict[str, tuple[OfficerToCall, ...]]:
    """Return the officers to call at these institutions, those on duty first."""
    wanted = sorted(set(codes))
    if not wanted:
        return {}
    closed = await closed_days(connection, wanted)
    everywhere = closed[None]
    return {
        code: tuple(calling_order(known, Holidays(rules, everywhere | closed.get(code, frozenset())), at))
        for code, known in (await officers(connection, wanted)).items()
    }


async def replace_holidays(connection: Connection, institution: str | None, holidays: Sequence[Holiday]) -> None:
    """Replace the holidays of one institution, or (None) those of every institution.

    Raises `asyncpg.UniqueViolationError` for a day that is named twice.
    """
    await connection.execute("DELETE FROM bank_holiday WHERE institution IS NOT DISTINCT FROM $1", institution)
    await connection.executemany(
        "INSERT INTO bank_holiday (institution, day, name, source) VALUES ($1, $2, $3, $4)",
        [(institution, holiday.day, holiday.name, holiday.source) for holiday in holidays],
    )


async def holidays(connection: Connection, institution: str | None) -> list[Holiday]:
    """Return the holidays of one institution, or (None) those of every institution, by day."""
    rows = await connection.fetch(
        "SELECT day, name, source FROM bank_holiday WHERE institution IS NOT DISTINCT FROM $1 ORDER BY day", institution
    )
    return [Holiday(day=row["day"], name=row["name"], source=row["source"]) for row in rows]


def _officer(row: Record) -> NodalOfficer:
    days: dict[tuple[int, int], list[int]] = {}
    for day_no, starts, ends in row["shifts"]:
        days.setdefault((starts, ends), []).append(day_no)
    return NodalOfficer(
        name=row["name"],
        role=row["role"],
        email=row["email"],
        mobile=row["mobile"],
        works_on_holidays=row["works_on_holidays"],
        shifts=tuple(
            Shift(days=tuple(WEEK[day_no - 1] for day_no in day_nos), starts=_clock(starts), ends=_clock(ends))
            for (starts, ends), day_nos in days.items()
        ),
        leaves=tuple(Leave(first_day=first, last_day=last) for first, last in row["leaves"]),
    )


def _clock(minute: int) -> str:
    assert 0 <= minute <= MINUTES_A_DAY, "a check of the database limits it"
    return f"{minute // 60:02}:{minute % 60:02}"
