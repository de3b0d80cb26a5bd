"""Import of complaint sheets."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import asyncpg

from activities.case.intake import Taken, take_complaint
from activities.context import Context
from adapters import workbooks
from adapters.workbook_cells import ZIP_MAGIC
from domain.case.complaint_row import Note, fault_of
from domain.case.complaint_rows import MAX_ROWS, RejectedRow, RowComplaint, SheetReading, SheetRow, read_sheet
from domain.errors import AckNoConflict, RuleBroken
from domain.spreadsheets import HEADER_SEARCH_ROWS, FileRefused, known_columns
from schemas.case.case_workflow import FollowUp
from schemas.case.intake import ComplaintReceipt

RENUMBERED_SUFFIX = "-renumbered"


@dataclass(frozen=True)
class TakenComplaint:
    """A stored complaint and the rows it came from."""

    made: RowComplaint
    receipt: ComplaintReceipt
    repeated: bool
    """whether it was stored before, because this file or part of it was imported earlier"""


@dataclass
class ImportOutcome:
    """Result of every row. `rows` = used + rejected + blank + waiting."""

    reading: SheetReading
    taken: list[TakenComplaint] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    """irregularities of imported rows; in a dry run, of rows that would be imported"""
    waiting_rows: int = 0
    """rows of complaints that were not reached because the import stopped"""
    stopped: str = ""
    """why the import stopped; empty if it did not"""

    @property
    def used_rows(self) -> int:
        """Number of rows whose complaint is in the database."""
        return sum(len(taken.made.row_nos) for taken in self.taken)

    @property
    def new(self) -> list[TakenComplaint]:
        """Complaints that were not stored before."""
        return [taken for taken in self.taken if not taken.repeated]

    @property
    def faulty(self) -> list[RejectedRow]:
        """Rejected rows that may mean a lost complaint."""
        return [row for row in self.rejected if not row.harmless]

    def check(self) -> None:
        """Assert that every row is counted exactly once."""
        counted = self.used_rows + len(self.rejected) + self.reading.blank + self.waiting_rows
        assert self.reading.rows == counted, f"{self.reading.rows} rows, {counted} accounted for"


def not_taken(reading: SheetReading) -> ImportOutcome:
    """Return the outcome of a dry run: usable rows count as waiting."""
    outcome = ImportOutcome(reading, rejected=list(reading.rejected), notes=list(reading.notes))
    outcome.waiting_rows = reading.used
    outcome.check()
    return outcome


async def take_all(
    ctx: Context,
    reading: SheetReading,
    *,
    taken_by: str,
    follow: Callable[[FollowUp], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> ImportOutcome:
    """Import every complaint of the sheet, in order.

    A complaint that breaks a rule is rejected with its rows. If the database becomes unavailable, the import stops,
    reports it in the outcome, and may be run again. `follow` gets the workflow notifications, `progress` the number of
    complaints done.
    """
    outcome = ImportOutcome(reading, rejected=list(reading.rejected))
    notes = _notes_by_row(reading)
    for done, made in enumerate(reading.complaints, start=1):
        try:
            taken = await _take(ctx, made, taken_by, outcome)
        except (RuleBroken, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            outcome.rejected += [RejectedRow(row_no, (fault_of(error),)) for row_no in made.row_nos]
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # TimeoutError is an OSError. Nothing of this complaint was written, because its transaction did not commit.
            outcome.stopped = f"the database became unavailable: {str(error) or type(error).__name__}"
            outcome.waiting_rows = sum(len(left.row_nos) for left in reading.complaints[done - 1 :])
            break
        else:
            outcome.taken.append(TakenComplaint(made, taken.receipt, taken.repeated))
            outcome.notes += [note for row_no in made.row_nos for note in notes.get(row_no, ())]
            if taken.follow_up:
                follow(taken.follow_up)
        progress(done)
    outcome.rejected.sort(key=lambda row: row.row_no)
    outcome.notes.sort(key=lambda note: note.row_no)
    outcome.check()
    return outcome


def _notes_by_row(reading: SheetReading) -> dict[int, list[Note]]:
    notes: dict[int, list[Note]] = {}
    for note in reading.notes:
        notes.setdefault(note.row_no, []).append(note)
    return notes


async def _take(ctx: Context, made: RowComplaint, taken_by: str, outcome: ImportOutcome) -> Taken:
    """Import one complaint; if its number is registered with other content, use a new number.

    This happens when rejected rows are corrected and imported: the rows accepted first have the complaint's number. A
    known transfer joins its case, so no bank gets a request twice.
    """
    try:
        return await take_complaint(ctx, made.complaint, idempotency_key=made.idempotency_key, taken_by=taken_by)
    except AckNoConflict:
        renumbered = made.complaint.model_copy(update={"ack_no": None})
        key = made.idempotency_key + RENUMBERED_SUFFIX
        taken = await take_complaint(ctx, renumbered, idempotency_key=key, taken_by=taken_by)
        message = f"the number is registered with other content; this complaint got {taken.receipt.ack_no}"
        outcome.notes.append(Note(made.row_nos[0], "ack_no", message))
        return taken


MAX_FILE_BYTES = 50 * 1024 * 1024


def read_file(path: Path, sheet_name: str | None = None) -> tuple[SheetReading, list[SheetRow]]:
    """Read a CSV file or XLSX workbook; return the meaning of its rows, and the rows themselves.

    Raises `FileRefused` with the reason if the whole file cannot be used.
    """
    rows = rows_in(content_of(path), sheet_name)
    return read_sheet(rows), rows


def content_of(path: Path) -> bytes:
    """Return the file's bytes. Raises `FileRefused` if it cannot be read, is empty or too large."""
    try:
        if path.is_dir():
            raise FileRefused("is a folder")
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise FileRefused(error.strerror or str(error)) from error
    if len(data) > MAX_FILE_BYTES:
        raise FileRefused(f"larger than {MAX_FILE_BYTES // 1024**2} MB: split the file")
    if not data.strip():
        raise FileRefused("is empty")
    return data


def rows_in(data: bytes, sheet_name: str | None = None) -> list[SheetRow]:
    """Return the rows of a CSV file or XLSX workbook, recognised by its content. Raises `FileRefused`."""
    if data.startswith(ZIP_MAGIC):
        return workbooks.rows_of(data, sheet_name)
    if data.startswith(workbooks.OLD_EXCEL_MAGIC):
        raise FileRefused("is an old .xls or a password-protected workbook: save it as plain .xlsx or .csv")
    if sheet_name is not None:
        raise FileRefused("has no sheets, because it is not an XLSX workbook")
    return rows_of(decode(data))


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
    text_end = data.rstrip(b"\x00")
    if b"\x00" not in text_end[:1000]:
        # Some programs fill the last block of a file with zero bytes.
        data = text_end
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
