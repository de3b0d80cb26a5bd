"""A day on the real engine: banks do not find a victim's transfer at first, and victims' banks are asked too.

M3: the money is caught all the same. The worker is killed when the first banks have said that they find nothing. The
time of the next question is in PostgreSQL. The victims' banks confirm debits and name others, some of them wrongly and
late: the loss stays what the victims told.
"""

import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.live import Live, live
from tests.e2e.worlds import DUE_AGAIN, OPEN_CASES, check_money_on_hold, nothing_is_left, quick_day
from tests.ground import Ground

pytestmark = pytest.mark.world

LIMIT_SECONDS = 400.0
INQUIRIES_DUE = "SELECT count(*) FROM payer_inquiry WHERE due_at IS NOT NULL"
OF_THE_VICTIM = "source = 'complaint' AND NOT flags @> '[{\"code\": \"found_by_payers_bank\"}]'"


async def test_m3_money_is_caught_at_the_second_question_and_the_loss_stays_what_the_victims_told(
    tmp_path: Path, ground: Ground
) -> None:
    config = quick_day(6, not_found_first=1.0, payer_bank_answers=0.9, payer_bank_wrong=0.3, payer_bank_late=0.3)
    async with live(tmp_path / "home", config, ground, asks_payers_banks=True) as engine:
        engine.play()

        async def refused() -> bool:
            return bool(await engine.pool.fetchval("SELECT count(*) FROM hop_retry"))

        async def over() -> bool:
            return await nothing_is_left(engine, OPEN_CASES, DUE_AGAIN, INQUIRIES_DUE)

        await engine.until(refused, LIMIT_SECONDS, "a bank does not find a transfer")
        pid = engine.pid("worker --queue golden-hour")
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await engine.until(over, LIMIT_SECONDS, "every case is settled and nothing is due")
        await check_asked_again(engine)
        await check_victims_banks(engine)
        await check_money_on_hold(engine)


async def check_asked_again(engine: Live) -> None:
    """Assert that each bank was asked again for what it did not find."""
    asked = Counter((t.report.ack_no, rrn) for t in engine.sim.banks.book.tickets for rrn in t.rrns)
    roots = await engine.pool.fetch(f"SELECT case_no, reference FROM hop WHERE layer = 1 AND {OF_THE_VICTIM}")
    assert roots
    assert all(asked[root["case_no"], root["reference"]] >= 2 for root in roots)


async def check_victims_banks(engine: Live) -> None:
    """Assert that victims' banks have answered, and that the loss is what the victims told."""
    states = {row["state"] for row in await engine.pool.fetch("SELECT state FROM payer_inquiry")}
    kinds = {row["kind"] for row in await engine.pool.fetch("SELECT kind FROM payer_statement")}
    assert "answered" in states
    assert "confirmed" in kinds
    told = await engine.pool.fetchval(f"SELECT sum(amount_paise) FROM hop WHERE {OF_THE_VICTIM}")
    lost = await engine.pool.fetchval("SELECT -sum(balance_paise) FROM ledger_balance WHERE bucket = 'lost'")
    assert told == lost
