"""Cost of a benchmark's work: processor time of each process, commits, statements and log bytes."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import psutil

from db import connections
from db.query_plans import ServerFigures, server_figures
from workers.simulated import SimulatedStack

SAMPLE_SECONDS: Final = 1.0
COMMITS_LATE_SECONDS: Final = 1.0
"""the server's sessions report their commits this much later"""
RESTORATION_PROCESS: Final = "worker-restoration"
_NUMBERED: Final = re.compile(r"(-port)?-\d+$")
_NAMES: Final = {RESTORATION_PROCESS: "restoration", "goldenhour": "bench"}


@dataclass(frozen=True)
class Sample:
    """Running totals at one moment."""

    at: float
    """monotonic seconds"""
    cpu_seconds: Mapping[str, float]
    """by role"""
    server: ServerFigures


@dataclass(frozen=True)
class Cost:
    """Cost of a stretch of work."""

    seconds: float
    cpu_seconds: Mapping[str, float]
    commits: int
    statements: int
    wal_bytes: int

    def of_a_request(self, requests: int) -> dict[str, Any]:
        """Return the cost of each request, all included; nothing without requests."""
        if not requests:
            return {}
        cpu_ms = {role: round(seconds * 1000 / requests, 2) for role, seconds in self.cpu_seconds.items()}
        return {
            "cpu_ms_per_request": cpu_ms,
            "cpu_ms_per_request_total": round(sum(self.cpu_seconds.values()) * 1000 / requests, 2),
            "commits_per_request": round(self.commits / requests, 2),
            "statements_per_request": round(self.statements / requests, 1),
            "wal_bytes_per_request": round(self.wal_bytes / requests),
        }


@dataclass
class Meter:
    """Reads the running totals now and then, so that the cost until any moment can be told afterwards."""

    stack: SimulatedStack
    connection: asyncpg.Connection
    database: str
    samples: list[Sample] = field(default_factory=list)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def sample(self) -> None:
        """Read the totals now."""
        async with self._reading:
            server = await server_figures(self.connection, self.database)
            self.samples.append(Sample(time.monotonic(), cpu_seconds_by_role(self.stack), server))

    async def run(self, every_seconds: float) -> None:
        """Read the totals for ever."""
        while True:
            await asyncio.sleep(every_seconds)
            await self.sample()

    def between(self, began: float, ended: float) -> Cost:
        """Return the cost from the last sample before `began` to the first one after `ended`."""
        return cost_between(self.samples, began, ended)


def cost_between(samples: list[Sample], began: float, ended: float) -> Cost:
    """Return the cost from the last sample before `began` to the first one after `ended`, both monotonic seconds."""
    first = max((sample for sample in samples if sample.at <= began), key=lambda sample: sample.at, default=samples[0])
    last = next((sample for sample in samples if sample.at >= ended), samples[-1])
    reported = next((sample for sample in samples if sample.at >= ended + COMMITS_LATE_SECONDS), samples[-1])
    return Cost(
        last.at - first.at,
        {role: seconds - first.cpu_seconds.get(role, 0.0) for role, seconds in last.cpu_seconds.items()},
        reported.server.commits - first.server.commits,
        last.server.statements - first.server.statements,
        last.server.wal_bytes - first.server.wal_bytes,
    )


def role_of_process(name: str) -> str:
    """Return the role of a process by its name: `api-2` and `api-port-2` are `api`."""
    return _NAMES.get(name) or _NUMBERED.sub("", name)


def cpu_seconds_by_role(stack: SimulatedStack) -> dict[str, float]:
    """Return the processor time of the stack's processes and of this one, by role."""
    services = {"postgres": stack.services.postgres, "temporal": stack.services.temporal}
    by_process = {name: service.process.cpu_seconds() for name, service in services.items() if service}
    by_process |= stack.supervisor.cpu_seconds()
    times = psutil.Process().cpu_times()
    by_process["goldenhour"] = times.user + times.system
    by_role: dict[str, float] = {}
    for name, seconds in by_process.items():
        role = role_of_process(name)
        by_role[role] = by_role.get(role, 0.0) + seconds
    return by_role


@asynccontextmanager
async def metered(stack: SimulatedStack, every_seconds: float | None = SAMPLE_SECONDS) -> AsyncIterator[Meter]:
    """Run a meter while the block runs. Its first sample is taken before.

    Without `every_seconds` it reads only when it is told to, and so costs nothing meanwhile.
    """
    postgres = stack.services.postgres
    assert postgres is not None, "a benchmark has a server of its own"
    connection = await connections.connect(postgres.admin_dsn, "goldenhour cost")
    try:
        meter = Meter(stack, connection, urlsplit(postgres.dsn).path.lstrip("/"))
        await meter.sample()
        running = [] if every_seconds is None else [asyncio.create_task(meter.run(every_seconds))]
        try:
            yield meter
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
    finally:
        await connection.close()
