"""`goldenhour bench first-hold`: the speed of requests at a quiet, steady pace.

Complaints come one by one at an even rate. The simulator measures from outside, with its own clock. It measures the
time from the complaint's `POST` to the bank's receipt of the hold request, and from a bank's answer to the receipt of
the next layer's request. The simulated clock runs at real speed. All banks are of the API class, which answers within
seconds, so that further layers follow.
"""

import asyncio
from typing import Any

from benchmarks.measuring import PROGRESS, machine, memory_mib, own_stack, show


async def main(
    rate_per_second: float = 1.0, seconds: float = 60.0, after_seconds: float = 15.0, seed: int = 7
) -> dict[str, Any]:
    """Run the benchmark; return `first_request_ms` and `next_layer_ms` with their quantiles, memory and machine.

    After the last complaint it waits `after_seconds`, because answers still lead to requests.
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
    async with own_stack(config) as stack:
        await stack.start()
        with PROGRESS.status("") as status:
            for second in range(round(seconds + after_seconds)):
                status.update(f"first-hold: second {second} of {seconds + after_seconds:.0f}")
                await asyncio.sleep(1)
        state = await stack.state()
        result = {
            "complaints": complaints,
            "rate_per_second": rate_per_second,
            "first_request_ms": state["latency_ms"]["first_request"],
            "next_layer_ms": state["latency_ms"]["next_layer"],
            "memory_mib": memory_mib(stack),
            "machine": machine(),
        }
    show("first-hold", result)
    return result
