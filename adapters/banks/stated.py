"""Answer lines from what a bank's officer states on the answer page.

A line's `raw` holds the statement and its author. It is the evidence, like the received body on a wire.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypedDict

from adapters.banks.answers import (
    Contact,
    HoldLine,
    JsonObject,
    StatusLine,
    TransferLine,
    WithdrawalChannel,
    WithdrawalLine,
)
from adapters.banks.i4c.money import format_rupees
from adapters.banks.i4c.times import format_moment
from schemas.base import Flag

STATUS_OK: Final = "00"
# Types and names are those of the I4C wire, so that one answer is the same claim over every channel.
_HOLD: Final = ("1", "Transaction Put on Hold")
_TRANSFER: Final = ("3", "Money Transfer To")
_WITHDRAWALS: Final = {
    WithdrawalChannel.ATM: ("5", "Withdrawal through ATM"),
    WithdrawalChannel.AEPS: ("6", "AEPS"),
    WithdrawalChannel.POS: ("11", "Withdrawal through POS"),
    WithdrawalChannel.CHEQUE: ("14", "Cash Withdrawal through Cheque"),
}
_PLACE_OF: Final = {
    WithdrawalChannel.ATM: "place_of_atm",
    WithdrawalChannel.AEPS: "place",
    WithdrawalChannel.POS: "merchant_name",
    WithdrawalChannel.CHEQUE: "location",
}


@dataclass(frozen=True, slots=True)
class MovedOn:
    """Disputed money that moved to another account; `whole_paise` is the amount of the whole transfer."""

    disputed_paise: int
    whole_paise: int
    rrn: str
    at: datetime
    bank: str
    account: str = field(repr=False)
    ifsc: str = ""


@dataclass(frozen=True, slots=True)
class TakenOut:
    """Disputed money that was withdrawn from the banks."""

    channel: WithdrawalChannel
    amount_paise: int
    at: datetime
    place: str


@dataclass(frozen=True, slots=True)
class Stated:
    """An officer's statement about one transfer. `status_code` is not `STATUS_OK` if the bank cannot find it."""

    rrn: str
    held_paise: int = 0
    moved: tuple[MovedOn, ...] = ()
    taken_out: tuple[TakenOut, ...] = ()
    status_code: str = STATUS_OK
    status_text: str = ""
    holder_phone: str = field(default="", repr=False)
    holder_email: str = field(default="", repr=False)
    """contact of the holder of the account with the money on hold"""

    @property
    def total_paise(self) -> int:
        """Return the amount for which the statement says where the money is."""
        return (
            self.held_paise
            + sum(moved.disputed_paise for moved in self.moved)
            + sum(taken.amount_paise for taken in self.taken_out)
        )


@dataclass(frozen=True, slots=True)
class Answerer:
    """Bank officer who makes the statement."""

    name: str
    designation: str
    person_id: str = ""
    """of the login by which the officer signed in; empty for a name that was only typed"""
    checker: "Answerer | None" = None
    """the second officer of the bank, who has checked it and sent it"""

    def as_json(self) -> JsonObject:
        """Return the officer as the evidence names one."""
        who: JsonObject = {"name": self.name, "designation": self.designation}
        return who | ({"person_id": self.person_id} if self.person_id else {})


class _Common(TypedDict):
    line_no: int
    rrn: str
    root_rrn: str
    root_account: str
    root_bankid: str
    root_ifsc: str
    root_effective_balance_paise: None
    status_code: str
    remarks: str
    contact: Contact
    flags: tuple[Flag, ...]
    transaction_datetime: datetime
    transaction_datetime_raw: str
    txn_type_id: str
    txn_type: str
    amount_paise: int | None
    disputed_paise: int | None
    raw: JsonObject


def to_lines(stated: Iterable[Stated], bank: str, answerer: Answerer, at: datetime) -> tuple[StatusLine, ...]:
    """Return the answer lines for the statements. `at` is the time of the statement and of every hold in it."""
    lines: list[StatusLine] = []
    for one in stated:
        builder = _LineBuilder(one, bank, answerer, at)
        if one.status_code != STATUS_OK:
            lines.append(builder.not_found(len(lines) + 1))
        if one.held_paise:
            lines.append(builder.held(len(lines) + 1))
        for moved in one.moved:
            lines.append(builder.moved(len(lines) + 1, moved))
        for taken in one.taken_out:
            lines.append(builder.taken_out(len(lines) + 1, taken))
    return tuple(lines)


@dataclass(frozen=True, slots=True)
class _LineBuilder:
    """Builds the lines about one transfer."""

    stated: Stated
    bank: str
    answerer: Answerer
    at: datetime

    def not_found(self, line_no: int) -> HoldLine:
        common = self._common(line_no, _HOLD, None, None, self.at, {})
        return HoldLine(**common, ifsc="")

    def held(self, line_no: int) -> HoldLine:
        paise, phone, email = self.stated.held_paise, self.stated.holder_phone, self.stated.holder_email
        contact = {name: text for name, text in (("phone_number", phone), ("email", email)) if text}
        common = self._common(line_no, _HOLD, paise, paise, self.at, dict(contact))
        common["contact"] = Contact(phone=phone, email=email)
        return HoldLine(**common, ifsc="")

    def moved(self, line_no: int, moved: MovedOn) -> TransferLine:
        details: JsonObject = {"payee_bank": moved.bank, "payee_account_number": moved.account, "ifsc_code": moved.ifsc}
        common = self._common(line_no, _TRANSFER, moved.whole_paise, moved.disputed_paise, moved.at, details, moved.rrn)
        return TransferLine(
            **common, ifsc=moved.ifsc, payee_bank=moved.bank, payee_bank_code="", payee_account=moved.account
        )

    def taken_out(self, line_no: int, taken: TakenOut) -> WithdrawalLine:
        place = {_PLACE_OF[taken.channel]: taken.place}
        kind, paise = _WITHDRAWALS[taken.channel], taken.amount_paise
        common = self._common(line_no, kind, paise, paise, taken.at, dict(place))
        return WithdrawalLine(**common, ifsc="", channel=taken.channel, details=place)

    def _common(
        self,
        line_no: int,
        kind: tuple[str, str],
        amount_paise: int | None,
        disputed_paise: int | None,
        at: datetime,
        details: JsonObject,
        rrn: str = "",
    ) -> _Common:
        type_id, type_name = kind
        moment = " ".join(format_moment(at))
        raw: JsonObject = {
            "root_rrn_transaction_id": self.stated.rrn,
            "txn_type_id": type_id,
            "txn_type": type_name,
            "status_code": self.stated.status_code,
            "remarks": self.stated.status_text,
            "transaction_datetime": moment,
            "answered_by": self.answerer.as_json(),
            **({"checked_by": self.answerer.checker.as_json()} if self.answerer.checker else {}),
            **details,
        }
        if rrn:
            raw["rrn_transaction_id"] = rrn
        if amount_paise is not None and disputed_paise is not None:
            raw |= {"amount": format_rupees(amount_paise), "disputed_amount": format_rupees(disputed_paise)}
        return {
            "line_no": line_no,
            "rrn": rrn,
            "root_rrn": self.stated.rrn,
            "root_account": "",
            "root_bankid": self.bank,
            "root_ifsc": "",
            "root_effective_balance_paise": None,
            "status_code": self.stated.status_code,
            "remarks": self.stated.status_text,
            "contact": Contact(),
            "flags": (),
            "transaction_datetime": at,
            "transaction_datetime_raw": moment,
            "txn_type_id": type_id,
            "txn_type": type_name,
            "amount_paise": amount_paise,
            "disputed_paise": disputed_paise,
            "raw": raw,
        }
