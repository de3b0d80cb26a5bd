"""The simulator as one thing: `async with SimulatorServer(config) as sim` serves the banks of a seeded world."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson
import uvicorn

from simulator.banks import Banks
from simulator.cases import CasePlan, plan_cases
from simulator.clock import Clock
from simulator.config import SimulatorConfig
from simulator.doors import Doors
from simulator.institutions import Institution, build_institutions, directory, write_directory
from simulator.script import ScriptedAnswer, ScriptedReply, WrittenRow
from simulator.tickets import TicketRecord
from simulator.truth import Truth, build_world, perfect_truth

BACKLOG = 1024
POLL_WALL_SECONDS = 0.005


class SimulatorServer:
    """A world and its doors. Library use: everything below; over HTTP: `/sim/…`.

    `run_clock` starts the world's clock at once; otherwise it stands at 0 until `start_clock`.
    """

    def __init__(self, config: SimulatorConfig, *, run_clock: bool = True, with_truth: bool = True) -> None:
        self.config = config
        self.institutions: tuple[Institution, ...] = build_institutions(config)
        self.plans: tuple[CasePlan, ...] = plan_cases(config, self.institutions)
        self.truth = perfect_truth(config, self.institutions, self.plans) if with_truth else Truth()
        self.world = build_world(self.plans)
        self.clock = Clock(config.clock_factor)
        self.banks: Banks
        self.base_url = ""
        self._run_clock = run_clock
        self._server: uvicorn.Server
        self._serving: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        """Open the doors."""
        listening = listen(self.config.host, self.config.port)
        self.base_url = f"http://{self.config.host}:{listening.getsockname()[1]}"
        self.banks = Banks(self.config, self.institutions, self.world, self.clock)
        app = Doors(self.banks, self)
        options = uvicorn.Config(
            app, log_level="warning", access_log=False, lifespan="off", ws="none", timeout_graceful_shutdown=1
        )
        self._server = QuietServer(options)
        self._serving = asyncio.create_task(self._server.serve([listening]))
        await until(lambda: self._server.started)
        if self._run_clock:
            self.clock.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything; no task stays behind."""
        self._server.should_exit = True
        await self._serving
        await self.banks.close()

    # -- the library ------------------------------------------------------------------------------------------

    @property
    def directory(self) -> list[dict[str, object]]:
        """The institutions as the product loads them."""
        return directory(self.institutions, self.base_url)

    def write_directory(self, path: Path) -> None:
        """Write the directory file, readable by its owner only."""
        write_directory(path, self.directory)

    def connect(self, api_url: str) -> None:
        """Say where the police API is. Answers that were ready wait until this is known."""
        self.banks.poster.connect(api_url)

    def start_clock(self) -> None:
        """Begin the day."""
        self.clock.start()

    def script(
        self,
        *,
        bank: str,
        rrn: str,
        answers: Sequence[ScriptedAnswer] | None = None,
        reply: ScriptedReply | None = None,
    ) -> None:
        """Say what this bank answers about this transfer (None: as the world has it) and how its door replies."""
        script = self.banks.script(bank, rrn)
        if answers is not None:
            script.answers = tuple(answers)
        if reply is not None:
            script.reply, script.replied = reply, 0

    async def post_as(
        self, bank: str, ack_no: str, rows: Sequence[WrittenRow], job_id: str | None = None
    ) -> tuple[int, dict[str, object]]:
        """Post rows as a bank, once, right now; gives the HTTP status and the JSON the police said."""
        return await self.banks.post_as(self.banks.by_code[bank], ack_no, job_id, rows)

    def tickets(self, bank: str | None = None, rrn: str | None = None) -> list[TicketRecord]:
        """The tickets that were opened, in order; of one bank or about one transfer when asked."""
        return [
            ticket
            for ticket in self.banks.book.tickets
            if (bank is None or ticket.bank.code == bank) and (rrn is None or rrn in ticket.rrns)
        ]

    async def wait_ticket(self, *, bank: str, rrn: str, timeout_seconds: float = 10.0) -> TicketRecord:
        """Wait until that bank was asked about that transfer. Raises TimeoutError."""
        async with asyncio.timeout(timeout_seconds):
            await until(lambda: bool(self.tickets(bank, rrn)))
        return self.tickets(bank, rrn)[0]

    def nudge(self, ticket: TicketRecord) -> bool:
        """Call the bank about a ticket; says whether that helped."""
        return self.banks.nudge(ticket, by_call=True)

    async def handle(self, name: str, method: str, query: dict[str, str], body: bytes) -> tuple[int, object]:
        """Answer a request under `/sim/`."""
        if (name, method) == ("directory", "GET"):
            return 200, self.directory
        if (name, method) == ("connect", "POST"):
            self.connect(str(orjson.loads(body)["api_url"]))
            return 200, {}
        return 404, {"detail": "no such control"}


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    listening = socket.create_server((host, port), backlog=BACKLOG)
    # Inherited by every connection. Without it asyncio leaves Nagle's algorithm on for accepted sockets: 40 ms a reply.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


async def until(true: Callable[[], bool]) -> None:
    """Look every few milliseconds until it is so: uvicorn has no event for having started."""
    while not true():  # noqa: ASYNC110
        await asyncio.sleep(POLL_WALL_SECONDS)


class QuietServer(uvicorn.Server):
    """A server that leaves signals to whoever runs the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Take none."""
        yield
