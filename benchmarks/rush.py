"""`goldenhour bench rush`: the engine at full speed, compared with bare Temporal in the same run.

All complaints come within one second, and banks answer at once. There are no mistakes, so nothing waits for a person or
for a bank's recovery. Then the same batches run as workflows without a database and HTTP (`benchmarks.bare`).

The ratio is the rate of the rush divided by the bare rate, in requests per second. A machine on which bare Temporal
itself is slow does not show the engine's cost, so the ratio is void there.
"""

from typing import Any, Final

from benchmarks.aims import Aim, at_least, at_most, exactly
from benchmarks.bare import BareCase
from benchmarks.cost import metered
from benchmarks.home import play_day, world_digest
from benchmarks.measuring import Progress, bare_seconds, finish, machine, memory_mib, own_stack
from db.reporting.day_totals import batches_by_case, day_figures
from simulator.config import Knobs
from workers.demo.play import DayPlan
from workers.demo.restoration_wait import LIMIT_SECONDS as OWED_LIMIT_SECONDS

LIMIT_SECONDS: Final = 600.0
BARE_LEAST_PER_SECOND: Final = 150.0
AT_ONCE: Final = {"median": 0.0, "sigma": 0.0, "least": 0.0, "most": 0.0}


async def main(complaints: int = 400, seed: int = 7, without_restoration: bool = False) -> dict[str, Any]:
    """Run the rush and the bare batches; return the rates, their ratio, the cost of a request and the aims."""
    with Progress("rush") as progress:
        figures, cases = await rush(complaints, seed, progress, with_restoration=not without_restoration)
        figures |= await compared(figures, cases, progress)
    figures["machine"] = machine()
    return finish("rush", figures, aims(figures, with_restoration=not without_restoration))


def config_of(complaints: int, seed: int) -> dict[str, Any]:
    """Return the simulator's configuration: everything at once, and no mistakes."""
    plan = DayPlan(complaints, seed, 1.0, 1.0)
    delays = {"api": AT_ONCE, "seat": AT_ONCE, "mail": AT_ONCE}
    return {**plan.config(), "knobs": Knobs.none().model_dump(), "delays": delays}


async def rush(
    complaints: int, seed: int, progress: Progress, *, with_restoration: bool = True
) -> tuple[dict[str, Any], list[BareCase]]:
    """Run all complaints at once; return the figures and the batches of the cases."""
    plan = DayPlan(complaints, seed, 1.0, 1.0, owed_limit_seconds=OWED_LIMIT_SECONDS if with_restoration else 0.0)
    config = config_of(complaints, seed)
    async with own_stack(config, progress, with_restoration=with_restoration) as stack, metered(stack) as meter:
        day = await play_day(stack, plan, LIMIT_SECONDS, progress)
        memory = memory_mib(stack)
        state = await stack.state()
        async with stack.pool.acquire() as connection:
            totals, batches = await day_figures(connection), await batches_by_case(connection)
        figures = {
            "complaints": complaints,
            "seed": seed,
            "world": world_digest(config),
            "with_restoration": with_restoration,
            "hops": totals.hops,
            "requests": totals.requests,
            "wall_seconds": round(day.seconds, 2),
            "seconds_until_nothing_was_owed": round(day.ended - day.began, 1),
            "requests_per_second": round(totals.requests / day.seconds, 1),
            **meter.between(day.began, day.ended).of_a_request(totals.requests),
            "until_sent": meter.between(day.began, day.began + day.seconds).of_a_request(totals.requests),
            "first_request_ms": state["latency_ms"]["first_request"],
            "finished": not day.played.trouble,
            "trouble": day.played.trouble,
            "skipped": day.skipped,
            "verify": day.verdict,
            "asked_twice": state["repeated_requests"],
            "memory_mib": memory,
        }
        return figures, [BareCase(case_no, requests) for case_no, requests in batches.items()]


async def compared(figures: dict[str, Any], cases: list[BareCase], progress: Progress) -> dict[str, Any]:
    """Return the rate of the same batches as bare workflows, and the ratio of the two rates."""
    seconds = await bare_seconds(cases, progress)
    rate = figures["requests"] / seconds
    return {
        "bare_wall_seconds": round(seconds, 2),
        "bare_requests_per_second": round(rate, 1),
        "ratio_to_bare": round(figures["requests_per_second"] / rate, 3),
        "ratio_is_void": void(rate),
    }


def void(bare_requests_per_second: float) -> str:
    """Return why the ratio does not count, or an empty text if it counts."""
    if bare_requests_per_second >= BARE_LEAST_PER_SECOND:
        return ""
    return f"bare Temporal is under {BARE_LEAST_PER_SECOND:.0f} requests a second on this machine"


def aims(figures: dict[str, Any], *, with_restoration: bool) -> list[Aim]:
    """Return the aims of the rush. Its cost counts with everything that runs in production."""
    chosen = [
        exactly("finished", True),
        exactly("skipped", 0),
        exactly("verify", "clean"),
        exactly("asked_twice", 0),
        at_least("requests_per_second", 130),
        at_least("ratio_to_bare", 0.75, figures["ratio_is_void"]),
    ]
    return [*chosen, at_most("cpu_ms_per_request_total", 15)] if with_restoration else chosen
