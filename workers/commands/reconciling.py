"""Commands of reconciliation and of nightly runs."""

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from workers.commands.common import (
    JsonTarget,
    load_settings,
    open_database,
    people,
    policy_in_force,
    progress_bar,
    run,
    with_database,
    write_json,
)
from workers.commands.exits import FAILURE, USAGE, Failed
from workers.commands.officers import with_pool
from workers.commands.processes import own_name
from workers.iso_text import rupees
from workers.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from db.pool import Pool
    from schemas.gateway.liens import Inquiry, ReconciliationDetail, ReconciliationState

T = TypeVar("T")

SHOWN_DIFFERENCES = 200
STATUS_PAGE = 500


def reconcile(
    code: Annotated[str | None, typer.Argument(help="The institution's code.", metavar="CODE")] = None,
    file: Annotated[Path | None, typer.Argument(help="Its list: CSV or XLSX.", metavar="FILE")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of the workbook; the first visible one by default.")] = None,
    ask: Annotated[str | None, typer.Option(help="Request the list of this institution now.", metavar="CODE")] = None,
    status: Annotated[bool, typer.Option("--status", help="Show the last list of each institution.")] = False,
    json_target: JsonTarget = None,
) -> None:
    """Compare a bank's list of liens with the ledger, in both directions, and record the differences.

    The list needs columns for the acknowledgement number, the RRN or UTR, and the amount on hold. Rows about one
    transfer are added up. Every row matches or differs, with its reason. The ledger is not changed
    (docs/explanation/reconciliation.md).

    Running workers request the lists from banks. --ask requests one early. --status shows the last list of each bank.

    Exit codes: 0 nothing differs, 1 something differs or it failed, 2 the file, the usage or the settings are wrong.
    """
    wanted = [(code, file) != (None, None), ask is not None, status]
    if sum(wanted) != 1:
        raise Failed("give CODE and FILE, or --ask CODE, or --status", USAGE)
    if status:
        _show_status(json_target)
    elif ask is not None:
        _ask(ask, json_target)
    elif code is None or file is None:
        raise Failed("a list needs CODE and FILE", USAGE)
    else:
        _compare(code, file, sheet, json_target)


def _compare(code: str, file: Path, sheet: str | None, json_target: str | None) -> None:
    from hashlib import sha256

    from activities.gateway.lien_comparison import reconcile as compare
    from domain.gateway.liens import read_liens
    from domain.spreadsheets import FileRefused
    from workers.importer.complaint_import import content_of, rows_in

    try:
        data = content_of(file)
        rows = read_liens(rows_in(data, sheet))
    except FileRefused as refusal:
        raise FileRefused(f"{file}: {refusal}") from refusal
    digest = sha256(data).digest()
    check = run(_with_pool(lambda pool: compare(pool, code, rows, digest, taken_by=own_name())))
    write_json(json_target, check.model_dump(mode="json"))
    _show(check, json_target)
    if check.differences:
        raise typer.Exit(FAILURE)


def _ask(code: str, json_target: str | None) -> None:
    from activities.gateway.lien_rounds import ask_now

    async def ask(pool: "Pool") -> "Inquiry":
        async with pool.acquire() as connection:
            rules = (await policy_in_force(connection, load_settings())).reconciliation.channel
        return await ask_now(pool, rules, code, own_name())

    asked = run(_with_pool(ask))
    write_json(json_target, asked.model_dump(mode="json"))
    how = "a worker's next round sends the request" if asked.put_at is None else f"requested by {asked.way}"
    people(json_target).print(
        f"{code}: list of liens requested at {_moment(asked.asked_at)}, due {_moment(asked.due_at)}; {how}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _show_status(json_target: str | None) -> None:
    from rich.table import Table
    from rich.text import Text

    standings = run(_with_pool(_standings))
    write_json(json_target, [standing.model_dump(mode="json") for standing in standings])
    console = people(json_target)
    if not standings:
        console.print("no institution has been asked for its list yet", highlight=False)
        return
    table = Table()
    for name in ("bank", "asked", "last list", "rows"):
        table.add_column(name)
    table.add_column("what differs", overflow="fold")
    for standing in standings:
        table.add_row(standing.institution, _asked(standing), *_listed(standing), Text(_differing(standing)))
    console.print(table)


async def _with_pool(work: "Callable[[Pool], Awaitable[T]]") -> "T":
    settings = with_database(load_settings())
    async with await open_database(settings) as pool:
        return await work(pool)


async def _standings(pool: "Pool") -> "list[ReconciliationState]":
    from db.gateway import lien_standings

    standings: list[ReconciliationState] = []
    after: str | None = None
    async with pool.acquire() as connection:
        while True:
            page = await lien_standings.page(connection, after, STATUS_PAGE)
            standings += page.items
            after = page.next
            if after is None:
                return standings


def _asked(standing: "ReconciliationState") -> str:
    if standing.inquiry is None:
        return ""
    words = [
        _moment(standing.inquiry.asked_at),
        f"by {standing.inquiry.way}" if standing.inquiry.way else "not sent yet",
    ]
    return ", ".join([*words, "overdue"] if standing.overdue else words)


def _listed(standing: "ReconciliationState") -> tuple[str, str]:
    return ("none", "") if standing.last is None else (_moment(standing.last.taken_at), f"{standing.last.rows_in:,}")


def _differing(standing: "ReconciliationState") -> str:
    return ", ".join(
        f"{count} {reason.value.replace('_', ' ')}" for reason, count in sorted(standing.differing.items())
    )


def _moment(at: "datetime") -> str:
    from schemas.text import IST

    return f"{at.astimezone(IST):%d-%m-%Y %H:%M}"


def _show(check: "ReconciliationDetail", json_target: str | None) -> None:
    from rich.table import Table
    from rich.text import Text

    console = people(json_target)
    console.print(
        f"{check.institution}: {check.rows_in:,} rows, {check.rows_matched:,} matched, {check.rows_differing:,} differ;"
        f" {check.missing:,} on hold here but not in the list; {_rupees(check.bank_paise)} there,"
        f" {_rupees(check.our_paise)} here",
        highlight=False,
        markup=False,
    )
    if not check.differences:
        return
    table = Table()
    for name in ("row", "acknowledgement", "RRN or UTR", "there", "here", "why"):
        table.add_column(name, overflow="fold")
    for difference in check.differences[:SHOWN_DIFFERENCES]:
        why = difference.reason.value.replace("_", " ") + (f": {difference.detail}" if difference.detail else "")
        row_no = "" if difference.row_no is None else str(difference.row_no)
        amounts = (_rupees(difference.bank_paise), _rupees(difference.our_paise))
        table.add_row(row_no, Text(difference.ack_no), Text(difference.reference), *amounts, Text(why))
    console.print(table)
    if len(check.differences) > SHOWN_DIFFERENCES:
        console.print(f"… and {len(check.differences) - SHOWN_DIFFERENCES:,} more", highlight=False)


def _rupees(paise: int | None) -> str:
    return "" if paise is None else rupees(paise, exact=True)


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
    write_json(json_target, [night_run.model_dump(mode="json") for night_run in runs])
    if json_target is None:
        _show_runs(runs)
    if not all_clean(runs):
        raise typer.Exit(FAILURE)


def all_clean(runs: "list[NightlyRun]") -> bool:
    """Return whether the newest run of each kind, of those that were not interrupted, is clean or under way."""
    from schemas.nightly_runs import RunOutcome

    newest = {
        night_run.work: night_run for night_run in reversed(runs) if night_run.outcome is not RunOutcome.INTERRUPTED
    }
    return all(night_run.outcome in {None, RunOutcome.CLEAN} for night_run in newest.values())


async def _read(pool: "Pool", limit: int) -> "list[NightlyRun]":
    from db.evidence import integrity

    async with pool.acquire() as connection:
        return await integrity.last(connection, limit)


def _show_runs(runs: "list[NightlyRun]") -> None:
    """Show a line for each run. A table would break the SHA-256, which people copy."""
    console = people(None)
    console.print(f"{len(runs)} nightly runs, in Indian time", highlight=False)
    for night_run in runs:
        outcome = night_run.outcome.value if night_run.outcome else "under way"
        parts = (
            f"{_time(night_run.started_at)} to {_time(night_run.ended_at)}",
            night_run.work.value,
            outcome,
            *_result(night_run),
        )
        console.print("  ".join(parts), highlight=False, markup=False, soft_wrap=True)


def _time(at: "datetime | None") -> str:
    from schemas.text import IST

    return f"{at.astimezone(IST):%Y-%m-%d %H:%M:%S}" if at else "…"


def _result(night_run: "NightlyRun") -> "Iterator[str]":
    if night_run.cases is not None:
        yield f"{night_run.cases:,} cases"
    if night_run.violations is not None:
        yield f"{night_run.violations:,} violations, the first in case {night_run.first_case}"
    if night_run.unopened is not None:
        yield f"{night_run.unopened:,} messages and documents open under no key"
    if night_run.digest is not None:
        yield f"SHA-256 {night_run.digest}"
    if night_run.failure is not None:
        yield night_run.failure


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
            {"case_no": violation.case_no, "check": violation.check, "detail": violation.detail}
            for violation in verdict.breaks
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
    for violation in verdict.breaks[:SHOWN_BREAKS]:
        table.add_row(violation.case_no, violation.check, violation.detail)
    console.print(table)
    if verdict.breaks_total > SHOWN_BREAKS:
        console.print(f"… and {verdict.breaks_total - SHOWN_BREAKS:,} more", highlight=False)
    console.print(f"[bold red]not clean[/]: {verdict.as_text()}; checked {what}", highlight=False)
