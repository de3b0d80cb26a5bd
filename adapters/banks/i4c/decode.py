"""Bank → police: decoder of the status update, line by line.

The wire is as I4C published it and as bank code uses it (docs/banks/bank-wire.md). A bad line becomes an
`UnreadableLine` and does not affect the others. Only an error that makes the whole update meaningless is refused,
with the name of the field.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from adapters.banks.answers import (
    KINDS,
    STATUS_OK,
    AnswerLine,
    JsonObject,
    LineFlag,
    LineType,
    StatusLine,
    StatusUpdate,
    UnreadableLine,
)
from adapters.banks.envelope import open_envelope
from adapters.banks.i4c.document import TEXT_MAX_CHARS, Fields, ShapeError, read_object, tidy
from adapters.banks.i4c.values import AmountError, parse_moment
from adapters.banks.protocol import BankWire
from schemas.enums import ClaimKind
from schemas.identifiers import IFSC_PATTERN

LINES_MAX: Final = 500
"""Most lines in one update."""

DETAILS: Final[Mapping[str, tuple[str, ...]]] = {
    LineType.ATM: ("atm_id", "place_of_atm", "atm_of_bank"),
    LineType.AEPS: ("rrn",),
    LineType.POS: ("mid", "tid", "approval_code", "merchant_name", "pos_transaction_id"),
    LineType.CHEQUE: ("cheque_no", "withdrawal_date", "location", "managername", "managernumber"),
}
"""fields of each way in which money leaves the banks"""
_CONTACT: Final = ("phone_number", "email", "pan_number")
# Names as the wire and the money-trail workbook spell them, letters only.
_TYPE_NAMES: Final = {
    "transactionputonhold": "1",
    "moneytransferto": "3",
    "withdrawalthroughatm": "5",
    "withdrawalthroughaeps": "6",
    "aeps": "6",
    "withdrawalthroughpos": "11",
    "withdrawalthroughcheque": "14",
    "cashwithdrawalthroughcheque": "14",
}
_NOT_A_LETTER: Final = re.compile(r"[^a-z]+")


def decode_status_update(body: bytes, headers: Mapping[str, str], bank: BankWire) -> StatusUpdate:
    """Open and read the update that `bank` posted; header names match in any case.

    `bank` gives the envelope and the keys. Raises EnvelopeError if the body cannot be opened or is not JSON. Raises
    ShapeError (field and reason) for no acknowledgement number, no transaction, or more than LINES_MAX.
    """
    document = read_object(open_envelope(body, headers, bank))
    lines = _transactions(document.pop("transactions", None))
    fields = Fields(tidy({name: document.get(name) for name in ("acknowledgement_no", "job_id")})[0])
    ack_no = fields.code("acknowledgement_no")
    if not ack_no:
        raise ShapeError("acknowledgement_no", "is missing")
    return StatusUpdate(
        ack_no=ack_no,
        job_id=fields.code("job_id") or None,
        lines=tuple(_line(number, line, free=not bank.balance_includes_liens) for number, line in enumerate(lines, 1)),
    )


def _transactions(value: JsonValue) -> list[JsonValue]:
    """Return the lines. A single object counts as a list of one, because some banks post that."""
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list) or not value:
        raise ShapeError("transactions", "must be a list with at least one transaction")
    if len(value) > LINES_MAX:
        raise ShapeError("transactions", f"holds more than {LINES_MAX} transactions")
    return value


def _line(line_no: int, value: JsonValue, *, free: bool) -> StatusLine:
    """Return one line of any kind. `free`: its balance excludes money on hold. Never raises."""
    try:
        raw, repaired = tidy(value)
    except ShapeError as error:
        return UnreadableLine(
            line_no=line_no,
            field_name=error.field_name,
            reason=error.reason,
            raw={"beginning": _beginning(value)},
        )
    if not isinstance(value, dict):
        return UnreadableLine(line_no=line_no, field_name="line", reason="must be a JSON object", raw=raw)
    fields = Fields(raw)
    if repaired:
        fields.flag("line", LineFlag.TEXT_REPAIRED)
    try:
        return _typed(line_no, fields, raw, free=free)
    except ShapeError as error:
        return UnreadableLine(line_no=line_no, field_name=error.field_name, reason=error.reason, raw=raw)


def _typed(line_no: int, fields: Fields, raw: JsonObject, *, free: bool) -> AnswerLine:
    """Return a line that can be read. Raises ShapeError.

    The flags of a line have the order in which its fields are read.
    """
    type_id = _type_id(fields)
    kind = KINDS.get(type_id, ClaimKind.UNKNOWN)
    payee = _payee(fields) if kind is ClaimKind.MOVED else ("", "", "")
    details = {name: fields.text(name) for name in DETAILS.get(type_id, ())}
    status_code = _status_code(fields)
    positive = kind is not ClaimKind.UNKNOWN and status_code in {STATUS_OK, ""}
    amount_paise, disputed_paise = _amounts(fields, needed=positive, is_hold=positive and kind is ClaimKind.HELD)
    occurred_at, time_text = _moment(fields)
    root_reference = _reference(fields, "root_rrn_transaction_id", needed=True)
    reference = _reference(fields, "rrn_transaction_id", needed=kind is ClaimKind.MOVED)
    name, root_account = fields.text("txn_type"), fields.identifier("root_account_number")
    # Only `raw` keeps the bank, the IFSC and the contact. An odd one is flagged all the same.
    fields.text("root_bankid")
    _ifsc(fields, "root_ifsc_code")
    balance_paise, remarks = fields.balance("root_effective_balance"), fields.text("remarks")
    for contact in _CONTACT:
        fields.text(contact)
    ifsc = _ifsc(fields, "ifsc_code")
    return AnswerLine(
        line_no=line_no,
        kind=kind,
        type_code=type_id or name,
        root_reference=root_reference,
        root_account=root_account,
        reference=reference,
        amount_paise=amount_paise,
        disputed_paise=disputed_paise,
        occurred_at=occurred_at,
        time_text=time_text,
        status_code=status_code,
        remarks=remarks,
        balance_paise=balance_paise,
        balance_is_free=free,
        payee_bank=payee[0],
        payee_bank_code=payee[1],
        payee_account=payee[2],
        payee_ifsc=ifsc,
        details=details,
        flags=tuple(fields.flags),
        raw=raw,
    )


def _payee(fields: Fields) -> tuple[str, str, str]:
    """Return bank, code of the bank, and account of the payee."""
    bank, code = fields.text("payee_bank"), fields.text("payee_bank_code")
    account = fields.identifier("payee_account_number")
    if not account:
        fields.flag("payee_account_number", LineFlag.PAYEE_MISSING)
    return bank, code, account


def _reference(fields: Fields, name: str, *, needed: bool) -> str:
    reference = fields.reference(name)
    if needed and not reference:
        fields.flag(name, LineFlag.REFERENCE_MISSING)
    return reference


def _type_id(fields: Fields) -> str:
    """Return the type number without leading zeros; without a number, take it from the name; "" if neither is known."""
    number = fields.code("txn_type_id").lstrip("0")
    by_name = _TYPE_NAMES.get(_NOT_A_LETTER.sub("", fields.text("txn_type").lower()), "")
    if not number and by_name:
        fields.flag("txn_type_id", LineFlag.TYPE_BY_NAME)
    if number and by_name and number != by_name:
        fields.flag("txn_type_id", LineFlag.TYPE_CONTRADICTS)
    return number or by_name


def _status_code(fields: Fields) -> str:
    """Return the status code as written; a number 2 becomes the code "02"."""
    code = fields.code("status_code")
    if not code:
        fields.flag("status_code", LineFlag.STATUS_MISSING)
        return ""
    return code.zfill(len(STATUS_OK)) if code.isdecimal() else code


def _amounts(fields: Fields, *, needed: bool, is_hold: bool) -> tuple[int | None, int | None]:
    """Return amount and disputed amount in paise: both or neither.

    If a bank gives only one, the other gets the same value. With `needed`, a missing or unreadable amount raises
    ShapeError. Without it (a refusal, an unknown kind) an unreadable amount is flagged and the line is kept.
    `is_hold`: the two amounts are one and the same, so a disputed amount of zero is one that is not stated.
    """
    read: dict[str, int | None] = {}
    for name in ("amount", "disputed_amount"):
        try:
            read[name] = fields.rupees(name)
        except AmountError as error:
            if needed:
                raise ShapeError(name, str(error)) from None
            fields.flag(name, LineFlag.AMOUNT_UNREADABLE)
            return None, None
    amount, disputed = read["amount"], read["disputed_amount"]
    if amount is None and disputed is None:
        if needed:
            raise ShapeError("amount", "is missing")
        return None, None
    if amount is None:
        fields.flag("amount", LineFlag.AMOUNT_FROM_DISPUTED)
        amount = disputed
    elif disputed is None or (is_hold and amount and not disputed):
        fields.flag("disputed_amount", LineFlag.DISPUTED_FROM_AMOUNT)
        disputed = amount
    elif needed:
        _compare(fields, amount, disputed, is_hold=is_hold)
    if amount == 0 and (needed or disputed):
        fields.flag("amount", LineFlag.ZERO_AMOUNT)
    return amount, disputed


def _compare(fields: Fields, amount_paise: int, disputed_paise: int, *, is_hold: bool) -> None:
    if 0 < amount_paise < disputed_paise:
        fields.flag("disputed_amount", LineFlag.DISPUTED_ABOVE_AMOUNT)
    elif is_hold and amount_paise > disputed_paise:
        fields.flag("amount", LineFlag.AMOUNT_ABOVE_DISPUTED)


def _moment(fields: Fields) -> tuple[datetime | None, str]:
    raw = fields.text("transaction_datetime")
    moment, odd = parse_moment(raw)
    if odd:
        fields.flag("transaction_datetime", odd)
    return moment, raw


def _ifsc(fields: Fields, name: str) -> str:
    text = fields.text(name).upper()
    if text and not IFSC_PATTERN.fullmatch(text):
        fields.flag(name, LineFlag.IFSC_ODD)
    return text


def _beginning(value: JsonValue) -> str:
    """Return the start of a line that exceeds the limits, so that an officer can see whose line it is."""
    try:
        return json.dumps(value)[:TEXT_MAX_CHARS]
    except RecursionError:
        return ""
