"""`goldenhour nightly`: the last nightly runs, and how each ended."""

from typing import TYPE_CHECKING, Annotated

import typer

from workers.commands.common import JsonTarget, people, run, write_json
from workers.commands.exits import FAILURE
from workers.commands.officers import with_pool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from db.pool import Pool
    from schemas.nightly_runs import NightlyRun


def nightly(
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="At most so many runs.")] = 20,
    json_target: JsonTarget = None,
) -> None:
    """List the last nightly runs, the newest first, with the SHA-256 of each anchor.

    A worker verifies all cases and anchors their logs every night at the times of the policy. Give the SHA-256 of an
    anchor to an outside person. The list itself is in the anchor folder.

    Exit codes: 0 the newest run of each kind is clean or under way, 1 one is not, or failed, 2 wrong usage or settings.
    """
    runs = run(with_pool(lambda pool: _read(pool, limit)))
    write_json(json_target, [one.model_dump(mode="json") for one in runs])
    if json_target is None:
        _show(runs)
    if not all_clean(runs):
        raise typer.Exit(FAILURE)


def all_clean(runs: "list[NightlyRun]") -> bool:
    """Return whether the newest run of each kind, of those that were not interrupted, is clean or under way."""
    from schemas.nightly_runs import RunOutcome

    newest = {one.work: one for one in reversed(runs) if one.outcome is not RunOutcome.INTERRUPTED}
    return all(one.outcome in {None, RunOutcome.CLEAN} for one in newest.values())


async def _read(pool: "Pool", limit: int) -> "list[NightlyRun]":
    from db.evidence import nightly_runs

    async with pool.acquire() as connection:
        return await nightly_runs.last(connection, limit)


def _show(runs: "list[NightlyRun]") -> None:
    """Show a line for each run. A table would break the SHA-256, which people copy."""
    console = people(None)
    console.print(f"{len(runs)} nightly runs, in Indian time", highlight=False)
    for one in runs:
        outcome = one.outcome.value if one.outcome else "under way"
        parts = (f"{_time(one.started_at)} to {_time(one.ended_at)}", one.work.value, outcome, *_result(one))
        console.print("  ".join(parts), highlight=False, markup=False, soft_wrap=True)


def _time(at: "datetime | None") -> str:
    from schemas.text import IST

    return f"{at.astimezone(IST):%Y-%m-%d %H:%M:%S}" if at else "…"


def _result(one: "NightlyRun") -> "Iterator[str]":
    if one.cases is not None:
        yield f"{one.cases:,} cases"
    if one.violations is not None:
        yield f"{one.violations:,} violations, the first in case {one.first_case}"
    if one.unopened is not None:
        yield f"{one.unopened:,} messages and documents open under no key"
    if one.digest is not None:
        yield f"SHA-256 {one.digest}"
    if one.failure is not None:
        yield one.failure
