"""A table as a file: CSV, or a workbook for spreadsheet programs."""

import csv
from collections.abc import Sequence
from io import BytesIO, StringIO
from typing import Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from domain.spreadsheet_cells import FORMULA_SIGNS, as_plain_text
from schemas.base import FrozenModel

PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
"""options of a workbook in which a text stays a text"""

BYTE_ORDER_MARK: Final = "\ufeff"
"""first character of a CSV; without it Excel does not read the text as UTF-8, and Hindi is garbled"""

Value = str | int | float | None


class Table(FrozenModel):
    """A table with its title, which is the name of a file and of a sheet."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]

    def to_csv(self) -> str:
        """Return the table as CSV with a byte order mark and a header.

        No spreadsheet reads a text of it as a formula.
        """
        text = StringIO()
        text.write(BYTE_ORDER_MARK)
        written = csv.writer(text)
        written.writerow(self.header)
        written.writerows(
            [as_plain_text(value) if isinstance(value, str) else value for value in row] for row in self.rows
        )
        return text.getvalue()

    def to_workbook(self) -> bytes:
        """Return the table as a workbook."""
        return table_workbook(self.title, self.header, self.rows)


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
