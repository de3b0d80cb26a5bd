"""`goldenhour verify`: recompute every rule of every case."""

import asyncio
import re
from typing import TYPE_CHECKING, Annotated

import typer

from workers.commands.common import JsonTarget, load_settings, people, progress_bar, run, with_database, write_json
from workers.commands.exits import FAILURE, USAGE, Failed
from workers.settings import Settings

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
