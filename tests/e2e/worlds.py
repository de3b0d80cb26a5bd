"""Worlds that several end-to-end tests play, and what they ask at the end of a day."""

from simulator import BankDelays, Delay, Knobs, SimulatorConfig
from tests.e2e.live import Live

QUICK = Delay(median=30.0, sigma=0.3, least=10.0, most=90.0)
OPEN_CASES = "SELECT count(*) FROM case_file WHERE state = 'open'"
DUE_AGAIN = "SELECT count(*) FROM hop_retry WHERE due_at IS NOT NULL"


def quick_day(complaints: int, **knobs: float) -> SimulatorConfig:
    """Return a day of one second in which every bank answers soon; banks err only as `knobs` say."""
    return SimulatorConfig(
        seed=5,
        complaints=complaints,
        institutions=8,
        clock_factor=300.0,
        day_seconds=300.0,
        knobs=Knobs.none().model_copy(update=knobs),
        delays=BankDelays(api=QUICK, seat=QUICK, mail=QUICK),
    )


async def nothing_is_left(engine: Live, *counts: str) -> bool:
    """Return whether every complaint is taken and each of these queries counts nothing."""
    complaints = engine.sim.state()["complaints"]
    assert isinstance(complaints, dict)
    if not complaints["done"]:
        return False
    left: int = await engine.pool.fetchval("SELECT " + " + ".join(f"({count})" for count in counts))
    return left == 0


async def check_money_on_hold(engine: Live) -> None:
    """No bank was asked twice, the ledger has on hold what banks have on hold, and verify finds nothing."""
    assert engine.sim.banks.book.repeated_requests == []
    held = await engine.pool.fetchval("SELECT sum(balance_paise)::bigint FROM ledger_balance WHERE bucket = 'held'")
    assert held == engine.sim.world.held_paise > 0
    assert (await engine.verified()).as_text() == "clean"
