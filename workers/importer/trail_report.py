"""Import of workbooks: the file, the report and the written trail."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from io import BytesIO, StringIO
from pathlib import Path

import xlsxwriter
from rich.console import Console
from rich.table import Table
from rich.text import Text
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from activities.workbook.trail_lines import Fate, TrailOutcome
from adapters import workbooks
from adapters.workbook_cells import ZIP_MAGIC, names_of
from documents.spreadsheet import PLAIN, write_text
from domain.spreadsheet_cells import as_plain_text
from domain.workbook.columns import MONEY, SHEET_COLUMNS, Sheet, TrailColumn, is_trail
from domain.workbook.exporting import ExportRow, Value
from domain.workbook.reading import MAX_TRAIL_ROWS, RejectedTrailRow, TrailReading, read_trails
from domain.workbook.row import TrailRow
from workers.home import write_private
from workers.importer.complaint_import import content_of
from workers.importer.report import SHOWN_ROWS
from workers.iso_text import rupees

REJECT_COLUMNS = ("sheet", "row", "column", "code", "reason")


def as_json(file: str, outcomes: Sequence[TrailOutcome], *, dry_run: bool) -> dict[str, object]:
    """Return the whole outcome; for a workbook of several numbers the sums, and the outcome of each trail.

    It contains only sheets, row numbers and reasons, no account or name from the file.
    """
    head = {"file": file, "kind": "money_trail", "dry_run": dry_run}
    if len(outcomes) == 1:
        return {**head, **_trail_json(outcomes[0])}
    trails = [_trail_json(outcome) for outcome in outcomes]
    return {
        **head,
        "ack_nos": [outcome.reading.ack_no for outcome in outcomes if outcome.reading.ack_no],
        **_sums(outcomes),
        "stopped": next((outcome.stopped for outcome in outcomes if outcome.stopped), None),
        "trails": trails,
    }


def _sums(outcomes: Sequence[TrailOutcome]) -> dict[str, int]:
    return {
        "rows": sum(outcome.reading.rows for outcome in outcomes),
        "used": sum(len(outcome.used) for outcome in outcomes),
        "rejected": sum(len(outcome.rejected) for outcome in outcomes),
        "rejected_harmless": sum(len(outcome.rejected) - len(outcome.faulty) for outcome in outcomes),
        "blank": sum(outcome.reading.blank for outcome in outcomes),
        "waiting": sum(len(outcome.waiting) for outcome in outcomes),
    }


def _trail_json(outcome: TrailOutcome) -> dict[str, object]:
    reading = outcome.reading
    return {
        "ack_no": reading.ack_no or None,
        "case_ack_no": outcome.case_no,
        "opened": outcome.opened,
        **_sums([outcome]),
        "used_as": {fate.value: outcome.count(fate) for fate in Fate},
        "stopped": outcome.stopped or None,
        "sheets": _sheets(outcome),
        "flags": [{"field": flag.field, "code": flag.code} for flag in outcome.flags],
        "pending": [{"sheet": row.sheet_name, "row": row.row_no} for row in _pending(outcome)],
        "discrepancies": [
            {
                "sheet": used.row.sheet_name,
                "row": used.row.row_no,
                "kind": used.discrepancy,
                "claimed_paise": used.claimed_paise,
                "applied_paise": used.applied_paise,
            }
            for used in outcome.used
            if used.fate is Fate.DISCREPANCY
        ],
        "rejections": [
            {"sheet": row.sheet_name, "row": row.row_no, "column": fault.column, "code": fault.code}
            | {"reason": fault.reason}
            for row in outcome.rejected
            for fault in row.faults
        ],
        "notes": [
            {"sheet": note.sheet_name, "row": note.row_no, "column": note.column, "note": note.message}
            for note in outcome.notes
        ],
    }


def _sheets(outcome: TrailOutcome) -> list[dict[str, object]]:
    used = Counter(used.row.sheet_name for used in outcome.used)
    known = Counter(used.row.sheet_name for used in outcome.used if used.fate is Fate.KNOWN)
    rejected = Counter(row.sheet_name for row in outcome.rejected)
    waiting = Counter(row.sheet_name for row in outcome.waiting)
    return [
        {
            "name": sheet.name,
            "means": sheet.meant,
            "hidden": sheet.hidden,
            "rows": sheet.rows,
            "used": used[sheet.name],
            "known": known[sheet.name],
            "rejected": rejected[sheet.name],
            "blank": sheet.blank,
            "waiting": waiting[sheet.name],
            "columns_not_used": list(sheet.unknown_columns),
        }
        for sheet in outcome.reading.sheets
    ]


def _pending(outcome: TrailOutcome) -> Sequence[TrailRow]:
    """Return transfers without an answer of the bank, in rows that were used or would be."""
    rejected = {(row.sheet_name, row.row_no) for row in outcome.rejected}
    return [row for row in outcome.reading.pending if (row.sheet_name, row.row_no) not in rejected]


def show(console: Console, outcomes: Sequence[TrailOutcome], *, dry_run: bool) -> None:
    """Show the result of the import to people, one trail after the other."""
    for outcome in outcomes:
        _show_trail(console, outcome, dry_run=dry_run)
    if len(outcomes) > 1:
        sums = ", ".join(f"{count:,} {name}" for name, count in _sums(outcomes).items() if name != "rejected_harmless")
        console.print(f"In all: {sums}.", highlight=False)
    stopped = next((outcome.stopped for outcome in outcomes if outcome.stopped), "")
    if stopped:
        console.print(f"Stopped: {stopped}. Imported rows stay; run the same command again to continue.", markup=False)


def _show_trail(console: Console, outcome: TrailOutcome, *, dry_run: bool) -> None:
    ack_no = outcome.reading.ack_no
    table = Table(title=f"Money trail of {ack_no}" if ack_no else "Rows of no money trail", title_justify="left")
    for name in ("sheet", "rows", "used", "known before", "rejected", "blank", "waiting"):
        table.add_column(name, justify="left" if name == "sheet" else "right")
    for sheet in _sheets(outcome):
        hidden = " (hidden)" if sheet["hidden"] else ""
        figures = (f"{sheet[name]:,}" for name in ("rows", "used", "known", "rejected", "blank", "waiting"))
        table.add_row(Text(f"{sheet['name']}{hidden}"), *figures)
    console.print(table)
    if ack_no and not dry_run:
        _show_case(console, outcome)
    pending = _pending(outcome)
    if pending:
        console.print(
            f"Pending: {len(pending):,} transfers have no following row, because their banks have not answered."
        )
    _show_discrepancies(console, outcome)
    _show_rejected(console, outcome.rejected)
    _show_odd(console, outcome)


def _show_case(console: Console, outcome: TrailOutcome) -> None:
    if outcome.case_no is None:
        console.print("No case: nothing was imported.")
        return
    did = "opened" if outcome.opened else "extended" if len(outcome.used) > outcome.count(Fate.KNOWN) else "unchanged"
    console.print(f"Case {outcome.case_no}: {did}.", highlight=False)


def _show_discrepancies(console: Console, outcome: TrailOutcome) -> None:
    discrepancies = [used for used in outcome.used if used.fate is Fate.DISCREPANCY]
    if not discrepancies:
        return
    table = Table(title="Discrepancies for the desk to resolve", title_justify="left")
    for name in ("sheet", "row", "kind", "claimed", "applied"):
        table.add_column(name, overflow="fold")
    for used in discrepancies[:SHOWN_ROWS]:
        row = used.row
        figures = (rupees(used.claimed_paise, exact=True), rupees(used.applied_paise, exact=True))
        table.add_row(Text(row.sheet_name), str(row.row_no), used.discrepancy, *figures)
    console.print(table)
    if len(discrepancies) > SHOWN_ROWS:
        console.print(f"… and {len(discrepancies) - SHOWN_ROWS:,} more.")


def _show_rejected(console: Console, rejected: Sequence[RejectedTrailRow]) -> None:
    if not rejected:
        return
    table = Table(title="Rows that were not used", title_justify="left")
    for name in ("sheet", "row", "column", "reason"):
        table.add_column(name, overflow="fold")
    for row in sorted(rejected, key=lambda row: row.harmless)[:SHOWN_ROWS]:
        for fault in row.faults:
            table.add_row(Text(row.sheet_name), str(row.row_no), Text(fault.column), Text(fault.reason))
    console.print(table)
    if len(rejected) > SHOWN_ROWS:
        counts = Counter(fault.code for row in rejected for fault in row.faults)
        reasons = ", ".join(f"{code} {count:,}" for code, count in counts.most_common())
        console.print(
            f"… and {len(rejected) - SHOWN_ROWS:,} more; by reason: {reasons}. --rejects FILE writes them all."
        )


def _show_odd(console: Console, outcome: TrailOutcome) -> None:
    odd = Counter(f"{note.column}: {note.message}" for note in outcome.notes)
    odd.update(f"{flag.field}: {flag.message}" for flag in outcome.flags)
    if odd:
        table = Table(title="Imported with irregularities", title_justify="left")
        table.add_column("rows", justify="right")
        table.add_column("what", overflow="fold")
        for what, count in odd.most_common(SHOWN_ROWS):
            table.add_row(f"{count:,}", Text(what))
        console.print(table)
    unknown = dict.fromkeys(name for sheet in outcome.reading.sheets for name in sheet.unknown_columns)
    if unknown:
        console.print(f"Columns not used: {', '.join(unknown)}.", markup=False, highlight=False)


def write_rejects(path: Path, outcomes: Sequence[TrailOutcome]) -> int:
    """Write the places and reasons of rejected rows as CSV; return their number.

    Correct the rows in the workbook itself.
    """
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(REJECT_COLUMNS)
    rejected = [row for outcome in outcomes for row in outcome.rejected]
    for row in rejected:
        for fault in row.faults:
            sheet = as_plain_text(row.sheet_name)
            writer.writerow((sheet, row.row_no, fault.column, fault.code, fault.reason))
    write_private(path, "\ufeff" + text.getvalue())
    return len(rejected)


def read_trail_file(path: Path, ack_no: str | None = None) -> tuple[TrailReading, ...] | None:
    """Read a money-trail workbook, of one number if `ack_no` is given; return None for any other file.

    Raises `FileRefused` with the reason.
    """
    data = content_of(path)
    if not data.startswith(ZIP_MAGIC) or not is_trail(names_of(data)):
        return None
    return read_trails(workbooks.sheets_of(data, MAX_TRAIL_ROWS), ack_no)


def write_workbook(path: Path, sheets: Mapping[Sheet, Sequence[ExportRow]]) -> None:
    """Write the workbook for its owner only, completely or not at all. Raises `OSError`."""
    data = BytesIO()
    with xlsxwriter.Workbook(data, PLAIN) as workbook:
        bold, quoted = workbook.add_format({"bold": True}), workbook.add_format({"quote_prefix": True})
        rupees = workbook.add_format({"num_format": "0.00"})
        for sheet in Sheet:
            page = workbook.add_worksheet(sheet.value)
            columns = SHEET_COLUMNS[sheet]
            page.freeze_panes(1, 0)
            for place, column in enumerate(columns):
                page.write_string(0, place, column.value, bold)
            for row_no, row in enumerate(sheets.get(sheet, ()), start=1):
                for place, column in enumerate(columns):
                    _write(page, row_no, place, column, row.get(column, ""), quoted, rupees)
    write_private(path, data.getvalue())


def _write(
    page: Worksheet, row_no: int, place: int, column: TrailColumn, value: Value, quoted: Format, rupees: Format
) -> None:
    """Write a cell; money as rupees."""
    if isinstance(value, int):
        if column in MONEY:
            page.write_number(row_no, place, value / 100, rupees)
        else:
            page.write_number(row_no, place, value)
    elif value:
        write_text(page, row_no, place, value, quoted)
