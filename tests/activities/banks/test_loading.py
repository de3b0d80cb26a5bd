"""Lists about banks that are too long are refused before anything is read or written."""

from datetime import date, timedelta
from unittest.mock import MagicMock

import pytest

from activities.banks.directory import DirectoryRefused
from activities.banks.loading import MAX_HOLIDAYS, set_holidays
from schemas.banks.rosters import Holiday


async def test_more_holidays_than_there_is_room_for_are_refused() -> None:
    pool = MagicMock()
    days = [
        Holiday(day=date(2026, 1, 1) + timedelta(days=number), name="closed", source="a circular")
        for number in range(MAX_HOLIDAYS + 1)
    ]
    with pytest.raises(DirectoryRefused, match=f"{MAX_HOLIDAYS + 1} holidays: at most {MAX_HOLIDAYS}"):
        await set_holidays(pool, None, days)
    with pytest.raises(DirectoryRefused, match="a holiday is named twice: 2026-01-01"):
        await set_holidays(pool, None, [days[0], days[0]])
    pool.acquire.assert_not_called()
