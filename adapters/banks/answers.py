"""What a bank says of the hops it was asked about, in one noun for every wire.

A line is a claim, not yet a fact: whether it fits the case is for the domain. Nothing is dropped: an odd value
is taken and flagged, an unknown kind is an `UnknownLine`, one that cannot be read is an `UnreadableLine`, and
`raw` holds what came.
Accounts, contacts and `raw` are personal data: they stay out of every repr here, so that no log shows them.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue

JsonObject = dict[str, JsonValue]


class LineFlag(StrEnum):
    """What was odd in a line that was taken all the same."""

    ACCOUNT_MISSING = "account_missing"
    """no root account: the hop must be found by its RRN alone"""
    AMOUNT_FROM_DISPUTED = "amount_from_disputed"
    """no amount: the disputed amount stands for it"""
    BALANCE_UNREADABLE = "balance_unreadable"
    """the effective balance is no sum of rupees; it is left out"""
    DISPUTED_ABOVE_AMOUNT = "disputed_above_amount"
    """more is called tainted than the transaction moved"""
    DISPUTED_FROM_AMOUNT = "disputed_from_amount"
    """no disputed amount: the amount stands for it"""
    IFSC_ODD = "ifsc_odd"
    """an IFSC that is not shaped like one"""
    NUMERIC_ID = "numeric_id"
    """an identifier came as a number: leading zeros, if it had any, are lost"""
    ROOT_RRN_MISSING = "root_rrn_missing"
    """the line does not say which transfer it answers"""
    RRN_MISSING = "rrn_missing"
    """a transfer or withdrawal without a reference of its own"""
    STATUS_MISSING = "status_missing"
    """no status code; `status_code` is empty"""
    TEXT_CUT = "text_cut"
    """a free text was longer than the limit; `raw` has all of it"""
    TEXT_REPAIRED = "text_repaired"
    """characters no database can store were replaced by U+FFFD"""
    TIME_MISSING = "time_missing"
    """no transaction time at all"""
    TIME_ODD = "time_odd"
    """the time was read in spite of an odd notation"""
    TIME_UNREADABLE = "time_unreadable"
    """the time could not be read; see `transaction_datetime_raw`"""
    TYPE_BY_NAME = "type_by_name"
    """no type number; the type was taken from its name"""
    TYPE_CONTRADICTS = "type_contradicts"
    """type number and type name disagree; the number was taken"""
    ZERO_AMOUNT = "zero_amount"
    """the claim is about no money"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How the account's holder can be found, as the bank wrote it. `pan` may be the word FORM60."""

    phone: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    pan: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLine:
    """What every line tells. A text the bank left out is empty; an amount or time it left out is None.

    `amount_paise` and `disputed_paise` are both None or both set; None only where `status_code` is not "00" or
    the kind of line is unknown. `root_*` names the transfer we asked about, `rrn` the line's own transaction.
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
    """may be below zero"""
    status_code: str
    remarks: str = field(repr=False)
    contact: Contact
    ifsc: str
    """of the account the line is about; in a transfer the payee's"""
    flags: tuple[LineFlag, ...]
    raw: JsonObject = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldLine(AnswerLine):
    """Type 1, Transaction Put on Hold: `amount_paise` is on hold in the root account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferLine(AnswerLine):
    """Type 3, Money Transfer To: `rrn` moved `amount_paise` on, `disputed_paise` of it tainted, to the payee."""

    payee_bank: str
    payee_bank_code: str
    payee_account: str = field(repr=False)


class WithdrawalChannel(StrEnum):
    """By what way money left the banks."""

    ATM = "atm"
    AEPS = "aeps"
    POS = "pos"
    CHEQUE = "cheque"


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalLine(AnswerLine):
    """Types 5, 6, 11, 14: money left through `channel`. `details` holds that channel's own fields, as written."""

    channel: WithdrawalChannel
    details: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownLine(AnswerLine):
    """A kind of line we do not know: kept whole for a person. Amounts are set where they could be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableLine:
    """A line that could not be read: `field_name` and `reason` say why, free of personal data; `raw` came so."""

    line_no: int
    field_name: str
    reason: str
    raw: JsonObject = field(repr=False)


StatusLine = HoldLine | TransferLine | WithdrawalLine | UnknownLine | UnreadableLine


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusUpdate:
    """One answer of one bank. `ack_no` and `job_id` are as the bank wrote them; `job_id` None if it left it out."""

    ack_no: str
    job_id: str | None
    lines: tuple[StatusLine, ...]
