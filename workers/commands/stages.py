"""`goldenhour stages`: how long each stage of a case took in a period, and who is late."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.clock import wall_clock
from schemas.reporting.figures import StageGroup
from workers.commands.common import JsonTarget, load_settings, people, run, with_database, write_json
from workers.commands.exits import USAGE, Failed
from workers.iso_text import duration, grouped

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

    from documents.spreadsheet import Table
    from schemas.reporting.figures import StageFigures, StageReport
    from workers.settings import Settings


def stages(
    by: Annotated[StageGroup | None, typer.Option(help="Group the rows by this.")] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day; 30 days by default.")
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="The day after the last one; tomorrow by default."),
    ] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the table to FILE.")] = None,
    workbook: Annotated[
        Path | None, typer.Option("--xlsx", metavar="FILE", help="Write the table to FILE as a workbook.")
    ] = None,
    json_target: JsonTarget = None,
) -> None:
    """Show how long each stage took, from the transfer to the credit, and the share within its target.

    Days are in Indian time (docs/reference/stages.md defines every stage and figure).

    Exit codes: 0 done, 1 failed, 2 wrong usage or settings.
    """
    settings = with_database(load_settings())
    report, table = run(_read(settings, by, *_days(first, end)))
    _write(csv_file, table.to_csv().encode())
    _write(workbook, table.to_workbook())
    write_json(json_target, report.model_dump(mode="json"))
    show(people(json_target), report)


def _days(first: datetime | None, end: datetime | None) -> tuple[date, date]:
    from activities.reporting.stage_figures import DAYS_DEFAULT, DAYS_MAX
    from schemas.text import IST

    end_day = end.date() if end else wall_clock().astimezone(IST).date() + timedelta(days=1)
    first_day = first.date() if first else end_day - timedelta(days=DAYS_DEFAULT)
    if first_day >= end_day:
        raise Failed("--from is not before --to", USAGE)
    if (end_day - first_day).days > DAYS_MAX:
        raise Failed(f"--from is more than {DAYS_MAX} days before --to", USAGE)
    return first_day, end_day


async def _read(
    settings: "Settings", by: StageGroup | None, first_day: date, end_day: date
) -> "tuple[StageReport, Table]":
    from activities.reporting.stage_figures import Days, read, stage_table
    from workers.commands.up import open_context

    async with open_context(settings, personal_data=False) as ctx:
        report = await read(ctx, Days(first_day=first_day, end_day=end_day, as_of=ctx.now()), by, None)
    return report, stage_table(report)


def _write(file: Path | None, data: bytes) -> None:
    if file is None:
        return
    try:
        file.write_bytes(data)
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}", USAGE) from error


def show(console: "Console", report: "StageReport") -> None:
    """Show the rows of the report, the total last, and how old the counts are."""
    from schemas.text import IST

    last = report.end_day - timedelta(days=1)
    days = f"from {report.first_day:%d %b %Y} to {last:%d %b %Y}"
    if report.rows or report.total:
        console.print(_table(report, f"Stages {days}"))
    else:
        console.print(f"No stage of a case {days}.", highlight=False)
    if not report.is_exact:
        counted_at = report.counted_at.astimezone(IST) if report.counted_at else None
        at = f"{counted_at:%d %b %Y %H:%M} IST" if counted_at else "not yet for every day"
        console.print(f"Added up from the counts of days. Counted: {at}.", highlight=False)


def _table(report: "StageReport", title: str) -> "RichTable":
    from rich.table import Table as RichTable

    table = RichTable(title=title, title_justify="left")
    for name in ("stage", report.by.value if report.by else "late is"):
        table.add_column(name, no_wrap=True)
    for name in ("began", "p50", "p95", "in time", "late now"):
        table.add_column(name, justify="right")
    late_by = {target.stage: target.late_by.value for target in report.targets}
    for row in (*report.rows, *report.total):
        about = (f"{row.about} {row.name}".strip() or "-") if report.by else late_by[row.stage]
        table.add_row(row.stage.value.replace("_", " "), about, *_cells(row))
    return table


def _cells(row: "StageFigures") -> tuple[str, ...]:
    took = (row.seconds.p50_seconds, row.seconds.p95_seconds)
    return (
        grouped(row.began),
        *("" if seconds is None else duration(seconds) for seconds in took),
        "" if row.policy.share is None else f"{row.policy.share:.0%}",
        grouped(row.policy.late_now),
    )
