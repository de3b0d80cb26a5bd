"""A bank loses no answer: it logs in, retries, and waits until the police can be reached."""

import asyncio

from simulator.banks.messages import ScriptedAnswer, hold_row
from simulator.banks.poster import HARD_REFUSALS_MOST
from simulator.config import Delay, Knobs
from simulator.server import SimulatorServer, until
from tests.simulator.conftest import quiet
from tests.simulator.police import Police, incident

RRN = "600112345678"
ACK = "32411260000001"


async def ask(sim: SimulatorServer, police: Police) -> None:
    sim.script(bank="SBIN", rrn=RRN, answers=[ScriptedAnswer((hold_row(RRN, 100),))])
    await police.ask("SBIN", ACK, [incident(RRN, "1.00")])


async def test_an_answer_outlives_refusals_and_lost_tokens(sim: SimulatorServer, police: Police) -> None:
    police.refuse_updates = [503, 401, 500, 429]
    await ask(sim, police)
    await asyncio.wait_for(until(lambda: bool(police.updates)), 20)
    assert len(police.updates) == 1
    await until(lambda: sim.tickets()[0].answered)
    [post] = sim.tickets()[0].posts
    assert post.attempts >= 4
    assert post.accepted_ns is not None
    assert post.accepted_ns >= post.sent_ns > sim.tickets()[0].received_ns


async def test_an_answer_waits_until_the_police_can_be_reached(sim: SimulatorServer) -> None:
    async with Police(sim.directory) as police:
        await ask(sim, police)
        await asyncio.sleep(0.05)
        assert police.updates == []
        sim.connect(police.url)
        await asyncio.wait_for(until(lambda: bool(police.updates)), 5)


async def test_what_is_refused_as_such_is_given_up_in_the_end(sim: SimulatorServer, police: Police) -> None:
    poster = sim.banks.poster
    police.refuse_updates = [422] * HARD_REFUSALS_MOST
    await ask(sim, police)
    await asyncio.wait_for(until(lambda: sim.tickets()[0].answered), 10)
    assert police.updates == []
    assert poster.gave_up == 1


async def test_an_early_answer_is_there_before_the_reply() -> None:
    knobs = Knobs.none().model_copy(update={"early_answer": 1.0})
    async with SimulatorServer(quiet(knobs=knobs)) as sim, Police(sim.directory) as police:
        sim.connect(police.url)
        reply = await police.ask("SBIN", ACK, [incident(RRN, "1.00")])
        assert reply.status_code == 200
        assert [update.job_id for update in police.updates] == [reply.json()["data"]["job_id"]]


async def test_a_silent_bank_answers_when_it_is_called() -> None:
    knobs = Knobs.none().model_copy(update={"silent_api": 1.0, "silent_seat": 1.0, "silent_mail": 1.0})
    nudges = {"api": 1.0, "seat": 1.0, "mail": 1.0, "call": 1.0}
    async with SimulatorServer(quiet(knobs=knobs, nudges=nudges)) as sim, Police(sim.directory) as police:
        sim.connect(police.url)
        await police.ask("SBIN", ACK, [incident(RRN, "1.00")])
        await asyncio.sleep(0.1)
        assert police.updates == []
        assert sim.nudge(sim.tickets()[0])
        await asyncio.wait_for(until(lambda: bool(police.updates)), 5)
        assert not sim.nudge(sim.tickets()[0]), "there is nothing left to hurry"


async def test_a_nudge_shortens_the_wait() -> None:
    slow = Delay(median=30.0)
    config = quiet(delays={"api": slow, "seat": slow, "mail": slow}, nudges={"call": 1.0, "remaining": 0.001})
    async with SimulatorServer(config) as sim, Police(sim.directory) as police:
        sim.connect(police.url)
        await police.ask("SBIN", ACK, [incident(RRN, "1.00")])
        assert sim.nudge(sim.tickets()[0])
        await asyncio.wait_for(until(lambda: bool(police.updates)), 5)


async def test_while_the_clock_stands_nothing_moves() -> None:
    async with SimulatorServer(quiet(), run_clock=False) as sim, Police(sim.directory) as police:
        sim.connect(police.url)
        await police.ask("SBIN", ACK, [incident(RRN, "1.00")])
        await asyncio.wait_for(until(lambda: bool(police.updates)), 5)
        assert sim.world.now == 0.0
        assert not sim.clock.running


async def test_more_rows_than_an_update_may_have_go_in_several(sim: SimulatorServer, police: Police) -> None:
    hops = [incident(f"6001{number:08d}", "1.00") for number in range(400)]
    for first in (0, 200):
        await police.ask("SBIN", ACK, hops[first : first + 200])
    await asyncio.wait_for(until(lambda: sum(len(u.rows) for u in police.updates) == 400), 10)
    assert max(len(update.rows) for update in police.updates) <= 500
