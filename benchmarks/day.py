"""`goldenhour bench day`: a day of one state, then a rush compared with bare Temporal.

Each part runs on servers of its own:

* The *day*: complaints over 24 simulated hours, compressed by the clock factor. A delay of the engine counts that many
times, so the share of the catchable amount that was caught measures its speed. With several seeds there are several
days, and the lowest share counts.

* The *rush* and *bare*: as `goldenhour bench rush` has them, with at most 960 complaints.
"""

from collections.abc import Sequence
from typing import Any, Final

from benchmarks.aims import Aim, at_least, at_most, exactly
from benchmarks.cost import metered
from benchmarks.first_hold import layers
from benchmarks.home import play_day, world_digest
from benchmarks.measuring import Progress, finish, machine, memory_mib, own_stack
from benchmarks.rush import compared, rush
from db.reporting.day_totals import day_figures, status_updates
from workers.demo.play import DAY_SECONDS, DayPlan
from workers.demo.restoration_wait import LIMIT_SECONDS as OWED_LIMIT_SECONDS

END_LIMIT_SECONDS: Final = 120.0
"""how long the engine may work on after the last banks that are waited for; then the day counts as cut off"""
RUSH_COMPLAINTS_MOST: Final = 960
A_DAY: Final = (960, 320.0)
"""complaints and clock factor of the day with aims for the share caught"""
A_STATE: Final = (7_700, 96.0)
"""complaints and clock factor of a whole state's day in a quarter of an hour"""


async def main(
    complaints: int = 960,
    clock_factor: float = 320.0,
    seed: int = 7,
    seeds: int = 1,
    without_restoration: bool = False,
) -> dict[str, Any]:
    """Run the days, the rush and the bare batches; return their figures and aims."""
    with_restoration = not without_restoration
    with Progress("day") as progress:
        days = [
            await _day(
                DayPlan(
                    complaints,
                    number,
                    clock_factor,
                    DAY_SECONDS / clock_factor,
                    owed_limit_seconds=OWED_LIMIT_SECONDS if with_restoration else 0.0,
                ),
                progress,
                with_restoration=with_restoration,
            )
            for number in range(seed, seed + max(1, seeds))
        ]
        at_once, cases = await rush(
            min(complaints, RUSH_COMPLAINTS_MOST), seed, progress, with_restoration=with_restoration
        )
        bare = await compared(at_once, cases, progress)
    whole = of_all_seeds(days)
    result = whole | {
        "finished": whole["finished"] and at_once["finished"],
        "rush": at_once,
        "bare_temporal_wall_seconds": bare.pop("bare_wall_seconds"),
        **bare,
        "machine": machine(),
    }
    return finish("day", result, aims(complaints, clock_factor))


def of_all_seeds(days: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of the first day, with the lowest share caught and the worst end of all days."""
    verdicts = [day["verify"] for day in days if day["verify"] != "clean"]
    return days[0] | {
        "caught_of_catchable": lowest([day["caught_of_catchable"] for day in days]),
        "caught_of_catchable_by_seed": {str(day["seed"]): day["caught_of_catchable"] for day in days},
        "finished": all(day["finished"] for day in days),
        "skipped": sum(day["skipped"] for day in days),
        "repeated_requests": sum(day["repeated_requests"] for day in days),
        "verify": verdicts[0] if verdicts else "clean",
    }


def lowest(shares: Sequence[float | None]) -> float | None:
    """Return the lowest share, or None if a day has none."""
    known = [share for share in shares if share is not None]
    return min(known) if known and len(known) == len(shares) else None


def aims(complaints: int, clock_factor: float) -> list[Aim]:
    """Return the aims of a day of this size; other sizes have only those that always hold."""
    chosen = [
        exactly("finished", True),
        exactly("skipped", 0),
        exactly("verify", "clean"),
        exactly("repeated_requests", 0),
    ]
    if (complaints, clock_factor) == A_DAY:
        chosen += [
            at_least("caught_of_catchable", 0.96),
            at_most("first_request_ms.p99", 300),
            at_most("memory_mib.postgres", 400),
        ]
    if (complaints, clock_factor) == A_STATE:
        chosen.append(at_most("taken_in_minutes", 15))
    return chosen


async def _day(plan: DayPlan, progress: Progress, *, with_restoration: bool) -> dict[str, Any]:
    config = plan.config()
    limit_seconds = plan.wall_seconds + plan.tail_seconds + END_LIMIT_SECONDS
    async with own_stack(config, progress, with_restoration=with_restoration) as stack, metered(stack) as meter:
        day = await play_day(stack, plan, limit_seconds, progress)
        state = await stack.state()
        async with stack.pool.acquire() as connection:
            totals, answers = await day_figures(connection), await status_updates(connection)
        figures = day.played.state.figures
        return {
            "complaints": plan.complaints,
            "clock_factor": plan.clock_factor,
            "seed": plan.seed,
            "world": world_digest(config),
            "with_restoration": with_restoration,
            "hops": totals.hops,
            "requests": totals.requests,
            "answers": answers,
            "wall_seconds": round(day.seconds, 2),
            "seconds_until_nothing_was_owed": round(day.ended - day.began, 1),
            "taken_in_minutes": round(state["taken_in_seconds"] / 60, 1),
            "finished": not day.played.trouble,
            "trouble": day.played.trouble,
            "skipped": day.skipped,
            "not_sent_at_the_end": figures.waiting_hops + figures.undelivered,
            "verify": day.verdict,
            "caught_of_catchable": state["truth"]["caught_of_catchable"],
            "caught_of_at_stake": state["truth"]["caught_of_at_stake"],
            "repeated_requests": state["repeated_requests"],
            "first_request_ms": state["latency_ms"]["first_request"],
            **await layers(stack),
            **meter.between(day.began, day.ended).of_a_request(totals.requests),
            "memory_mib": memory_mib(stack),
        }
