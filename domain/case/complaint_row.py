"""Reader of one row of a complaint sheet: one disputed transfer, and the complaint it belongs to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import ValidationError

from domain.case.complaints import is_ack_no
from domain.errors import BusinessError
from domain.spreadsheet_cells import (
    Cell,
    CellFault,
    Moment,
    amount_paise_of,
    identifier_of,
    is_blank,
    moment_of,
    repaired,
    text_of,
    whole_paise_of,
    yes_or_no,
)
from domain.spreadsheets import Column, Header
from schemas.case.intake import Transfer
from schemas.enums import Channel, Language, Mode
from schemas.identifiers import ACK_NO_PATTERN, RRN_PATTERN, UTR_PATTERN, reference_key
from schemas.parties import Party
from schemas.text import is_email

T = TypeVar("T")

COUNTRY_CODE = "91"
MOBILE_DIGITS = 10
MAX_CATEGORY_CHARS = 100

_MODES = {
    "upi": Mode.UPI, "bhim": Mode.UPI, "bhim upi": Mode.UPI,
    "imps": Mode.IMPS,
    "neft": Mode.NEFT,
    "rtgs": Mode.RTGS,
    "card": Mode.CARD, "debit card": Mode.CARD, "credit card": Mode.CARD, "pos": Mode.CARD,
    "aeps": Mode.AEPS,
    "wallet": Mode.WALLET, "e wallet": Mode.WALLET, "ewallet": Mode.WALLET,
    "cash deposit": Mode.CASH_DEPOSIT, "cdm": Mode.CASH_DEPOSIT, "cash": Mode.CASH_DEPOSIT,
    "other": Mode.OTHER, "others": Mode.OTHER,
}  # fmt: skip
_CHANNELS = {
    "helpline 1930": Channel.HELPLINE_1930, "1930": Channel.HELPLINE_1930, "helpline": Channel.HELPLINE_1930,
    "portal": Channel.PORTAL, "ncrp": Channel.PORTAL,
    "import": Channel.IMPORT,
    "public form": Channel.PUBLIC_FORM, "public_form": Channel.PUBLIC_FORM,
}  # fmt: skip

_LANGUAGES = {
    "hi": Language.HI, "hindi": Language.HI, "हिन्दी": Language.HI, "हिंदी": Language.HI,
    "en": Language.EN, "english": Language.EN,
}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """Reason why a row cannot be used: the column, a code for counting, and a text."""

    column: str
    code: str
    reason: str


def fault_of(error: Exception) -> Fault:
    """The fault of a row that is refused as a whole: the code of a business error, or `refused`."""
    if isinstance(error, BusinessError):
        return Fault("row", error.code, str(error))
    return Fault("row", "refused", f"{type(error).__doc__ or type(error).__name__} ({error})")


@dataclass(frozen=True)
class Note:
    """Odd value in a row that was accepted."""

    row_no: int
    column: str
    message: str


@dataclass
class ReadRow:
    """Values of a row. Values of the victim may be missing, because another row of the complaint may have them."""

    row_no: int
    ack_no: str | None = None
    complaint_ref: str | None = None
    channel: Channel | None = None
    category: str | None = None
    victim_name: str | None = None
    victim_mobile: str | None = None
    victim_district: str | None = None
    victim_language: Language | None = None
    victim_email: str | None = None
    woman: bool = False
    child: bool = False
    senior: bool = False
    transfer: Transfer | None = None
    faults: list[Fault] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def read_row(row_no: int, cells: Sequence[Cell], header: Header) -> ReadRow:
    """Read one row. Never raises: errors are in the faults, and `transfer` is then None."""
    return _Reader(row_no, cells, header).read()


class _Reader:
    """Reads the cells of one row by column and collects faults and notes."""

    def __init__(self, row_no: int, cells: Sequence[Cell], header: Header) -> None:
        self._cells = cells
        self._places = header.places
        self._row = ReadRow(row_no)

    def read(self) -> ReadRow:
        row = self._row
        row.ack_no = self._ack_no()
        row.complaint_ref = self._text(Column.COMPLAINT_REF)
        row.ack_no = row.ack_no or self._number_in_reference()
        row.channel = self._choice(Column.CHANNEL, _CHANNELS, Channel.IMPORT)
        row.category = self._category()
        # A person may be called Nil or Na, so in this column those texts are a name.
        row.victim_name = self._value(Column.VICTIM_NAME, text_of) or None
        row.victim_mobile = self._mobile()
        row.victim_district = self._text(Column.VICTIM_DISTRICT)
        row.victim_language = self._choice(Column.VICTIM_LANGUAGE, _LANGUAGES, Language.HI)
        row.victim_email = self._email()
        row.woman = self._value(Column.WOMAN, yes_or_no) or False
        row.child = self._value(Column.CHILD, yes_or_no) or False
        row.senior = self._value(Column.SENIOR, yes_or_no) or False
        row.transfer = self._transfer()
        return row

    # -- cells -------------------------------------------------------------------------------------------------

    def _cell(self, column: Column) -> Cell:
        """Return the cell under `column`, with its text corrected if it was read in a wrong encoding."""
        place = self._places.get(column)
        cell = self._cells[place] if place is not None and place < len(self._cells) else None
        corrected = repaired(cell)
        if corrected is not None:
            self._note(column, "text in a wrong encoding was corrected")
            return corrected
        return cell

    def _value(self, column: Column, read: Callable[[Cell], T]) -> T | None:
        """Return the cell as `read` gives it; None with a fault if `read` fails."""
        try:
            return read(self._cell(column))
        except CellFault as fault:
            self._fault(column, fault.code, str(fault))
            return None

    def _filled(self, column: Column, read: Callable[[Cell], T]) -> T | None:
        """Return the cell like `_value`, but None for a blank one."""
        return None if is_blank(self._cell(column)) else self._value(column, read)

    def _text(self, column: Column) -> str | None:
        return self._filled(column, text_of) or None

    def _choice(self, column: Column, known: dict[str, T], otherwise: T) -> T | None:
        text = self._text(column)
        if text is None:
            return None
        choice = known.get(" ".join(text.lower().replace("_", " ").replace("-", " ").split()))
        if choice is None:
            self._note(column, f'"{text[:40]}" is not known: "{otherwise}" is used')
        return otherwise if choice is None else choice

    def _fault(self, column: Column, code: str, reason: str) -> None:
        self._row.faults.append(Fault(column.value, code, reason))

    def _note(self, column: Column, message: str) -> None:
        note = Note(self._row.row_no, column.value, message)
        if note not in self._row.notes:
            self._row.notes.append(note)

    # -- their meaning ------------------------------------------------------------------------------------------

    def _ack_no(self) -> str | None:
        text = self._filled(Column.ACK_NO, identifier_of)
        if text is None:
            return None
        digits = reference_key(text)
        if ACK_NO_PATTERN.fullmatch(digits):
            return digits
        self._fault(Column.ACK_NO, "not_an_ack_no", "an acknowledgement number has 14 digits")
        return None

    def _category(self) -> str | None:
        text = self._text(Column.CATEGORY)
        if text and len(text) > MAX_CATEGORY_CHARS:
            self._note(Column.CATEGORY, f"cut to {MAX_CATEGORY_CHARS} characters")
        return text[:MAX_CATEGORY_CHARS].strip() if text else None

    def _mobile(self) -> str | None:
        text = self._filled(Column.VICTIM_MOBILE, identifier_of)
        if text is None:
            return None
        digits = reference_key(text).removeprefix("+")
        if digits.startswith(COUNTRY_CODE) and len(digits) == len(COUNTRY_CODE) + MOBILE_DIGITS:
            return digits[len(COUNTRY_CODE) :]
        if digits.startswith("0") and len(digits) == 1 + MOBILE_DIGITS:
            return digits[1:]
        return digits

    def _email(self) -> str | None:
        text = self._text(Column.VICTIM_EMAIL)
        if text and not is_email(text):
            self._note(Column.VICTIM_EMAIL, "is not a plain e-mail address: ignored")
            return None
        return text

    def _transfer(self) -> Transfer | None:
        payer, payee = self._party("payer"), self._party("payee")
        amount_paise = self._amount_paise()
        rrn, utr = self._references()
        moment = self._moment()
        mode = self._choice(Column.MODE, _MODES, Mode.OTHER) or Mode.OTHER
        if self._row.faults or payer is None or payee is None or moment is None:
            return None
        try:
            return Transfer.model_validate(
                {
                    "payer": payer,
                    "payee": payee,
                    "amount_paise": amount_paise,
                    "rrn": rrn,
                    "utr": utr,
                    "mode": mode,
                    "transferred_at": moment.at,
                    "time_missing": moment.time_missing,
                }
            )
        except ValidationError as error:
            self._explain("", error)
            return None

    def _party(self, side: str) -> Party | None:
        institution = self._text(Column(f"{side}_institution"))
        holder = self._holder(side)
        ifsc = self._text(Column(f"{side}_ifsc"))
        if holder is None:
            return None
        if institution is None:
            institution = self._inferred_institution(side, ifsc, next(iter(holder.values())))
        if institution is None:
            return None
        try:
            return Party.model_validate({"institution": institution, "ifsc": ifsc.upper() if ifsc else None} | holder)
        except ValidationError as error:
            self._explain(f"{side}_", error)
            return None

    def _holder(self, side: str) -> dict[str, str] | None:
        """Return the account, VPA or wallet of one side; the account first, because a bank holds accounts.

        The VPA beside an account is second. Its handle may be of another bank than the account.
        """
        columns = {kind: Column(f"{side}_{kind}") for kind in ("account", "vpa", "wallet")}
        faults_before = len(self._row.faults)
        values = {kind: self._filled(column, identifier_of) for kind, column in columns.items()}
        given = {kind: value for kind, value in values.items() if value}
        if len(self._row.faults) > faults_before:
            return None
        if not given:
            self._fault(columns["account"], "missing", f"the {side}'s account, VPA or wallet is missing")
            return None
        first, value = next(iter(given.items()))
        kept = {"vpa" if first == "account" and "@" in value else first: value}
        if "account" in kept and "vpa" in given:
            kept["vpa"] = given["vpa"]
        for other in list(given)[1:]:
            if kept.get(other) != given[other]:
                self._note(columns[other], f"not stored: the {side}'s {first} is used")
        return kept

    def _inferred_institution(self, side: str, ifsc: str | None, holder: str) -> str | None:
        column = Column(f"{side}_institution")
        if ifsc:
            self._note(column, "not given: taken from the IFSC")
            return ifsc[:4].upper()
        if "@" in holder:
            self._note(column, "not given: taken from the VPA")
            return holder.rpartition("@")[2]
        self._fault(column, "missing", f"the {side}'s institution is missing")
        return None

    def _amount_paise(self) -> int | None:
        for column, read in ((Column.AMOUNT_PAISE, whole_paise_of), (Column.AMOUNT, amount_paise_of)):
            if not is_blank(self._cell(column)):
                return self._value(column, read)
        self._fault(Column.AMOUNT, "missing", "the amount is missing")
        return None

    def _references(self) -> tuple[str | None, str | None]:
        """Return the RRN and the UTR. The form of a single reference decides which it is, under any heading."""
        rrn, utr = self._filled(Column.RRN, identifier_of), self._filled(Column.UTR, identifier_of)
        if not (rrn and utr):
            only = rrn or utr or self._filled(Column.REFERENCE, identifier_of)
            rrn, utr = _by_form(only, heading_says_rrn=bool(rrn)) if only else (None, None)
        given = any(not is_blank(self._cell(c)) for c in (Column.RRN, Column.UTR, Column.REFERENCE))
        if not (rrn or utr or given):
            self._fault(Column.REFERENCE, "missing", "the RRN or UTR is missing")
        return rrn, utr

    def _moment(self) -> Moment | None:
        whole, day = Column.TRANSFERRED_AT, Column.TRANSFER_DATE
        column = day if is_blank(self._cell(whole)) else whole
        if is_blank(self._cell(column)):
            self._fault(whole if whole in self._places else day, "missing", "the date of the transfer is missing")
            return None
        clock = self._cell(Column.TRANSFER_TIME)
        moment = self._value(column, lambda cell: moment_of(cell, clock))
        if moment is None:
            return None
        if moment.note:
            self._note(column, moment.note)
        return moment

    def _number_in_reference(self) -> str | None:
        """Return the acknowledgement number that stands under the heading of another reference, or None."""
        if not is_ack_no(self._row.complaint_ref or ""):
            return None
        self._note(Column.COMPLAINT_REF, "has the form of an acknowledgement number, and is used as one")
        return self._row.complaint_ref

    def _explain(self, prefix: str, error: ValidationError) -> None:
        for mistake in error.errors(include_input=False, include_url=False):
            name = f"{prefix}{'_'.join(str(part) for part in mistake['loc'])}"
            column = name if name in set(Column) else f"{prefix}account" if prefix else "row"
            self._row.faults.append(Fault(column, "not_valid", mistake["msg"].removeprefix("Value error, ")))


def _by_form(reference: str, *, heading_says_rrn: bool) -> tuple[str | None, str | None]:
    """Return a reference as RRN or as UTR. The heading decides about one that has the form of neither."""
    key = reference_key(reference)
    is_rrn = bool(RRN_PATTERN.fullmatch(key)) or (heading_says_rrn and not UTR_PATTERN.fullmatch(key))
    return (reference, None) if is_rrn else (None, reference)
