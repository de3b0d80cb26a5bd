"""`goldenhour bench home`: the engine's own share of the time from money on hold to the credit.

A day with officers, courts, account holders and banks that carry out orders. There are no mistakes in the trail, so
that every delay of a step is the engine's. A day of procedures passes in three seconds, and banks use every
channel, because the one of incidents carries no orders. The waits of the law, of people and of banks are left out: each
step counts from the moment at which only the engine had to act.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.aims import Aim, at_least, at_most, exactly
from benchmarks.measuring import Progress, baseline, finish, machine, memory_mib, own_stack, quantiles
from benchmarks.play import play_day
from benchmarks.world import world_digest
from db.reporting.engine_waits import engine_waits
from simulator.config import Knobs
from workers.demo.play import DAY_SECONDS, DayPlan

PROCEDURE_CLOCK_FACTOR: Final = 28_800.0
"""a credit takes two minutes and a hold lapses after four; a faster clock would have the holds lapse first"""
END_LIMIT_SECONDS: Final = 120.0
WATCH_SECONDS: Final = 180.0
"""the longest watch of restorations after the day; it ends when no restoration is pending"""
OWED_LIMIT_SECONDS: Final = 60.0
LAST_STEP: Final = "credit_ended"


@dataclass(frozen=True)
class _Plan(DayPlan):
    """A day with a long watch of its restorations."""

    @property
    def restoration_seconds(self) -> float:
        """The longest watch of restorations after the day, in real time."""
        return WATCH_SECONDS


async def main(complaints: int = 12, seconds: float = 20.0, seed: int = 7) -> dict[str, Any]:
    """Play the day and its restorations; return the engine's own seconds by step, and the aims."""
    plan = _Plan(
        complaints,
        seed,
        DAY_SECONDS / seconds,
        seconds,
        PROCEDURE_CLOCK_FACTOR,
        owed_limit_seconds=OWED_LIMIT_SECONDS,
    )
    config = {**plan.config(), "knobs": Knobs.none().model_dump()}
    with Progress("home") as progress:
        async with own_stack(config, progress, with_restorations_played=True) as stack:
            day = await play_day(stack, plan, plan.wall_seconds + plan.tail_seconds + END_LIMIT_SECONDS, progress)
            async with stack.pool.acquire() as connection:
                waits = await engine_waits(connection)
            figures = {
                "complaints": complaints,
                "seed": seed,
                "world": world_digest(config),
                "procedure_clock_factor": PROCEDURE_CLOCK_FACTOR,
                **shares(waits),
                "finished": not day.played.trouble,
                "trouble": day.played.trouble,
                "verify": day.verdict,
                "memory_mib": memory_mib(stack),
            }
        figures |= {"baseline": await baseline(progress), "machine": machine()}
    return finish("home", figures, aims())


def shares(waits: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Return the quantiles of the engine's seconds by step, and the slowest step's p99."""
    by_step = {step: quantiles(found) for step, found in sorted(waits.items())}
    return {
        "credited": by_step.get(LAST_STEP, {"count": 0})["count"],
        "own_share_seconds": by_step,
        "own_share_p99_seconds_most": max((found["p99"] for found in by_step.values()), default=None),
    }


def aims() -> list[Aim]:
    """Return the aims."""
    return [
        exactly("finished", True),
        exactly("verify", "clean"),
        at_least("credited", 1),
        at_most("own_share_p99_seconds_most", 60),
    ]
