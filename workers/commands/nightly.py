"""`goldenhour nightly`: the last nightly runs, and how each ended."""

from typing import TYPE_CHECKING, Annotated

import typer

from workers.commands.common import JsonTarget, people, run, write_json
from workers.commands.exits import FAILURE
from workers.commands.officers import with_pool

if TYPE_CHECKING:
    from datetime import datetime

    from db.pool import Pool
    from schemas.evidence import NightlyRun


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
    from schemas.evidence import RunOutcome

    newest = {one.work: one for one in reversed(runs) if one.outcome is not RunOutcome.INTERRUPTED}
    return all(one.outcome in {None, RunOutcome.CLEAN} for one in newest.values())


async def _read(pool: "Pool", limit: int) -> "list[NightlyRun]":
    from db.evidence import nightly_runs

    async with pool.acquire() as connection:
        return await nightly_runs.last(connection, limit)


def _show(runs: "list[NightlyRun]") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{len(runs)} nightly runs", title_justify="left")
    for name in ("work", "started (IST)", "ended (IST)", "outcome", "cases", "result"):
        table.add_column(name, overflow="fold")
    for one in runs:
        outcome = one.outcome.value if one.outcome else "under way"
        cases = "" if one.cases is None else f"{one.cases:,}"
        columns = (one.work.value, _time(one.started_at), _time(one.ended_at), outcome, cases, _result(one))
        table.add_row(*map(Text, columns))
    people(None).print(table)


def _time(at: "datetime | None") -> str:
    from schemas.text import IST

    return at.astimezone(IST).isoformat(" ", timespec="seconds").removesuffix("+05:30") if at else ""


def _result(one: "NightlyRun") -> str:
    if one.violations is not None:
        return f"{one.violations} violations, first case {one.first_case}"
    return one.digest or one.failure or ""
