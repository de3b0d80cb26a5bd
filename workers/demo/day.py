"""A stack with the bank simulator beside it, in a process of its own, and a day of complaints played against it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from activities.directory import load_directory
from activities.vault import Vault
from api.tokens import OFFICER_TTL_MAX_SECONDS, Tokens
from db.figures import DayFigures, Spread, day_figures, turnarounds
from db.pool import Pool, open_pool
from schemas.enums import Role
from schemas.institutions import InstitutionEntry
from workers.demo.world_state import WorldState
from workers.embedded.ports import LOOPBACK, free_port
from workers.home import secret_key
from workers.processes import ChildFailed, ChildProcess, ChildSpec, Supervisor, http_ready
from workers.settings import Settings
from workers.stack import Running, Services, Tell, announce, environment, memory_bytes, services, start_engine

DAY_SECONDS = 86_400.0
SIMULATOR_TIMEOUT_SECONDS = 30.0
SIMULATOR = "simulator"


@dataclass(frozen=True)
class DayPlan:
    """Which day is played, how much faster than the wall's clock, and over which of its seconds complaints come in."""

    complaints: int
    seed: int
    clock_factor: float
    day_seconds: float = DAY_SECONDS
    profile: str = "diurnal"
    traps: bool = True
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """any other value of the simulator's configuration"""

    @property
    def wall_seconds(self) -> float:
        """How long complaints come in, by the wall's clock."""
        return self.day_seconds / self.clock_factor


@dataclass(frozen=True)
class Day:
    """A stack at work on a simulated day."""

    plan: DayPlan
    settings: Settings
    services: Services
    supervisor: Supervisor
    running: Running
    children: Mapping[str, ChildProcess]
    simulator_url: str
    client: httpx.AsyncClient
    pool: Pool

    async def start(self) -> None:
        """Let the day begin: victims complain, the desk works, money moves."""
        tokens = Tokens(Vault(secret_key(self.settings)))
        body = {
            "api_url": self.running.api_url,
            "intake_token": tokens.for_officer("demo-intake", Role.INTAKE, OFFICER_TTL_MAX_SECONDS),
            "desk_token": tokens.for_officer("demo-desk", Role.DESK, OFFICER_TTL_MAX_SECONDS),
        }
        answer = await self.client.post(f"{self.simulator_url}/sim/start", json=body)
        if answer.is_error:
            raise ChildFailed(f"the simulator does not start the day: {answer.text[:200]}")

    async def state(self) -> WorldState:
        """What the simulator knows of its world now."""
        answer = await self.client.get(f"{self.simulator_url}/sim/state")
        return WorldState.model_validate_json(answer.raise_for_status().content)

    async def tickets(self) -> list[dict[str, Any]]:
        """Every ticket the simulated banks have received, with its times."""
        answer = await self.client.get(f"{self.simulator_url}/sim/tickets")
        tickets: list[dict[str, Any]] = answer.raise_for_status().json()
        return tickets

    async def figures(self) -> DayFigures:
        """What the database says of the day now."""
        async with (
            self.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await day_figures(connection)

    async def turnarounds(self) -> dict[str, Spread]:
        """Turnaround times by the wall's clock; `DayPlan.clock_factor` makes them the world's."""
        async with self.pool.acquire() as connection:
            return await turnarounds(connection)

    def memory_bytes(self) -> dict[str, int]:
        """Memory of each process now, in bytes."""
        return memory_bytes(self.services, self.children)


@asynccontextmanager
async def simulated(
    settings: Settings, plan: DayPlan, *, ui: bool = False, tell: Tell = lambda _: None
) -> AsyncIterator[Day]:
    """Start a stack for `plan` in `settings.home`, all services embedded, its banks loaded; stop it all after.

    Whatever database or Temporal the settings name is left alone. The day itself begins with `Day.start`. A process
    that ends is not started again: wait on `Day.supervisor.failed()` beside the work. Raises `ChildFailed`.
    """
    smtp_port = free_port()
    own = settings.model_copy(
        update={
            "database_url": None,
            "temporal_address": None,
            "secret_key": None,
            "api_host": LOOPBACK,
            "api_port": 0,
            "worker_metrics_port": None,
            "clock_factor": plan.clock_factor,
            "smtp_url": SecretStr(f"smtp://{LOOPBACK}:{smtp_port}"),
        }
    )
    async with (
        services(own, ui=ui, tell=tell) as started,
        Supervisor(started.settings.home / "logs") as supervisor,
        httpx.AsyncClient(timeout=SIMULATOR_TIMEOUT_SECONDS, trust_env=False) as client,
    ):
        home = started.settings.home
        assert started.settings.database_url is not None, "services fill it in"
        tell("simulated banks")
        directory = home / "directory.json"
        simulator, simulator_url = await _start_simulator(supervisor, started.settings, plan, directory, smtp_port)
        async with await open_pool(started.settings.database_url.get_secret_value(), min_size=1, max_size=4) as pool:
            entries = [InstitutionEntry.model_validate(entry) for entry in json.loads(directory.read_bytes())]
            await load_directory(pool, Vault(secret_key(started.settings)), entries)
            running = await start_engine(supervisor, started.settings, restarts=False, tell=tell)
            announce(started, running)
            yield Day(
                plan=plan,
                settings=running.settings,
                services=started,
                supervisor=supervisor,
                running=running,
                children={SIMULATOR: simulator, **running.children},
                simulator_url=simulator_url,
                client=client,
                pool=pool,
            )


async def _start_simulator(
    supervisor: Supervisor, settings: Settings, plan: DayPlan, directory: Path, smtp_port: int
) -> tuple[ChildProcess, str]:
    """Start the simulator; gives it and its URL. It writes its directory file before it is ready."""
    port = free_port()
    config = {
        "seed": plan.seed,
        "complaints": plan.complaints,
        "clock_factor": plan.clock_factor,
        "day_seconds": plan.day_seconds,
        "profile": plan.profile,
        "port": port,
        "smtp_port": smtp_port,
        **plan.overrides,
    }
    config_file = settings.home / "simulator.json"
    await asyncio.to_thread(config_file.write_text, json.dumps(config))
    command = [sys.executable, "-m", "simulator", "serve", "--config-file", str(config_file)]
    command += ["--directory-file", str(directory), *([] if plan.traps else ["--no-traps"])]
    ready = http_ready(LOOPBACK, port, "/sim/state")
    child = await supervisor.start(ChildSpec(SIMULATOR, command, environment(settings), ready, restarts=False))
    return child, f"http://{LOOPBACK}:{port}"
