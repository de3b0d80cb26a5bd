"""Reader of a bank's list of liens: its possible columns, and every row with its values or its fault."""

from collections.abc import Iterable, Sequence
from typing import Final

from domain.case.complaint_rows import SheetRow
from domain.spreadsheet_cells import Cell, CellFault, amount_paise_of, identifier_of, is_blank, text_of
from domain.spreadsheets import FileRefused
from schemas.gateway.lien_comparison import ListedLien

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
        found = _columns(row.cells)
        if len(found) == len(_NAMES):
            return found
        lacking = min(lacking, [name for name in _NAMES if name not in found], key=len)
    raise FileRefused(f"has no header with a column for {', '.join(lacking)}")


def _columns(cells: Sequence[Cell]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        key = "".join(letter for letter in text_of(cell).casefold() if letter.isalnum())
        key = key.removesuffix("inr").removesuffix("rs")
        for name, known in _NAMES.items():
            if key in known:
                found.setdefault(name, place)
    return found


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
