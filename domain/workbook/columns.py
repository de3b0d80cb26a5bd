"""The ten sheets of the money-trail workbook, their columns, and other names in use for them.

For some sheets (POS, cheques, the rest) the known format names no column for amount or date. They use the columns of
the ATM sheet and the transfer sheet.
"""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from domain.spreadsheet_cells import Cell, CellFault, text_of


class Sheet(StrEnum):
    """Sheet of the workbook; the value is its name as officers' workbooks spell it."""

    TRANSFER = "Money Transfer to"
    HOLD = "Transaction put on hold"
    ATM = "Withdrawal through ATM"
    CHEQUE = "Cash Withdrawal through Cheque"
    POS = "Withdrawal through POS"
    AEPS = "AEPS"
    OTHER = "Other"
    SMALL = "Others Less Then 500"
    OLD = "Old Transaction"
    REFUND = "Refund Completed"


class TrailColumn(StrEnum):
    """Column of the workbook; the value is its name there."""

    SERIAL = "S No."
    ACK_NO = "Acknowledgement No."
    ACCOUNT = "Account No./ (Wallet /PG/PA) Id"
    UTR = "Transaction Id / UTR Number"
    BANK = "Bank/FIs"
    LAYER = "Layer"
    PAYEE_ACCOUNT = "Account No"
    IFSC = "IFSC Code"
    TRANSACTION_DATE = "Transaction Date"
    UTR2 = "Transaction ID / UTR Number2"
    TRANSACTION_AMOUNT = "Transaction Amount"
    HOLD_DATE = "Put on hold Date"
    HOLD_AMOUNT = "Put on hold Amount"
    WITHDRAWAL_AT = "Withdrawal Date & Time"
    WITHDRAWAL_DATE = "Withdrawal Date"
    WITHDRAWAL_AMOUNT = "Withdrawal Amount"
    DISPUTED = "Disputed Amount"
    ATM_ID = "ATM ID"
    ATM_PLACE = "Place/Location of ATM"
    CHEQUE_NO = "Cheque No"
    MID = "MID"
    TID = "TID"
    APPROVAL_CODE = "Approval Code"
    PARENT_UTR = "PTrans"
    PARENT_ACCOUNT = "PAccountNo"
    PARENT_IFSC = "PIFSC_Code"
    PARENT_LAYER = "Players"
    REFERENCE_NO = "Reference No"
    REMARKS = "Remarks"
    ACTION_BY = "Action Taken By Bank"
    ACTION_DATE = "Date of Action"
    NODAL = "PISNodal"


C = TrailColumn
_FIRST = (C.SERIAL, C.ACK_NO, C.ACCOUNT, C.UTR)
_LAST = (C.REFERENCE_NO, C.REMARKS, C.ACTION_BY, C.ACTION_DATE, C.NODAL)
_CASH = (C.WITHDRAWAL_AT, C.WITHDRAWAL_AMOUNT, C.DISPUTED)
_REST = (*_FIRST, C.TRANSACTION_DATE, C.TRANSACTION_AMOUNT, C.DISPUTED, *_LAST)

SHEET_COLUMNS: dict[Sheet, tuple[TrailColumn, ...]] = {
    Sheet.TRANSFER: (
        *_FIRST, C.BANK, C.LAYER, C.PAYEE_ACCOUNT, C.IFSC, C.TRANSACTION_DATE, C.UTR2, C.TRANSACTION_AMOUNT,
        C.DISPUTED, *_LAST,
    ),
    Sheet.HOLD: (*_FIRST, C.HOLD_DATE, C.HOLD_AMOUNT, C.LAYER, *_LAST),
    Sheet.ATM: (*_FIRST, *_CASH, C.ATM_ID, C.ATM_PLACE, *_LAST),
    Sheet.CHEQUE: (*_FIRST, *_CASH, *_LAST),
    Sheet.POS: (*_FIRST, *_CASH, C.MID, C.TID, C.APPROVAL_CODE, *_LAST),
    Sheet.AEPS: (
        *_FIRST, C.WITHDRAWAL_DATE, C.WITHDRAWAL_AMOUNT, C.PARENT_UTR, C.PARENT_ACCOUNT, C.PARENT_IFSC, C.PARENT_LAYER,
        *_LAST,
    ),
    Sheet.OTHER: _REST,
    Sheet.SMALL: _REST,
    Sheet.OLD: _REST,
    Sheet.REFUND: _REST,
}  # fmt: skip
"""Columns of each sheet, in the order of writing."""

MONEY = frozenset({C.TRANSACTION_AMOUNT, C.HOLD_AMOUNT, C.WITHDRAWAL_AMOUNT, C.DISPUTED})
"""Columns with rupees."""

_DAYS = {
    Sheet.HOLD: C.HOLD_DATE,
    Sheet.ATM: C.WITHDRAWAL_AT,
    Sheet.CHEQUE: C.WITHDRAWAL_AT,
    Sheet.POS: C.WITHDRAWAL_AT,
    Sheet.AEPS: C.WITHDRAWAL_DATE,
}

_OTHER_SHEET_NAMES = {
    Sheet.TRANSFER: ("money transfer", "money transferred to", "transfer"),
    Sheet.HOLD: ("put on hold", "hold", "on hold"),
    Sheet.ATM: ("atm", "atm withdrawal"),
    Sheet.CHEQUE: ("cheque", "withdrawal through cheque", "cash withdrawal by cheque"),
    Sheet.POS: ("pos", "pos withdrawal"),
    Sheet.AEPS: ("withdrawal through aeps", "aeps withdrawal"),
    Sheet.OTHER: ("others",),
    Sheet.SMALL: ("others less than 500", "other less then 500", "other less than 500"),
    Sheet.OLD: ("old transactions",),
    Sheet.REFUND: ("refund", "refunds completed"),
}
_OTHER_COLUMN_NAMES = {
    C.SERIAL: ("sr no", "serial no", "sl no", "s.no", "sno"),
    C.ACK_NO: ("acknowledgement number", "acknowledgment no", "ack no", "ncrp ack no"),
    C.ACCOUNT: (
        "account no wallet pg pa id",
        "from account no",
        "from account",
        "debit account no",
        "sender account no",
    ),
    C.UTR: ("transaction id", "utr number", "utr no", "transaction id utr no"),
    C.BANK: ("bank", "bank fi", "bank name", "to bank", "beneficiary bank"),
    C.LAYER: ("layers", "layer no"),
    C.PAYEE_ACCOUNT: ("account number", "to account no", "to account", "credit account no", "beneficiary account no"),
    C.IFSC: ("ifsc", "to ifsc code"),
    C.TRANSACTION_DATE: ("transaction date time", "date of transaction", "transaction date & time"),
    C.UTR2: ("transaction id 2", "utr number 2", "utr no 2", "transaction id utr no 2"),
    C.TRANSACTION_AMOUNT: ("amount", "transfer amount", "txn amount"),
    C.HOLD_DATE: ("hold date", "put on hold date & time", "date of hold"),
    C.HOLD_AMOUNT: ("hold amount", "amount put on hold", "lien amount"),
    C.WITHDRAWAL_AT: ("withdrawal date time", "date & time of withdrawal"),
    C.WITHDRAWAL_DATE: ("date of withdrawal",),
    C.WITHDRAWAL_AMOUNT: ("amount withdrawn",),
    C.DISPUTED: ("disputed amt",),
    C.ATM_PLACE: ("place of atm", "location of atm", "atm location"),
    C.CHEQUE_NO: ("cheque number",),
    C.MID: ("merchant id",),
    C.TID: ("terminal id",),
    C.PARENT_UTR: ("parent transaction", "parent trans"),
    C.PARENT_ACCOUNT: ("parent account no", "p account no"),
    C.PARENT_IFSC: ("parent ifsc code", "p ifsc code"),
    C.PARENT_LAYER: ("parent layer", "p layers"),
    C.REFERENCE_NO: ("ref no", "reference number"),
    C.REMARKS: ("remark",),
    C.ACTION_BY: ("action taken by", "action by bank"),
    C.ACTION_DATE: ("action date",),
    C.NODAL: ("pis nodal",),
}

LIKENESS = 0.92
"""Least similarity of a misspelt name; "Withdrawal through POS" and "… UPI" have 0.90."""
LEAST_LIKE_CHARS = 7
MOST_NAME_CHARS = 80
HEADER_LEAST_COLUMNS = 4
SHEETS_LEAST = 2
"""A workbook with a single sheet called "Other" is not a money trail."""


def _key(name: str) -> str:
    """Return a name for comparison: letters and digits only, lower case."""
    return re.sub(r"[\W_]+", "", name.lower())


_SHEETS = {_key(name): sheet for sheet in Sheet for name in (sheet.value, *_OTHER_SHEET_NAMES[sheet])}
_COLUMNS = {_key(name): column for column in C for name in (column.value, *_OTHER_COLUMN_NAMES.get(column, ()))}


def _like(key: str, known: Iterable[str]) -> str | None:
    if not LEAST_LIKE_CHARS <= len(key) <= MOST_NAME_CHARS:
        return None
    return next(iter(get_close_matches(key, known, 1, LIKENESS)), None)


@lru_cache(maxsize=1024)
def sheet_named(name: str) -> Sheet | None:
    """Return the sheet that a name means, even if it is slightly misspelt."""
    key = _key(name)
    return _SHEETS.get(key) or _SHEETS.get(_like(key, _SHEETS) or "")


@lru_cache(maxsize=4096)
def _column_of(name: str) -> TrailColumn | None:
    key = _key(name)
    return _COLUMNS.get(key) or _COLUMNS.get(_like(key, _COLUMNS) or "")


def day_column(sheet: Sheet) -> TrailColumn:
    """Return the column with the time of a sheet's rows."""
    return _DAYS.get(sheet, C.TRANSACTION_DATE)


def is_trail(sheet_names: Iterable[str]) -> bool:
    """Return whether a workbook with these sheets is a money trail."""
    sheets = {sheet_named(name) for name in sheet_names} - {None}
    return len(sheets) >= SHEETS_LEAST or Sheet.TRANSFER in sheets


def column_named(cell: Cell) -> TrailColumn | None:
    """Return the column that a header cell names, or None."""
    if not isinstance(cell, str):
        return None
    try:
        return _column_of(text_of(cell)[:MOST_NAME_CHARS])
    except CellFault:
        return None


def known_columns(cells: Sequence[Cell]) -> int:
    """Return the number of different columns that the cells of a row name."""
    return len({column_named(cell) for cell in cells} - {None})


class TrailHeader(NamedTuple):
    """Place of each column in a sheet's rows, unknown names, and columns that occur twice."""

    places: dict[TrailColumn, int]
    unknown: tuple[str, ...]
    twice: tuple[TrailColumn, ...]


def read_header(cells: Sequence[Cell], sheet: Sheet) -> TrailHeader:
    """Read a header row of `sheet`. Outside the transfer sheet there is one account and one reference."""
    places: dict[TrailColumn, int] = {}
    unknown: list[str] = []
    twice: list[TrailColumn] = []
    for index, cell in enumerate(cells):
        column = column_named(cell)
        if column is None:
            name = " ".join(cell.split()) if isinstance(cell, str) else ""
            if name:
                unknown.append("".join(c for c in name if c.isprintable())[:MOST_NAME_CHARS])
        elif column in places:
            twice.append(column)
        else:
            places[column] = index
    if sheet is not Sheet.TRANSFER:
        for column, other in ((C.ACCOUNT, C.PAYEE_ACCOUNT), (C.UTR, C.UTR2)):
            if column not in places and other in places:
                places[column] = places.pop(other)
    return TrailHeader(places, tuple(unknown), tuple(dict.fromkeys(twice)))
