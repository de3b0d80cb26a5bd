"""Money goes home over every channel: simulated victims, officers and courts at our own doors, banks that pay.

What must hold in the end: what banks say they have credited is what the ledger has as restored, but for what is against
an order; nothing was paid twice by the ledger; verify finds nothing.
"""

from pathlib import Path

import pytest

from simulator import BankDelays, Delay, Knobs, SimulatorConfig
from simulator.config import Channels, HomeHabits, OrderHabits
from tests.e2e.live import Live, live

pytestmark = pytest.mark.end_to_end

HOME_LIMIT_SECONDS = 120.0
EVERY = Channels(api=("i4c", "push", "pull"), seat=("pull",), mail=("email",))


def world(**habits: object) -> SimulatorConfig:
    """Six complaints at once, banks without traps; everybody applies and nobody objects, unless told otherwise."""
    quick = Delay(median=5.0)
    return SimulatorConfig(
        complaints=6,
        institutions=8,
        clock_factor=60.0,
        day_seconds=60.0,
        procedure_clock_factor=172_800.0,
        knobs=Knobs.none(),
        delays=BankDelays(api=quick, seat=quick, mail=quick),
        channels=EVERY,
        orders=OrderHabits(late=0, in_part=0.3, twice=0.2, elsewhere=0.2),
        way_home=HomeHabits.model_validate({"applies": 1, "objects": 0, "sp_refuses": 0, "sent_back": 0} | habits),
    )


async def is_home(engine: Live) -> bool:
    """Whether the day is over, everything that was on hold went home or was let go, and banks have said their last."""
    complaints, orders = engine.sim.state()["complaints"], engine.sim.offices.figures
    assert isinstance(complaints, dict)
    waiting = await engine.pool.fetchval(
        "SELECT (SELECT count(*) FROM held_hop WHERE taken_up_at IS NULL)"
        " + (SELECT count(*) FROM case_file WHERE first_held_at IS NULL)"
        " + (SELECT count(*) FROM restoration WHERE state = 'open' AND step <> 'bond')"
    )
    return bool(complaints["done"]) and not waiting and orders["open"] == 0


async def paise(engine: Live, bucket: str) -> int:
    found: int = await engine.pool.fetchval(
        "SELECT coalesce(sum(balance_paise), 0)::bigint FROM ledger_balance WHERE bucket = $1", bucket
    )
    return found


async def test_money_goes_home_over_every_channel(tmp_path: Path) -> None:
    async with live(tmp_path, world(), letters=True, goes_home=True) as engine:
        engine.play()
        await engine.until(lambda: is_home(engine), HOME_LIMIT_SECONDS, "the money goes home")
        assert await paise(engine, "restored") > 0
        channels = await engine.pool.fetch("SELECT DISTINCT channel FROM bank_order WHERE state = 'confirmed'")
        assert {row["channel"] for row in channels} >= {"push", "pull", "email"}
        wrong = await engine.pool.fetchval(
            "SELECT coalesce(sum(k.amount_paise - k.applied_paise), 0)::bigint FROM bank_confirmation k"
            " JOIN bank_order o USING (order_id) WHERE o.kind = 'restore' AND k.disposition <> 'duplicate'"
        )
        said = engine.sim.offices.done_paise["restore"]
        assert said - wrong == await paise(engine, "restored")
        assert (await engine.verified()).clean
