"""A quiet world with fast banks, and a small police API for their answers."""

from collections.abc import AsyncIterator

import pytest

from simulator.config import BankDelays, Delay, Knobs, SimulatorConfig
from simulator.server import SimulatorServer
from tests.simulator.police import Police


def quiet(**changes: object) -> SimulatorConfig:
    """Return a world without mistakes whose banks answer at once; `changes` are configuration values.

    Every complaint is due in its first second, so all the money has left the victims when it begins.
    """
    at_once = Delay(median=0.01)
    plain = {
        "knobs": Knobs.none(),
        "delays": BankDelays(api=at_once, seat=at_once, mail=at_once),
        "complaints": 5,
        "day_seconds": 1.0,
        "first_backoff_wall_seconds": 0.01,
    }
    return SimulatorConfig.model_validate(plain | changes)


@pytest.fixture
async def sim() -> AsyncIterator[SimulatorServer]:
    """Five cases, no mistakes, banks that answer at once."""
    async with SimulatorServer(quiet()) as server:
        yield server


@pytest.fixture
async def police(sim: SimulatorServer) -> AsyncIterator[Police]:
    """The police API that the banks of `sim` answer."""
    async with Police(sim.directory) as station:
        sim.connect(station.url)
        yield station
