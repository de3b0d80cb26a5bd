"""M3: banks that do not find a victim's transfer at first, on the real engine: the money is caught all the same.

The worker is killed when the first banks have said so. The time of the next question is in PostgreSQL.
"""

import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from simulator import BankDelays, Delay, Knobs, SimulatorConfig
from tests.e2e.live import Live, live
from tests.ground import Ground

pytestmark = pytest.mark.end_to_end

COMPLAINTS = 4
LIMIT_SECONDS = 240.0
QUICK = Delay(median=30.0, sigma=0.3, least=10.0, most=90.0)


async def test_m3_money_is_caught_at_banks_that_find_it_when_they_are_asked_again(
    tmp_path: Path, ground: Ground
) -> None:
    config = SimulatorConfig(
        seed=5,
        complaints=COMPLAINTS,
        institutions=8,
        clock_factor=300.0,
        day_seconds=300.0,
        knobs=Knobs.none().model_copy(update={"not_found_first": 1.0}),
        delays=BankDelays(api=QUICK, seat=QUICK, mail=QUICK),
    )
    async with live(tmp_path / "home", config, ground) as engine:
        engine.play()

        async def refused() -> bool:
            return bool(await engine.pool.fetchval("SELECT count(*) FROM hop_retry"))

        await engine.until(refused, LIMIT_SECONDS, "a bank does not find a transfer")
        pid = engine.pid("worker --queue golden-hour")
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await engine.until(lambda: over(engine), LIMIT_SECONDS, "every case is settled and nothing is due")
        asked = Counter((t.report.ack_no, rrn) for t in engine.sim.banks.book.tickets for rrn in t.rrns)
        roots = await engine.pool.fetch("SELECT case_no, reference FROM hop WHERE layer = 1")
        assert roots
        assert all(asked[root["case_no"], root["reference"]] >= 2 for root in roots)
        assert engine.sim.banks.book.repeated_requests == []
        held = await engine.pool.fetchval("SELECT sum(balance_paise)::bigint FROM ledger_balance WHERE bucket = 'held'")
        assert held == engine.sim.world.held_paise > 0
        assert (await engine.verified()).as_text() == "clean"


async def over(engine: Live) -> bool:
    """Whether every complaint is taken, every case is settled, and no bank is to be asked again."""
    complaints = engine.sim.state()["complaints"]
    assert isinstance(complaints, dict)
    if not complaints["done"]:
        return False
    left: int = await engine.pool.fetchval(
        "SELECT (SELECT count(*) FROM case_file WHERE state = 'open')"
        " + (SELECT count(*) FROM hop_retry WHERE due_at IS NOT NULL)"
    )
    return left == 0
