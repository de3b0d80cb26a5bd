"""`goldenhour figures`: amounts held, restored, released and lost, and the time until restoration."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.clock import wall_clock
from schemas.reporting.figures import FigureGroup, Stage
from workers.commands.common import JsonTarget, load_settings, open_database, people, run, with_database, write_json
from workers.commands.exits import USAGE, Failed
from workers.number_text import duration, grouped, rupees

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from schemas.reporting.figures import OutcomeFigures, OutcomeReport
    from workers.settings import Settings

STAGE_NAMES = {
    Stage.LOST: "lost",
    Stage.HELD: "held now",
    Stage.APPLIED: "applied for",
    Stage.VERIFIED: "verified",
    Stage.NOTICED: "notice served",
    Stage.APPROVED: "approved",
    Stage.ORDERED: "ordered",
    Stage.RESTORED: "restored",
    Stage.RELEASED: "released",
    Stage.LAPSED: "of which lapsed",
}
UNASSIGNED = {
    FigureGroup.ROUTE: "no route yet",
    FigureGroup.DISTRICT: "no district given",
    FigureGroup.BANK: "an unknown bank",
    FigureGroup.OFFICER: "not assigned",
}
DAYS_DEFAULT, DAYS_MAX = 365, 366


def figures(
    by: Annotated[FigureGroup | None, typer.Option(help="Group the rows by this.")] = None,
    opened_from: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First day on which cases opened; a year by default."),
    ] = None,
    opened_to: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="Only cases opened before this day; all by default."),
    ] = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write the table to FILE for a spreadsheet.")
    ] = None,
    json_target: JsonTarget = None,
) -> None:
    """Show where the money of a period's cases is, by stage, and the time until restoration.

    Held, restored, released and lost are always separate. Money counts as restored or released when the bank has
    confirmed it. Days are in Indian time (docs/reference/measures.md defines every figure).

    Exit codes: 0 done, 1 failed, 2 wrong usage or settings.
    """
    settings = with_database(load_settings())
    report = run(_read(settings, by, *_period(opened_from, opened_to)))
    if csv_file is not None:
        _write_csv(csv_file, report)
    write_json(json_target, report.model_dump(mode="json"))
    show(people(json_target), report, settings.procedure_clock_factor)


def _period(opened_from: datetime | None, opened_to: datetime | None) -> tuple[datetime, datetime]:
    from schemas.text import IST

    end = opened_to.replace(tzinfo=IST) if opened_to else wall_clock() + timedelta(seconds=1)
    start = opened_from.replace(tzinfo=IST) if opened_from else end - timedelta(days=DAYS_DEFAULT)
    if start >= end:
        raise Failed("--from is not before --to", USAGE)
    if end - start > timedelta(days=DAYS_MAX):
        raise Failed(f"--from is more than {DAYS_MAX} days before --to", USAGE)
    return start, end


async def _read(
    settings: "Settings", by: FigureGroup | None, opened_from: datetime, opened_to: datetime
) -> "OutcomeReport":
    from db.reporting import outcomes
    from db.reporting.outcomes import Period

    period = Period(
        opened_from=opened_from,
        opened_to=opened_to,
        as_of=wall_clock(),
        clock_factor=settings.procedure_clock_factor,
    )
    async with (
        await open_database(settings) as pool,
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await outcomes.report(connection, period, by)


def _write_csv(file: Path, report: "OutcomeReport") -> None:
    from activities.reporting.outcomes import outcome_table

    try:
        file.write_text(outcome_table(report).to_csv(), encoding="utf-8", newline="")
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}", USAGE) from error


def show(console: "Console", report: "OutcomeReport", factor: float) -> None:
    """Show the stages of all cases, and a row per group. `factor` converts clock time to days of the procedure."""
    console.print(_stages(report))
    if report.by is not None:
        console.print(_rows(report, report.by, factor))
    spread, past = report.total.held_to_restored, report.total.past
    if spread.p50_seconds is not None and spread.p95_seconds is not None:
        console.print(
            f"Held → restored: p50 {duration(spread.p50_seconds * factor)}, p95 {duration(spread.p95_seconds * factor)}"
            f" over {grouped(spread.credits)} credits.",
            highlight=False,
        )
    waits = ", ".join(f"{rupees(one.paise)} on {grouped(one.holds)} holds past {one.days} days" for one in past)
    console.print(f"Still held: {waits}.", highlight=False)
    if report.grievances:
        console.print(_grievances(report))


def _stages(report: "OutcomeReport") -> "Table":
    from rich.table import Table

    from schemas.text import IST

    first, last = (at.astimezone(IST) for at in (report.opened_from, report.opened_to - timedelta(microseconds=1)))
    days = f"{first:%d %b %Y} to {last:%d %b %Y}"
    table = Table(title=f"Cases opened from {days}", title_justify="left")
    table.add_column("stage")
    table.add_column("cases", justify="right")
    table.add_column("money", justify="right")
    for stage, words in STAGE_NAMES.items():
        found = report.total.stages[stage]
        table.add_row(words, grouped(found.cases), rupees(found.paise))
    table.add_row("restored of what was ever held", "", _share(report.total))
    return table


def _rows(report: "OutcomeReport", by: FigureGroup, factor: float) -> "Table":
    from rich.table import Table

    table = Table(title=f"By {by.value}", title_justify="left")
    table.add_column(by.value, overflow="fold")
    for name in ("lost", "held now", "restored", "share", "released", "p50", "past 90 days"):
        table.add_column(name, justify="right")
    for row in report.rows:
        median = row.held_to_restored.p50_seconds
        stages = row.stages
        table.add_row(
            f"{row.about} {row.name}".strip() or UNASSIGNED[by],
            rupees(stages[Stage.LOST].paise),
            rupees(stages[Stage.HELD].paise),
            rupees(stages[Stage.RESTORED].paise),
            _share(row),
            rupees(stages[Stage.RELEASED].paise),
            duration(median * factor) if median is not None else "",
            rupees(row.past[-1].paise),
        )
    return table


def _share(row: "OutcomeFigures") -> str:
    return f"{row.restored_of_held:.1%}" if row.restored_of_held is not None else ""


def _grievances(report: "OutcomeReport") -> "Table":
    from rich.table import Table

    table = Table(title="Grievances", title_justify="left")
    for name in ("outcome", "level", "age"):
        table.add_column(name)
    for name in ("grievances", "still held", "released"):
        table.add_column(name, justify="right")
    for one in report.grievances:
        table.add_row(
            *(text.replace("_", " ") for text in (one.state.value, one.level.value, one.age)),
            grouped(one.grievances),
            rupees(one.held_paise),
            rupees(one.released_paise),
        )
    return table
