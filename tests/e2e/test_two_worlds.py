"""C1: a tenth of the complaints are invented, and real victims get no rupee less.

One world is played twice: as it is, and with invented complaints beside the real ones. An invented complaint names the
account that took a real victim's money, and ten times the loss; the bank finds no such transfer. All money is at rest
before the first complaint, and no person or bank acts by chance. So what victims get does not depend on how quick the
engine is.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulator import ScriptedAnswer, SimulatorConfig, refusal_row
from simulator.config import MoneyModel, OrderHabits, RestorationHabits
from simulator.world.cases import ComplaintPlan
from tests.deep import DEEP
from tests.e2e.live import Live, live
from tests.e2e.worlds import nothing_is_left, quick_day
from tests.ground import Grounds

pytestmark = [
    pytest.mark.world,
    pytest.mark.skipif(not DEEP, reason="two engines, one after the other: in deep runs only"),
]

SEED = 20
REAL, INVENTED = 27, 3
INVENTED_SHARE = 0.12
"""with this seed it invents that number of complaints"""
WITHIN = 0.01
NOT_FOUND = "01"
LIMIT_SECONDS = 900.0
HOLDS_LAST_SECONDS = 4 * 365 * 86_400
"""no hold lapses while a busy machine still works on it"""
AT_REST = MoneyModel(
    reported_within_hour=0,
    reported_within_day=0,
    hops_scale=2.0,
    cash_share=0.1,
    merchant_share=0,
    vanish_share=0.1,
    shared_mule_rate=0,
    other_business_rate=0,
    shop_account_share=0,
)
"""each complaint comes days after the last transfer; no account has money of two cases"""
CERTAIN = RestorationHabits(
    applies=1, fir=0, objects=0, consents=0, court_refuses=0, sp_refuses=0, sent_back=0, appeals=0
)


@dataclass(frozen=True)
class Played:
    """What came of a world, in paise."""

    credited: dict[str, int]
    """what banks credited to the victims of real complaints, by the simulator's key"""
    liars: int
    claimed_by_liars: int
    refused_to_liars: int
    """what lies where an unconfirmed claim once counted: a bank said that no such transfer came"""
    credited_to_liars: int

    @property
    def total(self) -> int:
        """Return what all real victims got."""
        return sum(self.credited.values())


def world(invented: float) -> SimulatorConfig:
    """Return the world with that share of cases that have an invented complaint beside the real one."""
    return quick_day(REAL, invented_complaint=invented).model_copy(
        update={
            "seed": SEED,
            "procedure_clock_factor": 172_800.0,
            "money": AT_REST,
            "orders": OrderHabits(late=0, in_part=0, twice=0, elsewhere=0),
            "restoration": CERTAIN,
        }
    )


async def play(home: Path, config: SimulatorConfig, grounds: Grounds) -> Played:
    """Play a world on an engine of its own, until all money on hold has gone home."""
    async with (
        grounds.made() as ground,
        live(home, config, ground, letters=True, restores=True, holds_last_seconds=HOLDS_LAST_SECONDS) as engine,
    ):
        truth, late_truth = engine.sim.truth, engine.sim.late_truth
        assert truth.held_by_case == late_truth.held_by_case, "a slow engine holds as much as a quick one"
        find_nothing_for_liars(engine)
        engine.play()
        await engine.until(lambda: is_home(engine), LIMIT_SECONDS, "the money goes home")
        assert (await engine.verified()).as_text() == "clean"
        return await played(engine)


def is_invented(plan: ComplaintPlan) -> bool:
    """Return whether it is a complaint about a transfer that never was."""
    return plan.key.endswith("-invented")


def find_nothing_for_liars(engine: Live) -> None:
    """Let every bank that is asked about an invented transfer answer that it has no record of it."""
    for plan in (complaint for case in engine.sim.plans for complaint in case.complaints):
        for told in plan.transfers if is_invented(plan) else ():
            answer = ScriptedAnswer((refusal_row(told.reference, told.move.amount_paise, NOT_FOUND),))
            engine.sim.script(bank=told.bank, rrn=told.reference, answers=[answer])


async def is_home(engine: Live) -> bool:
    """Return whether every real case is settled, and no money is on hold any more."""
    real = [record.case_ack_no for record in engine.sim.records if not is_invented(record.plan)]
    numbers = ", ".join(f"'{case_no}'" for case_no in ["none", *real])
    open_cases = f"SELECT count(*) FROM case_file WHERE state = 'open' AND case_no IN ({numbers})"
    on_hold = "SELECT count(*) FROM ledger_balance WHERE bucket = 'held' AND balance_paise > 0"
    return await nothing_is_left(engine, open_cases, on_hold)


async def played(engine: Live) -> Played:
    """Return what came of the world."""
    rows = await engine.pool.fetch(
        "SELECT l.ack_no, sum(l.confirmed_paise)::bigint AS paise FROM bank_order_line l"
        " JOIN bank_order o USING (order_id) WHERE o.kind = 'restore' AND NOT l.excess GROUP BY l.ack_no"
    )
    paise = {row["ack_no"]: row["paise"] for row in rows}
    lies = [record for record in engine.sim.records if is_invented(record.plan)]
    refused_paise = await engine.pool.fetchval(
        "SELECT coalesce(sum(b.balance_paise), 0)::bigint FROM ledger_balance b JOIN hop h USING (case_no, hop_no)"
        " WHERE b.bucket = 'refused' AND h.ack_no = ANY($1)",
        [lie.ack_no for lie in lies],
    )
    return Played(
        credited={r.plan.key: paise.get(r.ack_no, 0) for r in engine.sim.records if not is_invented(r.plan)},
        liars=len(lies),
        claimed_by_liars=sum(told.move.amount_paise for lie in lies for told in lie.plan.transfers),
        refused_to_liars=refused_paise,
        credited_to_liars=sum(paise.get(lie.ack_no, 0) for lie in lies),
    )


async def test_c1_invented_complaints_take_nothing_from_real_victims(tmp_path: Path, grounds: Grounds) -> None:
    honest = await play(tmp_path / "honest", world(invented=0), grounds)
    lied_to = await play(tmp_path / "lied-to", world(invented=INVENTED_SHARE), grounds)
    for name, found in (("without", honest), ("with", lied_to)):
        sys.stdout.write(
            f"{name} invented complaints: {found.total / 100:.2f} rupees to {len(found.credited)} real victims;"
            f" invented: {found.claimed_by_liars / 100:.2f}, credited {found.credited_to_liars / 100:.2f}\n"
        )
    assert len(honest.credited) == len(lied_to.credited) == REAL
    assert honest.total > 0
    assert lied_to.liars == INVENTED
    assert abs(lied_to.total - honest.total) <= WITHIN * honest.total
    for key, paise in honest.credited.items():
        assert abs(lied_to.credited[key] - paise) <= WITHIN * paise, key
    assert lied_to.refused_to_liars == lied_to.claimed_by_liars > 0
    assert lied_to.credited_to_liars == 0
