"""Orders to restore or to release: a camt.056 with a proprietary reason, encoder and decoder."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from adapters.banks.iso20022.arrivals import CancellationArrived, OrderArrived, OrderedTransfer
from adapters.banks.iso20022.document import Element, node
from adapters.banks.iso20022.encode import SENDER, agent, checked, header_of, party
from adapters.banks.iso20022.errors import IncompleteMessage
from adapters.banks.iso20022.messages import Message
from adapters.banks.iso20022.requests import case_and_agent, needed, within
from adapters.banks.iso20022.values import (
    CURRENCY,
    case_id,
    message_id,
    moment,
    parse_moment,
    parse_paise,
    read_tagged,
    reference_of,
    rupees,
    split_case_id,
    tagged,
)
from schemas.recovery.orders import BankOrder, OrderLine, cancellation_id
from schemas.restoration_enums import OrderKind
from schemas.text import IST

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
    return any(found.text.strip() == CANCELLED for found in inside.every("Undrlyg/TxInf/CxlRsnInf/Rsn/Prtry"))


def read_cancellation(inside: Element) -> CancellationArrived:
    """Read the cancellation of an order. Raises IncompleteMessage, naming the element."""
    transactions = list(inside.every("Undrlyg/TxInf"))
    within("Undrlyg/TxInf", len(transactions))
    case, bank_code = case_and_agent(inside)
    named = {read_tagged(found.every("CxlRsnInf/AddtlInf")).get("ORDER", "") for found in transactions}
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
    return any(found.text.strip() in _REASONS.values() for found in inside.every("Undrlyg/TxInf/CxlRsnInf/Rsn/Prtry"))


def read_order(inside: Element) -> OrderArrived:
    """Read a complete order. Raises IncompleteMessage, naming the element, if any part is missing."""
    transactions = list(inside.every("Undrlyg/TxInf"))
    within("Undrlyg/TxInf", len(transactions))
    case, bank_code = case_and_agent(inside)
    kinds = {found.value("CxlRsnInf/Rsn/Prtry") for found in transactions}
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
        lines=tuple(_ordered(number, found) for number, found in enumerate(transactions, 1)),
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
