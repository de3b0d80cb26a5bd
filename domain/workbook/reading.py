"""Reader of the money-trail workbook, which turns rows into a trail (docs/how-to/money-trail.md).

* Every row is used, rejected with its sheet, number and reason, or blank.
* A transfer of the first layer is the victim's own. Every other row is a bank's statement about money that one transfer
brought to an account: layer n's `UTR Number2` is layer n+1's `UTR Number`.
* Rows come in any order. A row is processed after every row that brings money to it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from domain.case.complaint_row import Fault
from domain.case.complaint_rows import SheetRow
from domain.spreadsheet_cells import Cell, is_blank
from domain.spreadsheets import HEADER_SEARCH_ROWS, FileRefused
from domain.workbook.columns import (
    HEADER_LEAST_COLUMNS,
    Sheet,
    TrailColumn,
    TrailHeader,
    column_named,
    known_columns,
    read_header,
    sheet_named,
)
from domain.workbook.known import numbers_by_reference
from domain.workbook.row import ReadTrailRow, TrailNote, TrailRow, read_row
from schemas.identifiers import account_key, reference_key

MAX_TRAIL_ROWS = 60_000
"""A known case has 36,000 accounts; the policy's limit of hops is near that."""

HARMLESS = frozenset(
    {
        "duplicate",
        "repeated_header",
        "totals_row",
        "no_entry",
        "before_header",
        "not_a_trail_sheet",
        "not_asked_for",
    }
)
"""Codes of rejected rows without loss of money."""

_TOTALS = re.compile(r"^(grand |sub ?)?(total|sum)\b|^(कुल|योग)", re.IGNORECASE)
_WHOLE_SHEET = "sheet"
_NOT_ASKED_FOR = Fault(
    TrailColumn.ACK_NO.value, "not_asked_for", "another acknowledgement number than the one asked for"
)


@dataclass(frozen=True)
class WorkbookSheet:
    """Sheet as read, hidden or not."""

    name: str
    rows: Sequence[SheetRow]
    hidden: bool = False


@dataclass(frozen=True)
class RejectedTrailRow:
    """Row that was not used, with all its faults."""

    sheet_name: str
    row_no: int
    faults: tuple[Fault, ...]

    @property
    def harmless(self) -> bool:
        """Return whether no money is lost with the row."""
        return all(fault.code in HARMLESS for fault in self.faults)


@dataclass(frozen=True)
class SheetCount:
    """Number of rows of a sheet without its header, and of its blank rows."""

    name: str
    meant: Sheet | None
    hidden: bool
    rows: int
    blank: int
    unknown_columns: tuple[str, ...]


@dataclass(frozen=True)
class TrailReading:
    """Trail of one number in a workbook. Its rows are the victim's transfers + bank statements + rejected + blank."""

    ack_no: str
    """acknowledgement number; empty for the rows of a workbook that belong to none of its numbers"""
    sheets: tuple[SheetCount, ...]
    transfers: tuple[TrailRow, ...]
    """transfers of the victim"""
    said: tuple[TrailRow, ...]
    """statements of banks"""
    rejected: tuple[RejectedTrailRow, ...]
    notes: tuple[TrailNote, ...]
    """notes on rows that are not rejected"""

    @property
    def rows(self) -> int:
        """Return the number of rows of all sheets, without headers."""
        return sum(sheet.rows for sheet in self.sheets)

    @property
    def blank(self) -> int:
        """Return the number of empty rows."""
        return sum(sheet.blank for sheet in self.sheets)

    @property
    def pending(self) -> tuple[TrailRow, ...]:
        """Return the transfers with no row after them, whose banks have not answered."""
        references = {reference_key(row.root_reference) for row in self.said if row.root_reference}
        accounts = {account_key(row.account) for row in self.said if not row.root_reference}
        return tuple(
            row
            for row in (*self.transfers, *self.said)
            if row.sheet is Sheet.TRANSFER
            and reference_key(row.reference) not in references
            and account_key(row.payee_account) not in accounts
        )


def read_trails(sheets: Iterable[WorkbookSheet], ack_no: str | None = None) -> tuple[TrailReading, ...]:
    """Read a whole workbook, and return one trail for each of its acknowledgement numbers, in the order of its rows.

    With several numbers, a last reading without a number has the rows that belong to none of them. With `ack_no` only
    the trail of that number is read, and all other rows are rejected. Raises `FileRefused` for too many rows, or if no
    row has a number.
    """
    all_sheets = list(sheets)
    if sum(len(sheet.rows) for sheet in all_sheets) > MAX_TRAIL_ROWS:
        raise FileRefused(f"more than {MAX_TRAIL_ROWS:,} rows in all sheets")
    book = _Book()
    for sheet in all_sheets:
        book.take(sheet)
    return book.result(ack_no)


def rounds(rows: Iterable[TrailRow]) -> list[list[TrailRow]]:
    """Return the bank rows in rounds, each after all transfers that bring money to its rows.

    Rows that refer to each other in a ring, and rows that name only an account, come last. No real trail has a ring.
    """
    rows = list(rows)
    level = _levels(rows)
    last = max(level.values(), default=0) + 1
    by_level: dict[int, list[TrailRow]] = defaultdict(list)
    for row in rows:
        root = reference_key(row.root_reference)
        by_level[level.get(root, last) if root else last].append(row)
    return [sorted(by_level[number], key=_order) for number in sorted(by_level)]


def _levels(rows: Sequence[TrailRow]) -> dict[str, int]:
    """Return the round of the money of each transfer reference; none for a reference in a ring."""
    onward: dict[str, set[str]] = defaultdict(set)
    waits_for: dict[str, int] = {reference_key(row.root_reference): 0 for row in rows if row.root_reference}
    for row in rows:
        root, own = reference_key(row.root_reference), reference_key(row.reference)
        if row.sheet is Sheet.TRANSFER and root and own and own != root and own not in onward[root]:
            onward[root].add(own)
            waits_for[own] = waits_for.get(own, 0) + 1
    level: dict[str, int] = {}
    free = {reference: 0 for reference, count in waits_for.items() if not count}
    while free:
        level |= free
        following: dict[str, int] = {}
        for reference, number in free.items():
            for own in onward[reference]:
                waits_for[own] -= 1
                if not waits_for[own]:
                    following[own] = number + 1
        free = following
    return level


def _order(row: TrailRow) -> tuple[object, ...]:
    """Return the sort key of a row: for one account's money, the earliest movement first, in any row order."""
    sheet = tuple(Sheet).index(row.sheet)
    return (row.at is None, row.at.timestamp() if row.at else 0.0, sheet, row.reference, row.account, row.row_no)


class _Book:
    """Working state of the reading of all sheets."""

    def __init__(self) -> None:
        self._sheets: list[SheetCount] = []
        self._read: list[tuple[str, int, ReadTrailRow]] = []
        self._rejected: list[RejectedTrailRow] = []

    def take(self, sheet: WorkbookSheet) -> None:
        """Read one sheet."""
        meant, header_at = sheet_named(sheet.name), _header_at(sheet.rows)
        header = TrailHeader({}, (), ())
        if meant is not None and header_at is not None:
            header = read_header(sheet.rows[header_at].cells, meant)
        unreadable = _not_readable(sheet, meant, header_at, header)
        blank = 0
        for place, row in enumerate(sheet.rows):
            if place == header_at and meant is not None:
                continue
            above = header_at is not None and place < header_at
            if all(is_blank(cell) for cell in row.cells):
                blank += 1
            elif fault := unreadable or _not_an_entry(row.cells, header, above=above):
                self._rejected.append(RejectedTrailRow(sheet.name, row.row_no, (fault,)))
            else:
                assert meant is not None, "a sheet without a meaning is not readable"
                read = read_row(meant, sheet.name, row.row_no, row.cells, header)
                self._read.append((sheet.name, row.row_no, read))
        headers = int(meant is not None and header_at is not None)
        count = SheetCount(sheet.name, meant, sheet.hidden, len(sheet.rows) - headers, blank, header.unknown)
        self._sheets.append(count)

    def result(self, asked: str | None) -> tuple[TrailReading, ...]:
        """Return the trails after every sheet is read."""
        numbers = tuple(dict.fromkeys(read.ack_no for _, _, read in self._read if read.ack_no))
        if not numbers:
            raise FileRefused("no row has an acknowledgement number")
        if asked not in {None, *numbers}:
            raise FileRefused(f"no row has the acknowledgement number {asked}")
        only = numbers[0] if len(numbers) == 1 else ""
        parts = {number: _Part(number) for number in (*numbers, "")}
        parts[only].rejected += self._rejected
        read_rows = [read for _, _, read in self._read]
        owners = numbers_by_reference(read_rows)
        for (sheet_name, row_no, read), owner in zip(self._read, owners, strict=True):
            number = owner or only
            if not number:
                parts[""].reject(sheet_name, row_no, (*read.faults, *_without_number(read)))
            elif asked not in {None, number}:
                parts[""].reject(sheet_name, row_no, (_NOT_ASKED_FOR,))
            else:
                parts[number].take(sheet_name, row_no, read)
        if only:
            return (parts[only].reading(self._sheets),)
        readings = [part.reading(self._counted(part)) for part in parts.values()]
        total = sum(sheet.rows for sheet in self._sheets)
        assert sum(reading.rows for reading in readings) == total, "every row is in one trail"
        return tuple(reading for reading in readings if reading.rows)

    def _counted(self, part: "_Part") -> list[SheetCount]:
        """Return the sheets with the rows of one of several trails. Blank rows belong to no number."""
        rows = part.count()
        blank: Counter[str] = Counter()
        for sheet in () if part.ack_no else self._sheets:
            blank[sheet.name] += sheet.blank
        by_name = {sheet.name: sheet for sheet in reversed(self._sheets)}
        counts = [replace(sheet, rows=rows[name] + blank[name], blank=blank[name]) for name, sheet in by_name.items()]
        return [count for count in reversed(counts) if count.rows]


class _Part:
    """Rows of one acknowledgement number; without a number, the rows of none."""

    def __init__(self, ack_no: str) -> None:
        self.ack_no = ack_no
        self.rejected: list[RejectedTrailRow] = []
        self._rows: dict[tuple[object, ...], TrailRow] = {}
        self._notes: list[TrailNote] = []

    def take(self, sheet_name: str, row_no: int, read: ReadTrailRow) -> None:
        """Add a row. A row with faults, and one that repeats another, is rejected."""
        if read.row is None:
            self.reject(sheet_name, row_no, read.faults)
        elif repeats := _repeated(read.row, self._rows):
            self.reject(sheet_name, row_no, (repeats,))
        else:
            self._rows[read.row.meaning] = read.row
            self._notes += read.notes

    def reject(self, sheet_name: str, row_no: int, faults: Iterable[Fault]) -> None:
        """Add a row that is not used."""
        self.rejected.append(RejectedTrailRow(sheet_name, row_no, tuple(faults)))

    def count(self) -> Counter[str]:
        """Return the number of rows of each sheet, without blank ones."""
        names = [row.sheet_name for row in self._rows.values()]
        return Counter(names + [row.sheet_name for row in self.rejected])

    def reading(self, sheets: Sequence[SheetCount]) -> TrailReading:
        """Return the trail, with these counts."""
        rows = self._rows.values()
        reading = TrailReading(
            ack_no=self.ack_no,
            sheets=tuple(sheets),
            transfers=tuple(row for row in rows if row.transfer),
            said=tuple(row for row in rows if not row.transfer),
            rejected=tuple(self.rejected),
            notes=tuple(self._notes),
        )
        assert reading.rows == len(rows) + len(reading.rejected) + reading.blank, "every row is used, rejected or blank"
        return reading


def _header_at(rows: Sequence[SheetRow]) -> int | None:
    """Return the place of the header: the row with the most column names, if it has enough of them."""
    counts = [known_columns(row.cells) for row in rows[:HEADER_SEARCH_ROWS]]
    most = max(counts, default=0)
    return counts.index(most) if most >= HEADER_LEAST_COLUMNS else None


def _not_readable(
    sheet: WorkbookSheet, meant: Sheet | None, header_at: int | None, header: TrailHeader
) -> Fault | None:
    """Return the reason why no row of the sheet can be read, or None."""
    if meant is None and header_at is None:
        return Fault(_WHOLE_SHEET, "not_a_trail_sheet", f'"{sheet.name[:40]}" is not a sheet of a money trail')
    if meant is None:
        return Fault(_WHOLE_SHEET, "unknown_sheet", f'"{sheet.name[:40]}" is not a known sheet: rename it')
    if header_at is None:
        return Fault(_WHOLE_SHEET, "no_header", "the sheet has no header row with column names")
    if header.twice:
        return Fault(header.twice[0].value, "column_twice", "two columns mean the same: rename one")
    return None


def _not_an_entry(cells: Sequence[Cell], header: TrailHeader, *, above: bool) -> Fault | None:
    """Return the reason why a row is not an entry about money, or None."""
    if above:
        return Fault(_WHOLE_SHEET, "before_header", "is above the header")
    filled = [cell for cell in cells if not is_blank(cell)]
    if known_columns(cells) >= HEADER_LEAST_COLUMNS and all(column_named(cell) for cell in filled):
        return Fault(_WHOLE_SHEET, "repeated_header", "repeats the header")
    at = header.places.get(TrailColumn.SERIAL)
    if all(is_blank(cell) for place, cell in enumerate(cells) if place != at):
        return Fault(TrailColumn.SERIAL.value, "no_entry", "only a number, without other cells")
    if any(isinstance(cell, str) and _TOTALS.match(cell.strip()) for cell in filled) and _names_nothing(cells, header):
        return Fault(_WHOLE_SHEET, "totals_row", "a total")
    return None


def _names_nothing(cells: Sequence[Cell], header: TrailHeader) -> bool:
    """Return whether the row has no account and no reference, like a total."""
    named = (TrailColumn.UTR, TrailColumn.UTR2, TrailColumn.ACCOUNT, TrailColumn.PAYEE_ACCOUNT)
    places = [header.places[column] for column in named if column in header.places]
    named_cells = [cells[place] for place in places if place < len(cells)]
    return not any(re.search(r"\d", str(cell)) for cell in named_cells if cell is not None)


def _without_number(read: ReadTrailRow) -> tuple[Fault, ...]:
    if read.faults:
        return ()
    reason = "the workbook has several acknowledgement numbers, and the references do not tell which is this row's"
    return (Fault(TrailColumn.ACK_NO.value, "missing", reason),)


def _repeated(row: TrailRow, rows: dict[tuple[object, ...], TrailRow]) -> Fault | None:
    first = rows.get(row.meaning)
    if first is None:
        return None
    return Fault("row", "duplicate", f"repeats row {first.row_no} of {first.sheet_name}: counted once")
