"""The commands that read and write workbooks and complaint sheets."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schemas.identifiers import ACK_NO_PATTERN
from workers.commands.common import (
    JsonTarget,
    errors,
    load_settings,
    people,
    progress_bar,
    run,
    with_database,
    write_json,
)
from workers.commands.exits import FAILURE, USAGE, Failed
from workers.commands.processes import actor, own_name
from workers.commands.up import notifier, open_context, write_rejects_file
from workers.settings import Settings

if TYPE_CHECKING:
    from activities.workbook.trail_lines import TrailOutcome
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
    from activities.workbook.trail_lines import not_taken
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

    Only you can read the file, and the read log has a line. Importing it into an empty database creates the same trail
    (docs/how-to/money-trail.md).

    Exit codes: 0 the workbook is written; 1 there is no such case or the database cannot be read; 2 the usage or the
    settings are wrong, or the file cannot be written.
    """
    from workers.importer.trail_report import write_workbook

    if not ACK_NO_PATTERN.fullmatch(ack_no):
        raise Failed("an acknowledgement number has 14 digits", USAGE)
    case_no, sheets = run(_read(with_database(load_settings()), ack_no))
    try:
        write_workbook(output, sheets)
    except OSError as error:
        raise Failed(f"{output}: {error.strerror}", USAGE) from error
    rows = {sheet.value: len(sheet_rows) for sheet, sheet_rows in sheets.items()}
    write_json(json_target, {"file": output.name, "case_ack_no": case_no, "rows": sum(rows.values()), "sheets": rows})
    people(json_target).print(
        f"{sum(rows.values()):,} rows of case {case_no} are in {output}", highlight=False, markup=False, soft_wrap=True
    )


async def _read(settings: Settings, ack_no: str) -> "tuple[str, dict[Sheet, list[ExportRow]]]":
    from activities.workbook.trail_lines import export_trail
    from db.privacy import jurisdiction
    from schemas.privacy.personal_data import NewRead, ReadKind

    read = NewRead(
        reader=actor(),
        kind=ReadKind.CASE,
        subject=ack_no,
        reference="ack_no",
        route="goldenhour export",
        address="",
        session_id=None,
        token_id=None,
    )
    async with open_context(settings) as ctx:
        async with ctx.pool.acquire() as connection:
            # Before the rows are read, so that no workbook is written without it.
            await jurisdiction.write(connection, [read])
        return await export_trail(ctx, ack_no)


if TYPE_CHECKING:
    from domain.case.complaint_rows import SheetReading
    from workers.importer.complaint_import import ImportOutcome

NAME = re.compile(r"^[A-Za-z0-9._@-]{1,57}$")


def import_file(
    file: Annotated[Path, typer.Argument(help="CSV (any common encoding and delimiter) or XLSX.", metavar="FILE")],
    sheet: Annotated[str | None, typer.Option(help="Sheet of the workbook; the first visible one by default.")] = None,
    ack_no: Annotated[
        str | None,
        typer.Option(metavar="ACK_NO", help="Of a money-trail workbook, import only the trail of this number."),
    ] = None,
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Your name for the case log.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read and check; write nothing.")] = False,
    rejects: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write rejected rows and their reasons to this CSV file.")
    ] = None,
    json_target: JsonTarget = None,
) -> None:
    """Import complaints: one disputed transfer per row; rows with the same complaint number are one complaint.

    A money-trail workbook (BankAction_CompleteTrail) is recognised by its sheets, unless --sheet names a sheet of
    complaints. It opens or extends the case of each of its numbers with the banks' answers
    (docs/how-to/money-trail.md).

    Every row is used, or rejected with its number and the reason; the counts always add up. Importing a file twice
    changes nothing. Each complaint is stored separately: after a failure, run the same command again.
    docs/how-to/import.md has the columns and their formats.

    Exit codes: 0 all rows used (except duplicates, totals and the like), 1 rows were rejected or the import stopped, 2
    the file, the usage or the settings are wrong.
    """
    from domain.spreadsheets import FileRefused
    from schemas.officers.officers import folded
    from workers.commands.trail import import_trail
    from workers.importer.complaint_import import not_taken, read_file
    from workers.importer.report import as_json, show, write_rejects
    from workers.importer.trail_report import read_trail_file

    name = folded(name or own_name())
    if not NAME.match(name):
        raise Failed("--as takes up to 57 letters, digits, or any of . _ @ -", USAGE)
    with errors().status("reading the file"):
        try:
            trails = read_trail_file(file, ack_no) if sheet is None else None
            if ack_no is not None and trails is None:
                raise FileRefused("--ack-no is for a money-trail workbook")
            reading, rows = (None, []) if trails else read_file(file, sheet)
        except FileRefused as refusal:
            raise FileRefused(f"{file}: {refusal}") from refusal
    if trails:
        import_trail(trails, file.name, f"import:{name}", dry_run=dry_run, rejects=rejects, json_target=json_target)
        return
    assert reading is not None, "a file is a money trail or has complaints"
    outcome = not_taken(reading) if dry_run else run(_import(with_database(load_settings()), reading, f"import:{name}"))
    if rejects is not None:
        write_rejects_file(lambda: write_rejects(rejects, outcome, rows), rejects)
    write_json(json_target, as_json(file.name, outcome, dry_run=dry_run))
    show(people(json_target), outcome, dry_run=dry_run)
    if outcome.stopped or outcome.faulty:
        raise typer.Exit(FAILURE)


async def _import(settings: Settings, reading: "SheetReading", taken_by: str) -> "ImportOutcome":
    from workers.importer.complaint_import import take_all

    async with open_context(settings) as ctx, notifier(settings, ctx.pool) as follow:
        with progress_bar("complaints") as progress:
            task = progress.add_task("", total=len(reading.complaints))
            return await take_all(
                ctx,
                reading,
                taken_by=taken_by,
                follow=follow,
                progress=lambda done: progress.update(task, completed=done),
            )
