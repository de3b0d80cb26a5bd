"""The bank wire from outside: logging in, reporting, being answered."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from simulator.config import BankDelays, Delay, Knobs, SimulatorConfig
from simulator.script import ScriptedAnswer, hold_row
from simulator.server import SimulatorServer, until
from tests.simulator.police import Police, incident

RRN = "600112345678"


def quick(**changes: object) -> SimulatorConfig:
    """A quiet world with quick banks."""
    at_once = Delay(median=0.01)
    plain = {"knobs": Knobs.none(), "delays": BankDelays(api=at_once, seat=at_once, mail=at_once), "complaints": 5}
    return SimulatorConfig.model_validate(plain | changes)


@pytest_asyncio.fixture
async def sim() -> AsyncIterator[SimulatorServer]:
    async with SimulatorServer(quick()) as server:
        yield server


@pytest_asyncio.fixture
async def police(sim: SimulatorServer) -> AsyncIterator[Police]:
    async with Police(sim.directory) as station:
        sim.connect(station.url)
        yield station


async def test_every_bank_answers_through_its_own_envelope(sim: SimulatorServer, police: Police) -> None:
    for bank in sim.banks.by_code:
        sim.script(bank=bank, rrn=RRN, answers=[ScriptedAnswer((hold_row(RRN, 500_000),))])
        reply = await police.ask(bank, "32411260000001", [incident(RRN, "5000.00")])
        assert reply.status_code == 200
        assert reply.json()["meta"]["response_code"] == "00"
        assert reply.json()["data"]["job_id"].startswith("BANKS-")
    await asyncio.wait_for(until(lambda: len(police.updates) == len(sim.banks.by_code)), 10)
    assert {update.bank for update in police.updates} == set(sim.banks.by_code)
