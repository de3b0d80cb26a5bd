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
    Contact,
    HoldLine,
    JsonObject,
    LineFields,
    LineFlag,
    StatusLine,
    StatusUpdate,
    TransferLine,
    UnknownLine,
    UnreadableLine,
    WithdrawalChannel,
    WithdrawalLine,
)
from adapters.banks.envelope import open_envelope
from adapters.banks.i4c.document import TEXT_MAX_CHARS, Fields, ShapeError, read_object, tidy
from adapters.banks.i4c.money import AmountError
from adapters.banks.i4c.times import parse_moment
from adapters.banks.protocol import BankWire
from schemas.identifiers import IFSC_PATTERN

LINES_MAX: Final = 500
"""Most lines in one update."""
STATUS_OK: Final = "00"

HOLD_TYPE: Final = "1"
TRANSFER_TYPE: Final = "3"
CHANNELS: Final = {
    "5": WithdrawalChannel.ATM,
    "6": WithdrawalChannel.AEPS,
    "11": WithdrawalChannel.POS,
    "14": WithdrawalChannel.CHEQUE,
}
DETAILS: Final = {
    WithdrawalChannel.ATM: ("atm_id", "place_of_atm", "atm_of_bank"),
    WithdrawalChannel.AEPS: ("rrn",),
    WithdrawalChannel.POS: ("mid", "tid", "approval_code", "merchant_name", "pos_transaction_id"),
    WithdrawalChannel.CHEQUE: ("cheque_no", "withdrawal_date", "location", "managername", "managernumber"),
}
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


def _typed(line_no: int, fields: Fields, raw: JsonObject, *, free: bool) -> StatusLine:
    """Return the line in the class of its type. Raises ShapeError."""
    type_id = _type_id(fields)
    if type_id == HOLD_TYPE:
        return HoldLine(**_common(line_no, type_id, fields, raw, free=free))
    if type_id == TRANSFER_TYPE:
        bank, code = fields.text("payee_bank"), fields.text("payee_bank_code")
        account = fields.identifier("payee_account_number")
        if not account:
            fields.flag("payee_account_number", LineFlag.PAYEE_MISSING)
        common = _common(line_no, type_id, fields, raw, free=free)
        return TransferLine(**common, payee_bank=bank, payee_bank_code=code, payee_account=account)
    channel = CHANNELS.get(type_id)
    if channel is None:
        return UnknownLine(**_common(line_no, type_id, fields, raw, free=free))
    details = {name: fields.text(name) for name in DETAILS[channel]}
    return WithdrawalLine(**_common(line_no, type_id, fields, raw, free=free), channel=channel, details=details)


def _type_id(fields: Fields) -> str:
    """Return the type number without leading zeros; without a number, take it from the name; "" if neither is known."""
    number = fields.code("txn_type_id").lstrip("0")
    by_name = _TYPE_NAMES.get(_NOT_A_LETTER.sub("", fields.text("txn_type").lower()), "")
    if not number and by_name:
        fields.flag("txn_type_id", LineFlag.TYPE_BY_NAME)
    if number and by_name and number != by_name:
        fields.flag("txn_type_id", LineFlag.TYPE_CONTRADICTS)
    return number or by_name


def _common(line_no: int, type_id: str, fields: Fields, raw: JsonObject, *, free: bool) -> LineFields:
    """Read the fields of every kind of line. Call it last, so that `flags` holds every flag of the line."""
    status_code = _status_code(fields)
    known = type_id in {HOLD_TYPE, TRANSFER_TYPE, *CHANNELS}
    positive = known and status_code in {STATUS_OK, ""}
    amount_paise, disputed_paise = _amounts(fields, needed=positive, is_part=positive and type_id != HOLD_TYPE)
    moment, raw_moment = _moment(fields)
    root_rrn = fields.reference("root_rrn_transaction_id")
    if not root_rrn:
        fields.flag("root_rrn_transaction_id", LineFlag.REFERENCE_MISSING)
    rrn = fields.reference("rrn_transaction_id")
    if not rrn and type_id == TRANSFER_TYPE:
        fields.flag("rrn_transaction_id", LineFlag.REFERENCE_MISSING)
    return {
        "line_no": line_no,
        "txn_type_id": type_id,
        "txn_type": fields.text("txn_type"),
        "amount_paise": amount_paise,
        "disputed_paise": disputed_paise,
        "transaction_datetime": moment,
        "transaction_datetime_raw": raw_moment,
        "rrn": rrn,
        "root_rrn": root_rrn,
        "root_account": fields.identifier("root_account_number"),
        "root_bankid": fields.text("root_bankid"),
        "root_ifsc": _ifsc(fields, "root_ifsc_code"),
        "root_effective_balance_paise": fields.balance("root_effective_balance"),
        "balance_is_free": free,
        "status_code": status_code,
        "remarks": fields.text("remarks"),
        "contact": Contact(
            phone=fields.text("phone_number"), email=fields.text("email"), pan=fields.text("pan_number")
        ),
        "ifsc": _ifsc(fields, "ifsc_code"),
        "flags": tuple(fields.flags),
        "raw": raw,
    }


def _status_code(fields: Fields) -> str:
    """Return the status code as written; a number 2 becomes the code "02"."""
    code = fields.code("status_code")
    if not code:
        fields.flag("status_code", LineFlag.STATUS_MISSING)
        return ""
    return code.zfill(len(STATUS_OK)) if code.isdecimal() else code


def _amounts(fields: Fields, *, needed: bool, is_part: bool) -> tuple[int | None, int | None]:
    """Return amount and disputed amount in paise: both or neither.

    If a bank gives only one, the other gets the same value. With `needed`, a missing or unreadable amount raises
    ShapeError. Without it (a refusal, an unknown kind) an unreadable amount is flagged and the line is kept.
    `is_part`: the disputed amount is a part of the amount. Of a hold it is not: a bank may hold less than is disputed.
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
    elif disputed is None:
        fields.flag("disputed_amount", LineFlag.DISPUTED_FROM_AMOUNT)
        disputed = amount
    elif is_part and 0 < amount < disputed:
        fields.flag("disputed_amount", LineFlag.DISPUTED_ABOVE_AMOUNT)
    if amount == 0 and (needed or disputed):
        fields.flag("amount", LineFlag.ZERO_AMOUNT)
    return amount, disputed


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
