"""One engine for all tests of this folder, which one pytest process runs."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from simulator import Knobs, SimulatorConfig
from tests.e2e.live import Live, live
from tests.e2e.told_banks.scene import Calls, Scene
from tests.e2e.worlds import CALL_SECONDS
from tests.ground import Grounds
from tests.proxy import Proxy
from workers import processes
from workers.temporal import connect


@pytest.fixture(scope="package")
async def scene(tmp_path_factory: pytest.TempPathFactory, grounds: Grounds) -> AsyncIterator[Scene]:
    """One engine for the folder. Its processes are killed often, and start again at once each time."""
    # Enough banks for tests that try for a moment several times, each time with unused ones.
    classes = {"api": 0.9, "seat": 0.1, "mail": 0.0}
    plain = {"complaints": 0, "institutions": 60, "knobs": Knobs.none(), "clock_factor": 60.0, "classes": classes}
    config = SimulatorConfig.model_validate(plain)
    home: Path = tmp_path_factory.mktemp("engine")
    async with AsyncExitStack() as stack:
        own = await stack.enter_async_context(grounds.made())
        host, _, port = own.temporal_address.rpartition(":")
        proxy = await stack.enter_async_context(Proxy(host, int(port)))
        temporal = await connect(own.temporal_address, own.temporal_namespace)
        owner = await asyncpg.connect(own.migration_url)
        stack.push_async_callback(owner.close)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(processes, "BACKOFF_FIRST_SECONDS", 0.0)
        proxied = replace(own, temporal_address=proxy.address)
        engine = await stack.enter_async_context(live(home, config, proxied, call_timeout_seconds=CALL_SECONDS))
        engine.connect_banks()
        calls = Calls(engine.sim.banks.faults.of_call)
        patch.setattr(engine.sim.banks.faults, "of_call", calls.of_call)
        banks = [bank.code for bank in engine.sim.institutions if bank.answer_class == "api"]
        yield Scene(engine, calls, proxy, temporal, owner, banks)


@pytest.fixture
def engine(scene: Scene) -> Live:
    """The engine of all tests of this folder; each test takes unused banks."""
    return scene.engine
