"""`goldenhour bench isolation`: the delay that one hanging bank causes for all others.

Complaints come at an even rate, each about a transfer to one of the other banks. It measures the time from the
complaint's `POST` to the bank's receipt of the hold request, on the clock that all processes share. One run has three
phases: alone; beside a bank that accepts every call, does not reply for `hang_seconds`, and has `queued` requests
waiting; and alone again, after that bank has recovered and received all of them. The first and last phase count
together. Neither a machine that warms up nor a growing database then counts as an effect of the bank.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.aims import Aim, at_least, at_most, exactly
from benchmarks.complaints import Run
from benchmarks.home import world_digest
from benchmarks.measuring import Progress, baseline, finish, machine, nothing_owed, own_stack, quantiles
from simulator import Knobs

BANKS: Final = 8
WARM_UP_COMPLAINTS: Final = 20
NS_IN_MS: Final = 1_000_000
TELLING: Final = 1_000
"""complaints of each kind from which on a p99 tells something"""


async def main(
    rate_per_second: float = 8.0, seconds: float = 125.0, queued: int = 200, hang_seconds: float = 30.0, seed: int = 7
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
    count = round(rate_per_second * seconds)
    with Progress("isolation") as progress:
        async with own_stack(config, progress) as stack, Run.opened(stack) as run:
            phases = await _phases(run, progress, count, rate_per_second, queued, hang_seconds)
            trouble = await nothing_owed(stack, progress)
        figures = figures_of(phases) | {
            "queued": queued,
            "hang_seconds": hang_seconds,
            "queue_delivered_after_seconds": phases.drained_seconds,
            "queue_drained": phases.drained_seconds is not None,
            "finished": not trouble,
            "trouble": trouble,
            "seed": seed,
            "world": world_digest(config),
            "baseline": await baseline(progress),
            "machine": machine(),
        }
    return finish("isolation", figures, aims(count))


@dataclass(frozen=True)
class Phases:
    """The references of each phase, and the time of each request that arrived."""

    alone: set[str]
    beside: set[str]
    waits_ns: Mapping[str, int]
    drained_seconds: float | None
    """until the hanging bank had its queue; None if it never did"""


async def _phases(
    run: Run, progress: Progress, count: int, rate_per_second: float, queued: int, hang_seconds: float
) -> Phases:
    hanging, *others = run.banks
    progress.step("warming up")
    await run.complain_evenly(others, WARM_UP_COMPLAINTS, rate_per_second)
    progress.step(f"{count // 2} complaints alone")
    before = await run.complain_evenly(others, count // 2, rate_per_second)
    progress.step(f"{queued} requests queue for a bank that hangs")
    await run.hang(hanging, hang_seconds)
    waiting = await run.complain_at_once([hanging], queued)
    await run.until_planned(hanging, queued)
    progress.step(f"{count} complaints beside it")
    beside = await run.complain_evenly(others, count, rate_per_second)
    progress.step("the bank recovers")
    drained_seconds = await run.recover(hanging, waiting)
    progress.step(f"{count - count // 2} complaints alone again")
    after = await run.complain_evenly(others, count - count // 2, rate_per_second)
    return Phases(before | after, beside, await run.waits_ns(), drained_seconds)


def figures_of(phases: Phases) -> dict[str, Any]:
    """Return the quantiles of both kinds of phases, their ratio, and how many requests never reached their bank."""
    alone_ms, beside_ms = (
        quantiles(phases.waits_ns[reference] / NS_IN_MS for reference in references if reference in phases.waits_ns)
        for references in (phases.alone, phases.beside)
    )
    alone, beside = alone_ms.get("p99"), beside_ms.get("p99")
    return {
        "p99_ms_alone": alone,
        "p99_ms_beside": beside,
        "p99_ratio": round(beside / alone, 3) if alone and beside else None,
        "alone_ms": alone_ms,
        "beside_ms": beside_ms,
        "missing": len((phases.alone | phases.beside) - phases.waits_ns.keys()),
    }


def aims(count: int) -> list[Aim]:
    """Return the aims; a short look with few complaints has only those that always hold."""
    chosen = [exactly("finished", True), exactly("missing", 0), exactly("queue_drained", True)]
    if count < TELLING:
        return chosen
    return [
        *chosen,
        at_least("alone_ms.count", TELLING),
        at_least("beside_ms.count", TELLING),
        at_most("p99_ratio", 1.3),
        at_most("p99_ms_beside", 150),
    ]
