"""M3: banks that do not find a victim's transfer at first, on the real engine: the money is caught all the same.

The worker is killed when the first banks have said so. The time of the next question is in PostgreSQL.
"""

import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.live import live
from tests.e2e.worlds import DUE_AGAIN, OPEN_CASES, check_money_on_hold, nothing_is_left, quick_day
from tests.ground import Ground

pytestmark = pytest.mark.end_to_end

LIMIT_SECONDS = 240.0


async def test_m3_money_is_caught_at_banks_that_find_it_when_they_are_asked_again(
    tmp_path: Path, ground: Ground
) -> None:
    async with live(tmp_path / "home", quick_day(4, not_found_first=1.0), ground) as engine:
        engine.play()

        async def refused() -> bool:
            return bool(await engine.pool.fetchval("SELECT count(*) FROM hop_retry"))

        async def over() -> bool:
            return await nothing_is_left(engine, OPEN_CASES, DUE_AGAIN)

        await engine.until(refused, LIMIT_SECONDS, "a bank does not find a transfer")
        pid = engine.pid("worker --queue golden-hour")
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await engine.until(over, LIMIT_SECONDS, "every case is settled and nothing is due")
        asked = Counter((t.report.ack_no, rrn) for t in engine.sim.banks.book.tickets for rrn in t.rrns)
        roots = await engine.pool.fetch("SELECT case_no, reference FROM hop WHERE layer = 1")
        assert roots
        assert all(asked[root["case_no"], root["reference"]] >= 2 for root in roots)
        await check_money_on_hold(engine)
