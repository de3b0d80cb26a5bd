"""Answer lines from what a bank states in our own forms.

These are the API, the call by telephone, and the answer page. A line's `raw` holds the statement, and on the answer
page its author. It is the evidence, like the received body on a wire.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from adapters.banks.answers import KINDS, STATUS_OK, AnswerLine, JsonObject, LineType
from adapters.banks.i4c.values import format_moment, format_rupees
from schemas.base import Flag
from schemas.case.answers import Line, SpentLine, WithdrawnLine
from schemas.case.payer_inquiries import DebitLine
from schemas.enums import ClaimKind

CARD: Final = "pos"
WAYS_OUT: Final = {"atm": LineType.ATM, "aeps": LineType.AEPS, CARD: LineType.POS, "cheque": LineType.CHEQUE}
"""types of lines by the ways in which money leaves the banks"""
NO_TYPE: Final = "0"
"""type of a line that places no money"""
_MARKS: Final[Mapping[str, str]] = {LineType.POS: "pos_transaction_id", LineType.CHEQUE: "cheque_no"}
_TYPE_NAMES: Final[Mapping[str, str]] = {
    LineType.HELD: "Transaction Put on Hold",
    LineType.MOVED: "Money Transfer To",
    LineType.ATM: "Withdrawal through ATM",
    LineType.AEPS: "AEPS",
    LineType.POS: "Withdrawal through POS",
    LineType.CHEQUE: "Cash Withdrawal through Cheque",
}
_PLACES: Final[Mapping[str, str]] = {
    LineType.ATM: "place_of_atm",
    LineType.AEPS: "place",
    LineType.POS: "merchant_name",
    LineType.CHEQUE: "location",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Transfer that a line names by its hop number."""

    reference: str
    account: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Told:
    """How lines came that are not the bank's own body: flags of each, and what its `raw` says of it."""

    flags: tuple[Flag, ...] = ()
    source: JsonObject = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True)
class Stated:
    """An officer's statement on the answer page about the transfer `rrn`."""

    rrn: str
    lines: Sequence[Line]

    @property
    def total_paise(self) -> int:
        """Return the amount for which the statement says where the money is."""
        return sum(line.amount_paise for line in self.lines if line.kind != "refused")

    @property
    def held_paise(self) -> int:
        """Return the amount on hold."""
        return sum(line.amount_paise for line in self.lines if line.kind == "held")

    @property
    def moved_paise(self) -> int:
        """Return the amount that moved to other accounts."""
        return sum(line.amount_paise for line in self.lines if line.kind == "moved")

    @property
    def is_refusal(self) -> bool:
        """Return whether the bank cannot find the transfer."""
        return any(line.kind == "refused" for line in self.lines)


def answer_lines(lines: Iterable[Line], asked: Mapping[int, Asked], origin: Told = Told()) -> tuple[AnswerLine, ...]:
    """Return the lines of an answer over the API or by telephone. `asked` has every hop that they name."""
    return tuple(
        _line(
            number, line, asked[line.hop], origin.source | line.model_dump(mode="json", exclude_none=True), origin.flags
        )
        for number, line in enumerate(lines, 1)
    )


def to_lines(stated: Iterable[Stated], answerer: Answerer, at: datetime) -> tuple[AnswerLine, ...]:
    """Return the lines of a form on the answer page, which was made `at` that time."""
    author: JsonObject = {"answered_by": answerer.as_json()}
    if answerer.checker:
        author["checked_by"] = answerer.checker.as_json()
    each = [(line, statement.rrn) for statement in stated for line in statement.lines]
    return tuple(_page_line(number, line, rrn, author, at) for number, (line, rrn) in enumerate(each, 1))


def debit_lines(lines: Iterable[DebitLine], reference: str) -> tuple[AnswerLine, ...]:
    """Return the lines of a victim's bank. `reference` names the told transfer."""
    return tuple(_debit_line(number, line, reference) for number, line in enumerate(lines, 1))


def _line(line_no: int, line: Line, asked: Asked, raw: JsonObject, flags: tuple[Flag, ...] = ()) -> AnswerLine:
    type_code = _type_of(line)
    money = None if line.kind == "refused" else line
    payee = line.payee if line.kind == "moved" else None
    tainted_paise = money.amount_paise if money else None
    reference = "" if money is None or money.kind == "held" else money.reference or ""
    return AnswerLine(
        line_no=line_no,
        kind=KINDS.get(type_code, ClaimKind.UNKNOWN),
        type_code=type_code,
        root_reference=asked.reference,
        root_account=asked.account,
        # The number of a cheque is not the reference of a transfer.
        reference="" if type_code is LineType.CHEQUE else reference,
        amount_paise=(line.transfer_paise if line.kind == "moved" else None) or tainted_paise,
        disputed_paise=tainted_paise,
        occurred_at=money.at if money else None,
        status_code=line.code if line.kind == "refused" else STATUS_OK,
        remarks=line.remarks,
        balance_paise=line.balance_paise if line.kind == "held" else None,
        payee_bank=payee.institution if payee else "",
        payee_account=payee.account if payee else "",
        payee_ifsc=(payee and payee.ifsc) or "",
        details={_MARKS.get(type_code, "rrn"): reference},
        flags=flags,
        raw=raw,
    )


def way_of(line: WithdrawnLine | SpentLine) -> str:
    """Return the way in which the money of a line left the banks, a key of `WAYS_OUT`."""
    return line.by if line.kind == "withdrawn" else CARD


def _type_of(line: Line) -> str:
    if line.kind == "held":
        return LineType.HELD
    if line.kind == "moved":
        return LineType.MOVED
    return NO_TYPE if line.kind == "refused" else WAYS_OUT[way_of(line)]


def _page_line(line_no: int, line: Line, rrn: str, author: JsonObject, at: datetime) -> AnswerLine:
    answer_line = _line(line_no, line, Asked(rrn), _evidence(line, rrn, author, at))
    # A line of the page that places no money has the identity of a hold of nothing.
    return replace(answer_line, type_code=LineType.HELD, occurred_at=at) if line.kind == "refused" else answer_line


def _evidence(line: Line, rrn: str, author: JsonObject, at: datetime) -> JsonObject:
    """Return a line of the answer page as the evidence has it, by the names of the I4C wire."""
    if line.kind == "refused":
        type_code, status_code, moment = LineType.HELD.value, line.code, at
    else:
        type_code, status_code, moment = _type_of(line), STATUS_OK, line.at or at
    raw: JsonObject = {
        "root_rrn_transaction_id": rrn,
        "txn_type_id": type_code,
        "txn_type": _TYPE_NAMES[type_code],
        "status_code": status_code,
        "remarks": line.remarks,
        "transaction_datetime": " ".join(format_moment(moment)),
        **author,
    }
    if line.kind == "refused":
        return raw
    whole_paise = line.amount_paise
    if line.kind == "held":
        contact = {"phone_number": line.holder_phone, "email": line.holder_email}
        raw |= {name: text for name, text in contact.items() if text}
    elif line.kind == "moved":
        whole_paise = line.transfer_paise or whole_paise
        payee = line.payee
        raw |= {"payee_bank": payee.institution, "payee_account_number": payee.account, "ifsc_code": payee.ifsc or ""}
        raw["rrn_transaction_id"] = line.reference
    else:
        raw[_PLACES[type_code]] = line.place
    raw |= {"amount": format_rupees(whole_paise), "disputed_amount": format_rupees(line.amount_paise)}
    return raw


def _debit_line(line_no: int, line: DebitLine, reference: str) -> AnswerLine:
    debit = line if line.kind == "debited" else None
    payee = debit.payee if debit else None
    amount_paise = debit.amount_paise if debit else None
    return AnswerLine(
        line_no=line_no,
        kind=ClaimKind.MOVED if debit else ClaimKind.UNKNOWN,
        type_code=LineType.MOVED if debit else NO_TYPE,
        root_reference=reference,
        root_account=(debit and debit.payer_account) or "",
        reference=debit.reference if debit else "",
        amount_paise=amount_paise,
        disputed_paise=amount_paise,
        occurred_at=debit.at if debit else None,
        status_code=STATUS_OK if line.kind == "debited" else line.code,
        remarks=line.remarks,
        payee_bank=payee.institution if payee else "",
        payee_account=payee.account if payee else "",
        payee_ifsc=(payee and payee.ifsc) or "",
        raw=line.model_dump(mode="json", exclude_none=True),
    )
