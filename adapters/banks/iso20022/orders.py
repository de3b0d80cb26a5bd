"""Orders of ISO 20022, and decoding.

Decoder of our requests on the bank's side. A request is read completely or refused, because a bank must not act on half
a ticket.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from adapters.banks.answers import StatusUpdate, UnreadableLine
from adapters.banks.iso20022.arrivals import (
    AskedTransfer,
    CancellationArrived,
    CancellationRequest,
    OrderArrived,
    OrderedTransfer,
    ReturnedFunds,
    ReturnedTransfer,
    StatusRequest,
)
from adapters.banks.iso20022.document import Element, IncompleteMessage, Message, node, read
from adapters.banks.iso20022.encode import SENDER, agent, checked, header_of, party
from adapters.banks.iso20022.resolution import read_resolution
from adapters.banks.iso20022.values import (
    CURRENCY,
    case_id,
    message_id,
    moment,
    paise_of,
    parse_day,
    parse_moment,
    parse_paise,
    read_tagged,
    reference_of,
    rupees,
    split_case_id,
    tagged,
)
from adapters.banks.protocol import INCIDENTS_MAX, PRIORITY_LAST
from schemas.recovery.orders import BankOrder, OrderLine, cancellation_id
from schemas.restoration_enums import OrderKind
from schemas.text import IST

_BANK: Final = "FinInstnId/Othr/Id"
_LAYER: Final = re.compile(r"[1-9][0-9]{0,2}")
_PRIORITIES: Final = frozenset(str(priority) for priority in range(1, PRIORITY_LAST + 1))


def read_hold_request(inside: Element) -> CancellationRequest:
    """Read a camt.056. Raises IncompleteMessage, naming the element."""
    transactions = list(inside.every("Undrlyg/TxInf"))
    within("Undrlyg/TxInf", len(transactions))
    case, bank_code = case_and_agent(inside)
    first = transactions[0]
    tags = read_tagged(first.every("CxlRsnInf/AddtlInf"))
    return CancellationRequest(
        message_id=needed(inside, "Assgnmt/Id"),
        created_at=parse_moment(inside.value("Assgnmt/CreDtTm")),
        ack_no=split_case_id(case)[0],
        case_id=case,
        requestor=inside.value("Assgnmt/Assgnr/Pty/Nm"),
        bank_code=bank_code,
        category=tags.get("CATG", ""),
        reason_code=first.value("CxlRsnInf/Rsn/Cd"),
        priority=int(tags["PRIO"]) if tags.get("PRIO", "") in _PRIORITIES else None,
        respond_by=parse_moment(tags.get("REPLY", "")),
        transfers=tuple(_asked(number, transaction) for number, transaction in enumerate(transactions, 1)),
    )


def case_and_agent(inside: Element) -> tuple[str, str]:
    """Return the case id of a camt.056 and the code of the bank it is sent to.

    Raises IncompleteMessage if it names no case, or a wrong number of transactions.
    """
    count = inside.value("CtrlData/NbOfTxs")
    if count and count != str(len(list(inside.every("Undrlyg/TxInf")))):
        raise IncompleteMessage("CtrlData/NbOfTxs", "is not the number of transactions")
    return needed(inside, "Case/Id"), inside.value(f"Assgnmt/Assgne/Agt/{_BANK}")


def _asked(number: int, transaction: Element) -> AskedTransfer:
    where = f"Undrlyg/TxInf[{number}]"
    reference = reference_of(transaction)
    if not reference:
        raise IncompleteMessage(f"{where}/OrgnlTxId", "is missing")
    amount = transaction.first("OrgnlIntrBkSttlmAmt")
    if amount is None:
        raise IncompleteMessage(f"{where}/OrgnlIntrBkSttlmAmt", "is missing")
    amount_paise = paise_of(amount, f"{where}/OrgnlIntrBkSttlmAmt")
    if amount_paise == 0:
        raise IncompleteMessage(f"{where}/OrgnlIntrBkSttlmAmt", "is zero")
    tags = read_tagged(transaction.every("CxlRsnInf/AddtlInf"))
    transferred_at = parse_moment(tags.get("TIME", "")) or parse_moment(transaction.value("OrgnlIntrBkSttlmDt"))
    if transferred_at is None:
        raise IncompleteMessage(f"{where}/OrgnlIntrBkSttlmDt", "is missing")
    layer = tags.get("LAYER", "1")
    if not _LAYER.fullmatch(layer):
        raise IncompleteMessage(f"{where}/CxlRsnInf/AddtlInf", "the layer is not a number from 1 to 999")
    return AskedTransfer(
        reference=reference,
        amount_paise=amount_paise,
        disputed_paise=_disputed_paise(tags, amount_paise, where),
        layer=int(layer),
        transferred_at=transferred_at,
    )


def _disputed_paise(tags: dict[str, str], amount_paise: int, where: str) -> int:
    """Return the disputed part in paise; the whole transfer if no part is named."""
    if "DSPTD" not in tags:
        return amount_paise
    where = f"{where}/CxlRsnInf/AddtlInf"
    if not tags["DSPTD"].startswith(CURRENCY):
        raise IncompleteMessage(where, f"the disputed part is not in {CURRENCY}")
    disputed_paise = parse_paise(tags["DSPTD"].removeprefix(CURRENCY), where)
    if not 0 < disputed_paise <= amount_paise:
        raise IncompleteMessage(where, "the disputed part is zero or above the transfer")
    return disputed_paise


def read_status_request(inside: Element) -> StatusRequest:
    """Read a pacs.028. Raises IncompleteMessage, naming the element."""
    transactions = list(inside.every("TxInf"))
    within("TxInf", len(transactions))
    return StatusRequest(
        message_id=needed(inside, "GrpHdr/MsgId"),
        created_at=parse_moment(inside.value("GrpHdr/CreDtTm")),
        request_message_id=needed(inside, "OrgnlGrpInf/OrgnlMsgId"),
        bank_code=inside.value(f"GrpHdr/InstdAgt/{_BANK}"),
        references=tuple(reference_of(transaction) for transaction in transactions),
    )


def needed(inside: Element, path: str) -> str:
    """Return the text at `path`. Raises IncompleteMessage if it is empty."""
    text = inside.value(path)
    if not text:
        raise IncompleteMessage(path, "is missing")
    return text


def within(where: str, count: int) -> None:
    """Raise IncompleteMessage unless `count` is from 1 to the most that a ticket can have."""
    if not 1 <= count <= INCIDENTS_MAX:
        raise IncompleteMessage(where, f"must stand 1 to {INCIDENTS_MAX} times")


_REASONS: Final = {OrderKind.RESTORE: "RESTORE", OrderKind.RELEASE: "RELEASE"}
"""proprietary, because the code set has no reason to pay out or release held money"""
CANCELLED: Final = "RECALL"
"""proprietary reason of a cancelled order: nothing more is to be done under it"""


def encode_order(
    bank_code: str, order: BankOrder, *, created_at: datetime, bic: str = "", with_header: bool = False
) -> bytes:
    """Return the camt.056 that orders `bank_code` to restore or to release, one transaction per line.

    MsgId and case id come from the order, so a repeat is the same order. Raises InvalidMessage, naming the element, if
    the wire cannot carry a value (a reference above 35 characters).
    """
    transactions = [_transaction(order, line) for line in order.lines]
    return _message(bank_code, order, order.order_id, transactions, created_at, bic, with_header=with_header)


def encode_cancellation(bank_code: str, order: BankOrder, *, bic: str = "", with_header: bool = False) -> bytes:
    """Return the camt.056 that cancels an order, one transaction per line.

    MsgId and case id are those of the cancellation. Raises InvalidMessage like `encode_order`.
    """
    assert order.cancelled_at is not None, "a cancellation is sent only for a cancelled order"
    transactions = [_cancelled(order, line) for line in order.lines]
    identity = cancellation_id(order.order_id)
    return _message(bank_code, order, identity, transactions, order.cancelled_at, bic, with_header=with_header)


def _message(
    bank_code: str,
    order: BankOrder,
    identity: UUID,
    transactions: Sequence[Element],
    created_at: datetime,
    bic: str,
    *,
    with_header: bool,
) -> bytes:
    inside = node(
        Message.HOLD_REQUEST.root_name,
        node(
            "Assgnmt",
            node("Id", message_id(identity)),
            node("Assgnr", party(SENDER)),
            node("Assgne", agent("Agt", bank_code, bic)),
            node("CreDtTm", moment(created_at)),
        ),
        node("Case", node("Id", case_id(order.ack_no, identity)), node("Cretr", party(SENDER))),
        node("CtrlData", node("NbOfTxs", str(len(transactions)))),
        node("Undrlyg", *transactions),
    )
    if not with_header:
        return checked(Message.HOLD_REQUEST, inside)
    header = header_of(Message.HOLD_REQUEST, message_id(identity), SENDER, bank_code, bic, created_at)
    return checked(Message.HOLD_REQUEST, inside, header)


def _cancelled(order: BankOrder, line: OrderLine) -> Element:
    reference = line.reference.strip()
    tags = tagged(LINE=str(line.line_no), ORDER=message_id(order.order_id), ACKNO=order.ack_no)
    return node(
        "TxInf",
        node("OrgnlEndToEndId", reference),
        node("OrgnlTxId", reference),
        node("CxlRsnInf", node("Rsn", node("Prtry", CANCELLED)), *tags),
    )


def _transaction(order: BankOrder, line: OrderLine) -> Element:
    reference, to = line.reference.strip(), line.beneficiary
    return node(
        "TxInf",
        node("OrgnlEndToEndId", reference),
        node("OrgnlTxId", reference),
        node(
            "CxlRsnInf",
            node("Rsn", node("Prtry", _REASONS[order.kind])),
            *tagged(
                LINE=str(line.line_no),
                AMNT=f"{CURRENCY}{rupees(line.amount_paise)}",
                HELD=line.account,
                TOACC=to.holder if to else "",
                TOIFS=to.ifsc if to else "",
                TOBNK=to.institution if to else "",
                DUEBY=order.due_at.astimezone(IST).isoformat(),
                PAPER=order.paper_number,
                ACKNO=order.ack_no,
            ),
        ),
    )


def is_cancellation(inside: Element) -> bool:
    """Return whether a camt.056 cancels an order."""
    return any(reason.text.strip() == CANCELLED for reason in inside.every("Undrlyg/TxInf/CxlRsnInf/Rsn/Prtry"))


def read_cancellation(inside: Element) -> CancellationArrived:
    """Read the cancellation of an order. Raises IncompleteMessage, naming the element."""
    transactions = list(inside.every("Undrlyg/TxInf"))
    within("Undrlyg/TxInf", len(transactions))
    case, bank_code = case_and_agent(inside)
    named = {read_tagged(transaction.every("CxlRsnInf/AddtlInf")).get("ORDER", "") for transaction in transactions}
    try:
        (order_id,) = (UUID(text) for text in named)
    except ValueError:
        raise IncompleteMessage("Undrlyg/TxInf/CxlRsnInf/AddtlInf", "does not name exactly one order") from None
    return CancellationArrived(
        message_id=needed(inside, "Assgnmt/Id"),
        order_id=order_id,
        ack_no=split_case_id(case)[0],
        case_id=case,
        bank_code=bank_code,
        created_at=parse_moment(inside.value("Assgnmt/CreDtTm")),
    )


def is_order(inside: Element) -> bool:
    """Return whether a camt.056 is an order and not a hold request."""
    return any(reason.text.strip() in _REASONS.values() for reason in inside.every("Undrlyg/TxInf/CxlRsnInf/Rsn/Prtry"))


def read_order(inside: Element) -> OrderArrived:
    """Read a complete order. Raises IncompleteMessage, naming the element, if any part is missing."""
    transactions = list(inside.every("Undrlyg/TxInf"))
    within("Undrlyg/TxInf", len(transactions))
    case, bank_code = case_and_agent(inside)
    kinds = {transaction.value("CxlRsnInf/Rsn/Prtry") for transaction in transactions}
    if len(kinds) != 1:
        raise IncompleteMessage("Undrlyg/TxInf/CxlRsnInf/Rsn/Prtry", "is not the same in all transactions")
    kind = next(kind for kind, reason in _REASONS.items() if reason in kinds)
    message = needed(inside, "Assgnmt/Id")
    try:
        order_id = UUID(message)
    except ValueError:
        raise IncompleteMessage("Assgnmt/Id", "is not the id of an order") from None
    due = read_tagged(transactions[0].every("CxlRsnInf/AddtlInf")).get("DUEBY", "")
    return OrderArrived(
        message_id=message,
        order_id=order_id,
        kind=kind,
        ack_no=split_case_id(case)[0],
        case_id=case,
        bank_code=bank_code,
        created_at=parse_moment(inside.value("Assgnmt/CreDtTm")),
        due_at=parse_moment(due),
        lines=tuple(_ordered(number, transaction) for number, transaction in enumerate(transactions, 1)),
    )


def _ordered(number: int, transaction: Element) -> OrderedTransfer:
    where = f"Undrlyg/TxInf[{number}]"
    tags = read_tagged(transaction.every("CxlRsnInf/AddtlInf"))
    reference, amount = reference_of(transaction), tags.get("AMNT", "")
    if not reference:
        raise IncompleteMessage(f"{where}/OrgnlTxId", "is missing")
    if not amount.startswith(CURRENCY):
        raise IncompleteMessage(f"{where}/CxlRsnInf/AddtlInf", "the amount is missing")
    return OrderedTransfer(
        line_no=number,
        reference=reference,
        amount_paise=parse_paise(amount.removeprefix(CURRENCY), f"{where}/CxlRsnInf/AddtlInf"),
        held_at=tags.get("HELD", ""),
        to_account=tags.get("TOACC", ""),
        to_ifsc=tags.get("TOIFS", ""),
        to_institution=tags.get("TOBNK", ""),
    )


LINES_MAX: Final = 500
"""Most transactions in one message."""


def read_returned_funds(inside: Element) -> ReturnedFunds:
    """Read a pacs.004. Raises IncompleteMessage if it has no id, no transaction or too many."""
    transactions = list(inside.every("TxInf"))
    if not 1 <= len(transactions) <= LINES_MAX:
        raise IncompleteMessage("TxInf", f"must stand 1 to {LINES_MAX} times")
    return ReturnedFunds(
        message_id=needed(inside, "GrpHdr/MsgId"),
        created_at=parse_moment(inside.value("GrpHdr/CreDtTm")),
        lines=tuple(_line(number, transaction) for number, transaction in enumerate(transactions, 1)),
    )


def _line(line_no: int, transaction: Element) -> ReturnedTransfer | UnreadableLine:
    try:
        return _transfer(line_no, transaction)
    except IncompleteMessage as error:
        return UnreadableLine(
            line_no=line_no, field_name=error.where, reason=error.reason, raw={"TxInf": transaction.as_json()}
        )


def _transfer(line_no: int, transaction: Element) -> ReturnedTransfer:
    reference = reference_of(transaction)
    if not reference:
        raise IncompleteMessage("OrgnlTxId", "is missing")
    returned = transaction.first("RtrdIntrBkSttlmAmt")
    if returned is None:
        raise IncompleteMessage("RtrdIntrBkSttlmAmt", "is missing")
    original = transaction.first("OrgnlIntrBkSttlmAmt")
    tags = read_tagged(transaction.every("RtrRsnInf/AddtlInf"))
    ack_no, job_id = split_case_id(tags.pop("CASE", ""))
    return ReturnedTransfer(
        line_no=line_no,
        reference=reference,
        returned_paise=paise_of(returned, "RtrdIntrBkSttlmAmt"),
        transfer_paise=None if original is None else paise_of(original, "OrgnlIntrBkSttlmAmt"),
        settled_on=parse_day(transaction.value("IntrBkSttlmDt")),
        return_id=transaction.value("RtrId"),
        reason_code=transaction.value("RtrRsnInf/Rsn/Cd") or transaction.value("RtrRsnInf/Rsn/Prtry"),
        ack_no=ack_no,
        job_id=job_id,
        remarks=" ".join(tags.values()),
    )


Arrival = StatusUpdate | ReturnedFunds | CancellationRequest | StatusRequest | OrderArrived | CancellationArrived


def decode(body: bytes) -> Arrival:
    """Return the model of the message in `body`.

    Raises DocumentRefused (not XML that is safe to read), UnknownMessage (not of this wire, or another version) or
    IncompleteMessage (a required part is missing). Each is a MessageError with `where` and `reason`.
    """
    message, inside = read(body)
    if message is Message.RESOLUTION:
        return read_resolution(inside)
    if message is Message.FUNDS_RETURNED:
        return read_returned_funds(inside)
    if message is Message.HOLD_REQUEST:
        if is_cancellation(inside):
            return read_cancellation(inside)
        return read_order(inside) if is_order(inside) else read_hold_request(inside)
    return read_status_request(inside)
