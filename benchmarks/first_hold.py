"""`goldenhour bench first-hold`: the speed of requests at a steady pace.

Complaints are sent on schedule, whatever the answers. The simulator measures from outside, with its own clock. It
measures the time from the complaint's scheduled moment to the bank's receipt of the hold request, and from a bank's
answer to the receipt of the next layer's request. The simulated clock runs at real speed. All banks are of the API
class, which answers within seconds, so that further layers follow.

A hop that a person corrected waited for that person, and is counted apart.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from benchmarks.aims import Aim, at_most, exactly
from benchmarks.cost import Meter, metered
from benchmarks.home import world_digest
from benchmarks.measuring import Progress, baseline, finish, machine, memory_mib, nothing_owed, own_stack, quantiles
from db.reporting.day_totals import day_figures, hops_freed_by_people, restoration_lags, transfers_before
from workers.simulated import SimulatedStack

COMPLAINTS: Final = 600
"""unless the seconds say otherwise: ten minutes at one a second, two minutes at five"""
MOST_AT_ONCE: Final = 256
NS_IN_MS: Final = 1_000_000


async def main(
    rate_per_second: float = 1.0,
    seconds: float = 0.0,
    after_seconds: float = 15.0,
    seed: int = 7,
    without_restoration: bool = False,
    payer_bank: bool = False,
) -> dict[str, Any]:
    """Run the benchmark; return `first_request_ms`, `next_layer_ms`, their cost and their aims.

    `seconds` of 0 means 600 complaints. After the last complaint it waits `after_seconds`, because answers still lead
    to requests, and then until restorations owe nothing. With `payer_bank` the victims' banks are asked too, as by the
    policy `payer_bank.ask`.
    """
    seconds = seconds or COMPLAINTS / rate_per_second
    config = plan(rate_per_second, seconds, seed)
    with Progress("first-hold") as progress:
        async with (
            own_stack(
                config, progress, with_restoration=not without_restoration, asks_payers_banks=payer_bank
            ) as stack,
            metered(stack) as meter,
        ):
            await stack.start()
            await _play(progress, seconds, after_seconds)
            sent_at = time.monotonic()
            trouble = "" if without_restoration else await nothing_owed(stack, progress)
            figures = await _figures(stack, meter, sent_at, with_restoration=not without_restoration)
            figures |= {"finished": not trouble, "trouble": trouble}
        figures |= {"baseline": await baseline(progress), "machine": machine()}
    head = {
        "complaints": config["complaints"],
        "rate_per_second": rate_per_second,
        "seconds": seconds,
        "seed": seed,
        "world": world_digest(config),
        "with_restoration": not without_restoration,
        "asks_payers_banks": payer_bank,
    }
    return finish("first-hold", head | figures, aims(rate_per_second, with_restoration=not without_restoration))


def plan(rate_per_second: float, seconds: float, seed: int) -> dict[str, Any]:
    """Return the simulator's configuration: complaints at an even pace, and banks that answer within seconds."""
    return {
        "seed": seed,
        "complaints": round(rate_per_second * seconds),
        "day_seconds": seconds,
        "profile": "even",
        "clock_factor": 1.0,
        "classes": {"api": 1.0, "seat": 0.0, "mail": 0.0},
        "delays": {"api": {"median": 1.0, "sigma": 0.3, "least": 0.5, "most": 3.0}},
        "complaints_at_once": MOST_AT_ONCE,
    }


def aims(rate_per_second: float, *, with_restoration: bool) -> list[Aim]:
    """Return the aims at this rate. Rates without figures of their own only have those that always hold."""
    chosen = [exactly("finished", True), exactly("first_requests_missing", 0), exactly("asked_twice", 0)]
    if with_restoration:
        chosen.append(at_most("restoration_lag_seconds.max", 300))
    match rate_per_second:
        case 1.0:
            chosen += [
                at_most("first_request_ms.p50", 18),
                at_most("first_request_ms.p99", 80),
                at_most("next_layer_ms.p50", 18),
                at_most("next_layer_ms.p99", 100),
            ]
        case 2.0:
            chosen += [at_most("cpu_ms_per_request_total", 25)] if with_restoration else []
        case 5.0:
            chosen.append(at_most("first_request_ms.p99", 200))
    return chosen


def layers_ms(
    rows: Sequence[Mapping[str, Any]], freed: set[tuple[str, str]], opened_after: Mapping[tuple[str, str], str]
) -> dict[str, dict[str, float]]:
    """Return the quantiles of next layers: hops that an answer opened, and apart those that a person freed.

    `opened_after` has the transfer about which the opening answer was. Several answers may name one transfer, and the
    first may bring too little money to ask about. So the time counts from the answer that opened the hop.
    """
    opened: list[float] = []
    parked: list[float] = []
    for row in rows:
        hop = row["ack_no"], row["rrn"]
        ns = row["ns_by_root"].get(opened_after.get(hop), row["ns"])
        (parked if hop in freed else opened).append(ns / NS_IN_MS)
    return {"next_layer_ms": quantiles(opened), "parked_layer_ms": quantiles(parked)}


async def layers(stack: SimulatedStack) -> dict[str, dict[str, float]]:
    """Return the quantiles of next layers until now."""
    answer = await stack.control.get("/sim/layers")
    answer.raise_for_status()
    async with stack.pool.acquire() as connection:
        freed = await hops_freed_by_people(connection)
        opened_after = await transfers_before(connection)
    return layers_ms(orjson.loads(answer.content), freed, opened_after)


async def restoration_lag(stack: SimulatedStack) -> dict[str, float]:
    """Return the quantiles of the seconds that work of restorations waited since it fell due, until now."""
    async with stack.pool.acquire() as connection:
        return quantiles(await restoration_lags(connection))


async def _play(progress: Progress, seconds: float, after_seconds: float) -> None:
    began = time.monotonic()
    while (elapsed := time.monotonic() - began) < seconds + after_seconds:
        progress.tick(f"second {elapsed:.0f} of {seconds + after_seconds:.0f}")
        await asyncio.sleep(min(1.0, seconds + after_seconds - elapsed))


async def _figures(stack: SimulatedStack, meter: Meter, sent_at: float, *, with_restoration: bool) -> dict[str, Any]:
    await meter.sample()
    cost = meter.between(meter.samples[0].at, meter.samples[-1].at)
    state = await stack.state()
    async with stack.pool.acquire() as connection:
        totals = await day_figures(connection)
    return {
        "first_request_ms": state["latency_ms"]["first_request"],
        "first_requests_missing": state["first_requests_missing"],
        "first_requests_waiting": state["first_requests_waiting"],
        **await layers(stack),
        "restoration_lag_seconds": await restoration_lag(stack) if with_restoration else None,
        "asked_twice": state["repeated_requests"],
        "requests": totals.requests,
        **cost.of_a_request(totals.requests),
        "until_sent": meter.between(meter.samples[0].at, sent_at).of_a_request(totals.requests),
        "memory_mib": memory_mib(stack),
    }
