"""Report of a money-trail import: as JSON, as text, and as a file of the rejected rows."""

import csv
from collections import Counter
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from activities.workbook.trail_import import Fate, TrailOutcome
from domain.spreadsheet_cells import as_plain_text
from domain.workbook.reading import RejectedTrailRow
from domain.workbook.row import TrailRow
from workers.home import write_private
from workers.importer.report import SHOWN_ROWS
from workers.number_text import rupees

REJECT_COLUMNS = ("sheet", "row", "column", "code", "reason")


def as_json(file: str, outcome: TrailOutcome, *, dry_run: bool) -> dict[str, object]:
    """Return the whole outcome. It contains only sheets, row numbers and reasons, no account or name from the file."""
    reading = outcome.reading
    return {
        "file": file,
        "kind": "money_trail",
        "dry_run": dry_run,
        "ack_no": reading.ack_no,
        "case_ack_no": outcome.case_no,
        "opened": outcome.opened,
        "rows": reading.rows,
        "used": len(outcome.used),
        "used_as": {fate.value: outcome.count(fate) for fate in Fate},
        "rejected": len(outcome.rejected),
        "rejected_harmless": len(outcome.rejected) - len(outcome.faulty),
        "blank": reading.blank,
        "waiting": len(outcome.waiting),
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


def show(console: Console, outcome: TrailOutcome, *, dry_run: bool) -> None:
    """Show the result of the import to people."""
    table = Table(title=f"Money trail of {outcome.reading.ack_no}", title_justify="left")
    for name in ("sheet", "rows", "used", "known before", "rejected", "blank", "waiting"):
        table.add_column(name, justify="left" if name == "sheet" else "right")
    for sheet in _sheets(outcome):
        hidden = " (hidden)" if sheet["hidden"] else ""
        figures = (f"{sheet[name]:,}" for name in ("rows", "used", "known", "rejected", "blank", "waiting"))
        table.add_row(Text(f"{sheet['name']}{hidden}"), *figures)
    console.print(table)
    if not dry_run:
        _show_case(console, outcome)
    pending = _pending(outcome)
    if pending:
        console.print(
            f"Pending: {len(pending):,} transfers have no following row, because their banks have not answered."
        )
    _show_discrepancies(console, outcome)
    _show_rejected(console, outcome.rejected)
    _show_odd(console, outcome)
    if outcome.stopped:
        console.print(
            f"Stopped: {outcome.stopped}. Imported rows stay; run the same command again to continue.", markup=False
        )


def _show_case(console: Console, outcome: TrailOutcome) -> None:
    if outcome.case_no is None:
        console.print("No case: nothing was imported.")
        return
    did = "opened" if outcome.opened else "extended" if len(outcome.used) > outcome.count(Fate.KNOWN) else "unchanged"
    console.print(f"Case {outcome.case_no}: {did}.", highlight=False)


def _show_discrepancies(console: Console, outcome: TrailOutcome) -> None:
    found = [used for used in outcome.used if used.fate is Fate.DISCREPANCY]
    if not found:
        return
    table = Table(title="Discrepancies for the desk to resolve", title_justify="left")
    for name in ("sheet", "row", "kind", "claimed", "applied"):
        table.add_column(name, overflow="fold")
    for used in found[:SHOWN_ROWS]:
        row = used.row
        figures = (rupees(used.claimed_paise, exact=True), rupees(used.applied_paise, exact=True))
        table.add_row(Text(row.sheet_name), str(row.row_no), used.discrepancy, *figures)
    console.print(table)
    if len(found) > SHOWN_ROWS:
        console.print(f"… and {len(found) - SHOWN_ROWS:,} more.")


def _show_rejected(console: Console, rejected: Sequence[RejectedTrailRow]) -> None:
    if not rejected:
        return
    table = Table(title="Rows that were not used", title_justify="left")
    for name in ("sheet", "row", "column", "reason"):
        table.add_column(name, overflow="fold")
    for row in rejected[:SHOWN_ROWS]:
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


def write_rejects(path: Path, outcome: TrailOutcome) -> int:
    """Write the places and reasons of rejected rows as CSV; return their number.

    Correct the rows in the workbook itself.
    """
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(REJECT_COLUMNS)
    for row in outcome.rejected:
        for fault in row.faults:
            sheet = as_plain_text(row.sheet_name)
            writer.writerow((sheet, row.row_no, fault.column, fault.code, fault.reason))
    write_private(path, "\ufeff" + text.getvalue())
    return len(outcome.rejected)
