"""Report of an import, and officers' files."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.case.complaint_rows import REASON_COLUMNS, RejectedRow, SheetRow
from domain.case.complaints import TIME_MISSING
from domain.spreadsheet_cells import Cell, as_plain_text
from domain.spreadsheets import FileRefused
from schemas.officers.officers import OfficerEntry
from workers.home import write_private
from workers.importer.complaint_import import ImportOutcome, decode

SHOWN_ROWS = 20


def as_json(file: str, outcome: ImportOutcome, *, dry_run: bool) -> dict[str, object]:
    """Return the whole outcome. It contains only row numbers and reasons, no name, account or number from the file."""
    reading = outcome.reading
    return {
        "file": file,
        "dry_run": dry_run,
        "rows": reading.rows,
        "used": outcome.used_rows,
        "rejected": len(outcome.rejected),
        "rejected_harmless": len(outcome.rejected) - len(outcome.faulty),
        "blank": reading.blank,
        "waiting": outcome.waiting_rows,
        "stopped": outcome.stopped or None,
        "columns_not_used": list(reading.header.unknown),
        "complaints": {
            "in_file": len(reading.complaints),
            "new": len(outcome.new),
            "joined": sum(1 for taken in outcome.new if taken.receipt.joined),
            "known": len(outcome.taken) - len(outcome.new),
        },
        "taken": [
            {
                "rows": list(taken.made.row_nos),
                "ack_no": taken.receipt.ack_no,
                "case_ack_no": taken.receipt.case_ack_no,
                "joined": taken.receipt.joined,
                "repeated": taken.repeated,
                "flags": [{"field": flag.field, "code": flag.code} for flag in taken.receipt.flags],
            }
            for taken in outcome.taken
        ],
        "rejections": [
            {"row": row.row_no, "column": fault.column, "code": fault.code, "reason": fault.reason}
            for row in outcome.rejected
            for fault in row.faults
        ],
        "notes": [{"row": note.row_no, "column": note.column, "note": note.message} for note in outcome.notes],
    }


def show(console: Console, outcome: ImportOutcome, *, dry_run: bool) -> None:
    """Show the result of the import to people."""
    reading, harmless = outcome.reading, len(outcome.rejected) - len(outcome.faulty)
    table = Table(title="Rows", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    waiting = "would be used" if dry_run else "not reached"
    for name, count in (
        ("in the file, without its header", reading.rows),
        ("used", outcome.used_rows),
        ("rejected", len(outcome.faulty)),
        ("skipped (duplicates, totals, headers)", harmless),
        ("blank", reading.blank),
        (waiting, outcome.waiting_rows),
    ):
        if count or name in {"used", "rejected"}:
            table.add_row(name, f"{count:,}")
    console.print(table)
    if not dry_run:
        _show_complaints(console, outcome)
    _show_rejected(console, outcome.rejected)
    _show_odd(console, outcome)
    if outcome.stopped:
        console.print(
            f"Stopped: {outcome.stopped}. Imported complaints stay; run the same command again to continue.",
            markup=False,
        )


def _show_complaints(console: Console, outcome: ImportOutcome) -> None:
    new = outcome.new
    joined = sum(1 for taken in new if taken.receipt.joined)
    known = len(outcome.taken) - len(new)
    console.print(f"Complaints: {len(new):,} new ({joined:,} of them joined a case), {known:,} known before.")


def _show_rejected(console: Console, rejected: Sequence[RejectedRow]) -> None:
    if not rejected:
        return
    table = Table(title="Rows that were not used", title_justify="left")
    for name in ("row", "column", "reason"):
        table.add_column(name, overflow="fold")
    for row in rejected[:SHOWN_ROWS]:
        for fault in row.faults:
            table.add_row(str(row.row_no), fault.column, Text(fault.reason))
    console.print(table)
    if len(rejected) > SHOWN_ROWS:
        counts = Counter(fault.code for row in rejected for fault in row.faults)
        reasons = ", ".join(f"{code} {count:,}" for code, count in counts.most_common())
        console.print(
            f"… and {len(rejected) - SHOWN_ROWS:,} more; by reason: {reasons}. --rejects FILE writes them all."
        )


def _show_odd(console: Console, outcome: ImportOutcome) -> None:
    odd = Counter(f"{note.column}: {note.message}" for note in outcome.notes)
    odd.update(
        f"{flag.field.rpartition('.')[2]}: {flag.message}"
        for taken in outcome.new
        for flag in taken.receipt.flags
        # The row has a note about it already.
        if flag.code != TIME_MISSING
    )
    if odd:
        table = Table(title="Imported with irregularities", title_justify="left")
        table.add_column("rows", justify="right")
        table.add_column("what", overflow="fold")
        for what, count in odd.most_common(SHOWN_ROWS):
            table.add_row(f"{count:,}", Text(what))
        console.print(table)
    if outcome.reading.header.unknown:
        console.print(f"Columns not used: {', '.join(outcome.reading.header.unknown)}.", markup=False, highlight=False)


def write_rejects(path: Path, outcome: ImportOutcome, rows: Sequence[SheetRow]) -> int:
    """Write the rejected rows and their reasons as CSV, for the owner only; return their number.

    The columns are the file's own, so that the rows can be corrected there and imported.
    """
    by_number = {row.row_no: row.cells for row in rows}
    width = len(outcome.reading.header_cells)
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow([*(_plain(cell) for cell in outcome.reading.header_cells), *REASON_COLUMNS])
    for row in outcome.rejected:
        cells = [_plain(cell) for cell in by_number[row.row_no]]
        missing = [""] * (width - len(cells))
        writer.writerow([*cells[:width], *missing, *_reasons(row), *cells[width:]])
    # The mark at the beginning tells Excel that the file is UTF-8.
    write_private(path, "\ufeff" + text.getvalue())
    return len(outcome.rejected)


def _reasons(row: RejectedRow) -> tuple[str, str, str]:
    columns = "; ".join(dict.fromkeys(fault.column for fault in row.faults))
    return str(row.row_no), columns, "; ".join(fault.reason for fault in row.faults)


def _plain(cell: Cell) -> str:
    """Return the cell as text that reads back unchanged and that no spreadsheet treats as a formula."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, float) and cell.is_integer():
        return f"{cell:.0f}"
    return as_plain_text(str(cell))


FILE_MAX_BYTES: Final = 5 * 1024 * 1024
OFFICERS_MAX: Final = 10_000
FAULTS_SHOWN: Final = 20
LISTS: Final = frozenset({"roles", "districts"})
"""columns with several values, divided by `;`"""
COLUMNS: Final = tuple(OfficerEntry.model_fields)


def read_officers(file: Path) -> list[OfficerEntry]:
    """Return the officers of a file. Raises `FileRefused`: a line for each fault, never with a value of the file."""
    try:
        with file.open("rb") as opened:
            data = opened.read(FILE_MAX_BYTES + 1)
    except OSError as error:
        raise FileRefused(f"{file}: {error.strerror}") from error
    if len(data) > FILE_MAX_BYTES:
        raise FileRefused(f"{file}: larger than {FILE_MAX_BYTES // 1024**2} MB")
    rows = csv.DictReader(StringIO(decode(data), newline=""), restkey="", strict=True)
    try:
        officers, faults = _read(rows)
    except csv.Error as error:
        raise FileRefused(f"{file}: after line {rows.line_num}: {error}") from error
    if faults:
        lines = [f"{file}: {fault}" for fault in faults[:FAULTS_SHOWN]]
        raise FileRefused("\n".join([*lines, f"{len(faults)} faults in all; nothing was imported"]))
    return officers


def _read(rows: "csv.DictReader[str]") -> tuple[list[OfficerEntry], list[str]]:
    faults = list(_faults_of_head(rows.fieldnames or ()))
    entries: dict[str, OfficerEntry] = {}
    for row in () if faults else rows:
        if len(entries) >= OFFICERS_MAX:
            faults.append(f"more than {OFFICERS_MAX:,} officers: split the file")
            break
        if not any(value for value in row.values()):
            continue
        try:
            entry = OfficerEntry.model_validate(_cells(row))
        except ValidationError as error:
            mistakes = error.errors(include_input=False, include_url=False)
            faults += [f"line {rows.line_num}: {mistake['loc'][0]}: {mistake['msg']}" for mistake in mistakes]
            continue
        if entry.officer_id in entries:
            faults.append(f"line {rows.line_num}: officer_id: stands in an earlier line too")
        entries[entry.officer_id] = entry
    return list(entries.values()), faults


def _faults_of_head(names: Sequence[str]) -> Iterator[str]:
    known = [name.strip().lower() for name in names]
    for name in ("officer_id", "name"):
        if name not in known:
            yield f"line 1: the column {name} is missing"
    for place, name in enumerate(known, 1):
        if name not in COLUMNS:
            yield f"line 1: column {place} is none of {', '.join(COLUMNS)}"
        elif known.index(name) != place - 1:
            yield f"line 1: the column {name} stands twice"


def _cells(row: Mapping[str, str | list[str] | None]) -> dict[str, object]:
    """Return the cells that are not empty, by column. A cell beyond the last column has no name."""
    cells: dict[str, object] = {}
    for name, value in row.items():
        column = name.strip().lower()
        if not isinstance(value, str):
            if value:
                cells["beyond the last column"] = ""
        elif column in LISTS:
            cells[column] = [part.strip() for part in value.split(";") if part.strip()]
        elif value.strip():
            cells[column] = value.strip()
    return cells
