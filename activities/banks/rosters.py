"""The officers of an institution and the holidays of banks, written over what is known of them."""

from collections import Counter
from collections.abc import Sequence

from activities.directory import DirectoryRefused
from db.banks import institutions, rosters
from db.pool import Connection, Pool
from domain.errors import NotFound
from schemas.banks.rosters import Holiday, NodalOfficer

MAX_HOLIDAYS = 500


async def set_officers(pool: Pool, code: str, officers: Sequence[NodalOfficer]) -> None:
    """Write an institution's officers, in the order of calling, over those that are known. Raises `NotFound`."""
    async with pool.acquire() as connection, connection.transaction():
        await _hold_known(connection, code)
        await rosters.replace_officers(connection, {code: officers})


async def set_holidays(pool: Pool, code: str | None, holidays: Sequence[Holiday]) -> None:
    """Write the holidays of one institution, or (None) those of every one, over those that are known.

    Raises `NotFound`, and `DirectoryRefused` for a day that is named twice or more days than there can be.
    """
    if len(holidays) > MAX_HOLIDAYS:
        raise DirectoryRefused(f"{len(holidays)} holidays: at most {MAX_HOLIDAYS}")
    twice = sorted(day for day, times in Counter(holiday.day for holiday in holidays).items() if times > 1)
    if twice:
        raise DirectoryRefused(f"a holiday is named twice: {', '.join(map(str, twice[:5]))}")
    async with pool.acquire() as connection, connection.transaction():
        await _hold_known(connection, code)
        await rosters.replace_holidays(connection, code, holidays)


async def _hold_known(connection: Connection, code: str | None) -> None:
    await institutions.hold(connection)
    if code is not None and not await institutions.known_codes(connection, [code]):
        raise NotFound(f"institution {code}")
