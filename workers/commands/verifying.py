"""`goldenhour verify`: every rule of every case, recomputed."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from workers.commands.common import JsonTarget, load_settings, people, progress_bar, run, with_database, write_json
from workers.commands.exits import FAILURE, USAGE, Failed
from workers.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from workers.verifying import Verdict

ACK_NO = re.compile(r"^[0-9]{14}$")
SHOWN_BREAKS = 200
OWNED = (
    "note: the role of GOLDENHOUR_DATABASE_URL owns the tables, so it could drop what keeps the log and the ledger"
    " append-only; docs/how-to/operations.md says how to work as another (GOLDENHOUR_MIGRATION_URL)"
)


def verify(
    ack_no: Annotated[
        str | None, typer.Argument(metavar="[ACK_NO]", help="Any number of one case; all by default.")
    ] = None,
    json_target: JsonTarget = None,
) -> None:
    """Recompute every bucket from its entries and the log's hash chain, and say which case breaks.

    Reads one snapshot and locks nothing, so it may run beside the live system. What is checked, for every case: entries
    balance and are what was posted, buckets are their sums and never negative, lost is the sum of all buckets, the log
    has no gap and no changed event and tells the same figures as the ledger, hops and requests fit each other. It also
    says where the application's role owns its tables.

    Exit codes: 0 clean, 1 a rule breaks or the check failed, 2 wrong usage or settings.
    """
    if ack_no is not None and not ACK_NO.match(ack_no):
        raise Failed("an acknowledgement number has 14 digits", USAGE)
    verdict = run(verify_with_progress(with_database(load_settings()), ack_no))
    write_json(json_target, as_json(verdict))
    show(people(json_target), verdict)
    if not verdict.clean:
        raise typer.Exit(FAILURE)


async def verify_with_progress(settings: Settings, ack_no: str | None = None) -> "Verdict":
    """Verify the database of `settings`, with a bar on stderr."""
    from workers.verifying import verify as check

    assert settings.database_url is not None, "with_database fills it in"
    with progress_bar("verifying cases") as progress:
        task = progress.add_task("", total=None)
        return await check(
            settings.database_url.get_secret_value(),
            ack_no,
            lambda done, total: progress.update(task, completed=done, total=total),
        )


def as_json(verdict: "Verdict") -> dict[str, object]:
    """The verdict as one object."""
    return {
        "verify": "clean" if verdict.clean else "broken",
        "cases": verdict.cases,
        "hops": verdict.hops,
        "entries": verdict.entries,
        "events": verdict.events,
        "owns_tables": verdict.owns_tables,
        "breaks_total": verdict.breaks_total,
        "breaks": [
            {"case_no": found.case_no, "check": found.check, "detail": found.detail} for found in verdict.breaks
        ],
    }


def show(console: "Console", verdict: "Verdict") -> None:
    """Say that all is well, or what breaks where; and where the database is open to its own application."""
    what = (
        f"{verdict.cases:,} cases, {verdict.hops:,} hops, {verdict.entries:,} ledger entries, {verdict.events:,} events"
    )
    if verdict.clean:
        console.print(f"[bold green]clean[/]: {what}", highlight=False)
    else:
        _show_breaks(console, verdict, what)
    if verdict.owns_tables:
        console.print(OWNED, highlight=False, markup=False, soft_wrap=True)


def _show_breaks(console: "Console", verdict: "Verdict", what: str) -> None:
    from rich.table import Table

    table = Table(title=f"{verdict.breaks_total:,} breaks", title_justify="left")
    for name in ("case", "rule", "what breaks"):
        table.add_column(name, overflow="fold")
    for found in verdict.breaks[:SHOWN_BREAKS]:
        table.add_row(found.case_no, found.check, found.detail)
    console.print(table)
    if verdict.breaks_total > SHOWN_BREAKS:
        console.print(f"… and {verdict.breaks_total - SHOWN_BREAKS:,} more", highlight=False)
    console.print(f"[bold red]not clean[/]: {verdict.in_words()}; looked at {what}", highlight=False)
