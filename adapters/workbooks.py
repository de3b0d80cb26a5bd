"""Rows of XLSX workbooks, of those that an officer imports."""

from collections.abc import Iterator
from contextlib import contextmanager

from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from adapters.workbook_cells import Grid, GridLimits, GridRefused, chosen, grid_of, opened
from domain.case.complaint_rows import MAX_ROWS, SheetRow
from domain.spreadsheets import HEADER_SEARCH_ROWS, FileRefused
from domain.workbook.reading import WorkbookSheet

MAX_UNPACKED_BYTES = 300 * 1024 * 1024
MAX_COLUMNS = 52
MAX_SHEETS = 60

OLD_EXCEL_MAGIC = b"\xd0\xcf\x11\xe0"


def rows_of(data: bytes, sheet_name: str | None = None) -> list[SheetRow]:
    """Return the rows of one sheet (the first visible one with content), numbered as in Excel.

    Raises `FileRefused` if it is no workbook, is protected or too large, or has no such sheet.
    """
    limits = _limits(MAX_ROWS + HEADER_SEARCH_ROWS)
    with _refusing(data, limits) as workbook:
        return _rows(grid_of(chosen(workbook, sheet_name), limits))


def sheets_of(data: bytes, most_rows: int) -> list[WorkbookSheet]:
    """Return every sheet with its rows, hidden or not; at most `most_rows` in each.

    Raises `FileRefused` as `rows_of` does, and for more than `MAX_SHEETS`.
    """
    limits = _limits(most_rows)
    with _refusing(data, limits) as workbook:
        if len(workbook.sheet_names) > MAX_SHEETS:
            raise FileRefused(f"more than {MAX_SHEETS} sheets")
        return [
            WorkbookSheet(
                sheet.name,
                _rows(grid_of(workbook.get_sheet_by_name(sheet.name), limits)),
                hidden=sheet.visible is not SheetVisibleEnum.Visible,
            )
            for sheet in workbook.sheets_metadata
            if sheet.typ is SheetTypeEnum.WorkSheet
        ]


def _limits(rows: int) -> GridLimits:
    return GridLimits(MAX_UNPACKED_BYTES, rows, MAX_COLUMNS)


@contextmanager
def _refusing(data: bytes, limits: GridLimits) -> Iterator[CalamineWorkbook]:
    try:
        with opened(data, limits) as workbook:
            yield workbook
    except GridRefused as refused:
        raise FileRefused(str(refused)) from refused


def _rows(cells: Grid) -> list[SheetRow]:
    return [SheetRow(number, row) for number, row in enumerate(cells, start=1)]
