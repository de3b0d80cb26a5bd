"""Account holders appeal with a cheap phone: a short message, a code, the public page; and each level answers them.

Nothing here knows more than a stranger: references and codes come out of the gateway's messages, all else over HTTP.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator import SimulatorConfig
from simulator.config import RestorationHabits
from tests.e2e.live import Live, live
from tests.e2e.test_restorations import world
from tests.ground import Ground

pytestmark = pytest.mark.end_to_end

LIMIT_SECONDS = 400.0


def everybody_appeals() -> SimulatorConfig:
    """No victim applies, every holder appeals, no level forgets to decide; a day passes in less than a second.

    For half of the holders the money is their own. Each level lets go of that, and of no other money.
    """
    habits = RestorationHabits(
        applies=0, fir=0, appeals=1, level_sleeps=0, appeal_genuine=0.5, level_convinced=1, appeals_on=1
    )
    return world().model_copy(update={"procedure_clock_factor": 129_600.0, "restoration": habits})


@pytest.fixture(scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory, module_ground: Ground) -> AsyncIterator[Live]:
    """One engine and one day for the module."""
    home: Path = tmp_path_factory.mktemp("engine")
    async with live(home, everybody_appeals(), module_ground, letters=True, restores=True) as engine:
        engine.play()
        yield engine


async def decisions(engine: Live, kyc: str) -> set[tuple[str, str]]:
    """What levels have decided where the bank knows its customer so well."""
    rows = await engine.pool.fetch(
        "SELECT level, decision FROM grievance_level WHERE decision IS NOT NULL AND grievance_id IN"
        " (SELECT grievance_id FROM grievance_level WHERE kyc = $1)",
        kyc,
    )
    return {(row["level"], row["decision"]) for row in rows}


async def test_whose_money_it_is_gets_it_back(engine: Live) -> None:
    async def is_let_go() -> bool:
        released: int = await engine.pool.fetchval(
            "SELECT count(*) FROM bank_order WHERE reason = 'grievance' AND state = 'confirmed'"
        )
        return released >= 2

    await engine.until(is_let_go, LIMIT_SECONDS, "appeals let money go")
    assert {decision for _, decision in await decisions(engine, "genuine")} <= {"released", "part_released"}
    assert engine.sim.appellants is not None
    assert engine.sim.appellants.done["appeals"] >= 2
    assert (await engine.verified()).clean


async def test_a_decision_that_does_not_convince_is_taken_up_the_levels(engine: Live) -> None:
    async def is_taken_on() -> bool:
        return {("io", "upheld"), ("dy_sp", "upheld")} <= await decisions(engine, "doubtful")

    await engine.until(is_taken_on, LIMIT_SECONDS, "a decision is taken to the next level")
    assert {decision for _, decision in await decisions(engine, "doubtful")} == {"upheld"}
    let_go = await engine.pool.fetchval(
        "SELECT count(*) FROM bank_order JOIN grievance_level USING (grievance_id)"
        " WHERE bank_order.reason = 'grievance' AND grievance_level.level = 'bank' AND kyc IS DISTINCT FROM 'genuine'"
    )
    assert let_go == 0, "money goes only where a level has let it go"
    same = await engine.pool.fetchval(
        "SELECT count(*) FROM (SELECT grievance_id FROM grievance_level WHERE decision IS NOT NULL"
        " GROUP BY grievance_id HAVING count(DISTINCT ended_by) < count(*)) AS of_one_name"
    )
    assert same == 0
    assert (await engine.verified()).clean
