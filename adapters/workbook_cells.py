"""Read the grids of XLSX workbooks with calamine, under limits of their unpacked size.

A workbook is a zip file from an unknown sender. It is unpacked here under a limit and passed on unpacked, so that no
more than the limit ever comes out of it, whatever its directory claims. A single cell far out is refused,
because it would make a grid of billions of cells.

The module imports no model, because the process that reads one file of an outsider starts with it.
"""

import html
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Final

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetVisibleEnum,
)

Grid = list[list[str | int | float | bool | datetime | date | time | timedelta | None]]

FAR_ROW: Final = 300_000
MAX_MEMBERS: Final = 1_000
READ_BYTES: Final = 1024 * 1024
MAX_COLUMN: Final = "AZ"
MAX_MERGED_CELLS: Final = 1_000_000
MAX_INDEX_BYTES: Final = 1024 * 1024

ZIP_MAGIC: Final = b"PK\x03\x04"

# Each expression is linear in its input: no run of a repetition can be read by the repetition beside it.
_SHEET_NAME: Final = re.compile(rb"""<(?:\w++:)?sheet\b(?>[^<>]*?\sname=)(?:"([^"<]*+)"|'([^'<]*+)')""")
# A cell with only a colour or a border. Whole rows of them are common, and they would count as content of the grid.
_EMPTY_CELL: Final = re.compile(rb"""<(?:\w++:)?c\s(?>[^<>]*?\br=["'])[^<>]*+(?<=/)>""")
# The place of a cell or row to the right of column AZ or below row 299,999, in any spelling that a reader takes.
_FAR_PLACE: Final = re.compile(
    rb"""[\s"']r\s*+=\s*+["'](?:(?:[B-Z][A-Z]|[A-Z]{3,})\d|[A-Z]*+0*+(?:[3-9]\d{5}|\d{7}))""", re.IGNORECASE
)


class GridRefused(Exception):
    """The workbook cannot be read; the text says why."""


class GridTooLarge(GridRefused):
    """The workbook is beyond a limit."""


@dataclass(frozen=True, slots=True)
class GridLimits:
    """Limits of one workbook."""

    unpacked_bytes: int
    rows: int
    columns: int


@contextmanager
def opened(data: bytes, limits: GridLimits) -> Iterator[CalamineWorkbook]:
    """Open a workbook that unpacks within the limits. Raises `GridRefused` for another."""
    try:
        with CalamineWorkbook.from_filelike(_unpacked(data, limits.unpacked_bytes)) as workbook:
            yield workbook
    except PasswordError as error:
        raise GridRefused("the workbook is protected by a password: save it without one") from error
    except CalamineError as error:
        raise GridRefused(f"not a readable XLSX workbook ({error})") from error


def grid_of(sheet: CalamineSheet, limits: GridLimits) -> Grid:
    """Return the cells of a sheet from A1 on, a merged one in each of its rows. Raises `GridTooLarge`."""
    last_row, last_column = sheet.end or (-1, -1)
    if last_row >= limits.rows:
        raise GridTooLarge(f"more than {limits.rows:,} rows: split the file")
    if last_column >= limits.columns:
        raise GridTooLarge(f"more than {limits.columns} columns")
    cells: Grid = [list(row) for row in sheet.to_python(skip_empty_area=False)]
    _fill_merged(cells, sheet)
    return cells


def chosen(workbook: CalamineWorkbook, name: str | None) -> CalamineSheet:
    """Return the sheet of this name, or the first visible one with content. Raises `GridRefused` without it."""
    if name is not None:
        if name not in workbook.sheet_names:
            raise GridRefused(f'no sheet "{name}": the workbook has {", ".join(workbook.sheet_names)}')
        return workbook.get_sheet_by_name(name)
    visible = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible is SheetVisibleEnum.Visible]
    for candidate in visible:
        sheet = workbook.get_sheet_by_name(candidate)
        if sheet.total_height:
            return sheet
    raise GridRefused("the workbook has no visible sheet with content")


def names_of(data: bytes) -> list[str]:
    """Return the names of a workbook's sheets and unpack only its index; empty if it cannot be read."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as packed, packed.open("xl/workbook.xml") as file:
            index = file.read(MAX_INDEX_BYTES)
    except (zipfile.BadZipFile, zlib.error, KeyError, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        return []
    return [html.unescape((a or b).decode("utf-8", "replace")) for a, b in _SHEET_NAME.findall(index)]


def _fill_merged(cells: Grid, sheet: CalamineSheet) -> None:
    """Repeat a merged cell's value in all its rows, because people merge a complaint's number over its transfers."""
    filled = 0
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or ():
        if top >= len(cells) or left >= len(cells[top]):
            continue
        covered = cells[top + 1 : bottom + 1]
        filled += len(covered)
        if filled > MAX_MERGED_CELLS:
            raise GridTooLarge(f"more than {MAX_MERGED_CELLS:,} merged cells")
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
                raise GridTooLarge(f"a workbook of more than {MAX_MEMBERS} parts")
            for member in members:
                content = _read(packed, member, left, unpacked_max // 1024**2)
                left -= len(content)
                if b"sheetData" in content:
                    content = _without_far_cells(content)
                plain.writestr(zipfile.ZipInfo(member.filename), content)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise GridRefused(f"not a readable XLSX workbook ({error})") from error
    target.seek(0)
    return target


def _without_far_cells(sheet_xml: bytes) -> bytes:
    """Return the sheet without its empty formatted cells. Raises `GridTooLarge` if a cell or row is still far out."""
    filled = _EMPTY_CELL.sub(b"", sheet_xml)
    if _FAR_PLACE.search(filled):
        raise GridTooLarge(f"a cell is right of column {MAX_COLUMN} or below row {FAR_ROW - 1:,}")
    return filled


def _read(packed: zipfile.ZipFile, member: zipfile.ZipInfo, limit_bytes: int, limit_mb: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    with packed.open(member) as file:
        while part := file.read(READ_BYTES):
            size += len(part)
            if size > limit_bytes:
                raise GridTooLarge(f"unpacks to more than {limit_mb} MB")
            parts.append(part)
    return b"".join(parts)
