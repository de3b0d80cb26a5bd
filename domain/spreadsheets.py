"""Columns of a complaint sheet, and the many names in use for them."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from domain.errors import RuleBroken
from domain.spreadsheet_cells import Cell, CellFault, text_of

HEADER_SEARCH_ROWS = 20
"""The header must stand within so many rows, because a title and a few remarks may precede it."""

SHOWN_NAME_CHARS = 60
HEADER_LEAST_COLUMNS = 4
"""A row with fewer known names is not a header, because a data row may hold a text like "mobile" or "bank"."""


class FileRefused(RuleBroken):
    """The file cannot be imported."""


class Column(StrEnum):
    """Meaning of a column. The value is its preferred name; `docs/how-to/import.md` describes each."""

    ACK_NO = "ack_no"
    COMPLAINT_REF = "complaint_ref"
    CHANNEL = "channel"
    CATEGORY = "category"
    VICTIM_NAME = "victim_name"
    VICTIM_MOBILE = "victim_mobile"
    VICTIM_DISTRICT = "victim_district"
    VICTIM_LANGUAGE = "victim_language"
    VICTIM_EMAIL = "victim_email"
    WOMAN = "woman"
    CHILD = "child"
    SENIOR = "senior"
    PAYER_INSTITUTION = "payer_institution"
    PAYER_ACCOUNT = "payer_account"
    PAYER_VPA = "payer_vpa"
    PAYER_WALLET = "payer_wallet"
    PAYER_IFSC = "payer_ifsc"
    PAYEE_INSTITUTION = "payee_institution"
    PAYEE_ACCOUNT = "payee_account"
    PAYEE_VPA = "payee_vpa"
    PAYEE_WALLET = "payee_wallet"
    PAYEE_IFSC = "payee_ifsc"
    AMOUNT = "amount"
    AMOUNT_PAISE = "amount_paise"
    RRN = "rrn"
    UTR = "utr"
    REFERENCE = "reference"
    MODE = "mode"
    TRANSFERRED_AT = "transferred_at"
    TRANSFER_DATE = "transfer_date"
    TRANSFER_TIME = "transfer_time"


_SIDES = {
    "payer": ("payer", "victim", "sender", "from", "debit", "remitter", "complainant", "source"),
    "payee": ("payee", "beneficiary", "receiver", "to", "credit", "suspect", "fraudster", "destination"),
}
_PARTS = {
    "institution": ("institution", "bank", "bank name", "bank fi", "bank fis", "wallet provider"),
    "account": ("account", "account no", "account number", "ac no", "a c no", "acc no"),
    "vpa": ("vpa", "upi", "upi id", "upi handle"),
    "wallet": ("wallet", "wallet id", "wallet no", "wallet number"),
    "ifsc": ("ifsc", "ifsc code", "bank ifsc"),
}
_NAMES: dict[Column, tuple[str, ...]] = {
    Column.ACK_NO: (
        "ack no", "ack number", "acknowledgement no", "acknowledgement number", "acknowledgment no",
        "acknowledgment number", "ncrp ack no", "ncrp acknowledgement no",
    ),
    Column.COMPLAINT_REF: (
        "complaint ref", "complaint reference", "complaint no", "complaint number", "complaint id", "case ref",
    ),
    Column.CHANNEL: ("channel", "complaint channel"),
    Column.CATEGORY: ("category", "sub category", "fraud type", "type of fraud", "crime category", "fraud category"),
    Column.VICTIM_NAME: (
        "victim name", "name of victim", "complainant name", "name of complainant", "complainant", "victim", "name",
    ),
    Column.VICTIM_MOBILE: (
        "victim mobile", "victim mobile no", "victim phone", "complainant mobile", "complainant mobile no",
        "complainant phone", "mobile", "mobile no", "mobile number", "phone", "phone no", "phone number",
        "contact no", "contact number",
    ),
    Column.VICTIM_DISTRICT: ("victim district", "complainant district", "district", "district name"),
    Column.VICTIM_LANGUAGE: ("victim language", "language", "preferred language", "complainant language"),
    Column.VICTIM_EMAIL: (
        "victim email", "victim e mail", "complainant email", "email", "e mail", "email id", "e mail id", "mail id",
        "email address",
    ),
    Column.WOMAN: ("woman", "is woman", "female", "women"),
    Column.CHILD: ("child", "is child", "minor"),
    Column.SENIOR: ("senior", "is senior", "senior citizen"),
    Column.AMOUNT: (
        "amount", "amount rs", "amount in rs", "amount inr", "amount rupees", "amount in rupees",
        "transaction amount", "transfer amount", "txn amount", "fraud amount", "fraudulent amount",
        "amount lost", "lost amount",
    ),
    Column.AMOUNT_PAISE: ("amount paise", "amount in paise"),
    Column.RRN: ("rrn", "rrn no", "rrn number", "upi ref no", "upi reference no", "rrn transaction id"),
    Column.UTR: ("utr", "utr no", "utr number"),
    Column.REFERENCE: (
        "reference", "rrn utr", "utr rrn", "transaction id", "txn id", "transaction no", "transaction ref no",
        "transaction id utr number", "transaction id utr no", "utr transaction id", "reference no",
        "transaction reference",
    ),
    Column.MODE: ("mode", "mode of payment", "payment mode", "transfer mode", "transaction mode", "transaction type"),
    Column.TRANSFERRED_AT: (
        "transferred at", "transaction datetime", "transaction date time", "transaction date and time",
        "date time", "date and time", "txn datetime", "txn date time", "transfer date time", "datetime",
        "date time of transaction", "date and time of transaction",
    ),
    Column.TRANSFER_DATE: ("transfer date", "transaction date", "txn date", "date", "date of transaction"),
    Column.TRANSFER_TIME: ("transfer time", "transaction time", "txn time", "time", "time of transaction"),
}  # fmt: skip


def _key(name: str) -> str:
    """Return a header for comparison: lower case, every sign a blank; `Amount (₹)` becomes `amount`."""
    return " ".join(re.sub(r"[\W_]+", " ", name.lower()).split())


def _all_names() -> dict[str, Column]:
    known = {name: column for column, names in _NAMES.items() for name in names}
    for side, side_names in _SIDES.items():
        for part, part_names in _PARTS.items():
            column = Column(f"{side}_{part}")
            known |= {f"{s} {p}": column for s in side_names for p in part_names}
    return known | {_key(column.value): column for column in Column}


_KNOWN = _all_names()


class Header(NamedTuple):
    """Place of each known column in a row, width of the header, and unknown names."""

    places: dict[Column, int]
    width: int
    unknown: tuple[str, ...]


def column_named(cell: Cell) -> Column | None:
    """Return the column that a header cell names, or None."""
    try:
        return _KNOWN.get(_key(text_of(cell)))
    except CellFault:
        return None


def known_columns(cells: Sequence[Cell]) -> int:
    """Return the number of cells in a row that name columns."""
    return sum(1 for cell in cells if column_named(cell))


def looks_like_header(cells: Sequence[Cell]) -> bool:
    """Return whether a row is a header: at least four known names, and half of its texts are known."""
    texts = sum(1 for cell in cells if isinstance(cell, str) and cell.strip())
    known = known_columns(cells)
    return known >= HEADER_LEAST_COLUMNS and known * 2 >= texts


def read_header(cells: Sequence[Cell], *, ignored: frozenset[str] = frozenset()) -> Header:
    """Read a header row; names in `ignored` do not matter.

    Raises `FileRefused` if two cells mean the same column, or a required column is missing.
    """
    places: dict[Column, int] = {}
    unknown: list[str] = []
    for index, cell in enumerate(cells):
        column = column_named(cell)
        if column is None:
            name = _shown_name(cell)
            if name and name not in ignored:
                unknown.append(name)
        elif column in places:
            raise FileRefused(
                f'two columns mean {column}: "{text_of(cells[places[column]])}" and "{text_of(cell)}": rename one'
            )
        else:
            places[column] = index
    missing = _missing(set(places))
    if missing:
        columns = "; for ".join(missing)
        raise FileRefused(f"the header has no column for {columns} (docs/how-to/import.md lists the names)")
    return Header(places, len(cells), tuple(unknown))


def _shown_name(cell: Cell) -> str:
    """Return an unknown header cell in displayable form; "" if it holds no text."""
    if not isinstance(cell, str):
        return ""
    return "".join(c for c in " ".join(cell.split()) if c.isprintable())[:SHOWN_NAME_CHARS]


def _missing(mapped: set[Column]) -> list[str]:
    needs = (
        ("the victim's name", (Column.VICTIM_NAME,)),
        ("the victim's mobile", (Column.VICTIM_MOBILE,)),
        ("the payer's account, VPA or wallet", (Column.PAYER_ACCOUNT, Column.PAYER_VPA, Column.PAYER_WALLET)),
        ("the payee's account, VPA or wallet", (Column.PAYEE_ACCOUNT, Column.PAYEE_VPA, Column.PAYEE_WALLET)),
        ("the amount", (Column.AMOUNT, Column.AMOUNT_PAISE)),
        ("the RRN or UTR", (Column.RRN, Column.UTR, Column.REFERENCE)),
        ("the date", (Column.TRANSFERRED_AT, Column.TRANSFER_DATE)),
    )
    return [text for text, columns in needs if not mapped.intersection(columns)]
