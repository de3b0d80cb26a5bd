"""Banks with faults against the whole engine: nothing lost, nothing asked twice, the money whole, the case goes on."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Set
from pathlib import Path

import pytest

from simulator import Faults, Knobs, ScriptedAnswer, ScriptedReply, SimulatorConfig, hold_row
from simulator.banks.faults import FaultyPost, Reply
from tests.deep import DEEP
from tests.e2e.live import Json, Live, live
from tests.e2e.test_scripted import transfer
from tests.e2e.test_world import (
    END_LIMIT_SECONDS,
    check_complaints,
    check_tickets,
    check_workflows,
    over,
    reasons_to_be_open,
    world,
)
from tests.factories import rrn
from tests.ground import Ground

pytestmark = pytest.mark.end_to_end

LOSS_PAISE = 10_000_00
SETTLE_SECONDS = 240.0
CALL_SECONDS = 3
"""the longest call to a bank: a line that says nothing costs all of it before the request is tried again"""
COMPLAINTS = 30 if DEEP else 10
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


@pytest.fixture(scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory, module_ground: Ground) -> AsyncIterator[Live]:
    """One engine for the module; each test gives a bank of its own its faults."""
    config = SimulatorConfig(complaints=0, institutions=40, knobs=Knobs.none(), clock_factor=60.0)
    home: Path = tmp_path_factory.mktemp("engine")
    async with live(home, config, module_ground, call_timeout_seconds=CALL_SECONDS) as engine:
        engine.connect_banks()
        yield engine


@pytest.fixture(scope="module")
def banks(engine: Live) -> list[str]:
    """Return unused banks: the faults of one test are not the next one's. Every kind of envelope is among them."""
    return [bank.code for bank in engine.sim.institutions if bank.answer_class == "api"]


async def held_by(engine: Live, bank: str, faults: Faults) -> Json:
    """A bank with faults is asked about one transfer and holds all of it; gives the case when it is settled."""
    engine.sim.put_faults(bank, faults)
    root = rrn()
    engine.sim.script(bank=bank, rrn=root, answers=[ScriptedAnswer((hold_row(root, LOSS_PAISE),))])
    return await held_at(engine, bank, root)


async def held_at(engine: Live, bank: str, root: str) -> Json:
    """A transfer is complained of, and the bank asked once, whatever it took; the case when all of it is held."""
    case_no = await engine.complain(transfer(bank, root, LOSS_PAISE))
    await engine.until_settled(case_no, SETTLE_SECONDS)
    tickets = [ticket for ticket in engine.sim.tickets(bank, root) if ticket.report.ack_no == case_no]
    assert len(tickets) == 1, "the same request is the same ticket, however often it comes"
    assert engine.sim.banks.book.repeated_requests == []
    case = await engine.read(f"/cases/{case_no}")
    assert {name: paise for name, paise in case["buckets_paise"].items() if paise} == {
        "lost": LOSS_PAISE,
        "held": LOSS_PAISE,
    }
    assert case["unaccounted_paise"] == 0
    assert (await engine.verified()).as_text() == "clean"
    return case


@pytest.mark.parametrize("fault", list(Reply))
async def test_a_line_that_fails_at_the_bank_loses_no_request(engine: Live, banks: list[str], fault: Reply) -> None:
    faults = Faults.model_validate({fault.value: 1.0, "first_calls": 1})
    before = engine.sim.banks.faults.drawn[fault.value]
    await held_by(engine, banks.pop(), faults)
    assert engine.sim.banks.faults.drawn[fault.value] == before + 1


@pytest.mark.parametrize("status", [401, 408, 429, 503])
async def test_a_door_that_turns_us_away_for_now_is_asked_again_for_the_same_ticket(
    engine: Live, banks: list[str], status: int
) -> None:
    bank, root = banks.pop(), rrn()
    # Of 401 each call makes two: the token may have ended.
    reply = ScriptedReply(status=status, code="97", times=4)
    engine.sim.script(bank=bank, rrn=root, answers=[ScriptedAnswer((hold_row(root, LOSS_PAISE),))], reply=reply)
    await held_at(engine, bank, root)


@pytest.mark.parametrize("foul", list(FaultyPost))
async def test_a_foul_post_is_refused_by_name_and_the_true_one_counts_once(
    engine: Live, banks: list[str], foul: FaultyPost
) -> None:
    await held_by(engine, banks.pop(), Faults.model_validate({foul.value: 1.0}))

    async def tried() -> bool:
        return any(name == foul.value for name, _ in engine.sim.banks.faults.refusals)

    await engine.until(tried, 240, "the foul try is made")
    statuses = {status for name, status in engine.sim.banks.faults.refusals if name == foul.value}
    assert statuses == TAKEN[foul]


async def test_a_bank_that_boasts_holds_no_more_than_was_lost(engine: Live, banks: list[str]) -> None:
    await held_by(engine, banks.pop(), Faults(overstated_hold=1.0))


@pytest.mark.parametrize("hours", [-10, 10])
async def test_a_bank_whose_clock_is_wrong_is_believed_about_the_money(
    engine: Live, banks: list[str], hours: int
) -> None:
    await held_by(engine, banks.pop(), Faults(skewed_clock=1.0, skew_seconds=hours * 3600))


LYING = {"contradictory_answer": 0.1, "hold_after_emptied": 0.2, "unasked_hop": 0.1, "reversed_parts": 0.5}


@pytest.mark.skipif(not DEEP, reason="in `make deep`; the gate has the day over every channel, with the same faults")
async def test_a_day_among_banks_with_random_faults_loses_nothing(tmp_path: Path, ground: Ground) -> None:
    config = world(seed=31).model_copy(update={"complaints": COMPLAINTS})
    config = config.model_copy(update={"knobs": config.knobs.model_copy(update=LYING), "random_faults": True})
    async with live(tmp_path / "home", config, ground, call_timeout_seconds=CALL_SECONDS) as engine:
        engine.play()
        await engine.until(lambda: over(engine), END_LIMIT_SECONDS, "the day ends")
        assert await reasons_to_be_open(engine) == {}
        await check_complaints(engine)
        await check_tickets(engine)
        await check_workflows(engine)
        await check_no_case_holds_more_than_its_loss(engine)
        assert (await engine.verified()).as_text() == "clean"
        check_foul_tries(engine, TAKEN)


def check_foul_tries(engine: Live, taken: Mapping[FaultyPost, Set[int]]) -> None:
    """Banks made foul tries, and the police said to each kind what is `taken` for it."""
    foul = engine.sim.banks.faults.figures()["foul_tries"]
    assert foul
    assert all(set(map(int, found)) <= taken[FaultyPost(name)] for name, found in foul.items())


async def check_no_case_holds_more_than_its_loss(engine: Live) -> None:
    """Whatever banks boast of: each rupee that was lost is in one place."""
    rows = await engine.pool.fetch(
        "SELECT case_no, bucket, sum(balance_paise)::bigint AS paise FROM ledger_balance GROUP BY case_no, bucket"
    )
    by_case: dict[str, Counter[str]] = {}
    for row in rows:
        by_case.setdefault(row["case_no"], Counter())[row["bucket"]] = row["paise"]
    assert by_case
    for paise in by_case.values():
        lost_paise = -paise.pop("lost")
        assert sum(paise.values()) == lost_paise
        assert 0 <= paise["held"] <= lost_paise
        assert paise["in_play"] == 0
