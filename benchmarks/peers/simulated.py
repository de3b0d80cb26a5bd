"""The product in the comparison: its own processes, and the simulator's banks with scripts of the same trees.

The product does more for each request than the peers: see `README.md`.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import aiohttp
import orjson
import psutil

from activities.secrets import Process
from adapters.clock import wall_clock
from benchmarks.cost import cpu_seconds_by_role
from benchmarks.measuring import Progress, own_stack
from benchmarks.peers.engine import POST_LIMIT_SECONDS
from benchmarks.peers.figures import Log, log_of_tickets
from benchmarks.peers.tree import BANKS, Transfer, tree
from db.reporting.day_totals import answered_references
from simulator import Knobs, hold_row, transfer_row
from workers.embedded.temporal import free_port
from workers.home import for_process
from workers.processes import ChildSpec, http_ready, own_command
from workers.simulated import SimulatedStack
from workers.stack import environment

INTAKE: Final = ["intake", "--single"]
WORKER: Final = ["worker", "--queue", "golden-hour"]
"""command lines of the processes that ask banks"""


@dataclass
class GoldenHour:
    """The running product, with the simulator's banks."""

    stack: SimulatedStack
    seed: int
    client: aiohttp.ClientSession
    banks: Sequence[str]
    payer_bank: str
    headers: Mapping[str, str]

    async def prepare(self, numbers: Sequence[int]) -> None:
        """Script every bank's answer about every transfer of these complaints."""
        for number in numbers:
            for transfer in tree(self.seed, number).all():
                body = {
                    "bank": self.banks[transfer.bank],
                    "rrn": transfer.reference,
                    "answers": [self._answer(transfer)],
                }
                (await self.stack.control.post("/sim/script", json=body)).raise_for_status()

    async def post(self, number: int) -> bool:
        """Send a complaint once; return whether it was accepted."""
        body = self._complaint(tree(self.seed, number))
        headers = {**self.headers, "Idempotency-Key": f"comparison-{number}"}
        url = f"{self.stack.running.intake_url}/api/v1/complaints"
        try:
            async with self.client.post(url, json=body, headers=headers) as reply:
                await reply.read()
                return reply.ok
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def accepted(self) -> int:
        """Return how many transfers have an answer in the database."""
        return len(await self.recorded())

    async def log(self) -> Log:
        """Return what the banks saw."""
        return log_of_tickets(orjson.loads((await self.stack.control.get("/sim/tickets")).content))

    async def recorded(self) -> set[str]:
        """Return the transfers with an answer in the database."""
        async with self.stack.pool.acquire() as connection:
            return await answered_references(connection)

    async def kill_worker(self) -> None:
        """Kill both processes that ask banks, intake and the worker, and start them again."""
        killed: set[str] = set()
        for child in psutil.Process().children():
            try:
                command = child.cmdline()
            except psutil.NoSuchProcess:
                continue  # It has ended, and its parent has not noticed yet.
            if command[-len(INTAKE) :] == INTAKE or command[-len(WORKER) :] == WORKER:
                child.send_signal(signal.SIGKILL)
                killed.add(command[-1])
        assert killed == {INTAKE[-1], WORKER[-1]}, "both processes run"
        metrics_port = free_port()
        settings = self.stack.running.settings.model_copy(update={"worker_metrics_port": metrics_port})
        async with asyncio.TaskGroup() as group:
            for process, arguments, port, page in (
                (Process.INTAKE, INTAKE, settings.intake_port, "/readyz"),
                (Process.WORKER, WORKER, metrics_port, "/metrics"),
            ):
                ready = http_ready(settings.api_host, port, page)
                own = environment(for_process(settings, process))
                spec = ChildSpec(f"{process}-again", own_command(*arguments), own, ready, restarts=False)
                group.create_task(self.stack.supervisor.start(spec))

    def cpu_seconds(self) -> dict[str, float]:
        """Return the processor time until now, by role."""
        return cpu_seconds_by_role(self.stack)

    def _answer(self, about: Transfer) -> dict[str, Any]:
        rows = [
            transfer_row(
                about.reference,
                new_rrn=transfer.reference,
                paise=transfer.paise,
                payee_bank_code=self.banks[transfer.bank],
                payee_account=transfer.account,
                account=about.account,
            )
            for transfer in about.moved_on
        ]
        held = [hold_row(about.reference, about.paise, about.account)]
        return {"rows": rows or held, "after_wall_seconds": about.answer_seconds}

    def _complaint(self, first: Transfer) -> dict[str, Any]:
        return {
            "channel": "helpline_1930",
            "category": "upi_fraud",
            "victim": {"name": "A. Victim", "mobile": "9876543210", "district": "LUCKNOW"},
            "transfers": [
                {
                    "payer": {"institution": self.payer_bank, "account": "30000000001"},
                    "payee": {"institution": self.banks[first.bank], "account": first.account},
                    "amount_paise": first.paise,
                    "rrn": first.reference,
                    "mode": "imps",
                    "transferred_at": (wall_clock() - timedelta(minutes=5)).isoformat(),
                }
            ],
        }


@asynccontextmanager
async def on_goldenhour(seed: int, progress: Progress) -> AsyncIterator[GoldenHour]:
    """Run the product as it is, restorations included, with banks that make no mistakes."""
    config = {
        "seed": seed,
        "complaints": 0,
        "institutions": BANKS + 1,
        "clock_factor": 1.0,
        "knobs": Knobs.none().model_dump(),
        "classes": {"api": 1.0, "seat": 0.0, "mail": 0.0},
    }
    timeout = aiohttp.ClientTimeout(total=POST_LIMIT_SECONDS)
    async with own_stack(config, progress) as stack, aiohttp.ClientSession(timeout=timeout) as client:
        where = {"api_url": stack.running.intake_url}
        (await stack.control.post("/sim/connect", json=where)).raise_for_status()
        directory = orjson.loads((await stack.control.get("/sim/directory")).content)
        codes = [entry["code"] for entry in directory]
        token = await stack.intake_token()
        yield GoldenHour(stack, seed, client, codes[:BANKS], codes[BANKS], {"Authorization": f"Bearer {token}"})
