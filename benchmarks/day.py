"""`goldenhour bench day`: a day of one state, compared with bare Temporal.

Three runs, one after the other, each on separate servers:

* The *day*: complaints over 24 simulated hours, compressed by the clock factor. A delay of the engine counts that many
times, so the share of the catchable amount that was caught measures its speed.

* The *rush*: as many complaints at once, and banks that answer at once: the engine at full speed.

* *Bare*: the batches of the rush as workflows without a database and HTTP (`benchmarks.bare`).

The ratio is the rate of the rush divided by the bare rate, in requests per second.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.bare import BareCase, run_bare
from benchmarks.measuring import PROGRESS, machine, memory_mib, own_stack, show
from db.reporting.day_totals import batches_by_case, day_figures, status_updates
from simulator.config import Knobs
from workers.demo.play import DAY_SECONDS, DayPlan, DayState, Played, play
from workers.embedded.temporal import EmbeddedTemporal
from workers.number_text import duration
from workers.simulated import SimulatedStack
from workers.temporal import connect

RUSH_LIMIT_SECONDS = 600.0
TAIL_SECONDS = 10.0
"""after the day, the last requests are answered; banks that answer by mail take days and are not awaited"""
AT_ONCE = {"median": 0.0, "sigma": 0.0, "least": 0.0, "most": 0.0}


async def main(complaints: int = 960, clock_factor: float = 320.0, seed: int = 7) -> dict[str, Any]:
    """Run all three; return the day's figures, the rates and their ratio, memory and machine."""
    day = await _day(DayPlan(complaints, seed, clock_factor, DAY_SECONDS / clock_factor))
    rush, cases = await _rush(complaints, seed)
    bare_seconds = await _bare(cases)
    requests = sum(sum(case.batches) for case in cases)
    result = day | {
        "rush": rush,
        "bare_temporal_wall_seconds": round(bare_seconds, 2),
        "bare_requests_per_second": round(requests / bare_seconds, 1),
        "ratio_to_bare": round(bare_seconds / rush["wall_seconds"], 3),
        "machine": machine(),
    }
    show("day", result)
    return result


async def _day(plan: DayPlan) -> dict[str, Any]:
    async with own_stack(plan.config()) as stack:
        played, seconds = await _play(stack, plan, "day", plan.wall_seconds + TAIL_SECONDS)
        state = await stack.state()
        async with stack.pool.acquire() as connection:
            totals, answers = await day_figures(connection), await status_updates(connection)
        return {
            "complaints": plan.complaints,
            "clock_factor": plan.clock_factor,
            "hops": totals.hops,
            "requests": totals.requests,
            "answers": answers,
            "wall_seconds": round(seconds, 2),
            "not_sent_at_the_end": played.state.figures.waiting_hops + played.state.figures.undelivered,
            "verify": "clean" if played.verdict.clean else played.verdict.as_text(),
            "caught_of_catchable": state["truth"]["caught_of_catchable"],
            "caught_of_at_stake": state["truth"]["caught_of_at_stake"],
            "repeated_requests": state["repeated_requests"],
            "first_request_ms": state["latency_ms"]["first_request"],
            "next_layer_ms": state["latency_ms"]["next_layer"],
            "memory_mib": memory_mib(stack),
        }


async def _rush(complaints: int, seed: int) -> tuple[dict[str, Any], list[BareCase]]:
    """Run all complaints at once. There are no mistakes, so nothing waits for a person or for a bank's recovery."""
    plan = DayPlan(complaints, seed, 1.0, 1.0)
    no_traps = {"knobs": Knobs.none().model_dump(), "delays": {"api": AT_ONCE, "seat": AT_ONCE, "mail": AT_ONCE}}
    async with own_stack(plan.config() | no_traps) as stack:
        played, seconds = await _play(stack, plan, "rush", RUSH_LIMIT_SECONDS)
        async with stack.pool.acquire() as connection:
            totals, batches = await day_figures(connection), await batches_by_case(connection)
        figures = {
            "hops": totals.hops,
            "requests": totals.requests,
            "wall_seconds": round(seconds, 2),
            "requests_per_second": round(totals.requests / seconds, 1),
            "trouble": played.trouble,
            "verify": "clean" if played.verdict.clean else played.verdict.as_text(),
        }
        return figures, [BareCase(case_no, requests) for case_no, requests in batches.items()]


async def _play(stack: SimulatedStack, plan: DayPlan, name: str, limit_seconds: float) -> tuple[Played, float]:
    """Play; return the result and the seconds until nothing was left to do, without the final check."""
    started = time.monotonic()
    busy_until = started
    with PROGRESS.status("") as status:

        def seen(state: DayState) -> None:
            nonlocal busy_until
            if state.engine_busy or state.banks_busy:
                busy_until = time.monotonic()
            status.update(
                f"{name}: {duration(state.elapsed_seconds)}, "
                f"{state.world.complaints.accepted} of {plan.complaints} complaints"
            )

        played = await play(stack, plan, limit_seconds, seen)
    return played, busy_until - started


async def _bare(cases: list[BareCase]) -> float:
    with tempfile.TemporaryDirectory(prefix="goldenhour-bench-") as folder, PROGRESS.status("bare Temporal"):
        async with EmbeddedTemporal(Path(folder) / "temporal.db") as server:
            client = await connect(server.address, server.namespace)
            return await run_bare(client, cases)
