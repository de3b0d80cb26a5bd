"""Worlds that several end-to-end tests play, what they complain of, and what they ask at the end of a day."""

from datetime import UTC, datetime, timedelta

from simulator import BankDelays, Delay, Knobs, SimulatorConfig
from simulator.banks.faults import FaultyPost
from tests.e2e.live import Json, Live

QUICK = Delay(median=30.0, sigma=0.3, least=10.0, most=90.0)
OPEN_CASES = "SELECT count(*) FROM case_file WHERE state = 'open'"
DUE_AGAIN = "SELECT count(*) FROM hop_retry WHERE due_at IS NOT NULL"

CALL_SECONDS = 3
"""the longest call to a bank: a line that says nothing costs all of it before the request is tried again"""
TAKEN = {
    FaultyPost.SIGNATURE: {400},
    FaultyPost.CLOCK: {200},
    FaultyPost.REPLAYED: {200},
    FaultyPost.HUGE: {413},
    FaultyPost.CHARSET: {400},
    FaultyPost.CUT: {0},
    FaultyPost.DRIPPED: {200},
}
"""what the police say to a foul try; 0: nothing, for the line is gone"""
SIGNED = TAKEN | {
    FaultyPost.SIGNATURE: {401},
    FaultyPost.CLOCK: {401},
    FaultyPost.REPLAYED: {401},
}
"""what the police say to a foul try of a bank that signs"""
PAYER = {"institution": "SBIN", "account": "30000000001"}


def transfer(bank: str, reference: str, paise: int = 10_000_00) -> Json:
    """A transfer to an account at a bank, as a complaint has it."""
    return {
        "payer": PAYER,
        "payee": {"institution": bank, "account": "50100000000001"},
        "amount_paise": paise,
        "rrn": reference,
        "mode": "imps",
        "transferred_at": (datetime.now(UTC) - timedelta(minutes=5)).isoformat(),
    }


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
