"""The nightly runs and the verification of a database."""

import asyncio
import re
from typing import TYPE_CHECKING, Annotated

import typer

from workers.commands.common import JsonTarget, load_settings, people, progress_bar, run, with_database, write_json
from workers.commands.exits import FAILURE, USAGE, Failed
from workers.commands.officers import with_pool
from workers.settings import Settings

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
        _show_of_nightly(runs)
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


def _show_of_nightly(runs: "list[NightlyRun]") -> None:
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


if TYPE_CHECKING:
    from rich.console import Console

    from domain.evidence.integrity import Verdict

ACK_NO = re.compile(r"^[0-9]{14}$")
SHOWN_BREAKS = 200
OWNED = (
    "note: the role of GOLDENHOUR_DATABASE_URL owns the tables, so it could drop the triggers that"
    " protect the log and the ledger; docs/how-to/operations.md explains how to use another role"
    " (GOLDENHOUR_MIGRATION_URL)"
)

NO_KEY = "{:,} not opened, because the secret key was not given: only their digests were compared"
UNOPENED = (
    "{:,} could not be opened: their keys are sealed under another secret key, or were changed; docs/guides/operator.md"
    " says what to do"
)


def verify(
    ack_no: Annotated[
        str | None,
        typer.Argument(metavar="[ACK_NO]", help="An acknowledgement number of one case; all cases by default."),
    ] = None,
    json_target: JsonTarget = None,
) -> None:
    """Recompute every amount from its entries and the log's hash chain, and report each violation.

    Reads one snapshot without locks, so it may run beside the live system. It checks for every case that entries
    balance and match the postings; that buckets are their sums and never negative; that lost is the sum of all buckets;
    that the log has no gap and no changed event, and gives the same amounts as the ledger; and that hops and requests
    match. It also reports if the application's role owns its tables. With the secret key it opens every message to and
    from banks, and compares it with the log; one that it cannot open is a violation. Without the key it compares the
    digest that stands beside each message.

    Exit codes: 0 clean, 1 a rule is violated or the check failed, 2 wrong usage or settings.
    """
    if ack_no is not None and not ACK_NO.match(ack_no):
        raise Failed("an acknowledgement number has 14 digits", USAGE)
    verdict = run(verify_with_progress(with_database(load_settings()), ack_no))
    write_json(json_target, as_json(verdict))
    show(people(json_target), verdict)
    if not verdict.clean:
        raise typer.Exit(FAILURE)


async def verify_with_progress(settings: Settings, ack_no: str | None = None) -> "Verdict":
    """Verify the database of `settings`, with a progress bar on stderr."""
    from activities.privacy.person_keys import PersonKeys
    from workers.home import secret_box_if_given
    from workers.verifying import verify as check

    assert settings.database_url is not None, "with_database fills it in"
    box = await asyncio.to_thread(secret_box_if_given, settings)
    with progress_bar("verifying cases") as progress:
        task = progress.add_task("", total=None)
        return await check(
            settings.database_url.get_secret_value(),
            ack_no,
            lambda done, total: progress.update(task, completed=done, total=total),
            PersonKeys(box) if box else None,
        )


def as_json(verdict: "Verdict") -> dict[str, object]:
    """Return the verdict as one object."""
    return {
        "verify": "clean" if verdict.clean else "broken",
        "cases": verdict.cases,
        "hops": verdict.hops,
        "entries": verdict.entries,
        "events": verdict.events,
        "erased": verdict.erased,
        "unopened": verdict.unopened,
        "owns_tables": verdict.owns_tables,
        "breaks_total": verdict.breaks_total,
        "breaks": [
            {"case_no": found.case_no, "check": found.check, "detail": found.detail} for found in verdict.breaks
        ],
    }


def show(console: "Console", verdict: "Verdict") -> None:
    """Show the result, each violation, and whether the application's role owns the tables."""
    what = (
        f"{verdict.cases:,} cases, {verdict.hops:,} hops, {verdict.entries:,} ledger entries, {verdict.events:,} events"
    )
    if verdict.clean:
        console.print(f"[bold green]clean[/]: {what}", highlight=False)
    else:
        _show_breaks(console, verdict, what)
    if verdict.erased:
        console.print(f"{verdict.erased:,} erased: their keys were destroyed, as the log says", highlight=False)
    if verdict.unopened:
        unopened = (UNOPENED if verdict.has_key else NO_KEY).format(verdict.unopened)
        console.print(unopened, highlight=False, markup=False, soft_wrap=True)
    if verdict.owns_tables:
        console.print(OWNED, highlight=False, markup=False, soft_wrap=True)


def _show_breaks(console: "Console", verdict: "Verdict", what: str) -> None:
    from rich.table import Table

    table = Table(title=f"{verdict.breaks_total:,} violations", title_justify="left")
    for name in ("case", "rule", "violation"):
        table.add_column(name, overflow="fold")
    for found in verdict.breaks[:SHOWN_BREAKS]:
        table.add_row(found.case_no, found.check, found.detail)
    console.print(table)
    if verdict.breaks_total > SHOWN_BREAKS:
        console.print(f"… and {verdict.breaks_total - SHOWN_BREAKS:,} more", highlight=False)
    console.print(f"[bold red]not clean[/]: {verdict.as_text()}; checked {what}", highlight=False)
