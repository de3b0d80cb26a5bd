"""Complaints about scripted transfers, posted by a benchmark itself, and the time of each."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import httpx
import orjson

from adapters.clock import wall_clock
from db.reporting.day_totals import requests_to
from simulator import Faults, hold_row
from workers.simulated import SimulatedStack

UNKNOWN_BANK: Final = "Bank of the Moon"
PAISE: Final = 25_000_00
POSTS_AT_ONCE: Final = 8
TIMEOUT_SECONDS: Final = 30.0
SETTLE_LIMIT_SECONDS: Final = 120.0
POLL_SECONDS: Final = 0.25


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
    @asynccontextmanager
    async def opened(cls, stack: SimulatedStack) -> "AsyncIterator[Run]":
        """Set the address of the police at the banks, create the complainant's token, and open a client of intake."""
        (await stack.control.post("/sim/connect", json={"api_url": stack.running.intake_url})).raise_for_status()
        directory = orjson.loads((await stack.control.get("/sim/directory")).content)
        token = await stack.intake_token()
        async with httpx.AsyncClient(base_url=stack.running.intake_url, timeout=TIMEOUT_SECONDS) as api:
            yield cls(stack, api, [entry["code"] for entry in directory], {"Authorization": f"Bearer {token}"})

    async def complain_evenly(self, banks: list[str], count: int, rate_per_second: float) -> set[str]:
        """Post complaints at an even rate; return their references when all requests have arrived, or time is up."""
        references = [await self.scripted(banks[number % len(banks)]) for number in range(count)]
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number, (bank, reference) in enumerate(references):
                await asyncio.sleep(max(began + number / rate_per_second - time.monotonic(), 0))
                group.create_task(self._complain(bank, reference))
        posted = {reference for _, reference in references}
        await self._arrive(posted)
        return posted

    async def complain_at_once(
        self, banks: list[str], count: int, progress: Callable[[int], None] = lambda _: None
    ) -> set[str]:
        """Post this many complaints as fast as they are accepted; `progress` is called with their number so far."""
        numbers = iter(range(count))
        posted: set[str] = set()

        async def post_some() -> None:
            for number in numbers:
                bank, reference = await self.scripted(banks[number % len(banks)])
                await self._complain(bank, reference)
                posted.add(reference)
                progress(len(posted))

        async with asyncio.TaskGroup() as group:
            for _ in range(POSTS_AT_ONCE):
                group.create_task(post_some())
        return posted

    async def complain_of_unknown_banks(self, count: int, progress: Callable[[int], None] = lambda _: None) -> None:
        """Post complaints about transfers to a bank that the directory does not have. Each asks the desk."""
        numbers = iter(range(count))

        async def post_some() -> None:
            for number in numbers:
                await self._complain(UNKNOWN_BANK, str(next(self._numbers)))
                progress(number)

        async with asyncio.TaskGroup() as group:
            for _ in range(POSTS_AT_ONCE):
                group.create_task(post_some())

    async def hang(self, bank: str, seconds: float) -> None:
        """Make a bank accept every call and send no reply for this time."""
        await self._put_faults(bank, Faults(half_open=1.0, half_open_wall_seconds=seconds))

    async def recover(self, bank: str, waiting: set[str]) -> float | None:
        """Let the bank reply again; return the seconds until it has all waiting requests, or None if time is up."""
        await self._put_faults(bank, Faults())
        began = time.monotonic()
        return round(time.monotonic() - began, 1) if await self._arrive(waiting) else None

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

    async def scripted(self, bank: str) -> tuple[str, str]:
        """Script a new transfer to this bank, which holds the full amount on request."""
        reference = str(next(self._numbers))
        answer = {"rows": [hold_row(reference, PAISE)]}
        body = {"bank": bank, "rrn": reference, "answers": [answer]}
        (await self.stack.control.post("/sim/script", json=body)).raise_for_status()
        return bank, reference

    async def received_at(self, references: set[str]) -> dict[str, float]:
        """Return by reference when its bank had the request, in epoch seconds, once all have arrived or time is up."""
        await self._arrive(references)
        received: dict[str, float] = await self._tickets("received_at")
        return received

    # -- steps ---------------------------------------------------------------------------------------------------------

    async def _put_faults(self, bank: str, faults: Faults) -> None:
        body = {"bank": bank, "faults": faults.model_dump()}
        (await self.stack.control.post("/sim/faults", json=body)).raise_for_status()

    async def _complain(self, bank: str, reference: str) -> None:
        body = {
            "channel": "helpline_1930",
            "category": "upi_fraud",
            # Each complaint is of another person, as nearly all are.
            "victim": {"name": "A. Victim", "mobile": f"9{reference[-9:]}", "district": "LUCKNOW"},
            "transfers": [
                {
                    "payer": {"institution": self.banks[-1], "account": f"3{reference}"},
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
        return await self._tickets("received_ns")

    async def _tickets(self, name: str) -> dict[str, Any]:
        """Return this field of the first ticket of each reference."""
        tickets = orjson.loads((await self.stack.control.get("/sim/tickets")).content)
        by_reference: dict[str, Any] = {}
        for ticket in tickets:
            for reference in ticket["rrns"]:
                by_reference.setdefault(reference, ticket[name])
        return by_reference

    async def _arrive(self, references: set[str]) -> bool:
        """Wait until the banks have these requests; return whether they do before time is up."""
        try:
            async with asyncio.timeout(SETTLE_LIMIT_SECONDS):
                while not references <= (await self._received_ns()).keys():  # noqa: ASYNC110
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            return False
        return True
