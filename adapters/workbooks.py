"""Read XLSX workbooks with calamine, after a check of their unpacked size.

A workbook is a zip file from an unknown sender. It is unpacked here under a limit and passed on unpacked, so that no
more than the limit ever comes out of it, whatever its directory claims. A single cell far out is refused,
because it would make a grid of billions of cells.
"""

import html
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from domain.case.complaint_rows import MAX_ROWS, SheetRow
from domain.spreadsheet_cells import Cell
from domain.spreadsheets import HEADER_SEARCH_ROWS, FileRefused
from domain.workbook.reading import WorkbookSheet

MAX_UNPACKED_BYTES = 300 * 1024 * 1024
MAX_MEMBERS = 1_000
READ_BYTES = 1024 * 1024
MAX_COLUMN = "AZ"
MAX_MERGED_CELLS = 1_000_000
MAX_SHEETS = 60
MAX_INDEX_BYTES = 1024 * 1024

ZIP_MAGIC = b"PK\x03\x04"
OLD_EXCEL_MAGIC = b"\xd0\xcf\x11\xe0"

_SHEET_NAME = re.compile(rb"""<(?:\w+:)?sheet\b[^>]*?\bname=(?:"([^"]*)"|'([^']*)')""")
# A cell with only a colour or a border. Whole rows of them are common, and they would count as content of the grid.
_EMPTY_CELL = re.compile(rb"""<(?:\w+:)?c\b[^>]*?\br=["'][^>]*/>""")
# A cell to the right of column AZ or below row 299,999.
_FAR_CELL = re.compile(
    rb"""<(?:\w+:)?c\b[^>]*?\br=["'](?:[B-Z][A-Z]\d+|[A-Z]{3,}\d+|[A-Z]+(?:[3-9]\d{5}|\d{7,}))["']"""
)


def rows_of(data: bytes, sheet_name: str | None = None, unpacked_max: int = MAX_UNPACKED_BYTES) -> list[SheetRow]:
    """Return the rows of one sheet (the first visible one with content), numbered as in Excel.

    Raises `FileRefused` if it is no workbook, is protected or too large, or has no such sheet.
    """
    with _opened(data, unpacked_max) as workbook:
        return _rows(_chosen(workbook, sheet_name), MAX_ROWS + HEADER_SEARCH_ROWS)


def sheets_of(data: bytes, most_rows: int) -> list[WorkbookSheet]:
    """Return every sheet with its rows, hidden or not; at most `most_rows` in each.

    Raises `FileRefused` as `rows_of` does, and for more than `MAX_SHEETS`.
    """
    with _opened(data) as workbook:
        if len(workbook.sheet_names) > MAX_SHEETS:
            raise FileRefused(f"more than {MAX_SHEETS} sheets")
        return [
            WorkbookSheet(
                sheet.name,
                _rows(workbook.get_sheet_by_name(sheet.name), most_rows),
                hidden=sheet.visible is not SheetVisibleEnum.Visible,
            )
            for sheet in workbook.sheets_metadata
            if sheet.typ is SheetTypeEnum.WorkSheet
        ]


def names_of(data: bytes) -> list[str]:
    """Return the names of a workbook's sheets and unpack only its index; empty if it cannot be read."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as packed, packed.open("xl/workbook.xml") as file:
            index = file.read(MAX_INDEX_BYTES)
    except (zipfile.BadZipFile, zlib.error, KeyError, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        return []
    return [html.unescape((a or b).decode("utf-8", "replace")) for a, b in _SHEET_NAME.findall(index)]


@contextmanager
def _opened(data: bytes, unpacked_max: int = MAX_UNPACKED_BYTES) -> Iterator[CalamineWorkbook]:
    try:
        with CalamineWorkbook.from_filelike(_unpacked(data, unpacked_max)) as workbook:
            yield workbook
    except PasswordError as error:
        raise FileRefused("the workbook is protected by a password: save it without one") from error
    except CalamineError as error:
        raise FileRefused(f"not a readable XLSX workbook ({error})") from error


def _rows(sheet: CalamineSheet, most_rows: int) -> list[SheetRow]:
    if sheet.total_height > most_rows:
        raise FileRefused(f"more than {most_rows:,} rows: split the file")
    cells: list[list[Cell]] = [list(row) for row in sheet.to_python(skip_empty_area=False)]
    _fill_merged(cells, sheet)
    return [SheetRow(number, row) for number, row in enumerate(cells, start=1)]


def _chosen(workbook: CalamineWorkbook, name: str | None) -> CalamineSheet:
    if name is not None:
        if name not in workbook.sheet_names:
            raise FileRefused(f'no sheet "{name}": the workbook has {", ".join(workbook.sheet_names)}')
        return workbook.get_sheet_by_name(name)
    visible = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible is SheetVisibleEnum.Visible]
    for candidate in visible:
        sheet = workbook.get_sheet_by_name(candidate)
        if sheet.total_height:
            return sheet
    raise FileRefused("the workbook has no visible sheet with content")


def _fill_merged(cells: list[list[Cell]], sheet: CalamineSheet) -> None:
    """Repeat a merged cell's value in all its rows, because people merge a complaint's number over its transfers."""
    filled = 0
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or ():
        if top >= len(cells) or left >= len(cells[top]):
            continue
        covered = cells[top + 1 : bottom + 1]
        filled += len(covered)
        if filled > MAX_MERGED_CELLS:
            raise FileRefused(f"more than {MAX_MERGED_CELLS:,} merged cells")
        for row in covered:
            row[left] = cells[top][left]


def _unpacked(data: bytes, unpacked_max: int) -> BytesIO:
    """Return the same workbook, unpacked under the limits."""
    target = BytesIO()
    left = unpacked_max
    try:
        with zipfile.ZipFile(BytesIO(data)) as packed, zipfile.ZipFile(target, "w") as plain:
            members = packed.infolist()
            if len(members) > MAX_MEMBERS:
                raise FileRefused(f"a workbook of more than {MAX_MEMBERS} parts")
            for member in members:
                content = _read(packed, member, left, unpacked_max // 1024**2)
                left -= len(content)
                if b"sheetData" in content:
                    content = _without_far_cells(content)
                plain.writestr(zipfile.ZipInfo(member.filename), content)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise FileRefused(f"not a readable XLSX workbook ({error})") from error
    target.seek(0)
    return target


def _without_far_cells(sheet_xml: bytes) -> bytes:
    """Return the sheet without its empty formatted cells. Raises `FileRefused` if a cell is still far out."""
    filled = _EMPTY_CELL.sub(b"", sheet_xml)
    if _FAR_CELL.search(filled):
        raise FileRefused(f"a cell is right of column {MAX_COLUMN} or below row {MAX_ROWS:,}")
    return filled


def _read(packed: zipfile.ZipFile, member: zipfile.ZipInfo, limit_bytes: int, limit_mb: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    with packed.open(member) as file:
        while part := file.read(READ_BYTES):
            size += len(part)
            if size > limit_bytes:
                raise FileRefused(f"unpacks to more than {limit_mb} MB")
            parts.append(part)
    return b"".join(parts)
