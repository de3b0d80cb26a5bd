"""`goldenhour bench idle`: what the engine uses while many cases wait and nothing happens.

Each case has one transfer, which its bank has put on hold, and procedures that wait for days. The cases come no faster
than banks hold their money: this is no rush. When the engine has nothing left to do, it is watched for a minute. The
simulator and the benchmark are no part of the engine.
"""

import asyncio
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from adapters.clock import wall_clock
from benchmarks.aims import Aim, at_most, exactly
from benchmarks.complaints import Run
from benchmarks.cost import Cost, Meter, metered
from benchmarks.home import world_digest
from benchmarks.measuring import Progress, baseline, finish, machine, memory_mib, own_stack
from db.reporting.engine_waits import cases_on_hold, last_event_at, left_to_do
from simulator import Knobs
from workers.simulated import SimulatedStack

BANKS: Final = 8
MANY_CASES: Final = 10_000
POLL_SECONDS: Final = 2.0
CALM: Final = timedelta(seconds=30)
"""how long nothing may be left to do, and no event be logged, before the watch begins"""
SETTLE_LIMIT_SECONDS: Final = 3600.0
HOLD_LIMIT_SECONDS: Final = 120.0
CASES_AT_ONCE: Final = 200
"""cases that are opened before the money of the ones before is on hold"""
NOT_THE_ENGINE: Final = frozenset({"simulator", "bench", "goldenhour"})


async def main(cases: int = MANY_CASES, seconds: float = 60.0, seed: int = 7) -> dict[str, Any]:
    """Open the cases, wait until they rest, and watch; return the use of processor and memory, and the aims."""
    config = {
        "seed": seed,
        "complaints": 0,
        "institutions": BANKS,
        "clock_factor": 1.0,
        "knobs": Knobs.none().model_dump(),
        "classes": {"api": 1.0, "seat": 0.0, "mail": 0.0},
    }
    with Progress("idle") as progress:
        async with own_stack(config, progress) as stack, Run.opened(stack) as run:
            await _open(stack, run, cases, progress)
            left = await _rest(stack, cases, progress)
            progress.step(f"watching for {seconds:.0f} seconds")
            async with metered(stack, every_seconds=None) as meter:
                cost = await _watch(meter, seconds)
            memory = memory_mib(stack)
        figures = {
            "cases": cases,
            "seconds": seconds,
            "seed": seed,
            "world": world_digest(config),
            "finished": left == 0,
            "left_to_do": left,
            **use(cost, memory),
            "baseline": await baseline(progress),
            "machine": machine(),
        }
    return finish("idle", figures, aims(cases))


def use(cost: Cost, memory: Mapping[str, float]) -> dict[str, Any]:
    """Return the use of processor and memory, and the sums of the engine's own processes."""
    percent = {role: round(spent * 100 / cost.seconds, 2) for role, spent in cost.cpu_seconds.items()}
    own_mib = sum(mib for name, mib in memory.items() if name not in NOT_THE_ENGINE)
    return {
        "cpu_percent": percent,
        "cpu_percent_of_a_core": round(sum(part for role, part in percent.items() if role not in NOT_THE_ENGINE), 2),
        "commits_per_second": round(cost.commits / cost.seconds, 2),
        "statements_per_second": round(cost.statements / cost.seconds, 1),
        "memory_mib": memory,
        "memory_gib_in_all": round(own_mib / 1024, 3),
    }


def aims(cases: int) -> list[Aim]:
    """Return the aims; fewer cases show nothing, and have only the aim that always holds."""
    chosen = [exactly("finished", True)]
    if cases < MANY_CASES:
        return chosen
    return [*chosen, at_most("cpu_percent_of_a_core", 5), at_most("memory_gib_in_all", 1.5)]


async def _open(stack: SimulatedStack, run: Run, cases: int, progress: Progress) -> None:
    """Open this many cases. Where money does not come on hold in time, `_rest` says what is left."""
    for opened in range(0, cases, CASES_AT_ONCE):
        await run.complain_at_once(run.banks, min(CASES_AT_ONCE, cases - opened))
        progress.tick(f"{min(opened + CASES_AT_ONCE, cases)} of {cases} cases")
        until = time.monotonic() + HOLD_LIMIT_SECONDS
        while time.monotonic() < until:
            async with stack.pool.acquire() as connection:
                if await cases_on_hold(connection) >= opened:
                    break
            await asyncio.sleep(POLL_SECONDS / 4)


async def _rest(stack: SimulatedStack, cases: int, progress: Progress) -> int:
    """Wait until every case has money on hold, nothing is left to do, and nothing happens; return what is left."""
    began = calm_since = time.monotonic()
    left = 0
    while time.monotonic() - began < SETTLE_LIMIT_SECONDS:
        async with stack.pool.acquire() as connection:
            left = await left_to_do(connection) + max(0, cases - await cases_on_hold(connection))
            last_at = None if left else await last_event_at(connection)
        if left or (last_at is not None and wall_clock() - last_at < CALM):
            calm_since = time.monotonic()
        elif time.monotonic() - calm_since >= CALM.total_seconds():
            break
        progress.tick(f"{left} things left to do")
        await asyncio.sleep(POLL_SECONDS)
    return left


async def _watch(meter: Meter, seconds: float) -> Cost:
    began = time.monotonic()
    await asyncio.sleep(seconds)
    await meter.sample()
    return meter.between(began, time.monotonic())
