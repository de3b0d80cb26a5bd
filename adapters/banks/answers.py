"""Models of a bank answer, the same for every wire.

A line is a claim. The domain decides whether it fits the case. Nothing is dropped: an odd value is accepted and
flagged, an unknown kind becomes an `UnknownLine`, and an unreadable line becomes an `UnreadableLine`. `raw` keeps what
was received. Accounts, contacts and `raw` are personal data. Every repr leaves them out, so that no log shows them.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NotRequired, TypedDict

from pydantic import JsonValue

from schemas.base import Flag

JsonObject = dict[str, JsonValue]


class LineFlag(StrEnum):
    """Codes for odd values in a line that was accepted."""

    AMOUNT_FROM_DISPUTED = "amount_from_disputed"
    AMOUNT_FROM_TRANSFER = "amount_from_transfer"
    AMOUNT_UNREADABLE = "amount_unreadable"
    BALANCE_UNREADABLE = "balance_unreadable"
    DISPUTED_ABOVE_AMOUNT = "disputed_above_amount"
    DISPUTED_FROM_AMOUNT = "disputed_from_amount"
    IFSC_ODD = "ifsc_odd"
    IN_THE_FUTURE = "in_the_future"
    NUMERIC_ID = "numeric_id"
    PAYEE_MISSING = "payee_missing"
    REFERENCE_MISSING = "reference_missing"
    SELF_TRANSFER = "self_transfer"
    STATUS_MISSING = "status_missing"
    TEXT_CUT = "text_cut"
    TEXT_REPAIRED = "text_repaired"
    TIME_MISSING = "time_missing"
    TIME_ODD = "time_odd"
    TIME_UNREADABLE = "time_unreadable"
    TYPE_BY_NAME = "type_by_name"
    TYPE_CONTRADICTS = "type_contradicts"
    ZERO_AMOUNT = "zero_amount"


_FLAG_TEXTS = {
    LineFlag.AMOUNT_FROM_DISPUTED: "not given: the disputed amount is used",
    LineFlag.AMOUNT_FROM_TRANSFER: "not given: the whole transfer was accepted, its amount is used",
    LineFlag.AMOUNT_UNREADABLE: "not an amount in rupees: ignored, because the line does not need it",
    LineFlag.BALANCE_UNREADABLE: "not an amount in rupees: ignored",
    LineFlag.DISPUTED_ABOVE_AMOUNT: "the disputed amount is above the amount of the transaction",
    LineFlag.DISPUTED_FROM_AMOUNT: "not given: the amount is used",
    LineFlag.IFSC_ODD: "not shaped like an IFSC",
    LineFlag.IN_THE_FUTURE: "later than now",
    LineFlag.NUMERIC_ID: "received as a number: leading zeros, if any, are lost",
    LineFlag.PAYEE_MISSING: "the payee's account is not given",
    LineFlag.REFERENCE_MISSING: "not given",
    LineFlag.SELF_TRANSFER: "the account that sends the money receives it",
    LineFlag.STATUS_MISSING: "not given",
    LineFlag.TEXT_CUT: "longer than the limit: cut here, complete in the line as received",
    LineFlag.TEXT_REPAIRED: "characters that the database cannot store were replaced by U+FFFD",
    LineFlag.TIME_MISSING: "not given",
    LineFlag.TIME_ODD: "read although the notation is odd",
    LineFlag.TIME_UNREADABLE: "not a date and time",
    LineFlag.TYPE_BY_NAME: "no type number: the type is taken from its name",
    LineFlag.TYPE_CONTRADICTS: "type number and type name disagree: the number is used",
    LineFlag.ZERO_AMOUNT: "the claimed amount is zero",
}


def flagged(field_name: str, code: LineFlag) -> Flag:
    """Return the flag `code` for one field of a line, with its text."""
    return Flag(field=field_name, code=code, message=_FLAG_TEXTS[code])


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Contact data of the account holder, as the bank wrote it. `pan` may be the text FORM60."""

    phone: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    pan: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLine:
    """Fields of every line.

    A text that the bank left out is empty; an amount or time that it left out is None. `amount_paise` and
    `disputed_paise` are both set or both None. They are None only if `status_code` is not "00", if the kind of line is
    unknown, or in a transfer line with `takes_rest`. `root_*` names the transfer that we asked about. `rrn` names the
    line's own transaction.
    """

    line_no: int
    """position in the update, from 1"""
    txn_type_id: str
    txn_type: str
    amount_paise: int | None
    disputed_paise: int | None
    transaction_datetime: datetime | None
    """aware, in UTC"""
    transaction_datetime_raw: str
    rrn: str
    root_rrn: str
    root_account: str = field(repr=False)
    root_bankid: str
    root_ifsc: str
    root_effective_balance_paise: int | None
    """may be negative"""
    balance_is_free: bool = False
    """whether that balance excludes money on hold"""
    status_code: str
    remarks: str = field(repr=False)
    contact: Contact
    ifsc: str
    """IFSC of the account that the line is about; of the payee's account in a transfer"""
    flags: tuple[Flag, ...]
    raw: JsonObject = field(repr=False)


class LineFields(TypedDict):
    """Fields of `AnswerLine` as arguments for the class of any kind of line."""

    line_no: int
    txn_type_id: str
    txn_type: str
    amount_paise: int | None
    disputed_paise: int | None
    transaction_datetime: datetime | None
    transaction_datetime_raw: str
    rrn: str
    root_rrn: str
    root_account: str
    root_bankid: str
    root_ifsc: str
    root_effective_balance_paise: int | None
    balance_is_free: NotRequired[bool]
    status_code: str
    remarks: str
    contact: Contact
    ifsc: str
    flags: tuple[Flag, ...]
    raw: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldLine(AnswerLine):
    """Type 1, Transaction Put on Hold: `amount_paise` is on hold in the root account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferLine(AnswerLine):
    """Type 3, Money Transfer To: `rrn` moved `amount_paise` to the payee, `disputed_paise` of it tainted."""

    payee_bank: str
    payee_bank_code: str
    payee_account: str = field(repr=False)
    takes_rest: bool = False
    """whether what is left of the root transfer moved on, in amounts too small to trace and without a sum"""


class WithdrawalChannel(StrEnum):
    """Ways in which money leaves the banks."""

    ATM = "atm"
    AEPS = "aeps"
    POS = "pos"
    CHEQUE = "cheque"


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalLine(AnswerLine):
    """Types 5, 6, 11, 14: money left through `channel`; `details` holds the channel's own fields as written."""

    channel: WithdrawalChannel
    details: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownLine(AnswerLine):
    """Line of an unknown kind, kept complete for an officer. Amounts are set if they could be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableLine:
    """Line that could not be read. `field_name` and `reason` say why and hold no personal data."""

    line_no: int
    field_name: str
    reason: str
    raw: JsonObject = field(repr=False)


StatusLine = HoldLine | TransferLine | WithdrawalLine | UnknownLine | UnreadableLine


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusUpdate:
    """One answer of one bank.

    `ack_no` and `job_id` are as the bank wrote them; `job_id` is None if the bank named no job.
    """

    ack_no: str
    job_id: str | None
    lines: tuple[StatusLine, ...]
