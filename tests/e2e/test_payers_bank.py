"""Victims' banks are asked on the real engine: they confirm debits and name others, some of them wrongly and late."""

from pathlib import Path

import pytest

from simulator import BankDelays, Delay, Knobs, SimulatorConfig
from tests.e2e.live import Live, live
from tests.ground import Ground

pytestmark = pytest.mark.end_to_end

COMPLAINTS = 6
LIMIT_SECONDS = 240.0
QUICK = Delay(median=30.0, sigma=0.3, least=10.0, most=90.0)
ANSWERS = {"payer_bank_answers": 0.9, "payer_bank_wrong": 0.3, "payer_bank_late": 0.3}


async def test_victims_banks_are_asked_and_the_loss_stays_what_the_victims_told(tmp_path: Path, ground: Ground) -> None:
    config = SimulatorConfig(
        seed=5,
        complaints=COMPLAINTS,
        institutions=8,
        clock_factor=300.0,
        day_seconds=300.0,
        knobs=Knobs.none().model_copy(update=ANSWERS),
        delays=BankDelays(api=QUICK, seat=QUICK, mail=QUICK),
    )
    async with live(tmp_path / "home", config, ground, asks_payers_banks=True) as engine:
        engine.play()
        await engine.until(lambda: over(engine), LIMIT_SECONDS, "every case is settled and every inquiry has ended")
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
        assert engine.sim.banks.book.repeated_requests == []
        held = await engine.pool.fetchval("SELECT sum(balance_paise)::bigint FROM ledger_balance WHERE bucket = 'held'")
        assert held == engine.sim.world.held_paise > 0
        assert (await engine.verified()).as_text() == "clean"


async def over(engine: Live) -> bool:
    """Whether every complaint is taken, every case is settled, and every inquiry is over."""
    complaints = engine.sim.state()["complaints"]
    assert isinstance(complaints, dict)
    if not complaints["done"]:
        return False
    left: int = await engine.pool.fetchval(
        "SELECT (SELECT count(*) FROM case_file WHERE state = 'open')"
        " + (SELECT count(*) FROM payer_inquiry WHERE due_at IS NOT NULL)"
    )
    return left == 0
