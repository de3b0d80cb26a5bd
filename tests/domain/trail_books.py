"""Money-trail workbooks for tests: rows by the names of their columns, and what a reader makes of them."""

from collections.abc import Mapping, Sequence

from domain.case.complaint_rows import SheetRow
from domain.spreadsheet_cells import Cell
from domain.workbook.columns import MONEY, SHEET_COLUMNS, Sheet, TrailColumn
from domain.workbook.exporting import ExportRow
from domain.workbook.reading import TrailReading, WorkbookSheet, read_trails

C = TrailColumn
ACK = "20511260000001"
Told = dict[TrailColumn, Cell]


def sheet(
    name: str, *rows: Told, columns: Sequence[TrailColumn] | None = None, header: Sequence[Cell] | None = None
) -> WorkbookSheet:
    """A sheet with its header and these rows; `header` are other names for the same columns."""
    meant = next((s for s in Sheet if s.value == name), Sheet.TRANSFER)
    columns = columns or SHEET_COLUMNS[meant]
    lines: list[Sequence[Cell]] = [header or [c.value for c in columns]]
    lines += [[row.get(c) for c in columns] for row in rows]
    return WorkbookSheet(name, [SheetRow(number, cells) for number, cells in enumerate(lines, start=1)])


def moved(layer: int, root: str, own: str, rupees: Cell, /, **more: Cell) -> Told:
    """A row of the transfer sheet, between accounts named after the layer."""
    row: Told = {
        C.SERIAL: 1,
        C.ACK_NO: ACK,
        C.ACCOUNT: f"00{layer - 1}0000000",
        C.UTR: root,
        C.BANK: "HDFC",
        C.LAYER: layer,
        C.PAYEE_ACCOUNT: f"00{layer}0000000",
        C.IFSC: "HDFC0000001",
        C.TRANSACTION_DATE: f"05/11/2026 13:{10 + layer}:00",
        C.UTR2: own,
        C.TRANSACTION_AMOUNT: rupees,
        C.DISPUTED: rupees,
        C.ACTION_BY: "SBIN" if layer == 1 else "HDFC",
    }
    return row | {TrailColumn[name.upper()]: value for name, value in more.items()}


def said(root: str, rupees: Cell, /, **more: Cell) -> Told:
    """A row of any other sheet: the bank of the first layer's account tells what became of the money."""
    row: Told = {
        C.SERIAL: 1,
        C.ACK_NO: ACK,
        C.ACCOUNT: "0010000000",
        C.UTR: root,
        C.TRANSACTION_DATE: "05/11/2026 14:00:00",
        C.TRANSACTION_AMOUNT: rupees,
        C.HOLD_DATE: "05/11/2026 14:00:00",
        C.HOLD_AMOUNT: rupees,
        C.WITHDRAWAL_AT: "05/11/2026 14:00:00",
        C.WITHDRAWAL_DATE: "05/11/2026 14:00:00",
        C.WITHDRAWAL_AMOUNT: rupees,
        C.DISPUTED: rupees,
        C.ACTION_BY: "HDFC",
    }
    return row | {TrailColumn[name.upper()]: value for name, value in more.items()}


def read(*sheets: WorkbookSheet) -> TrailReading:
    """The only trail of a workbook."""
    (reading,) = read_trails(sheets)
    return reading


def reread(sheets: Mapping[Sheet, Sequence[ExportRow]]) -> TrailReading:
    """What a reader makes of exported rows."""

    def cells(row: ExportRow) -> Told:
        return {c: value / 100 if c in MONEY and isinstance(value, int) else value for c, value in row.items()}

    return read(*(sheet(name.value, *map(cells, rows)) for name, rows in sheets.items()))


def codes(reading: TrailReading) -> list[tuple[str, int, str]]:
    """Sheet, row and code of every reason for a rejection."""
    return [(row.sheet_name, row.row_no, fault.code) for row in reading.rejected for fault in row.faults]
