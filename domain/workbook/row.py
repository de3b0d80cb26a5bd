"""Reader of one row of the money-trail workbook: its statement about money, or its faults."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from pydantic import ValidationError

from domain.case.complaint_row import Fault
from domain.spreadsheet_cells import (
    MAX_CELL_CHARS,
    Cell,
    CellFault,
    amount_paise_of,
    identifier_of,
    is_blank,
    moment_of,
    repaired,
    text_of,
)
from domain.workbook.columns import Sheet, TrailColumn, TrailHeader
from schemas.case.answers import NOT_STATED
from schemas.case.intake import Transfer
from schemas.enums import Mode
from schemas.identifiers import ACK_NO_PATTERN, RRN_PATTERN, account_key, names_a_transfer, reference_key
from schemas.parties import Party

T = TypeVar("T")
C = TrailColumn

SOURCE = "trail_workbook"
"""source in an answer's `raw` if it came from a workbook"""
VICTIMS_LAYER = 1
MAX_IDENTIFIER_CHARS = 320
CASH = frozenset({Sheet.ATM, Sheet.CHEQUE, Sheet.POS, Sheet.AEPS})
NO_MONEY = frozenset({Sheet.OTHER, Sheet.OLD, Sheet.REFUND})
"""Sheets that place no money; an officer reads them."""
WITHOUT_AMOUNT = NO_MONEY | {Sheet.SMALL}
"""Sheets whose rows need no amount. In most workbooks the sheet of small amounts has no column for one."""

_AMOUNTS = (C.HOLD_AMOUNT, C.WITHDRAWAL_AMOUNT, C.TRANSACTION_AMOUNT)
_MOMENTS = (C.HOLD_DATE, C.WITHDRAWAL_AT, C.WITHDRAWAL_DATE, C.TRANSACTION_DATE)
_LAYER = re.compile(r"^(?:layer|l)?\s*-?\s*(\d{1,2})$", re.IGNORECASE)


@dataclass(frozen=True)
class TrailNote:
    """Odd value in a row that was accepted."""

    sheet_name: str
    row_no: int
    column: str
    message: str


@dataclass(frozen=True)
class TrailRow:
    """Statement of a row.

    `root_reference` and `account` name the transfer of its money, and the account that received it.
    """

    sheet: Sheet
    sheet_name: str
    row_no: int
    layer: int | None
    account: str
    root_reference: str
    bank: str
    """bank that makes the statement, as written"""
    reference: str
    """reference of the row's own transaction"""
    payee_bank: str = ""
    payee_account: str = ""
    payee_ifsc: str = ""
    amount_paise: int | None = None
    disputed_paise: int | None = None
    at: datetime | None = None
    at_told: str = ""
    remarks: str = ""
    details: dict[str, str] = field(default_factory=dict)
    """details of how money left the banks, by the names of the bank wire"""
    kept: dict[str, str] = field(default_factory=dict)
    """other cells of the row, for an officer who reads it again"""
    transfer: Transfer | None = None
    """the victim's own transfer; None for every other row"""

    @property
    def takes_rest(self) -> bool:
        """Return whether the row says that what is left of its transfer went on in small amounts, without a sum."""
        return self.sheet is Sheet.SMALL and self.amount_paise is None

    @property
    def to_itself(self) -> bool:
        """Return whether the row names one account as sender and receiver of the money."""
        return bool(self.payee_account) and account_key(self.account) == account_key(self.payee_account)

    @property
    def meaning(self) -> tuple[object, ...]:
        """Return the identity of a row, equal for two rows with the same statement.

        A victim's transfer is identified by its transfer data, without remarks.
        """
        reference, account = reference_key(self.reference), account_key(self.payee_account)
        if self.transfer:
            return (self.sheet, reference, self.amount_paise, self.payee_bank.lower(), self.payee_ifsc, account)
        return (
            self.sheet, reference_key(self.root_reference), account_key(self.account), reference, self.bank.lower(),
            self.payee_bank.lower(), self.payee_ifsc, account, self.amount_paise, self.disputed_paise, self.at,
            self.at_told if self.at is None else "", self.remarks, tuple(sorted(self.details.items())),
        )  # fmt: skip


@dataclass
class ReadTrailRow:
    """Result of reading a row: `row` is None if there are faults, `ack_no` None if the row has none."""

    ack_no: str | None = None
    row: TrailRow | None = None
    faults: list[Fault] = field(default_factory=list)
    notes: list[TrailNote] = field(default_factory=list)


def read_row(sheet: Sheet, sheet_name: str, row_no: int, cells: Sequence[Cell], header: TrailHeader) -> ReadTrailRow:
    """Read one row. Never raises."""
    return _Reader(sheet, sheet_name, row_no, cells, header).read()


def plain_text(text: str) -> str:
    """Return free text as one line without control characters, cut to the length of a cell."""
    line = " ".join(text.split())
    return "".join(c for c in line if unicodedata.category(c) not in {"Cc", "Cs", "Cn", "Co"})[:MAX_CELL_CHARS]


class _Reader:
    """Reads the cells of one row by column and collects faults and notes."""

    def __init__(self, sheet: Sheet, sheet_name: str, row_no: int, cells: Sequence[Cell], header: TrailHeader) -> None:
        self._sheet = sheet
        self._sheet_name = sheet_name
        self._row_no = row_no
        self._cells = cells
        self._places = header.places
        self._read = ReadTrailRow()

    def read(self) -> ReadTrailRow:
        read = self._read
        read.ack_no = self._ack_no()
        layer = self._layer()
        root_reference, account = self._root()
        reference = self._reference()
        amount_paise, disputed_paise = self._amounts()
        at, at_told, time_missing = self._moment()
        row = TrailRow(
            sheet=self._sheet,
            sheet_name=self._sheet_name,
            row_no=self._row_no,
            layer=layer,
            account=account,
            root_reference=root_reference,
            bank=self._bank(),
            reference=reference,
            payee_bank=self._payee(C.BANK, self._text),
            payee_account=self._payee(C.PAYEE_ACCOUNT, self._identifier),
            payee_ifsc=self._payee(C.IFSC, self._identifier).upper(),
            amount_paise=amount_paise,
            disputed_paise=disputed_paise,
            at=at,
            at_told=at_told,
            remarks=self._text(C.REMARKS),
            details=self._details(),
            kept=self._kept(),
        )
        if self._is_victims(row):
            row = self._victims(row, time_missing)
        elif not (root_reference or account):
            self._fault(C.UTR, "missing", "neither the transfer nor its account is given")
        if row.to_itself:
            self._note(C.PAYEE_ACCOUNT, "the account that sends the money receives it")
        read.row = None if read.faults else row
        return read

    # -- cells -------------------------------------------------------------------------------------------------

    def _cell(self, column: TrailColumn) -> Cell:
        place = self._places.get(column)
        cell = self._cells[place] if place is not None and place < len(self._cells) else None
        corrected = repaired(cell)
        if corrected is not None:
            self._note(column, "text in a wrong encoding was corrected")
            return corrected
        return cell

    def _says(self, column: TrailColumn) -> bool:
        return not is_blank(self._cell(column))

    def _value(self, column: TrailColumn, read: Callable[[Cell], T]) -> T | None:
        """Return the cell as `read` gives it; None for a blank cell, and with a fault if `read` fails."""
        cell = self._cell(column)
        if is_blank(cell):
            return None
        try:
            return read(cell)
        except CellFault as fault:
            self._fault(column, fault.code, str(fault))
            return None

    def _identifier(self, column: TrailColumn) -> str:
        text = self._value(column, identifier_of) or ""
        if len(text) > MAX_IDENTIFIER_CHARS:
            self._fault(column, "too_long", f"longer than {MAX_IDENTIFIER_CHARS} characters")
        return text

    def _text(self, column: TrailColumn) -> str:
        """Return text for officers. Characters that cannot be shown are dropped, and the row stays usable."""
        cell = self._cell(column)
        if is_blank(cell):
            return ""
        return plain_text(cell if isinstance(cell, str) else text_of(cell))

    def _fault(self, column: TrailColumn, code: str, reason: str) -> None:
        self._read.faults.append(Fault(column.value, code, reason))

    def _note(self, column: TrailColumn, message: str) -> None:
        note = TrailNote(self._sheet_name, self._row_no, column.value, message)
        if note not in self._read.notes:
            self._read.notes.append(note)

    # -- their meaning ------------------------------------------------------------------------------------------

    def _ack_no(self) -> str | None:
        text = self._identifier(C.ACK_NO)
        digits = reference_key(text)
        if not digits or ACK_NO_PATTERN.fullmatch(digits):
            return digits or None
        self._fault(C.ACK_NO, "not_an_ack_no", "an acknowledgement number has 14 digits")
        return None

    def _layer(self) -> int | None:
        column = C.PARENT_LAYER if self._sheet is Sheet.AEPS and self._says(C.PARENT_LAYER) else C.LAYER
        text = self._value(column, identifier_of)
        match = _LAYER.match(text) if text else None
        if text and (match is None or int(match[1]) == 0):
            self._note(column, "not the number of a layer: the row is placed by its references")
            return None
        return int(match[1]) if match else None

    def _root(self) -> tuple[str, str]:
        """Return the transfer whose money the row is about, and the account that received it."""
        root, account = self._identifier(C.UTR), self._identifier(C.ACCOUNT)
        if self._sheet is Sheet.AEPS:
            root, account = self._identifier(C.PARENT_UTR) or root, self._identifier(C.PARENT_ACCOUNT) or account
        return (root if names_a_transfer(root) else ""), account

    def _reference(self) -> str:
        own = self._identifier(C.UTR2 if self._sheet is Sheet.TRANSFER else C.REFERENCE_NO)
        if self._sheet is Sheet.CHEQUE and not self._says(C.CHEQUE_NO):
            return ""
        if self._sheet is Sheet.AEPS and not own and self._says(C.PARENT_UTR):
            other = self._identifier(C.UTR)
            own = other if reference_key(other) != reference_key(self._identifier(C.PARENT_UTR)) else ""
        return own if names_a_transfer(own) else ""

    def _bank(self) -> str:
        actor = self._text(C.ACTION_BY)
        return actor if actor or self._sheet is Sheet.TRANSFER else self._text(C.BANK)

    def _payee(self, column: TrailColumn, read: Callable[[TrailColumn], str]) -> str:
        return read(column) if self._sheet is Sheet.TRANSFER else ""

    def _amounts(self) -> tuple[int | None, int | None]:
        """Return the amount of the transaction and its disputed part."""
        column = next((c for c in _AMOUNTS if self._says(c)), None)
        amount_paise = self._value(column, amount_paise_of) if column else None
        disputed_paise = self._value(C.DISPUTED, amount_paise_of)
        if column is None and not self._says(C.DISPUTED):
            if self._sheet not in WITHOUT_AMOUNT:
                self._fault(self._amount_column, "missing", "the amount is missing")
            return None, None
        if column is None:
            self._note(self._amount_column, "not given: the disputed amount is used")
        return amount_paise or disputed_paise, disputed_paise or amount_paise

    @property
    def _amount_column(self) -> TrailColumn:
        if self._sheet is Sheet.HOLD:
            return C.HOLD_AMOUNT
        return C.WITHDRAWAL_AMOUNT if self._sheet in CASH else C.TRANSACTION_AMOUNT

    def _moment(self) -> tuple[datetime | None, str, bool]:
        """Return the time, its text, and whether only the day is given.

        An invalid date is noted, and the row stays usable.
        """
        column = next((c for c in _MOMENTS if self._says(c)), None)
        if column is None:
            return None, "", False
        cell = self._cell(column)
        try:
            moment = moment_of(cell)
        except CellFault as fault:
            self._note(column, f"ignored: {fault}")
            day = _day_alone(cell) if fault.code == "not_a_time" else None
            return day, self._text(column), day is not None
        if moment.note:
            self._note(column, moment.note)
        return moment.at, self._text(column), moment.time_missing

    def _details(self) -> dict[str, str]:
        """Return the details that distinguish one withdrawal from another, by the names of the bank wire."""
        if self._sheet not in CASH:
            return {}
        cheque = C.CHEQUE_NO if self._says(C.CHEQUE_NO) else C.REFERENCE_NO
        columns: dict[Sheet, dict[str, TrailColumn]] = {
            Sheet.ATM: {"atm_id": C.ATM_ID, "place_of_atm": C.ATM_PLACE},
            Sheet.CHEQUE: {"cheque_no": cheque},
            Sheet.POS: {"mid": C.MID, "tid": C.TID, "approval_code": C.APPROVAL_CODE},
            Sheet.AEPS: {},
        }
        return {name: text for name, column in columns[self._sheet].items() if (text := self._text(column))}

    def _kept(self) -> dict[str, str]:
        named = {
            "reference_no": C.REFERENCE_NO,
            "action_taken_by_bank": C.ACTION_BY,
            "date_of_action": C.ACTION_DATE,
            "pis_nodal": C.NODAL,
            "parent_ifsc": C.PARENT_IFSC,
        }
        return {name: text for name, column in named.items() if (text := self._text(column))}

    # -- the victim's own transfers ----------------------------------------------------------------------------

    def _is_victims(self, row: TrailRow) -> bool:
        """Return whether the row is the victim's own transfer: layer 1, or without a layer, no earlier transfer."""
        if row.sheet is not Sheet.TRANSFER:
            return False
        if row.layer is not None:
            return row.layer == VICTIMS_LAYER
        own = reference_key(row.reference)
        return bool(own or row.root_reference) and reference_key(row.root_reference) in {own, ""}

    def _victims(self, row: TrailRow, time_missing: bool) -> TrailRow:
        """Return the row with the transfer as in a complaint; with faults if it cannot be one."""
        reference = row.reference or row.root_reference
        payee_bank = row.payee_bank or row.payee_ifsc[:4] or row.payee_account.rpartition("@")[2]
        if not reference:
            self._fault(C.UTR2, "missing", "the RRN or UTR is missing")
        if not payee_bank or (not row.payee_bank and not row.payee_ifsc and "@" not in row.payee_account):
            self._fault(C.BANK, "missing", "the bank that received the money is missing")
        if row.at is None:
            self._fault(C.TRANSACTION_DATE, "missing", "the date of the transfer is missing or not a date")
        if self._read.faults or row.at is None or row.amount_paise is None:
            return row
        if row.disputed_paise != row.amount_paise:
            self._note(C.DISPUTED, "a victim's transfer is disputed in full: the amount of the transaction is used")
        is_rrn = RRN_PATTERN.fullmatch(reference_key(reference))
        try:
            transfer = Transfer(
                payer=_party(row.bank or NOT_STATED, row.account, ""),
                payee=_party(payee_bank, row.payee_account, row.payee_ifsc),
                amount_paise=row.amount_paise,
                rrn=reference if is_rrn else None,
                utr=None if is_rrn else reference,
                mode=Mode.OTHER,
                transferred_at=row.at,
                time_missing=time_missing,
            )
        except ValidationError as error:
            for mistake in error.errors(include_input=False, include_url=False):
                where = ".".join(str(part) for part in mistake["loc"]) or "row"
                self._read.faults.append(Fault(where, "not_valid", mistake["msg"].removeprefix("Value error, ")))
            return row
        return replace(row, layer=VICTIMS_LAYER, reference=reference, transfer=transfer)


def _day_alone(cell: Cell) -> datetime | None:
    """Return the day of a text whose time of day cannot be read; None if there is no day either."""
    if not isinstance(cell, str):
        return None
    try:
        return moment_of(re.split(r"[\s,T]", cell.strip(), maxsplit=1)[0]).at
    except CellFault:
        return None


def _party(institution: str, holder: str, ifsc: str) -> Party:
    name = "vpa" if "@" in holder else "account"
    return Party.model_validate({"institution": institution, name: holder or NOT_STATED, "ifsc": ifsc or None})
