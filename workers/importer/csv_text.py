"""Read delimited text of any usual encoding and delimiter, even with unclosed quotes."""

import csv
from collections.abc import Iterator
from io import StringIO

from domain.case.complaint_rows import MAX_ROWS, SheetRow
from domain.spreadsheets import HEADER_SEARCH_ROWS, FileRefused, known_columns

DELIMITERS = (",", ";", "\t", "|")
MAX_LINES_A_ROW = 20
"""a cell may hold an address of several lines, but not half a file after a stray quote"""

_UNCLOSED = "a quote is opened and not closed as it should be"


def decode(data: bytes) -> str:
    """Return the text of a file in UTF-8 or UTF-16 (with or without a mark), else in Windows-1252.

    Raises `FileRefused` if it is not text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decode(data, "utf-16")
    if b"\x00" in data[:1000]:
        # UTF-16 without its mark: the zero bytes are in the even or in the odd places.
        return _decode(data, "utf-16-be" if data[:1000:2].count(0) > data[1:1000:2].count(0) else "utf-16-le")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _decode(data, "cp1252")


def rows_of(text: str) -> list[SheetRow]:
    """Return the rows of delimited text, numbered from 1; a row that cannot be split is marked as broken."""
    lines = list(StringIO(text, newline=""))
    first = 0
    delimiter = None
    if lines and lines[0].strip().lower().startswith("sep=") and len(lines[0].strip()) == len("sep=;"):
        # Excel's own way of naming the delimiter.
        delimiter, first = lines[0].strip()[-1], 1
    delimiter = delimiter or _sniff(lines)
    rows: list[SheetRow] = []
    for row in _records(lines, first, delimiter):
        rows.append(row)
        if len(rows) > MAX_ROWS + HEADER_SEARCH_ROWS:
            raise FileRefused(f"more than {MAX_ROWS:,} rows: split the file")
    return rows


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise FileRefused(
            f"neither UTF-8, UTF-16 nor Windows-1252 text, nor an XLSX workbook ({error.reason})"
        ) from error


def _sniff(lines: list[str]) -> str:
    """Return the delimiter that gives most known column names in the first rows; a comma if none does."""

    def found(delimiter: str) -> int:
        return max((known_columns(_loose(line, delimiter)) for line in lines[:HEADER_SEARCH_ROWS]), default=0)

    return max(DELIMITERS, key=found)


def _records(lines: list[str], first: int, delimiter: str) -> Iterator[SheetRow]:
    at, row_no = first, first
    width = 0
    while at < len(lines):
        row_no += 1
        taken, cells = _record(lines, at, delimiter, width)
        if cells is None:
            yield SheetRow(row_no, _loose(lines[at], delimiter), broken=_UNCLOSED)
        else:
            width = width or (len(cells) if known_columns(cells) else 0)
            yield SheetRow(row_no, cells)
        at += taken


def _record(lines: list[str], at: int, delimiter: str, width: int) -> tuple[int, list[str] | None]:
    """Return a row's number of lines, and its cells or None if its quotes do not close.

    A row over several lines must have the header's width. Otherwise a stray quote has swallowed the rows after it, and
    only the first line is given up.
    """
    for count in range(1, min(MAX_LINES_A_ROW, len(lines) - at) + 1):
        try:
            rows = list(csv.reader(lines[at : at + count], delimiter=delimiter, strict=True))
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                continue
            # `"Ram" Kumar` is irregular, but clear if it makes a row of the right width.
            cells = _loose(lines[at], delimiter)
            return 1, cells if len(cells) == width else None
        cells = rows[0] if rows else []
        if count > 1 and (len(cells) != width or any(_swallowed(cell, delimiter, width) for cell in cells)):
            return 1, None
        return count, cells
    return 1, None


def _swallowed(cell: str, delimiter: str, width: int) -> bool:
    """Return whether a cell of several lines has enough delimiters for a whole row."""
    return "\n" in cell and cell.count(delimiter) >= width - 1


def _loose(line: str, delimiter: str) -> list[str]:
    """Return the cells of a single line, as far as they can be recognised."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.rstrip("\r\n").split(delimiter)
