"""`goldenhour bench first-hold`: how fast the engine asks, at a quiet, steady pace.

Complaints come one by one at an even rate. Measured by the simulator on its own clock, from the outside: the
complaint's `POST` sent → the hold request received by the bank; a bank's answer `POST` sent → the request about the
next layer received. The world's clock is the wall's; only API-class banks, which answer within seconds, so that layers
follow.
"""

import asyncio
from typing import Any

from benchmarks.measuring import PROGRESS, machine, memory_mib, own_stage, show


async def main(
    rate_per_second: float = 1.0, seconds: float = 60.0, after_seconds: float = 15.0, seed: int = 7
) -> dict[str, Any]:
    """Run it; return `first_request_ms` and `next_layer_ms` with their quantiles, memory and machine.

    After the last complaint it waits `after_seconds`: answers still drive requests.
    """
    complaints = round(rate_per_second * seconds)
    config = {
        "seed": seed,
        "complaints": complaints,
        "day_seconds": seconds,
        "profile": "even",
        "clock_factor": 1.0,
        "classes": {"api": 1.0, "seat": 0.0, "mail": 0.0},
        "delays": {"api": {"median": 1.0, "sigma": 0.3, "least": 0.5, "most": 3.0}},
    }
    async with own_stage(config) as stage:
        await stage.start()
        with PROGRESS.status("") as status:
            for second in range(round(seconds + after_seconds)):
                status.update(f"first-hold: second {second} of {seconds + after_seconds:.0f}")
                await asyncio.sleep(1)
        state = await stage.state()
        result = {
            "complaints": complaints,
            "rate_per_second": rate_per_second,
            "first_request_ms": state["latency_ms"]["first_request"],
            "next_layer_ms": state["latency_ms"]["next_layer"],
            "memory_mib": memory_mib(stage),
            "machine": machine(),
        }
    show("first-hold", result)
    return result
