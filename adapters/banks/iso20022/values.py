"""Values and reasons of ISO 20022.

Status codes of the policy (domain/policy/policy.toml) for a bank's reasons to refuse. The reasons are the published
external code set ExternalPaymentCancellationRejection1Code. Their meaning for a hold is our own reading. A code ends
the reminders only if the bank says that it has no such money; an officer reads every other answer. A reason that is not
listed here is kept as its own status code, which an officer reads as well.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from types import MappingProxyType
from typing import Final
from uuid import UUID

from adapters.banks.iso20022.document import Element, IncompleteMessage, InvalidMessage, node
from schemas.base import MAX_AMOUNT_PAISE, to_utc
from schemas.identifiers import ACK_NO_PATTERN
from schemas.text import IST

CURRENCY: Final = "INR"
PAISE_PER_RUPEE: Final = 100
NOT_PROVIDED: Final = "NOTPROVIDED"
"""Placeholder of banks for a required reference that they do not have."""
TAGGED_MAX_CHARS: Final = 105
"""Longest text of one AddtlInf."""

_AMOUNT: Final = re.compile(r"\+?([0-9]{1,18})(?:\.([0-9]{0,5}))?")
_DAY: Final = re.compile(r"(20[0-9]{2}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?")
_CASE_TAG_CHARS: Final = 20
_CASE_ID: Final = re.compile(rf"([0-9]{{14}})-[A-Z2-7]{{{_CASE_TAG_CHARS}}}")
_TAGGED: Final = re.compile(r"/([A-Z]{4,5})/(.*)", re.DOTALL)


# -- identifiers ---------------------------------------------------------------------------------------------------


def message_id(request_id: UUID) -> str:
    """Return the MsgId of a request, 32 characters, the same for the same ticket."""
    return request_id.hex


def reminder_id(request_id: UUID, created_at: datetime) -> str:
    """Return the MsgId of one reminder of a request; each reminder has its own."""
    return hashlib.sha256(f"chaser|{request_id}|{to_utc(created_at).isoformat()}".encode()).hexdigest()[:32]


def case_id(ack_no: str, request_id: UUID) -> str:
    """Return the case id at the bank, 35 characters: acknowledgement number and a tag of the request.

    The bank returns the case id with its answer, so it is the job id of this wire. Raises InvalidMessage if `ack_no`
    does not have 14 digits.
    """
    if not ACK_NO_PATTERN.fullmatch(ack_no):
        raise InvalidMessage("Case/Id", "the acknowledgement number is not of 14 digits")
    tag = base64.b32encode(hashlib.sha256(request_id.bytes).digest()).decode()[:_CASE_TAG_CHARS]
    return f"{ack_no}-{tag}"


def split_case_id(text: str) -> tuple[str, str | None]:
    """Return (acknowledgement number, job id) of a case id that a bank returned.

    A foreign case id is returned unchanged as the number, with no job id, so it matches no case.
    """
    match = _CASE_ID.fullmatch(text)
    return (match[1], text) if match else (text, None)


def reference_of(transaction: Element) -> str:
    """Return the reference of the original transfer from the first element that has one, or ""."""
    for name in ("OrgnlTxId", "OrgnlEndToEndId", "OrgnlClrSysRef", "OrgnlInstrId"):
        text = transaction.value(name)
        if text and text.upper() != NOT_PROVIDED:
            return text
    return ""


# -- amounts -------------------------------------------------------------------------------------------------------


def rupees(amount_paise: int) -> str:
    """Return rupees with two decimals: 450050 → "4500.50"."""
    whole, paise = divmod(amount_paise, PAISE_PER_RUPEE)
    return f"{whole}.{paise:02d}"


def amount(name: str, amount_paise: int) -> Element:
    """Return an amount element in rupees. Raises InvalidMessage if negative."""
    if amount_paise < 0:
        raise InvalidMessage(name, "is below 0")
    return node(name, rupees(amount_paise), Ccy=CURRENCY)


def paise_of(element: Element, where: str) -> int:
    """Return the exact paise of an amount. Raises IncompleteMessage for another currency or a part of a paisa."""
    if element.attributes.get("Ccy") != CURRENCY:
        raise IncompleteMessage(where, f"is not in {CURRENCY}")
    return parse_paise(element.text.strip(), where)


def parse_paise(text: str, where: str) -> int:
    """Return the exact paise in a decimal number of rupees. Raises IncompleteMessage."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise IncompleteMessage(where, "is not an amount in rupees")
    paise = Decimal(f"{match[1]}.{match[2] or 0}") * PAISE_PER_RUPEE
    if paise != int(paise):
        raise IncompleteMessage(where, "has a part of a paisa")
    if paise > MAX_AMOUNT_PAISE:
        raise IncompleteMessage(where, "is above the largest amount")
    return int(paise)


# -- times ---------------------------------------------------------------------------------------------------------


def moment(at: datetime) -> str:
    """Return a time as ISO 8601 in UTC. Raises ValueError for a naive time."""
    if at.tzinfo is None:
        raise ValueError("a time must carry its zone")
    return to_utc(at).isoformat().replace("+00:00", "Z")


def day(at: datetime) -> str:
    """Return the day in IST, because Indian banks settle by it."""
    return at.astimezone(IST).date().isoformat()


def parse_moment(text: str) -> datetime | None:
    """Return the time in UTC; a time without a zone is IST; None if it is unreadable."""
    try:
        at = datetime.fromisoformat(text)
        return to_utc(at if at.tzinfo else at.replace(tzinfo=IST))
    except ValueError:
        return None


def parse_day(text: str) -> date | None:
    """Return the date, of this century and without a zone suffix; None if it is unreadable."""
    match = _DAY.fullmatch(text)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def start_of(day_: date) -> datetime:
    """Return the first instant of a day in IST, in UTC."""
    return datetime.combine(day_, time.min, IST).astimezone(UTC)


# -- tagged texts in AddtlInf -----------------------------------------------------------------------------------------


def tagged(**tags: str) -> Iterator[Element]:
    """Yield AddtlInf elements of the form /TAG/value.

    A long value continues in the next element with the same tag. An empty value has none.
    """
    for tag, text in tags.items():
        room = TAGGED_MAX_CHARS - len(tag) - 2
        for start in range(0, len(text), room):
            yield node("AddtlInf", f"/{tag}/{text[start : start + room]}")


def read_tagged(elements: Iterable[Element]) -> dict[str, str]:
    """Return the values by tag; untagged text is stored under ""."""
    values: dict[str, str] = {}
    for element in elements:
        match = _TAGGED.fullmatch(element.text)
        tag, text = (match[1], match[2]) if match else ("", element.text.strip())
        values[tag] = f"{values[tag]} {text}" if tag in values and not tag else values.get(tag, "") + text
    return values


HELD: Final = "00"
NOT_FOUND: Final = "01"
NO_SUCH_ACCOUNT: Final = "20"
TO_BE_READ: Final = "99"

CODE_SET: Final = "ISO 20022 external code set ExternalPaymentCancellationRejection1Code"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason code: our status code, its name in the code set, and the source."""

    status_code: str
    meaning: str
    source: str = CODE_SET


REASONS: Final = MappingProxyType(
    {
        "AC04": Reason(NO_SUCH_ACCOUNT, "the account is closed"),
        "ADAC": Reason(TO_BE_READ, "the holder has not yet given debit authority"),
        "AGNT": Reason(TO_BE_READ, "the bank's own decision"),
        "AM04": Reason(TO_BE_READ, "not enough funds: the money has left, the bank has to say where to"),
        "ARDT": Reason(TO_BE_READ, "the transfer has been returned already: money to be found with the payer's bank"),
        "ARPL": Reason(TO_BE_READ, "a reply is still awaited"),
        "CUST": Reason(TO_BE_READ, "the holder's decision, which a hold does not depend on"),
        "INDM": Reason(TO_BE_READ, "an indemnity is asked for"),
        "LEGL": Reason(TO_BE_READ, "regulatory rules: an order may be needed"),
        "NARR": Reason(TO_BE_READ, "the reason is in the bank's own text"),
        "NOAS": Reason(TO_BE_READ, "the holder did not reply, which a hold does not depend on"),
        "NOOR": Reason(NOT_FOUND, "the original transfer was never received"),
        "PTNA": Reason(TO_BE_READ, "the transfer was passed on to the next bank"),
        "RQDA": Reason(TO_BE_READ, "the holder's debit authority is asked for"),
        "WSEQ": Reason(TO_BE_READ, "a sequence in the request is not valid"),
    }
)

CONFIRMED: Final = MappingProxyType({"CNCL": "ACCR", "RJCR": "RJCR", "PDCR": "PDCR"})
"""Status of a transfer by the message's own confirmation, if the transfer has none.

From ExternalInvestigationExecutionConfirmation1Code. A partial confirmation (PECR) says nothing about a single
transfer.
"""
ACCEPTED, REJECTED, PENDING = "ACCR", "RJCR", "PDCR"
PARTIAL: Final = "PECR"

FRAUD: Final = "FRAD"
"""Reason of our request: FraudulentOrigin of ExternalCancellationReason1Code."""
FOLLOWING_REQUEST: Final = "FOCR"
"""Reason of a return: FollowingCancellationRequest of ExternalReturnReason1Code."""


def status_code(reason_codes: list[str]) -> str:
    """Return our status code for the bank's reasons; "" without a reason.

    Reasons with the same meaning give that meaning. Reasons with different meanings go to an officer. An unknown reason
    takes precedence, so that an officer sees it.
    """
    for code in reason_codes:
        if code not in REASONS:
            return code
    meanings = {REASONS[code].status_code for code in reason_codes}
    if len(meanings) > 1:
        return TO_BE_READ
    return meanings.pop() if meanings else ""
