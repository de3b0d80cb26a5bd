"""Days among banks with random faults: nothing is lost, no case holds more than its loss, foul tries are refused."""

from collections import Counter
from collections.abc import Mapping, Set
from pathlib import Path

import pytest

from simulator.banks.faults import FaultyPost
from simulator.config import Channels
from tests.deep import DEEP
from tests.e2e.live import Live, live
from tests.e2e.test_world import (
    END_LIMIT_SECONDS,
    check_complaints,
    check_tickets,
    check_workflows,
    over,
    reasons_to_be_open,
    world,
)
from tests.e2e.worlds import CALL_SECONDS, SIGNED, TAKEN
from tests.ground import Ground

pytestmark = [
    pytest.mark.world,
    pytest.mark.skipif(not DEEP, reason="in `make deep`; `make world` has each fault and each channel alone"),
]

COMPLAINTS = 30
LYING = {"contradictory_answer": 0.1, "hold_after_emptied": 0.2, "unasked_hop": 0.1, "reversed_parts": 0.5}


async def test_a_day_over_every_channel_among_banks_with_random_faults_loses_nothing(
    tmp_path: Path, ground: Ground
) -> None:
    config = world(seed=37)
    # A file cannot say where money went on to, so a bank that answers by files would leave its cases to the desk.
    channels = Channels(api=("push", "i4c", "pull"), seat=("pull", "push"), mail=("email",))
    changes = {
        "complaints": COMPLAINTS,
        "channels": channels,
        "random_faults": True,
        "knobs": config.knobs.model_copy(update=LYING),
    }
    config = config.model_copy(update=changes)
    async with live(tmp_path / "home", config, ground, letters=True, call_timeout_seconds=CALL_SECONDS) as engine:
        engine.play()
        await engine.until(lambda: over(engine), END_LIMIT_SECONDS, "the day ends")
        assert await reasons_to_be_open(engine) == {}
        await check_complaints(engine)
        await check_workflows(engine)
        await check_no_case_holds_more_than_its_loss(engine)
        check_foul_tries(engine, {fault: TAKEN[fault] | SIGNED[fault] for fault in TAKEN})
        book = engine.sim.banks.book
        assert book.repeated_requests == []
        tickets = [(ticket.bank.code, ticket.key) for ticket in book.tickets]
        assert len(set(tickets)) == len(tickets), "a request is one ticket, by however many ways it comes"
        rows = await engine.pool.fetch("SELECT institution, request_id::text, state FROM hold_request")
        requests = {(row["institution"], row["request_id"]): row["state"] for row in rows}
        assert set(tickets) <= requests.keys()
        assert {key for key, state in requests.items() if state == "answered"} <= set(tickets)
        assert {ticket.channel for ticket in book.tickets} == {"push", "i4c", "pull", "email"}
        assert (await engine.verified()).as_text() == "clean"


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
