"""Victims' banks are asked on the real engine: they confirm debits and name others, some of them wrongly and late."""

from pathlib import Path

import pytest

from tests.e2e.live import live
from tests.e2e.worlds import OPEN_CASES, check_money_on_hold, nothing_is_left, quick_day
from tests.ground import Ground

pytestmark = pytest.mark.end_to_end

LIMIT_SECONDS = 240.0
INQUIRIES_DUE = "SELECT count(*) FROM payer_inquiry WHERE due_at IS NOT NULL"


async def test_victims_banks_are_asked_and_the_loss_stays_what_the_victims_told(tmp_path: Path, ground: Ground) -> None:
    config = quick_day(6, payer_bank_answers=0.9, payer_bank_wrong=0.3, payer_bank_late=0.3)
    async with live(tmp_path / "home", config, ground, asks_payers_banks=True) as engine:
        engine.play()

        async def over() -> bool:
            return await nothing_is_left(engine, OPEN_CASES, INQUIRIES_DUE)

        await engine.until(over, LIMIT_SECONDS, "every case is settled and every inquiry has ended")
        states = {row["state"] for row in await engine.pool.fetch("SELECT state FROM payer_inquiry")}
        kinds = {row["kind"] for row in await engine.pool.fetch("SELECT kind FROM payer_statement")}
        assert "answered" in states
        assert "confirmed" in kinds
        told = await engine.pool.fetchval(
            "SELECT sum(amount_paise) FROM hop WHERE source = 'complaint'"
            ' AND NOT flags @> \'[{"code": "found_by_payers_bank"}]\''
        )
        lost = await engine.pool.fetchval("SELECT -sum(balance_paise) FROM ledger_balance WHERE bucket = 'lost'")
        assert told == lost
        await check_money_on_hold(engine)
