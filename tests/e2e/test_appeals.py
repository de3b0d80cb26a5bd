"""Account holders appeal with a cheap phone: a short message, a code, the public page; and the ladder answers them.

Nothing here knows more than a stranger: references and codes come out of the gateway's messages, all else over HTTP.
"""

from pathlib import Path

import pytest

from simulator import SimulatorConfig
from simulator.config import HomeHabits
from tests.e2e.live import Live, live
from tests.e2e.test_way_home import world
from tests.ground import Ground

pytestmark = pytest.mark.end_to_end

LIMIT_SECONDS = 400.0
CONVINCED = 0.5


def everybody_appeals() -> SimulatorConfig:
    """No victim applies, every holder appeals, no level forgets to decide; a day passes in less than a second."""
    plain = {"applies": 0, "fir": 0, "appeals": 1, "level_sleeps": 0, "appeal_genuine": 1, "appeals_on": 1}
    people = HomeHabits.model_validate(plain | {"level_convinced": CONVINCED})
    return world().model_copy(update={"procedure_clock_factor": 129_600.0, "way_home": people})


async def decisions(engine: Live) -> set[tuple[str, str]]:
    rows = await engine.pool.fetch("SELECT level, decision FROM grievance_level WHERE decision IS NOT NULL")
    return {(row["level"], row["decision"]) for row in rows}


async def test_appeals_release_money_or_are_taken_up_the_ladder(tmp_path: Path, ground: Ground) -> None:
    """Levels are convinced of every second appeal: the money of those is released, the others go on."""
    async with live(tmp_path / "home", everybody_appeals(), ground, letters=True, goes_home=True) as engine:
        engine.play()

        async def is_both() -> bool:
            released: int = await engine.pool.fetchval(
                "SELECT count(*) FROM bank_order WHERE reason = 'grievance' AND state = 'confirmed'"
            )
            return released >= 2 and {("io", "upheld"), ("dy_sp", "upheld")} <= await decisions(engine)

        await engine.until(is_both, LIMIT_SECONDS, "appeals release money, and are taken to the next level")
        assert engine.sim.appellants is not None
        assert engine.sim.appellants.done["appeals"] >= 2
        await check_grievances(engine)
        assert (await engine.verified()).clean


async def check_grievances(engine: Live) -> None:
    """Money is released by those levels alone that decided so, and no officer decides one appeal twice."""
    unasked = await engine.pool.fetchval(
        "SELECT count(*) FROM bank_order o JOIN bank_order_line l USING (order_id) WHERE o.reason = 'grievance'"
        " AND NOT EXISTS (SELECT FROM grievance g JOIN grievance_level v USING (grievance_id)"
        " WHERE g.hold_id = l.hold_id AND v.decision IN ('released', 'part_released'))"
    )
    assert unasked == 0
    same = await engine.pool.fetchval(
        "SELECT count(*) FROM (SELECT grievance_id FROM grievance_level WHERE decision IS NOT NULL"
        " GROUP BY grievance_id HAVING count(DISTINCT ended_by) < count(*)) AS of_one_name"
    )
    assert same == 0
