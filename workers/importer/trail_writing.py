"""Write a money-trail workbook: every sheet with its columns, without anything that a spreadsheet would execute."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from documents.spreadsheet import PLAIN, write_text
from domain.workbook.columns import MONEY, SHEET_COLUMNS, Sheet, TrailColumn
from domain.workbook.exporting import ExportRow, Value
from workers.home import write_private


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
