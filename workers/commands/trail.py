"""The money-trail workbook: `goldenhour import` of one, and `goldenhour export`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schemas.identifiers import ACK_NO_PATTERN
from workers.commands.common import JsonTarget, load_settings, people, progress_bar, run, with_database, write_json
from workers.commands.engine_parts import notifier, open_context, write_rejects_file
from workers.commands.exits import FAILURE, USAGE, Failed
from workers.settings import Settings

if TYPE_CHECKING:
    from activities.workbook.trail_outcome import TrailOutcome
    from domain.workbook.columns import Sheet
    from domain.workbook.exporting import ExportRow
    from domain.workbook.reading import TrailReading


def import_trail(
    readings: "Sequence[TrailReading]",
    file_name: str,
    taken_by: str,
    *,
    dry_run: bool,
    rejects: Path | None,
    json_target: str | None,
) -> None:
    """Import the trails of a workbook that was read, and report the result of every row."""
    from activities.workbook.trail_outcome import not_taken
    from workers.importer.trail_report import as_json, show, write_rejects

    if dry_run:
        outcomes = [not_taken(reading) for reading in readings]
    else:
        outcomes = run(_take(with_database(load_settings()), readings, taken_by))
    if rejects is not None:
        write_rejects_file(lambda: write_rejects(rejects, outcomes), rejects)
    write_json(json_target, as_json(file_name, outcomes, dry_run=dry_run))
    show(people(json_target), outcomes, dry_run=dry_run)
    if any(outcome.stopped or outcome.faulty for outcome in outcomes):
        raise typer.Exit(FAILURE)


async def _take(settings: Settings, readings: "Sequence[TrailReading]", taken_by: str) -> "list[TrailOutcome]":
    from activities.workbook.trail_import import take_trails

    async with open_context(settings) as ctx, notifier(settings, ctx.pool) as follow:
        with progress_bar("rows") as progress:
            total = sum(len(reading.transfers) + len(reading.said) for reading in readings)
            task = progress.add_task("", total=total)
            return await take_trails(
                ctx,
                readings,
                taken_by=taken_by,
                follow=follow,
                progress=lambda done: progress.update(task, completed=done),
            )


def export(
    ack_no: Annotated[str, typer.Argument(help="Any acknowledgement number of the case.", metavar="ACK_NO")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The XLSX workbook to write.")],
    json_target: JsonTarget = None,
) -> None:
    """Write the money trail of a case as a workbook with the sheets and columns of BankAction_CompleteTrail.

    Only you can read the file. Importing it into an empty database creates the same trail (docs/how-to/money-trail.md).

    Exit codes: 0 the workbook is written; 1 there is no such case or the database cannot be read; 2 the usage or the
    settings are wrong, or the file cannot be written.
    """
    from workers.importer.trail_writing import write_workbook

    if not ACK_NO_PATTERN.fullmatch(ack_no):
        raise Failed("an acknowledgement number has 14 digits", USAGE)
    case_no, sheets = run(_read(with_database(load_settings()), ack_no))
    try:
        write_workbook(output, sheets)
    except OSError as error:
        raise Failed(f"{output}: {error.strerror}", USAGE) from error
    rows = {sheet.value: len(found) for sheet, found in sheets.items()}
    write_json(json_target, {"file": output.name, "case_ack_no": case_no, "rows": sum(rows.values()), "sheets": rows})
    people(json_target).print(
        f"{sum(rows.values()):,} rows of case {case_no} are in {output}", highlight=False, markup=False, soft_wrap=True
    )


async def _read(settings: Settings, ack_no: str) -> "tuple[str, dict[Sheet, list[ExportRow]]]":
    from activities.workbook.trail_export import export_trail

    async with open_context(settings) as ctx:
        return await export_trail(ctx, ack_no)
