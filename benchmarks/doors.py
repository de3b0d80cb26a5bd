"""`goldenhour bench doors`: the delay that slow connections of a stranger cause for officers and banks.

A stranger with one address opens connections at an even rate. Each sends the head of a request, and never its body.
Officers and banks send small requests at an even rate meanwhile. One run has three phases: alone, beside the stranger,
and alone again. The first and last phase count together. The second one begins when the first slow connections have
been closed by the server, so their number does not grow any more.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import urlsplit

import httpx

from activities.officers import script_tokens
from activities.secrets import SecretBox
from api.officers.tokens import Tokens
from benchmarks.aims import Aim, at_least, at_most, exactly
from benchmarks.complaints import TIMEOUT_SECONDS, Run
from benchmarks.measuring import Progress, baseline, finish, machine, own_stack, quantiles
from schemas.enums import Role
from schemas.officers.officers import NewScriptToken
from simulator import Knobs
from workers.home import secret_key
from workers.simulated import SimulatedStack

BANKS: Final = 8
CASES: Final = 20
STRANGER: Final = "127.0.0.2"
"""another address of loopback than that of officers and banks"""
LEAD_SECONDS: Final = 32.0
"""time from the first slow connection to the second phase; the server closes one after 30 seconds"""
MS_IN_SECOND: Final = 1_000
TELLING: Final = 1_000
"""requests of each kind from which on a p99 tells something"""


async def main(
    slow_per_second: float = 17.0,
    rate_per_second: float = 20.0,
    seconds: float = 60.0,
    lead_seconds: float = LEAD_SECONDS,
    seed: int = 7,
) -> dict[str, Any]:
    """Run the benchmark; return the quantiles alone and beside the stranger, and the ratio of their p99."""
    config = {
        "seed": seed,
        "complaints": 0,
        "institutions": BANKS,
        "clock_factor": 1.0,
        "knobs": Knobs.none().model_dump(),
        "classes": {"api": 1.0, "seat": 0.0, "mail": 0.0},
    }
    with Progress("doors") as progress:
        async with own_stack(config, progress, with_restoration=False) as stack, Run.opened(stack) as run:
            progress.step("warming up")
            await run.complain_evenly(run.banks, CASES, rate_per_second)
            async with _callers(stack, run.banks) as callers:
                slow = await _phases(stack, callers, progress, slow_per_second, rate_per_second, seconds, lead_seconds)
        figures = {name: figures_of(caller) for name, caller in callers.items()} | {
            "slow_per_second": slow_per_second,
            "slow_at_once": slow,
            "rate_per_second": rate_per_second,
            "seconds": seconds,
            "seed": seed,
            "baseline": await baseline(progress),
            "machine": machine(),
        }
    return finish("doors", figures, aims(round(rate_per_second * seconds)))


@dataclass
class Caller:
    """One kind of caller: its requests, and what became of them."""

    send: Callable[[int], Awaitable[httpx.Response]]
    alone_ms: list[float] = field(default_factory=list)
    beside_ms: list[float] = field(default_factory=list)
    refused: int = 0

    async def call(self, number: int, times: list[float]) -> None:
        """Send one request, and record its time."""
        began = time.monotonic()
        try:
            status = (await self.send(number)).status_code
        except httpx.TransportError:
            status = HTTPStatus.SERVICE_UNAVAILABLE
        times.append((time.monotonic() - began) * MS_IN_SECOND)
        self.refused += status != HTTPStatus.OK


@asynccontextmanager
async def _callers(stack: SimulatedStack, banks: list[str]) -> AsyncIterator[dict[str, Caller]]:
    """Return a script that lists cases, and banks that ask for their limits, which no rate policy counts."""
    tokens = Tokens(SecretBox(secret_key(stack.services.settings)))
    new = NewScriptToken(name="lists", roles=(Role.AUDITOR,), days=1)
    _, token = await script_tokens.issue(stack.pool, new, "command:bench")
    script = {"Authorization": f"Bearer {token}"}
    by_bank = [{"Authorization": f"Bearer {tokens.for_bank(bank)}"} for bank in banks]
    async with (
        httpx.AsyncClient(base_url=stack.running.api_url, timeout=TIMEOUT_SECONDS) as officers,
        httpx.AsyncClient(base_url=stack.running.intake_url, timeout=TIMEOUT_SECONDS) as intake,
    ):
        yield {
            "officers": Caller(lambda _: officers.get("/api/v1/cases", headers=script)),
            "banks": Caller(lambda number: intake.get("/api/v1/bank/policies", headers=by_bank[number % len(by_bank)])),
        }


async def _phases(
    stack: SimulatedStack,
    callers: Mapping[str, Caller],
    progress: Progress,
    slow_per_second: float,
    rate_per_second: float,
    seconds: float,
    lead_seconds: float,
) -> int:
    """Measure all phases; return how many slow connections were open at the end of the second."""

    async def measure(step: str, of: Callable[[Caller], list[float]], duration_seconds: float) -> None:
        progress.step(step)
        await asyncio.gather(
            *(_evenly(caller, of(caller), rate_per_second, duration_seconds) for caller in callers.values())
        )

    await measure("alone", lambda caller: caller.alone_ms, seconds / 2)
    targets = _targets(stack)
    async with _slow_connections(targets, slow_per_second) as open_ones:
        progress.step("the stranger begins")
        await asyncio.sleep(lead_seconds)
        await measure("beside the stranger", lambda caller: caller.beside_ms, seconds)
        slow = len(open_ones)
    await measure("alone again", lambda caller: caller.alone_ms, seconds / 2)
    return slow


async def _evenly(caller: Caller, times: list[float], rate_per_second: float, seconds: float) -> None:
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in range(round(rate_per_second * seconds)):
            await asyncio.sleep(max(began + number / rate_per_second - time.monotonic(), 0))
            group.create_task(caller.call(number, times))


# -- the stranger ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Target:
    """Where a slow request goes."""

    host: str
    port: int
    head: bytes


def _targets(stack: SimulatedStack) -> list[_Target]:
    """Return a page, a login, and a route that needs a token."""
    intake, officers = stack.running.intake_url, stack.running.api_url
    return [
        _target(officers, "/appeal", "application/x-www-form-urlencoded"),
        _target(intake, "/banking/login", "application/json"),
        _target(intake, "/api/v1/complaints", "application/json"),
    ]


def _target(url: str, path: str, media_type: str) -> _Target:
    parts = urlsplit(url)
    assert parts.hostname is not None, "the stack's own address"
    assert parts.port is not None, "the stack's own address"
    lines = (f"POST {path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Type: {media_type}", "Content-Length: 5000")
    return _Target(parts.hostname, parts.port, "\r\n".join((*lines, "", "")).encode())


class _SlowConnection(asyncio.Protocol):
    """Connection that sends the head of a request, and stays until the server closes it."""

    def __init__(self, head: bytes, open_ones: set["_SlowConnection"]) -> None:
        self._head = head
        self._open_ones = open_ones
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's own class of transports is no subclass.
        self._transport = cast(asyncio.Transport, transport)
        self._open_ones.add(self)
        self._transport.write(self._head)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open_ones.discard(self)

    def close(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()


@asynccontextmanager
async def _slow_connections(targets: list[_Target], rate_per_second: float) -> AsyncIterator[set[_SlowConnection]]:
    """Open slow connections at an even rate while the block runs; yield those that are open now."""
    loop = asyncio.get_running_loop()
    open_ones: set[_SlowConnection] = set()

    async def open_on() -> None:
        began = time.monotonic()
        for number in itertools.count():
            await asyncio.sleep(max(began + number / rate_per_second - time.monotonic(), 0))
            target = targets[number % len(targets)]
            made = partial(_SlowConnection, target.head, open_ones)
            await loop.create_connection(made, target.host, target.port, local_addr=(STRANGER, 0))

    opening = asyncio.create_task(open_on())
    try:
        yield open_ones
        assert not opening.done(), "the stranger goes on to the end"
    finally:
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        for connection in list(open_ones):
            connection.close()


# -- figures -----------------------------------------------------------------------------------------------------------


def figures_of(caller: Caller) -> dict[str, Any]:
    """Return the p99 alone and beside the stranger, their ratio, and how many requests were refused."""
    alone_ms, beside_ms = quantiles(caller.alone_ms), quantiles(caller.beside_ms)
    alone, beside = alone_ms.get("p99"), beside_ms.get("p99")
    return {
        "requests_alone": alone_ms["count"],
        "requests_beside": beside_ms["count"],
        "p50_ms_alone": alone_ms.get("p50"),
        "p50_ms_beside": beside_ms.get("p50"),
        "p99_ms_alone": alone,
        "p99_ms_beside": beside,
        "p99_ratio": round(beside / alone, 3) if alone and beside else None,
        "refused": caller.refused,
    }


def aims(count: int) -> list[Aim]:
    """Return the aims; a short look with few requests has only those that always hold."""
    chosen = [exactly("officers.refused", 0), exactly("banks.refused", 0), at_least("slow_at_once", 1)]
    if count < TELLING:
        return chosen
    return [*chosen, at_most("officers.p99_ratio", 1.2), at_most("banks.p99_ratio", 1.2)]
