"""Account holders appeal with a cheap phone: a short message, a code, the public page; and each level answers them.

Nothing here knows more than a stranger: references and codes come out of the gateway's messages, all else over HTTP.
"""

from pathlib import Path

import pytest

from simulator import SimulatorConfig
from simulator.config import DAY_SECONDS, Delay, RestorationHabits
from tests.e2e.live import Live, live
from tests.e2e.test_restorations import HOLDS_LAST_SECONDS, world
from tests.ground import Ground

pytestmark = pytest.mark.world

COMPLAINTS = 6
LIMIT_SECONDS = 400.0
DAY_WALL_SECONDS = 4.0
"""a level has 15 of these days: a busy machine needs many times what a quiet one does"""


def everybody_appeals(**habits: object) -> SimulatorConfig:
    """No victim applies, every holder appeals, no level forgets to decide; people need hours and not days."""
    plain = {"applies": 0, "fir": 0, "appeals": 1, "level_sleeps": 0, "appeal_genuine": 1, "appeals_on": 1}
    quick = {"visit": Delay(median=DAY_SECONDS / 4), "looks_again": Delay(median=DAY_SECONDS)}
    people = RestorationHabits.model_validate(plain | quick | habits)
    factor = DAY_SECONDS / DAY_WALL_SECONDS
    changes = {"complaints": COMPLAINTS, "procedure_clock_factor": factor, "restoration": people}
    return world().model_copy(update=changes)


async def decisions(engine: Live) -> set[tuple[str, str]]:
    rows = await engine.pool.fetch("SELECT level, decision FROM grievance_level WHERE decision IS NOT NULL")
    return {(row["level"], row["decision"]) for row in rows}


async def let_go(engine: Live) -> int:
    """Return how many orders that a grievance brought are carried out."""
    released: int = await engine.pool.fetchval(
        "SELECT count(*) FROM bank_order WHERE reason = 'grievance' AND state = 'confirmed'"
    )
    return released


async def test_a_decision_that_does_not_convince_is_taken_up_and_whose_money_it_is_gets_it_back(
    tmp_path: Path, ground: Ground
) -> None:
    """One day: first no officer believes anybody, and once a second level has refused, every officer believes all."""
    config = everybody_appeals(level_convinced=0)
    async with live(
        tmp_path / "home", config, ground, letters=True, restores=True, holds_last_seconds=HOLDS_LAST_SECONDS
    ) as engine:
        engine.play()

        async def is_taken_on() -> bool:
            return {("io", "upheld"), ("dy_sp", "upheld")} <= await decisions(engine)

        await engine.until(is_taken_on, LIMIT_SECONDS, "a decision is taken to the next level")
        assert not await engine.pool.fetchval("SELECT count(*) FROM bank_order WHERE reason = 'grievance'")
        same = await engine.pool.fetchval(
            "SELECT count(*) FROM (SELECT grievance_id FROM grievance_level WHERE decision IS NOT NULL"
            " GROUP BY grievance_id HAVING count(DISTINCT ended_by) < count(*)) AS of_one_name"
        )
        assert same == 0
        handlers = engine.sim.grievance_handlers
        assert handlers is not None
        handlers.config = everybody_appeals(level_convinced=1)

        async def is_let_go() -> bool:
            return await let_go(engine) >= 2

        await engine.until(is_let_go, LIMIT_SECONDS, "appeals let money go")
        assert {decision for _, decision in await decisions(engine)} <= {"upheld", "released", "part_released"}
        assert engine.sim.appellants is not None
        assert engine.sim.appellants.done["appeals"] >= 2
        assert (await engine.verified()).clean
