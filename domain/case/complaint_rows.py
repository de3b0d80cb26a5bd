"""Reader of a sheet of disputed transfers, which makes complaints of its rows.

* Every row is used, rejected or blank.
* Rows with the same reference (`ack_no`, else `complaint_ref`) are one complaint; a row without one is a complaint by
itself.
* Data of the victim in one row of a complaint counts for its other rows.
* A row equal to an earlier row is used once. Titles, totals and repeated headers are rejected with a reason like wrong
rows, but only wrong rows need an officer.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import ValidationError

from domain.case.complaint_row import Fault, Note, ReadRow, read_row
from domain.spreadsheet_cells import Cell, is_blank
from domain.spreadsheets import (
    HEADER_SEARCH_ROWS,
    Column,
    FileRefused,
    Header,
    known_columns,
    looks_like_header,
    read_header,
)
from schemas.case.intake import MAX_TRANSFERS, Complaint, Victim
from schemas.enums import Channel, Language

T = TypeVar("T")

MAX_ROWS = 200_000

NOT_STATED = "not stated"
HARMLESS = frozenset({"duplicate", "repeated_header", "totals_row", "no_transfer", "before_header"})
"""Codes of rejected rows without loss of a complaint."""

REASON_COLUMNS = ("import_row", "import_column", "import_reason")
"""Extra columns in a file of rejected rows, which can be corrected and imported again as it is."""

_TOTALS = re.compile(r"^(grand |sub ?)?(total|sum)\b|^(कुल|योग)", re.IGNORECASE)


@dataclass(frozen=True)
class SheetRow:
    """Row as read; `broken` gives the reason if it could not be split into cells."""

    row_no: int
    cells: Sequence[Cell]
    broken: str = ""


@dataclass(frozen=True)
class RejectedRow:
    """Row that was not used, with all its faults."""

    row_no: int
    faults: tuple[Fault, ...]

    @property
    def harmless(self) -> bool:
        """Return whether no complaint is lost with the row."""
        return all(fault.code in HARMLESS for fault in self.faults)


@dataclass(frozen=True)
class RowComplaint:
    """Complaint with the rows that it was made of."""

    reference: str
    """reference in the sheet; empty if it has none"""

    complaint: Complaint
    row_nos: tuple[int, ...]

    @property
    def idempotency_key(self) -> str:
        """Return the key of the content, equal for equal content, so that a file may be imported twice."""
        content = f"{self.reference}\n{self.complaint.model_dump_json()}"
        return f"import-{hashlib.sha256(content.encode()).hexdigest()}"


@dataclass(frozen=True)
class SheetReading:
    """Content of a sheet. `rows` = used + rejected + blank, without the header."""

    rows: int
    blank: int
    header: Header
    header_row_no: int
    header_cells: tuple[Cell, ...]
    complaints: tuple[RowComplaint, ...]
    rejected: tuple[RejectedRow, ...]
    notes: tuple[Note, ...]
    """notes on rows in a complaint"""

    @property
    def used(self) -> int:
        """Return the number of rows in a complaint."""
        return sum(len(complaint.row_nos) for complaint in self.complaints)


def read_sheet(rows: Iterable[SheetRow]) -> SheetReading:
    """Read a whole sheet. Raises `FileRefused` without a usable header or for more than `MAX_ROWS` rows."""
    all_rows = list(rows)
    header_at = _find_header(all_rows)
    if len(all_rows) - 1 > MAX_ROWS:
        raise FileRefused(f"more than {MAX_ROWS:,} rows: split the file")
    header_row = all_rows[header_at]
    book = _Book(read_header(header_row.cells, ignored=frozenset(REASON_COLUMNS)))
    for row in all_rows[:header_at]:
        book.exclude(row, "before_header", "is above the header")
    for row in all_rows[header_at + 1 :]:
        book.take(row)
    complaints = book.complaints()
    used = {row_no for complaint in complaints for row_no in complaint.row_nos}
    reading = SheetReading(
        rows=len(all_rows) - 1,
        blank=book.blank,
        header=book.first_header,
        header_row_no=header_row.row_no,
        header_cells=tuple(header_row.cells),
        complaints=complaints,
        rejected=tuple(sorted(book.rejected, key=lambda row: row.row_no)),
        notes=tuple(sorted((note for note in book.notes if note.row_no in used), key=lambda note: note.row_no)),
    )
    assert reading.rows == reading.used + len(reading.rejected) + reading.blank, "every row is used, rejected or blank"
    return reading


def _find_header(rows: Sequence[SheetRow]) -> int:
    """Return the index of the header row: the first that looks like one, else the one with most known names."""
    top = rows[:HEADER_SEARCH_ROWS]
    for index, row in enumerate(top):
        if looks_like_header(row.cells):
            return index
    known = [known_columns(row.cells) for row in top]
    if not any(known):
        raise FileRefused(f"no header in the first {HEADER_SEARCH_ROWS} rows: the first row must name the columns")
    return known.index(max(known))


@dataclass
class _Group:
    """Rows of one complaint."""

    reference: str
    ack_no: str | None
    rows: list[ReadRow] = field(default_factory=list)


class _Book:
    """Collects rows into complaints."""

    def __init__(self, header: Header) -> None:
        self.first_header = self._header = header
        self._headless = ""
        self.blank = 0
        self.rejected: list[RejectedRow] = []
        self.notes: list[Note] = []
        self._groups: dict[str, _Group] = {}
        self._seen: dict[object, int] = {}

    def take(self, row: SheetRow) -> None:
        """Add one row below the header."""
        if row.broken:
            self._reject(row.row_no, [Fault("row", "broken_row", row.broken)])
        elif all(is_blank(cell) for cell in row.cells):
            self.blank += 1
        elif looks_like_header(row.cells):
            self._repeated_header(row)
        elif self._headless:
            self._reject(row.row_no, [Fault("row", "no_header", self._headless)])
        elif self._is_excluded(row):
            return
        elif any(not is_blank(cell) for cell in row.cells[self._header.width :]):
            self._reject(
                row.row_no,
                [
                    Fault(
                        "row", "too_many_cells", "more cells than the header: a comma in an amount that is not quoted?"
                    )
                ],
            )
        else:
            self._sort_in(read_row(row.row_no, row.cells, self._header))

    def exclude(self, row: SheetRow, code: str, reason: str) -> None:
        """Exclude a row that is not a transfer; a blank one is counted as blank."""
        if not row.broken and all(is_blank(cell) for cell in row.cells):
            self.blank += 1
        else:
            self._reject(row.row_no, [Fault("row", code, reason)])

    def complaints(self) -> tuple[RowComplaint, ...]:
        """Return the complaints in the order of their first rows. Rows that fit none are rejected."""
        made = (self._complaint(group) for group in self._groups.values())
        return tuple(complaint for complaint in made if complaint)

    # -- rows --------------------------------------------------------------------------------------------------

    def _reject(self, row_no: int, faults: Sequence[Fault]) -> None:
        self.rejected.append(RejectedRow(row_no, tuple(faults)))

    def _repeated_header(self, row: SheetRow) -> None:
        """Read a repeated header, below which the columns may have another order."""
        try:
            self._header, self._headless = read_header(row.cells, ignored=frozenset(REASON_COLUMNS)), ""
        except FileRefused as refusal:
            self._headless = f"below row {row.row_no}, of which {refusal}"
        self.exclude(row, "repeated_header", "repeats the header")

    def _is_excluded(self, row: SheetRow) -> bool:
        """Exclude a row without data or with a total, and return whether it was excluded.

        A row is a total if it begins with a text such as "Total", or has an amount and nothing else.
        """
        filled = {
            column
            for column, place in self._header.places.items()
            if place < len(row.cells) and not is_blank(row.cells[place])
        }
        if not filled:
            self.exclude(row, "no_transfer", "has values only in columns that are not used")
        elif filled <= _AMOUNTS or (not filled & _REFERENCES and _says_total(row.cells)):
            self.exclude(row, "totals_row", "a total, not a transfer")
        else:
            return False
        return True

    def _sort_in(self, row: ReadRow) -> None:
        self.notes += row.notes
        reference = row.ack_no or row.complaint_ref or ""
        key = f"{'ack' if row.ack_no else 'ref'}|{reference}" if reference else f"row|{row.row_no}"
        self._groups.setdefault(key, _Group(reference, row.ack_no)).rows.append(row)

    # -- complaints --------------------------------------------------------------------------------------------

    def _complaint(self, group: _Group) -> RowComplaint | None:
        """Return the complaint of a group, or None if none of its rows can be used."""
        try:
            victim = self._victim(group)
        except ValidationError as error:
            faults = _victim_faults(error)
            for row in group.rows:
                self._reject(row.row_no, [*row.faults, *faults])
            return None
        usable = self._usable_rows(group, victim)
        if not usable:
            return None
        complaint = Complaint(
            ack_no=group.ack_no,
            channel=_first(row.channel for row in group.rows) or Channel.IMPORT,
            category=_first(row.category for row in group.rows) or NOT_STATED,
            victim=victim,
            transfers=tuple(row.transfer for row in usable if row.transfer),
        )
        return RowComplaint(group.reference, complaint, tuple(row.row_no for row in usable))

    def _usable_rows(self, group: _Group, victim: Victim) -> list[ReadRow]:
        """Return the rows of the complaint; the others are rejected."""
        usable: list[ReadRow] = []
        for row in group.rows:
            faults = row.faults or self._unfit(row, group, victim, len(usable))
            if faults:
                self._reject(row.row_no, faults)
            else:
                usable.append(row)
        return usable

    def _unfit(self, row: ReadRow, group: _Group, victim: Victim, taken: int) -> list[Fault]:
        """Return the faults of a valid row that does not fit its complaint; a row that fits is registered."""
        assert row.transfer is not None, "a row without a transfer has faults of its own"
        if row.victim_mobile and row.victim_mobile != victim.mobile:
            reason = "another mobile than the first row of this complaint: one complaint has one victim"
            return [Fault(Column.VICTIM_MOBILE.value, "another_victim", reason)]
        whose = group.reference or (victim.name, victim.mobile)
        identity = (whose, row.transfer.model_dump_json())
        if identity in self._seen:
            return [Fault("row", "duplicate", f"repeats row {self._seen[identity]}: used once")]
        if taken >= MAX_TRANSFERS:
            reason = f"a complaint has at most {MAX_TRANSFERS} transfers: give the rest another reference"
            return [Fault("row", "too_many_transfers", reason)]
        self._seen[identity] = row.row_no
        return []

    def _victim(self, group: _Group) -> Victim:
        """Return the victim with the data of all rows. Raises `ValidationError`."""
        rows = group.rows
        name = _first(row.victim_name for row in rows)
        for row in rows:
            if name and row.victim_name and row.victim_name.casefold() != name.casefold():
                message = "another spelling than in the first row of this complaint, which is used"
                self.notes.append(Note(row.row_no, Column.VICTIM_NAME.value, message))
        return Victim.model_validate(
            {
                "name": name or "",
                "mobile": _first(row.victim_mobile for row in rows) or "",
                "district": _first(row.victim_district for row in rows) or NOT_STATED,
                "woman": any(row.woman for row in rows),
                "child": any(row.child for row in rows),
                "senior": any(row.senior for row in rows),
                "language": _first(row.victim_language for row in rows) or Language.HI,
                "email": _first(row.victim_email for row in rows),
            }
        )


_AMOUNTS = frozenset({Column.AMOUNT, Column.AMOUNT_PAISE})
_REFERENCES = frozenset({Column.RRN, Column.UTR, Column.REFERENCE})


def _says_total(cells: Sequence[Cell]) -> bool:
    texts = [cell for cell in cells if isinstance(cell, str) and not is_blank(cell)]
    return any(_TOTALS.match(text.strip()) for text in texts[:2])


def _first(values: Iterable[T | None]) -> T | None:
    """Return the first value that is not empty, or None."""
    return next((value for value in values if value), None)


def _victim_faults(error: ValidationError) -> list[Fault]:
    faults = []
    for mistake in error.errors(include_input=False, include_url=False):
        name = f"victim_{mistake['loc'][-1]}" if mistake["loc"] else "row"
        if name not in set(Column):
            name = str(mistake["loc"][-1]) if mistake["loc"] else "row"
        missing = mistake["type"] == "string_too_short"
        reason = "missing in every row of this complaint" if missing else mistake["msg"]
        faults.append(Fault(name, "missing" if missing else "not_valid", reason))
    return faults
