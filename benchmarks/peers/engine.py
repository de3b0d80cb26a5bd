"""The engines compared: one interface to all, and the peers' own processes."""

import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import aiohttp
import psutil

from benchmarks.peers import broker
from benchmarks.peers.environment import peers_python
from benchmarks.peers.figures import Log, log_of_bank
from benchmarks.peers.flow import STATEMENTS
from benchmarks.peers.tree import tree
from db import connections
from workers.embedded.postgres import EmbeddedPostgres
from workers.embedded.temporal import LOOPBACK, free_port
from workers.processes import ChildProcess

TABLES: Final = Path(__file__).with_name("tables.sql")
READY_LIMIT_SECONDS: Final = 60.0
POST_LIMIT_SECONDS: Final = 30.0


class Engine(Protocol):
    """One engine that runs, with the banks it asks."""

    async def prepare(self, numbers: Sequence[int]) -> None:
        """Tell the banks which complaints come, if they need to know."""

    async def post(self, number: int) -> bool:
        """Send a complaint once; return whether it was accepted."""

    async def accepted(self) -> int:
        """Return how many of the banks' answers were accepted until now."""

    async def log(self) -> Log:
        """Return what the banks saw."""

    async def recorded(self) -> set[str]:
        """Return the transfers with an answer in the database."""

    async def kill_worker(self) -> None:
        """Kill a process that asks banks, and start it again."""

    def cpu_seconds(self) -> dict[str, float]:
        """Return the processor time until now, by role."""


@dataclass(frozen=True)
class Tuning:
    """Settings of the peers that were tried; the defaults are the best ones found (see `README.md`)."""

    intakes: int = 2
    """processes of DBOS, each with an intake and workflows"""
    connections: int = 8
    system_connections: int = 8
    """connections of DBOS to its own tables"""
    workers: int = 1
    """worker processes of Celery"""
    pool: str = "threads"
    concurrency: int = 16
    prefetch: int = 4
    queue_type: str = "quorum"


@dataclass
class PeerEngine:
    """A peer: its server, its processes, and the bank."""

    seed: int
    intake_url: str
    bank_url: str
    postgres: EmbeddedPostgres
    dsn: str
    client: aiohttp.ClientSession
    children: dict[str, list[ChildProcess]] = field(default_factory=dict)
    """by role"""
    worker_role: str = "worker"
    ready_file: Path | None = None
    """what a worker without a port writes when it is ready"""

    async def prepare(self, numbers: Sequence[int]) -> None:
        """Do nothing: the bank knows all trees."""

    async def post(self, number: int) -> bool:
        """Send a complaint once; return whether it was accepted."""
        first = tree(self.seed, number)
        hop = {"reference": first.reference, "bank": first.bank, "account": first.account, "paise": first.paise}
        body = {"complaint": number, "hops": [hop]}
        try:
            async with self.client.post(f"{self.intake_url}/complaints", json=body) as reply:
                await reply.read()
                return reply.ok
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def accepted(self) -> int:
        """Return how many of the banks' answers were accepted until now."""
        return int((await self._of_bank("state"))["accepted"])

    async def log(self) -> Log:
        """Return what the bank saw."""
        return log_of_bank(await self._of_bank("log"))

    async def recorded(self) -> set[str]:
        """Return the transfers with an answer in the database."""
        connection = await connections.connect(self.dsn, "goldenhour bench")
        try:
            return {row["reference"] for row in await connection.fetch(STATEMENTS["answered"])}
        finally:
            await connection.close()

    async def kill_worker(self) -> None:
        """Kill a worker with its own children, and start it again."""
        child = self.children[self.worker_role][0]
        os.killpg(child.pid, signal.SIGKILL)
        await child.ended()
        await self.start(child)

    async def start(self, child: ChildProcess, port: int | None = None) -> None:
        """Start a process and wait until it is ready: it listens on its port, or has written its file."""
        if self.ready_file is not None:
            self.ready_file.unlink(missing_ok=True)

        async def is_ready() -> bool:
            wanted = port or int(self.intake_url.rpartition(":")[2])
            return self.ready_file.exists() if port is None and self.ready_file else child.listens_on(wanted)

        child.start()
        await child.wait_ready(is_ready, READY_LIMIT_SECONDS)

    def cpu_seconds(self) -> dict[str, float]:
        """Return the processor time until now, by role."""
        own = psutil.Process().cpu_times()
        by_role = {role: sum(child.cpu_seconds() for child in some) for role, some in self.children.items()}
        return by_role | {"postgres": self.postgres.process.cpu_seconds(), "bench": own.user + own.system}

    async def _of_bank(self, page: str) -> Any:
        async with self.client.get(f"{self.bank_url}/{page}") as reply:
            return await reply.json()


@asynccontextmanager
async def on_dbos(folder: Path, seed: int, tuning: Tuning) -> AsyncIterator[PeerEngine]:
    """Run the flow on DBOS."""
    async with _peer(folder, seed) as (engine, programs):
        system = await engine.postgres.create_database("peer_system")
        own = {
            "PEER_SYSTEM_DSN": system,
            "PEER_CONNECTIONS": str(tuning.connections),
            "PEER_SYSTEM_CONNECTIONS": str(tuning.system_connections),
        }
        for number in range(1, tuning.intakes + 1):
            await programs.run("worker", "benchmarks.peers.on_dbos", **own, PEER_EXECUTOR=f"executor-{number}")
        yield engine


@asynccontextmanager
async def on_celery(folder: Path, seed: int, tuning: Tuning) -> AsyncIterator[PeerEngine]:
    """Run the flow on Celery with RabbitMQ."""
    async with broker.running_broker(folder / "rabbitmq") as running, _peer(folder, seed) as (engine, programs):
        own = {
            "PEER_BROKER_URL": running.url,
            "PEER_QUEUE_TYPE": tuning.queue_type,
            "PEER_PREFETCH": str(tuning.prefetch),
            "PEER_CONNECTIONS": str(tuning.connections),
        }
        engine.children["rabbitmq"] = [running.process]
        await programs.run("intake", "benchmarks.peers.on_celery", **own)
        engine.ready_file = folder / "worker-ready"
        options = ("--pool", tuning.pool, "--concurrency", str(tuning.concurrency), "--loglevel", "WARNING")
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "-O", "fair")
        command = ("celery", "-A", "benchmarks.peers.on_celery", "worker", *options, *quiet)
        for _ in range(tuning.workers):
            await programs.run("worker", *command, **own, PEER_READY_FILE=str(engine.ready_file))
        yield engine


@dataclass(frozen=True)
class _Programs:
    """Starts programs in the peers' environment."""

    engine: PeerEngine
    python: Path
    folder: Path
    environment: Mapping[str, str]

    async def run(self, role: str, *module: str, **settings: str) -> None:
        """Run a module as a process with this role, and wait until it is ready."""
        running = self.engine.children.setdefault(role, [])
        name = f"{role}-{len(running) + 1}"
        child = ChildProcess(
            name,
            [str(self.python), "-m", *module],
            log_file=self.folder / "logs" / f"{name}.log",
            environment={**self.environment, **settings},
            working_folder=self.folder,
        )
        running.append(child)
        await self.engine.start(child)


@asynccontextmanager
async def _peer(folder: Path, seed: int) -> AsyncIterator[tuple[PeerEngine, _Programs]]:
    """Run what both peers share: the server with the tables, and the bank. Stop every process at the end."""
    python = await peers_python()
    _show_code(folder / "code")
    async with AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(EmbeddedPostgres(folder / "postgres"))
        dsn = await postgres.create_database("peer")
        await _create_tables(dsn)
        timeout = aiohttp.ClientTimeout(total=POST_LIMIT_SECONDS)
        client = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        intake_url, bank_port = f"http://{LOOPBACK}:{free_port()}", free_port()
        engine = PeerEngine(seed, intake_url, f"http://{LOOPBACK}:{bank_port}", postgres, dsn, client)
        stack.push_async_callback(_stop, engine)
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "PYTHONPATH": str(folder / "code"),
            "PEER_DSN": dsn,
            "PEER_BANK_URL": engine.bank_url,
            "PEER_HOST": LOOPBACK,
            "PEER_PORT": intake_url.rpartition(":")[2],
        }
        given = ("--port", str(bank_port), "--seed", str(seed), "--intake-url", intake_url)
        bank = ChildProcess(
            "bank",
            [str(python), "-m", "benchmarks.peers.bank", "--host", LOOPBACK, *given],
            log_file=folder / "logs" / "bank.log",
            environment=environment,
            working_folder=folder,
        )
        engine.children["bank"] = [bank]
        await engine.start(bank, bank_port)
        yield engine, _Programs(engine, python, folder, environment)


def _show_code(folder: Path) -> None:
    """Link this package into a folder of its own: the peers' interpreter must not find the product's packages."""
    folder.mkdir()
    (folder / "benchmarks").symlink_to(Path(__file__).resolve().parents[1])


async def _create_tables(dsn: str) -> None:
    connection = await connections.connect(dsn, "goldenhour bench")
    try:
        await connection.execute(TABLES.read_text(encoding="utf-8"))
    finally:
        await connection.close()


async def _stop(engine: PeerEngine) -> None:
    """Stop the peer's own processes, those that ask before those that are asked."""
    for role in ("worker", "intake", "bank"):
        for child in engine.children.get(role, []):
            await child.stop()
