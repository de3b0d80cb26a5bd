"""The comparison: every engine plays the same trees, one engine after the other."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from benchmarks.measuring import Progress, baseline, finish, machine
from benchmarks.peers import broker
from benchmarks.peers.engine import Engine, Tuning, on_celery, on_dbos
from benchmarks.peers.environment import EnvironmentFailed
from benchmarks.peers.figures import cpu_ms, rushed, steady
from benchmarks.peers.play import at_once, at_pace
from benchmarks.peers.simulated import on_goldenhour
from benchmarks.peers.tree import AT_ONCE_FROM
from workers.commands.exits import USAGE, Failed

ENGINES: Final = ("goldenhour", "dbos", "celery")
WARM_UP_COMPLAINTS: Final = 5
LIMIT_SECONDS: Final = 120.0
KILLED_FROM: Final = 2 * AT_ONCE_FROM
WARM_UP_FROM: Final = 3 * AT_ONCE_FROM


async def compare(
    engines: str, complaints: int, seconds: float, rate_per_second: float, killed: int, seed: int, tuning: str
) -> dict[str, Any]:
    """Run the engines one after the other; return the figures of each. An engine that cannot run is None."""
    names, settings = chosen(engines), tuned(tuning)
    result: dict[str, Any] = {
        "complaints": complaints,
        "seconds": seconds,
        "rate_per_second": rate_per_second,
        "killed": killed,
        "seed": seed,
    }
    with Progress("peers") as progress:
        for name in names:
            if reason := broker.missing() if name == "celery" else "":
                result |= {name: None, f"{name}_left_out": reason}
                continue
            try:
                async with running(name, seed, settings, progress) as engine:
                    result[name] = await figures(
                        engine, complaints, round(seconds * rate_per_second), rate_per_second, killed, seed, progress
                    )
            except EnvironmentFailed as failure:
                result |= {name: None, f"{name}_left_out": str(failure)}
        result |= {"baseline": await baseline(progress), "machine": machine()}
    return finish("peers", result, [])


def tuned(changes: str) -> Tuning:
    """Return the settings of the peers, with changes such as `workers=2,prefetch=1`. Raises `Failed`."""
    tuning = Tuning()
    for change in filter(None, changes.split(",")):
        key, _, value = change.partition("=")
        if key not in asdict(tuning):
            raise Failed(f"no setting {key}: the peers have {', '.join(asdict(tuning))}", USAGE)
        kind = type(getattr(tuning, key))
        try:
            tuning = replace(tuning, **{key: kind(value)})
        except ValueError as error:
            raise Failed(f"{key} takes a number, not {value or 'nothing'}", USAGE) from error
    return tuning


def chosen(engines: str) -> tuple[str, ...]:
    """Return the engines to run, in their fixed order. Raises `Failed` for a name of none."""
    names = engines.split(",")
    if unknown := [name for name in names if name not in ENGINES]:
        raise Failed(f"no engine {', '.join(unknown)}: the engines are {', '.join(ENGINES)}", USAGE)
    return tuple(name for name in ENGINES if name in names)


@asynccontextmanager
async def running(name: str, seed: int, tuning: Tuning, progress: Progress) -> AsyncIterator[Engine]:
    """Run an engine in a temporary folder."""
    progress.step(f"starting {name}")
    if name == "goldenhour":
        async with on_goldenhour(seed, progress) as engine:
            yield engine
        return
    start = on_dbos if name == "dbos" else on_celery
    with tempfile.TemporaryDirectory(prefix="goldenhour-bench-") as folder:
        async with start(Path(folder), seed, tuning) as peer:
            yield peer


async def figures(
    engine: Engine, complaints: int, paced: int, rate_per_second: float, killed: int, seed: int, progress: Progress
) -> dict[str, Any]:
    """Return the figures of one running engine."""
    progress.step("warming up")
    await at_once(engine, seed, range(WARM_UP_FROM, WARM_UP_FROM + WARM_UP_COMPLAINTS), LIMIT_SECONDS, progress)
    results: dict[str, Any] = {}
    before = engine.cpu_seconds()
    played = await at_pace(engine, seed, range(paced), rate_per_second, LIMIT_SECONDS, progress)
    results["steady"] = steady(played) | cpu_ms(before, engine.cpu_seconds(), len(played.log))
    progress.step(f"{complaints} complaints at once")
    before = engine.cpu_seconds()
    numbers = range(AT_ONCE_FROM, AT_ONCE_FROM + complaints)
    played = await at_once(engine, seed, numbers, LIMIT_SECONDS, progress)
    results["rush"] = rushed(played) | cpu_ms(before, engine.cpu_seconds(), len(played.log))
    progress.step(f"{killed} complaints at once, and a worker is killed")
    numbers = range(KILLED_FROM, KILLED_FROM + killed)
    results["killed"] = rushed(await at_once(engine, seed, numbers, LIMIT_SECONDS, progress, killed_halfway=True))
    return results
