"""`goldenhour bench isolation`: the delay that one hanging bank causes for all others.

Complaints come at an even rate, each about a transfer to one of the other banks. It measures the time from the
complaint's `POST` to the bank's receipt of the hold request, on the clock that all processes share. One run has three
phases: alone; beside a bank that accepts every call, does not reply for `hang_seconds`, and has `queued` requests
waiting; and alone again, after that bank has recovered and received all of them. The first and last phase count
together. Neither a machine that warms up nor a growing database then counts as an effect of the bank.
"""

import asyncio
import itertools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import orjson

from activities.secrets import SecretBox
from adapters.clock import wall_clock
from api.tokens import Tokens
from benchmarks.measuring import PROGRESS, machine, own_stack, show
from db.reporting.day_totals import requests_to
from schemas.enums import Role
from simulator import Faults, Knobs, hold_row
from simulator.figures import spread
from workers.home import secret_key
from workers.simulated import SimulatedStack

BANKS = 8
PAISE = 25_000_00
WARM_UP_COMPLAINTS = 20
POSTS_AT_ONCE = 8
SETTLE_LIMIT_SECONDS = 120.0
POLL_SECONDS = 0.25


async def main(
    rate_per_second: float = 8.0, seconds: float = 40.0, queued: int = 200, hang_seconds: float = 30.0, seed: int = 7
) -> dict[str, Any]:
    """Run the benchmark; return the quantiles alone and beside the hanging bank, and the ratio of their p99."""
    config = {
        "seed": seed,
        "complaints": 0,
        "institutions": BANKS,
        "clock_factor": 1.0,
        "knobs": Knobs.none().model_dump(),
        "classes": {"api": 1.0, "seat": 0.0, "mail": 0.0},
    }
    async with own_stack(config) as stack, httpx.AsyncClient(base_url=stack.running.intake_url, timeout=30) as api:
        run = await Run.begin(stack, api)
        hanging, *others = run.banks
        count = round(rate_per_second * seconds)
        with PROGRESS.status("warming up") as status:
            await run.complain_evenly(others, WARM_UP_COMPLAINTS, rate_per_second)
            status.update("alone")
            before = await run.complain_evenly(others, count // 2, rate_per_second)
            status.update(f"{queued} requests queue for a bank that hangs")
            await run.hang(hanging, hang_seconds)
            waiting = await run.complain_at_once(hanging, queued)
            await run.until_planned(hanging, queued)
            status.update("beside it")
            beside = await run.complain_evenly(others, count, rate_per_second)
            status.update("the bank is well again")
            drained_seconds = await run.recover(hanging, waiting)
            status.update("alone again")
            after = await run.complain_evenly(others, count - count // 2, rate_per_second)
            figures = await run.waits_ns()
        alone_ms, beside_ms = _spread(figures, before | after), _spread(figures, beside)
        result = {
            "p99_ms_alone": alone_ms["p99"],
            "p99_ms_beside": beside_ms["p99"],
            "p99_ratio": round(beside_ms["p99"] / alone_ms["p99"], 3),
            "alone_ms": alone_ms,
            "beside_ms": beside_ms,
            "queued": queued,
            "hang_seconds": hang_seconds,
            "queue_delivered_after_seconds": drained_seconds,
            "machine": machine(),
        }
    show("isolation", result)
    return result


def _spread(waits_ns: Mapping[str, int], references: set[str]) -> dict[str, Any]:
    missing = references - waits_ns.keys()
    if missing:
        raise RuntimeError(f"{len(missing)} of {len(references)} requests never reached their bank")
    found: dict[str, Any] = spread(waits_ns[reference] for reference in references)
    return found


@dataclass
class Run:
    """Complaints posted to one stack, and the time of each."""

    stack: SimulatedStack
    api: httpx.AsyncClient
    banks: list[str]
    headers: dict[str, str]
    sent_ns: dict[str, int] = field(default_factory=dict)
    """by the transfer's reference"""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(400_000_000_001))

    @classmethod
    async def begin(cls, stack: SimulatedStack, api: httpx.AsyncClient) -> "Run":
        """Set the address of the police at the banks, and create the complainant's token."""
        (await stack.control.post("/sim/connect", json={"api_url": stack.running.intake_url})).raise_for_status()
        directory = orjson.loads((await stack.control.get("/sim/directory")).content)
        token = Tokens(SecretBox(secret_key(stack.services.settings))).for_officer("helpline", Role.INTAKE)
        return cls(stack, api, [entry["code"] for entry in directory], {"Authorization": f"Bearer {token}"})

    async def complain_evenly(self, banks: list[str], count: int, rate_per_second: float) -> set[str]:
        """Post complaints at an even rate; return their references when all requests have arrived."""
        references = [await self._scripted(banks[number % len(banks)]) for number in range(count)]
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number, (bank, reference) in enumerate(references):
                await asyncio.sleep(max(began + number / rate_per_second - time.monotonic(), 0))
                group.create_task(self._complain(bank, reference))
        found = {reference for _, reference in references}
        await self._until_arrived(found)
        return found

    async def complain_at_once(self, bank: str, count: int) -> set[str]:
        """Post this many complaints as fast as they are accepted."""
        limit = asyncio.Semaphore(POSTS_AT_ONCE)

        async def one() -> str:
            async with limit:
                _, reference = await self._scripted(bank)
                await self._complain(bank, reference)
                return reference

        return set(await asyncio.gather(*(one() for _ in range(count))))

    async def hang(self, bank: str, seconds: float) -> None:
        """Make a bank accept every call and send no reply for this time."""
        await self._put_faults(bank, Faults(half_open=1.0, half_open_wall_seconds=seconds))

    async def recover(self, bank: str, waiting: set[str]) -> float:
        """Let the bank reply again; return the seconds until it has all waiting requests."""
        await self._put_faults(bank, Faults())
        began = time.monotonic()
        await self._until_arrived(waiting)
        return round(time.monotonic() - began, 1)

    async def until_planned(self, bank: str, count: int) -> None:
        """Wait until this many requests to a bank are in the database; from then on they only queue."""
        async with asyncio.timeout(SETTLE_LIMIT_SECONDS), self.stack.pool.acquire() as connection:
            # Another process writes them and sends no event.
            while await requests_to(connection, bank) < count:  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS)

    async def waits_ns(self) -> dict[str, int]:
        """Return by reference the time from complaint to receipt at the bank, for all received requests."""
        received = await self._received_ns()
        return {
            reference: received[reference] - sent for reference, sent in self.sent_ns.items() if reference in received
        }

    # -- steps ---------------------------------------------------------------------------------------------------------

    async def _put_faults(self, bank: str, faults: Faults) -> None:
        body = {"bank": bank, "faults": faults.model_dump()}
        (await self.stack.control.post("/sim/faults", json=body)).raise_for_status()

    async def _scripted(self, bank: str) -> tuple[str, str]:
        """Script a new transfer to this bank, which holds the full amount on request."""
        reference = str(next(self._numbers))
        answer = {"rows": [hold_row(reference, PAISE)]}
        body = {"bank": bank, "rrn": reference, "answers": [answer]}
        (await self.stack.control.post("/sim/script", json=body)).raise_for_status()
        return bank, reference

    async def _complain(self, bank: str, reference: str) -> None:
        body = {
            "channel": "helpline_1930",
            "category": "upi_fraud",
            "victim": {"name": "A. Victim", "mobile": "9876543210", "district": "LUCKNOW"},
            "transfers": [
                {
                    "payer": {"institution": self.banks[-1], "account": "30000000001"},
                    "payee": {"institution": bank, "account": f"5{reference}"},
                    "amount_paise": PAISE,
                    "rrn": reference,
                    "mode": "imps",
                    "transferred_at": (wall_clock() - timedelta(minutes=5)).isoformat(),
                }
            ],
        }
        self.sent_ns[reference] = time.monotonic_ns()
        answer = await self.api.post(
            "/api/v1/complaints", json=body, headers={**self.headers, "Idempotency-Key": uuid4().hex}
        )
        answer.raise_for_status()

    async def _received_ns(self) -> dict[str, int]:
        tickets = orjson.loads((await self.stack.control.get("/sim/tickets")).content)
        received: dict[str, int] = {}
        for ticket in tickets:
            for reference in ticket["rrns"]:
                received.setdefault(reference, ticket["received_ns"])
        return received

    async def _until_arrived(self, references: set[str]) -> None:
        async with asyncio.timeout(SETTLE_LIMIT_SECONDS):
            while not references <= (await self._received_ns()).keys():  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS)
