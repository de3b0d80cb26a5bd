"""Reader of the money-trail workbook, which turns rows into a trail (docs/how-to/money-trail.md).

* Every row is used, rejected with its sheet, number and reason, or blank.
* A transfer of the first layer is the victim's own. Every other row is a bank's statement about money that one transfer
brought to an account: layer n's `UTR Number2` is layer n+1's `UTR Number`.
* Rows come in any order. A row is processed after every row that brings money to it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.intake.complaint_row import Fault
from domain.intake.complaint_rows import SheetRow
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
from domain.workbook.row import ReadTrailRow, TrailNote, TrailRow, read_row
from schemas.identifiers import account_key, reference_key

MAX_TRAIL_ROWS = 60_000
"""A known case has 36,000 accounts; the policy's limit of hops is near that."""

HARMLESS = frozenset({"duplicate", "repeated_header", "totals_row", "no_entry", "before_header", "not_a_trail_sheet"})
"""Codes of rejected rows without loss of money."""

_TOTALS = re.compile(r"^(grand |sub ?)?(total|sum)\b|^(कुल|योग)", re.IGNORECASE)
_WHOLE_SHEET = "sheet"


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
    """Content of a workbook. Its rows are the victim's transfers + bank statements + rejected + blank."""

    ack_no: str
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


def read_trail(sheets: Iterable[WorkbookSheet]) -> TrailReading:
    """Read a whole workbook. Raises `FileRefused` for too many rows or no acknowledgement number."""
    all_sheets = list(sheets)
    if sum(len(sheet.rows) for sheet in all_sheets) > MAX_TRAIL_ROWS:
        raise FileRefused(f"more than {MAX_TRAIL_ROWS:,} rows in all sheets")
    book = _Book()
    for sheet in all_sheets:
        book.take(sheet)
    return book.result()


def rounds(rows: Iterable[TrailRow]) -> list[list[TrailRow]]:
    """Return the bank rows in rounds, each after all transfers that bring money to its rows.

    Rows that refer to each other in a ring, and rows that name only an account, come last. No real trail has a ring.
    """
    rows = list(rows)
    level = _levels(rows)
    last = max(level.values(), default=0) + 1
    found: dict[int, list[TrailRow]] = defaultdict(list)
    for row in rows:
        root = reference_key(row.root_reference)
        found[level.get(root, last) if root else last].append(row)
    return [sorted(found[number], key=_order) for number in sorted(found)]


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

    def result(self) -> TrailReading:
        """Return the trail after every sheet is read."""
        numbers = Counter(read.ack_no for _, _, read in self._read if read.ack_no)
        if not numbers:
            raise FileRefused("no row has an acknowledgement number")
        ack_no = numbers.most_common(1)[0][0]
        rows: dict[tuple[object, ...], TrailRow] = {}
        notes: list[TrailNote] = []
        for sheet_name, row_no, read in self._read:
            fault = _of_another_case(read, ack_no) or (read.row and _repeated(read.row, rows))
            if read.row is None or fault:
                faults = (*read.faults, fault) if fault else tuple(read.faults)
                self._rejected.append(RejectedTrailRow(sheet_name, row_no, faults))
                continue
            rows[read.row.meaning] = read.row
            notes += read.notes
        reading = TrailReading(
            ack_no=ack_no,
            sheets=tuple(self._sheets),
            transfers=tuple(row for row in rows.values() if row.transfer),
            said=tuple(row for row in rows.values() if not row.transfer),
            rejected=tuple(self._rejected),
            notes=tuple(notes),
        )
        used = len(reading.transfers) + len(reading.said)
        assert reading.rows == used + len(reading.rejected) + reading.blank, "every row is used, rejected or blank"
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
    found = [cells[place] for place in places if place < len(cells)]
    return not any(re.search(r"\d", str(cell)) for cell in found if cell is not None)


def _of_another_case(read: ReadTrailRow, ack_no: str) -> Fault | None:
    if read.ack_no in {None, ack_no}:
        return None
    reason = "another acknowledgement number than most rows: use a separate workbook"
    return Fault(TrailColumn.ACK_NO.value, "another_ack_no", reason)


def _repeated(row: TrailRow, rows: dict[tuple[object, ...], TrailRow]) -> Fault | None:
    first = rows.get(row.meaning)
    if first is None:
        return None
    return Fault("row", "duplicate", f"repeats row {first.row_no} of {first.sheet_name}: counted once")
