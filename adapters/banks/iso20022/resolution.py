"""camt.029: a bank's answer to a hold request, as lines of every wire.

A cancellation that the bank accepts is money on hold for us. A rejection is a refusal if its reason is known, else an
officer reads it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from adapters.banks.answers import (
    AnswerLine,
    JsonObject,
    LineFlag,
    LineType,
    StatusLine,
    StatusUpdate,
    UnreadableLine,
    flagged,
)
from adapters.banks.iso20022.document import Element, IncompleteMessage
from adapters.banks.iso20022.values import (
    ACCEPTED,
    CONFIRMED,
    HELD,
    NOT_PROVIDED,
    PARTIAL,
    REASONS,
    REJECTED,
    paise_of,
    parse_day,
    read_tagged,
    reference_of,
    split_case_id,
    start_of,
    status_code,
)
from schemas.base import Flag
from schemas.enums import ClaimKind

LINES_MAX: Final = 500
"""Most transactions in one message."""
TEXT_MAX_CHARS: Final = 500
IDENTIFIER_MAX_CHARS: Final = 64

_TRANSACTIONS: Final = ("CxlDtls/TxInfAndSts", "CxlDtls/OrgnlPmtInfAndSts/TxInfAndSts")
_ACCOUNTS: Final = ("OrgnlTxRef/CdtrAcct/Id/Othr/Id", "OrgnlTxRef/CdtrAcct/Id/IBAN")
_BANKS: Final = tuple(f"OrgnlTxRef/CdtrAgt/FinInstnId/{path}" for path in ("Othr/Id", "ClrSysMmbId/MmbId", "BICFI"))
_CASES: Final = (
    "RslvdCase/Id",
    "CxlDtls/OrgnlGrpInfAndSts/RslvdCase/Id",
    "CxlDtls/OrgnlPmtInfAndSts/RslvdCase/Id",
    *(f"{path}/RslvdCase/Id" for path in _TRANSACTIONS),
)


def read_resolution(inside: Element) -> StatusUpdate:
    """Read a camt.029. Raises IncompleteMessage if it names no case or several, or has too many transactions."""
    case = _case(inside)
    transactions = [transaction for path in _TRANSACTIONS for transaction in inside.every(path)]
    if len(transactions) > LINES_MAX:
        raise IncompleteMessage("CxlDtls/TxInfAndSts", f"stands more than {LINES_MAX} times")
    confirmation = inside.value("Sts/Conf")
    lines: list[StatusLine] = [
        _line(_Transaction(number, transaction, case, confirmation))
        for number, transaction in enumerate(transactions, 1)
    ]
    ack_no, job_id = split_case_id(case)
    return StatusUpdate(ack_no=ack_no, job_id=job_id, lines=tuple(lines or [_about_no_transfer(inside, case)]))


def _case(inside: Element) -> str:
    """Return the one case that the message answers, from any place where a bank may put it."""
    case_ids = {text for path in _CASES for element in inside.every(path) if (text := element.text.strip())}
    if not case_ids:
        raise IncompleteMessage("RslvdCase/Id", "is missing")
    if len(case_ids) > 1:
        raise IncompleteMessage("RslvdCase/Id", "names several cases")
    case = case_ids.pop()
    if len(case) > IDENTIFIER_MAX_CHARS:
        raise IncompleteMessage("RslvdCase/Id", f"is longer than {IDENTIFIER_MAX_CHARS} characters")
    return case


def _about_no_transfer(inside: Element, case: str) -> UnreadableLine:
    """Return a line for a status of the whole request.

    The status moves no money, because it names no transfer. An officer reads it.
    """
    raw: JsonObject = {"RslvdCase": case}
    for path in ("Sts", "CxlDtls"):
        parts = [element.as_json() for element in inside.every(path)]
        if parts:
            raw[path] = parts
    return UnreadableLine(line_no=1, field_name="CxlDtls/TxInfAndSts", reason="no transfer is named", raw=raw)


@dataclass(frozen=True, slots=True)
class _Transaction:
    """One transaction of the message while it is read."""

    line_no: int
    element: Element
    case: str
    confirmation: str
    flags: list[Flag] = field(default_factory=list)

    def flag(self, name: str, code: LineFlag) -> None:
        """Note an odd value."""
        self.flags.append(flagged(name, code))

    @property
    def raw(self) -> JsonObject:
        """Return the transaction as received, with its case, so that unreadable ones can be told apart."""
        return {"RslvdCase": self.case, "TxInfAndSts": self.element.as_json()}

    @property
    def status(self) -> str:
        """Return ACCR, RJCR, PDCR or what the bank wrote; without a status, the message's confirmation."""
        own = self.element.value("TxCxlSts")
        return own or CONFIRMED.get(self.confirmation, self.confirmation)

    @property
    def reason_codes(self) -> list[str]:
        """Return every reason, coded or proprietary, in order."""
        return [
            text
            for kind in ("Cd", "Prtry")
            for element in self.element.every(f"CxlStsRsnInf/Rsn/{kind}")
            if (text := element.text.strip())
        ]

    def identifier(self, text: str, name: str) -> str:
        """Return `text`. Raises IncompleteMessage if it is too long, because half an identifier is a different one."""
        if len(text) > IDENTIFIER_MAX_CHARS:
            raise IncompleteMessage(name, f"is longer than {IDENTIFIER_MAX_CHARS} characters")
        return text


def _line(transaction: _Transaction) -> StatusLine:
    """Return one line of any kind. Never raises."""
    try:
        return _by_status(transaction)
    except IncompleteMessage as error:
        return UnreadableLine(
            line_no=transaction.line_no, field_name=error.where, reason=error.reason, raw=transaction.raw
        )


def _by_status(transaction: _Transaction) -> AnswerLine:
    status = transaction.identifier(transaction.status, "TxCxlSts")
    if status == ACCEPTED:
        return _answer_line(transaction, HELD, _held_paise(transaction))
    if status != REJECTED:
        if not status:
            transaction.flag("TxCxlSts", LineFlag.STATUS_MISSING)
        return _answer_line(transaction, status, None)
    code = status_code(transaction.reason_codes)
    if not code:
        transaction.flag("CxlStsRsnInf/Rsn", LineFlag.STATUS_MISSING)
    transaction.identifier(code, "CxlStsRsnInf/Rsn")
    return _answer_line(transaction, code or REJECTED, None)


def _held_paise(transaction: _Transaction) -> int:
    """Return the amount on hold: that of the resolution, or of the transfer if the whole of it was accepted."""
    held = transaction.element.first("RsltnRltdInf/IntrBkSttlmAmt")
    if held is None:
        held = transaction.element.first("OrgnlIntrBkSttlmAmt")
        if held is None or transaction.confirmation == PARTIAL:
            raise IncompleteMessage("RsltnRltdInf/IntrBkSttlmAmt", "is missing: the amount on hold is not given")
        transaction.flag("RsltnRltdInf/IntrBkSttlmAmt", LineFlag.AMOUNT_FROM_TRANSFER)
        return paise_of(held, "OrgnlIntrBkSttlmAmt")
    held_paise = paise_of(held, "RsltnRltdInf/IntrBkSttlmAmt")
    if not held_paise:
        transaction.flag("RsltnRltdInf/IntrBkSttlmAmt", LineFlag.ZERO_AMOUNT)
    return held_paise


def _answer_line(transaction: _Transaction, code: str, held_paise: int | None) -> AnswerLine:
    """Return the line. Call it last, so that `flags` holds every flag of the line.

    Only a line with an amount on hold is of a known kind. A proprietary reason, even "00", never makes a hold of a
    rejection.
    """
    element, is_hold = transaction.element, held_paise is not None
    root_reference = transaction.identifier(reference_of(element), "OrgnlTxId")
    if not root_reference:
        transaction.flag("OrgnlTxId", LineFlag.REFERENCE_MISSING)
    time_text = element.value("RsltnRltdInf/IntrBkSttlmDt")
    day = parse_day(time_text)
    if time_text:
        transaction.flag("RsltnRltdInf/IntrBkSttlmDt", LineFlag.TIME_ODD if day else LineFlag.TIME_UNREADABLE)
    reference = transaction.identifier(_own_reference(element), "RsltnRltdInf/TxId")
    root_account = transaction.identifier(_first(element, *_ACCOUNTS), "OrgnlTxRef/CdtrAcct")
    transaction.identifier(_first(element, *_BANKS), "OrgnlTxRef/CdtrAgt")
    return AnswerLine(
        line_no=transaction.line_no,
        kind=ClaimKind.HELD if is_hold else ClaimKind.UNKNOWN,
        type_code=LineType.HELD if is_hold else f"Cancellation {transaction.status}",
        root_reference=root_reference,
        root_account=root_account,
        reference=reference,
        amount_paise=held_paise,
        disputed_paise=held_paise,
        occurred_at=start_of(day) if day else None,
        time_text=time_text,
        status_code=code,
        remarks=_remarks(transaction),
        flags=tuple(transaction.flags),
        raw=transaction.raw,
    )


def _own_reference(element: Element) -> str:
    text = _first(element, "RsltnRltdInf/TxId", "RsltnRltdInf/EndToEndId")
    return "" if text.upper() == NOT_PROVIDED else text


def _first(element: Element, *paths: str) -> str:
    return next((text for path in paths if (text := element.value(path))), "")


def _remarks(transaction: _Transaction) -> str:
    text = "; ".join(_texts(transaction))
    if len(text) > TEXT_MAX_CHARS:
        transaction.flag("CxlStsRsnInf/AddtlInf", LineFlag.TEXT_CUT)
    return text[:TEXT_MAX_CHARS]


def _texts(transaction: _Transaction) -> Iterator[str]:
    """Yield the bank's reasons by code, then its own text."""
    for code in transaction.reason_codes:
        known = REASONS.get(code)
        yield f"{code} ({known.meaning})" if known else code
    for text in read_tagged(transaction.element.every("CxlStsRsnInf/AddtlInf")).values():
        if text:
            yield text
