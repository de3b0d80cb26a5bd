"""Writer of a workbook with one table, for spreadsheet programs."""

from collections.abc import Sequence
from io import BytesIO

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from domain.spreadsheet_cells import FORMULA_SIGNS

PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
"""options of a workbook in which a text stays a text"""

Value = str | int | float | None


def write_text(page: Worksheet, row_no: int, place: int, text: str, quoted: Format) -> None:
    """Write a text cell.

    Text stays text, whatever it begins with; the quote prefix keeps it text when the cell is edited.
    """
    page.write_string(row_no, place, text, quoted if text.startswith(FORMULA_SIGNS) else None)


def table_workbook(title: str, header: Sequence[str], rows: Sequence[Sequence[Value]]) -> bytes:
    """Return a workbook with one sheet: the header, then the rows. None becomes an empty cell."""
    data = BytesIO()
    with xlsxwriter.Workbook(data, PLAIN) as workbook:
        bold, quoted = workbook.add_format({"bold": True}), workbook.add_format({"quote_prefix": True})
        page = workbook.add_worksheet(title)
        page.freeze_panes(1, 0)
        for place, name in enumerate(header):
            page.write_string(0, place, name, bold)
        for row_no, row in enumerate(rows, start=1):
            for place, value in enumerate(row):
                if isinstance(value, str):
                    write_text(page, row_no, place, value, quoted)
                elif value is not None:
                    page.write_number(row_no, place, value)
    return data.getvalue()
