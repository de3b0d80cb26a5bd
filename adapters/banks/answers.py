"""Models of a bank answer, the same for every wire.

A line is a claim. The domain decides whether it fits the case. Nothing is dropped: an odd value is accepted and
flagged, an unknown kind of line is kept as such, and an unreadable line becomes an `UnreadableLine`. `raw` keeps what
was received. Accounts and `raw` are personal data. Every repr leaves them out, so that no log shows them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import JsonValue

from schemas.base import Flag
from schemas.enums import ClaimKind

JsonObject = dict[str, JsonValue]
STATUS_OK: Final = "00"


class LineFlag(StrEnum):
    """Codes for odd values in a line that was accepted."""

    AMOUNT_ABOVE_DISPUTED = "amount_above_disputed"
    AMOUNT_FROM_DISPUTED = "amount_from_disputed"
    AMOUNT_FROM_TRANSFER = "amount_from_transfer"
    AMOUNT_UNREADABLE = "amount_unreadable"
    BALANCE_UNREADABLE = "balance_unreadable"
    BEFORE_IT_CAME = "before_it_came"
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
    LineFlag.AMOUNT_ABOVE_DISPUTED: "the amount on hold is above the disputed amount of the line",
    LineFlag.AMOUNT_FROM_DISPUTED: "not given: the disputed amount is used",
    LineFlag.AMOUNT_FROM_TRANSFER: "not given: the whole transfer was accepted, its amount is used",
    LineFlag.AMOUNT_UNREADABLE: "not an amount in rupees: ignored, because the line does not need it",
    LineFlag.BALANCE_UNREADABLE: "not an amount in rupees: ignored",
    LineFlag.BEFORE_IT_CAME: "before the money came to the account",
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


class LineType(StrEnum):
    """Types of lines by their numbers on the I4C wire. The number identifies a line over every wire."""

    HELD = "1"
    MOVED = "3"
    ATM = "5"
    AEPS = "6"
    POS = "11"
    CHEQUE = "14"


KINDS: Final[Mapping[str, ClaimKind]] = {
    LineType.HELD: ClaimKind.HELD,
    LineType.MOVED: ClaimKind.MOVED,
    LineType.ATM: ClaimKind.WITHDRAWN,
    LineType.AEPS: ClaimKind.WITHDRAWN,
    LineType.POS: ClaimKind.SPENT,
    LineType.CHEQUE: ClaimKind.WITHDRAWN,
}
"""kind of line by number of its type; any other number is an unknown kind"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLine:
    """One line of an answer over any wire, as the bank wrote it.

    A text that the bank left out is empty; an amount or time that it left out is None. `amount_paise` and
    `disputed_paise` are both set or both None. They are None only if `status_code` is not "00", if the kind of line is
    unknown, or in a transfer line with `takes_rest`.
    """

    line_no: int
    """position in the update, from 1"""
    kind: ClaimKind
    """what the type of the line says, before its status code is judged"""
    type_code: str
    """number of the type (`LineType`), or the name of a type without a number"""
    root_reference: str
    """the transfer that we asked about"""
    root_account: str = field(default="", repr=False)
    reference: str = ""
    """of the line's own transaction"""
    amount_paise: int | None = None
    """of the whole transaction"""
    disputed_paise: int | None = None
    """the tainted part of it"""
    takes_rest: bool = False
    """whether what is left of the root transfer moved on, in amounts too small to trace and without a sum"""
    occurred_at: datetime | None = None
    """aware, in UTC"""
    time_text: str = ""
    """the time as written"""
    status_code: str = STATUS_OK
    remarks: str = field(default="", repr=False)
    balance_paise: int | None = None
    """balance of the root account; may be negative"""
    balance_is_free: bool = False
    """whether that balance excludes money on hold"""
    payee_bank: str = ""
    payee_bank_code: str = ""
    payee_account: str = field(default="", repr=False)
    payee_ifsc: str = ""
    details: Mapping[str, str] = field(default_factory=dict, repr=False)
    """details of how money left the banks, by the names of the I4C wire"""
    flags: tuple[Flag, ...] = ()
    raw: JsonObject = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableLine:
    """Line that could not be read. `field_name` and `reason` say why and hold no personal data."""

    line_no: int
    field_name: str
    reason: str
    raw: JsonObject = field(repr=False)


StatusLine = AnswerLine | UnreadableLine


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusUpdate:
    """One answer of one bank.

    `ack_no` and `job_id` are as the bank wrote them; `job_id` is None if the bank named no job.
    """

    ack_no: str
    job_id: str | None
    lines: tuple[StatusLine, ...]
