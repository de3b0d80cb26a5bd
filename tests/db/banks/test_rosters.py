"""Officers, their hours, leave and the holidays of banks as PostgreSQL keeps them."""

from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from activities.banks.directory import load_directory
from activities.secrets import SecretBox
from db.banks import institutions, rosters
from db.pool import Pool
from domain.policy.telephone import HolidayRules
from schemas.banks.rosters import Holiday, NodalOfficer
from tests.factories import SECRET, institution

OFFICERS = tuple(
    NodalOfficer.model_validate(told)
    for told in (
        {
            "name": "A. First",
            "role": "principal nodal officer",
            "email": "first@bank.example",
            "mobile": "9000000001",
            "shifts": [
                {"days": ["mon", "tue", "wed"], "starts": "10:00", "ends": "18:00"},
                {"days": ["sat"], "starts": "22:30", "ends": "24:00"},
            ],
            "leaves": [{"first_day": "2026-12-01", "last_day": "2026-12-05"}],
        },
        {"mobile": "9000000002", "works_on_holidays": True},
    )
)


@pytest.fixture
async def banks(database: Pool) -> Pool:
    """A directory of two banks."""
    await load_directory(database, SecretBox(SECRET), [institution("SBIN"), institution("HDFC")])
    return database


async def test_officers_come_back_as_they_were_written_in_the_order_of_calling(banks: Pool) -> None:
    async with banks.acquire() as connection:
        for written in (OFFICERS, OFFICERS[::-1]):
            await rosters.replace_officers(connection, {"SBIN": written})
            assert (await rosters.officers(connection))["SBIN"] == written
        assert [one.name for one in (await rosters.officers(connection))["HDFC"]] == ["N. Officer"]
        await rosters.replace_officers(connection, {"SBIN": ()})
        assert set(await rosters.officers(connection, ["SBIN", "HDFC"])) == {"HDFC"}


async def test_whom_to_call_knows_the_holidays_of_all_and_of_each(banks: Pool) -> None:
    rules, noon = HolidayRules(source="none of them"), datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
    closed = [Holiday(day=date(2026, 11, 24), name="Fair", source="the bank's letter")]
    async with banks.acquire() as connection:
        await rosters.replace_officers(connection, {"SBIN": OFFICERS, "HDFC": OFFICERS})

        async def working() -> dict[str, list[bool]]:
            found = await rosters.to_call(connection, ["SBIN", "HDFC", "NONE"], rules, noon)
            return {code: [one.on_duty for one in order] for code, order in found.items()}

        assert await working() == {"SBIN": [True, True], "HDFC": [True, True]}
        await rosters.replace_holidays(connection, "SBIN", closed)
        assert await working() == {"SBIN": [True, False], "HDFC": [True, True]}
        await rosters.replace_holidays(connection, None, closed)
        await rosters.replace_holidays(connection, "SBIN", [])
        assert await working() == {"SBIN": [True, False], "HDFC": [True, False]}
        assert [bank.closed_days for bank in await institutions.list_all(connection)] == [{date(2026, 11, 24)}] * 2


@pytest.mark.parametrize(
    ("shifts", "refused"),
    [
        ([(1, 600, 1080), (1, 1080, 1200), (2, 600, 1080)], False),
        ([(1, 600, 1080), (1, 1079, 1200)], True),
        ([(1, 600, 1441)], True),
        ([(7, 600, 1440), (1, 0, 60)], False),
        ([(1, 600, 600)], True),
        ([(8, 600, 700)], True),
    ],
)
async def test_the_database_refuses_shifts_that_overlap_or_cannot_be(
    banks: Pool, shifts: list[tuple[int, int, int]], refused: bool
) -> None:
    first = await banks.fetchval("SELECT min(officer_id) FROM nodal_officer")
    write = "INSERT INTO officer_shift (officer_id, day_no, starts_minute, ends_minute) VALUES ($1, $2, $3, $4)"
    rows: list[Any] = [(officer_id, *shift) for officer_id in (first, first + 1) for shift in shifts]
    if not refused:
        await banks.executemany(write, rows)
        return
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await banks.executemany(write, rows)


async def test_whatever_is_written_of_officers_or_holidays_is_seen(banks: Pool) -> None:
    officer_id = await banks.fetchval("SELECT min(officer_id) FROM nodal_officer")
    seen = set()
    for statement in (
        f"INSERT INTO officer_shift VALUES ({officer_id}, 1, 0, 60)",
        f"INSERT INTO officer_leave VALUES ({officer_id}, '2026-11-24', '2026-11-24')",
        "INSERT INTO bank_holiday VALUES (NULL, '2026-11-24', 'Fair', 'a letter')",
        f"DELETE FROM nodal_officer WHERE officer_id = {officer_id}",
    ):
        await banks.execute(statement)
        async with banks.acquire() as connection:
            seen.add(await institutions.version(connection))
    assert len(seen) == 4
