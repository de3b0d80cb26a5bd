"""Banks' lists of liens, and their comparison with the ledger.

Comparison of a bank's list of liens with the ledger in both directions, and the times of inquiries. The comparison
moves no money.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from domain.case.complaint_rows import SheetRow
from domain.case.requests import EscalationPolicy
from domain.policy.model import ListRules
from domain.spreadsheet_cells import Cell, CellFault, amount_paise_of, identifier_of, is_blank, text_of
from domain.spreadsheets import FileRefused
from schemas.enums import Reason
from schemas.gateway.liens import Difference, ListedLien
from schemas.identifiers import reference_key

EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""start of the first slot"""


class ListLevel(StrEnum):
    """Who has a task about a list that does not come."""

    DESK = "desk"
    SUPERVISOR = "supervisor"


def list_escalation(rules: ListRules) -> EscalationPolicy[ListLevel]:
    """Return when each has the task, counted from when the list was asked for."""
    deadline = timedelta(seconds=rules.deadline_seconds)
    after = timedelta(seconds=rules.supervisor_after_seconds)
    return EscalationPolicy({ListLevel.DESK: deadline, ListLevel.SUPERVISOR: deadline + after})


class Transfer(NamedTuple):
    """Transfer of a case at the bank."""

    case_no: str
    reference_key: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Result of a comparison: every row is matched or among the differences."""

    rows_in: int
    rows_matched: int
    bank_paise: int
    our_paise: int
    differences: tuple[Difference, ...]

    @property
    def rows_differing(self) -> int:
        """Return the number of rows that differ."""
        return self.rows_in - self.rows_matched

    @property
    def missing(self) -> int:
        """Return the number of transfers that the list lacks."""
        return sum(difference.reason is Reason.MISSING_AT_BANK for difference in self.differences)


def slot_of(institution: str, now: datetime, every_seconds: float, stagger_seconds: float) -> datetime:
    """Return the start of the slot in which the institution is asked at `now`.

    Slots are `every_seconds` long. Each institution's slots start at its own offset within `stagger_seconds`, the same
    on every machine, so that not all banks are asked at once.
    """
    spread = int.from_bytes(hashlib.sha256(institution.encode()).digest()[:8]) / 2**64
    begin = EPOCH + timedelta(seconds=spread * stagger_seconds)
    every = timedelta(seconds=every_seconds)
    return begin + (now - begin) // every * every


def compare(
    rows: Sequence[ListedLien],
    case_of: Mapping[str, str],
    held_paise: Mapping[Transfer, int],
    held_then_paise: Mapping[Transfer, int] | None = None,
) -> Comparison:
    """Compare the list with the ledger.

    `case_of` has the case of each known acknowledgement number. `held_paise` has the ledger's amount on hold for each
    transfer at the bank, or zero. Several rows about one transfer are parts of one lien. `held_then_paise` has the
    ledger's amounts at the time of the list, for transfers where they differed. A list that fits either time is right,
    because it may be newer or older than our data.
    """
    then_paise = held_then_paise or {}
    parts: dict[Transfer, list[ListedLien]] = defaultdict(list)
    differences: list[Difference] = []
    for row in rows:
        case_no = case_of.get(row.ack_no)
        if row.fault:
            differences.append(_difference(row, Reason.UNREADABLE, detail=row.fault))
        elif case_no is None:
            differences.append(_difference(row, Reason.UNKNOWN_CASE, row.amount_paise))
        else:
            parts[Transfer(case_no, reference_key(row.reference))].append(row)
    matched = 0
    for transfer, listed in parts.items():
        reason = _judged(listed, held_paise.get(transfer), then_paise.get(transfer))
        if reason is None:
            matched += len(listed)
        else:
            listed_paise = sum(row.amount_paise for row in listed)
            differences += [_difference(row, reason, listed_paise, held_paise.get(transfer)) for row in listed]
    differences.sort(key=lambda difference: difference.row_no or 0)
    return Comparison(
        rows_in=len(rows),
        rows_matched=matched,
        bank_paise=sum(row.amount_paise for row in rows if not row.fault),
        our_paise=sum(held_paise.values()),
        differences=(*differences, *_missing(parts, held_paise, then_paise)),
    )


def _judged(listed: Sequence[ListedLien], held_paise: int | None, then_paise: int | None) -> Reason | None:
    if held_paise is None:
        return Reason.UNKNOWN_REFERENCE
    if sum(row.amount_paise for row in listed) in {held_paise, then_paise}:
        return None
    return Reason.AMOUNT_DIFFERS if held_paise else Reason.NOT_HELD_BY_US


def _missing(
    listed: Mapping[Transfer, object], held_paise: Mapping[Transfer, int], then_paise: Mapping[Transfer, int]
) -> list[Difference]:
    return [
        Difference(
            row_no=None,
            reason=Reason.MISSING_AT_BANK,
            ack_no=transfer.case_no,
            reference=transfer.reference_key,
            bank_paise=None,
            our_paise=paise,
        )
        for transfer, paise in sorted(held_paise.items())
        if paise and then_paise.get(transfer, paise) and transfer not in listed
    ]


def _difference(
    row: ListedLien,
    reason: Reason,
    bank_paise: int | None = None,
    our_paise: int | None = None,
    *,
    detail: str = "",
) -> Difference:
    return Difference(
        row_no=row.row_no,
        reason=reason,
        detail=detail,
        ack_no=row.ack_no,
        reference=row.reference,
        bank_paise=bank_paise,
        our_paise=our_paise,
    )


HEADER_ROWS_MAX: Final = 20
"""Most titles and blank lines above the header."""

ACK, REFERENCE, AMOUNT = "acknowledgement number", "RRN or UTR", "amount on hold"
_NAMES: Final = {
    ACK: {
        "acknowledgementno",
        "acknowledgementnumber",
        "ackno",
        "acknowledgement",
        "ncrpackno",
        "ncrpacknowledgementno",
    },
    REFERENCE: {
        "rrn",
        "utr",
        "rrnutr",
        "rrnorutr",
        "utrrrn",
        "rrnno",
        "utrno",
        "reference",
        "referenceno",
        "transactionid",
    },
    AMOUNT: {"amount", "lienamount", "holdamount", "amountonhold", "heldamount", "amountheld", "lienmarked"},
}


def read_liens(rows: Iterable[SheetRow]) -> list[ListedLien]:
    """Return the liens of a sheet, without blank rows and totals. Raises `FileRefused` without a header."""
    left = iter(rows)
    columns = _header(left)
    return [_lien(row, columns) for row in left if not _is_no_lien(row, columns)]


def _header(rows: Iterable[SheetRow]) -> dict[str, int]:
    lacking: list[str] = list(_NAMES)
    for _, row in zip(range(HEADER_ROWS_MAX), rows, strict=False):
        columns = _columns(row.cells)
        if len(columns) == len(_NAMES):
            return columns
        lacking = min(lacking, [name for name in _NAMES if name not in columns], key=len)
    raise FileRefused(f"has no header with a column for {', '.join(lacking)}")


def _columns(cells: Sequence[Cell]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for place, cell in enumerate(cells):
        key = "".join(letter for letter in text_of(cell).casefold() if letter.isalnum())
        key = key.removesuffix("inr").removesuffix("rs")
        for name, known in _NAMES.items():
            if key in known:
                columns.setdefault(name, place)
    return columns


def _is_no_lien(row: SheetRow, columns: dict[str, int]) -> bool:
    if row.broken:
        return False
    cells = [_cell(row, place) for place in columns.values()]
    if all(is_blank(cell) for cell in cells):
        return True
    text = " ".join(text_of(cell).casefold() for cell in row.cells)
    return "total" in text and is_blank(_cell(row, columns[REFERENCE]))


def _lien(row: SheetRow, columns: dict[str, int]) -> ListedLien:
    fault = row.broken
    texts = {ACK: "", REFERENCE: ""}
    paise = 0
    for name in (ACK, REFERENCE):
        try:
            texts[name] = identifier_of(_cell(row, columns[name]))
        except CellFault as error:
            fault = fault or f"{name}: {error}"
    try:
        paise = amount_paise_of(_cell(row, columns[AMOUNT]))
    except CellFault as error:
        fault = fault or f"{AMOUNT}: {error}"
    fault = fault or next((f"no {name}" for name, text in texts.items() if not text), "")
    return ListedLien(
        row_no=row.row_no,
        ack_no=texts[ACK][:64],
        reference=texts[REFERENCE][:64],
        amount_paise=0 if fault else paise,
        fault=fault[:300],
    )


def _cell(row: SheetRow, place: int) -> Cell:
    return row.cells[place] if place < len(row.cells) else None
