"""Money-trail workbooks as XLSX files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import xlsxwriter

from domain.workbook.columns import SHEET_COLUMNS, Sheet, TrailColumn
from tests.domain.trail_books import Told


def write(
    path: Path, sheets: Mapping[str, Sequence[Told]], hidden: Sequence[str] = (), without: Sequence[TrailColumn] = ()
) -> Path:
    """Write a workbook with these rows, and return its path. Numbers and texts keep their types.

    Sheets other than that of transfers have no column of `without`.
    """
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_numbers": False}) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            if name in hidden:
                page.hide()
            named = SHEET_COLUMNS[next((s for s in Sheet if s.value == name), Sheet.TRANSFER)]
            columns = [column for column in named if name == Sheet.TRANSFER or column not in without]
            page.write_row(0, 0, [c.value for c in columns])
            for number, row in enumerate(rows, start=1):
                for place, column in enumerate(columns):
                    value = row.get(column)
                    if value not in {None, ""}:
                        page.write(number, place, value)
    return path
