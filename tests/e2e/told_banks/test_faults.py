"""Banks with faults against the whole engine: nothing lost, nothing asked twice, the money whole, the case goes on."""

import pytest

from simulator import Faults, ScriptedAnswer, ScriptedReply, hold_row
from simulator.banks.faults import FaultyPost, Reply
from tests.e2e.live import Live, side_by_side
from tests.e2e.told_banks.scene import LOSS_PAISE, Scene
from tests.e2e.worlds import TAKEN, transfer
from tests.factories import rrn

pytestmark = pytest.mark.world

SETTLE_SECONDS = 240.0


@pytest.fixture
def banks(scene: Scene) -> list[str]:
    """Return unused banks: the faults of one test are not the next one's. Every kind of envelope is among them."""
    return scene.banks


async def held_by(engine: Live, bank: str, faults: Faults) -> None:
    """A bank with faults is asked about one transfer and holds all of it."""
    engine.sim.put_faults(bank, faults)
    root = rrn()
    engine.sim.script(bank=bank, rrn=root, answers=[ScriptedAnswer((hold_row(root, LOSS_PAISE),))])
    await held_at(engine, bank, root)


async def held_at(engine: Live, bank: str, root: str) -> None:
    """A transfer is complained of, and the bank asked once, whatever it took; all of it is held."""
    case_no = await engine.complain(transfer(bank, root, LOSS_PAISE))
    await engine.until_settled(case_no, SETTLE_SECONDS)
    tickets = [ticket for ticket in engine.sim.tickets(bank, root) if ticket.report.ack_no == case_no]
    assert len(tickets) == 1, "the same request is the same ticket, however often it comes"
    case = await engine.read(f"/cases/{case_no}")
    assert {name: paise for name, paise in case["buckets_paise"].items() if paise} == {
        "lost": LOSS_PAISE,
        "held": LOSS_PAISE,
    }
    assert case["unaccounted_paise"] == 0


async def nothing_was_asked_twice(engine: Live) -> None:
    """Check the books of all banks and the evidence of all cases."""
    assert engine.sim.banks.book.repeated_requests == []
    assert (await engine.verified()).as_text() == "clean"


async def test_a_line_that_fails_at_the_bank_loses_no_request(engine: Live, banks: list[str]) -> None:
    async def play(fault: Reply, bank: str) -> None:
        before = engine.sim.banks.faults.drawn[fault.value]
        await held_by(engine, bank, Faults.model_validate({fault.value: 1.0, "first_calls": 1}))
        assert engine.sim.banks.faults.drawn[fault.value] == before + 1

    await side_by_side({fault.value: play(fault, banks.pop()) for fault in Reply})
    await nothing_was_asked_twice(engine)


async def test_a_door_that_turns_us_away_for_now_is_asked_again_for_the_same_ticket(
    engine: Live, banks: list[str]
) -> None:
    async def play(status: int, bank: str) -> None:
        root = rrn()
        # Of 401 each call makes two: the token may have ended.
        reply = ScriptedReply(status=status, code="97", times=4)
        engine.sim.script(bank=bank, rrn=root, answers=[ScriptedAnswer((hold_row(root, LOSS_PAISE),))], reply=reply)
        await held_at(engine, bank, root)

    await side_by_side({str(status): play(status, banks.pop()) for status in (401, 408, 429, 503)})
    await nothing_was_asked_twice(engine)


async def test_a_foul_post_is_refused_by_name_and_the_true_one_counts_once(engine: Live, banks: list[str]) -> None:
    async def play(foul: FaultyPost, bank: str) -> None:
        await held_by(engine, bank, Faults.model_validate({foul.value: 1.0}))

        async def tried() -> bool:
            return any(name == foul.value for name, _ in engine.sim.banks.faults.refusals)

        await engine.until(tried, SETTLE_SECONDS, "the foul try is made")
        statuses = {status for name, status in engine.sim.banks.faults.refusals if name == foul.value}
        assert statuses == TAKEN[foul]

    await side_by_side({foul.value: play(foul, banks.pop()) for foul in FaultyPost})
    await nothing_was_asked_twice(engine)


async def test_a_bank_that_boasts_or_whose_clock_is_wrong_is_believed_about_the_money_lost(
    engine: Live, banks: list[str]
) -> None:
    """A bank that says it held more than was lost has held what was lost."""
    faults = {"boasts": Faults(overstated_hold=1.0)}
    for hours in (-10, 10):
        faults[f"{hours} h"] = Faults(skewed_clock=1.0, skew_seconds=hours * 3600)
    await side_by_side({name: held_by(engine, banks.pop(), fault) for name, fault in faults.items()})
    await nothing_was_asked_twice(engine)
