"""Police → bank: encoder of hold requests and reminders. `schema` has checked every returned message."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from adapters.banks.iso20022 import schema
from adapters.banks.iso20022.document import HEADER_ROOT, Element, InvalidMessage, Message, node, write
from adapters.banks.iso20022.values import (
    CURRENCY,
    FRAUD,
    amount,
    case_id,
    day,
    message_id,
    moment,
    reminder_id,
    rupees,
    tagged,
)
from adapters.banks.protocol import INCIDENTS_MAX, HoldTicket, Incident
from schemas.text import IST

SENDER: Final = "Police"
"""Name of the sender if the ticket does not give one."""
HIGH, NORMAL = "HIGH", "NORM"
LAST_OF_HIGH: Final = 2
"""Last ticket priority that becomes HIGH in a header: that of money in its golden hour."""


def encode_hold_request(
    bank_code: str, ticket: HoldTicket, *, created_at: datetime, bic: str = "", with_header: bool = False
) -> bytes:
    """Return the camt.056 that asks `bank_code` to hold the transfers of `ticket`, one transaction per incident.

    MsgId and case id come from the ticket, so a repeat is the same request. `with_header` adds a business application
    header. Raises InvalidMessage, naming the element, if the wire cannot carry a value (a reference above 35
    characters).
    """
    sender = party(_sender(ticket))
    case = case_id(ticket.ack_no, ticket.request_id)
    inside = node(
        Message.HOLD_REQUEST.root_name,
        node(
            "Assgnmt",
            node("Id", message_id(ticket.request_id)),
            node("Assgnr", sender),
            node("Assgne", agent("Agt", bank_code, bic)),
            node("CreDtTm", moment(created_at)),
        ),
        node("Case", node("Id", case), node("Cretr", sender)),
        node("CtrlData", node("NbOfTxs", str(len(ticket.incidents)))),
        node("Undrlyg", *(_transaction(ticket, incident) for incident in ticket.incidents)),
    )
    if not with_header:
        return checked(Message.HOLD_REQUEST, inside)
    priority = HIGH if ticket.priority <= LAST_OF_HIGH else NORMAL
    header = header_of(
        Message.HOLD_REQUEST, message_id(ticket.request_id), _sender(ticket), bank_code, bic, created_at, priority
    )
    return checked(Message.HOLD_REQUEST, inside, header)


def _transaction(ticket: HoldTicket, incident: Incident) -> Element:
    disputed = f"{CURRENCY}{rupees(incident.disputed_paise)}"
    reference = incident.rrn.strip()
    return node(
        "TxInf",
        node("OrgnlEndToEndId", reference),
        node("OrgnlTxId", reference),
        amount("OrgnlIntrBkSttlmAmt", incident.amount_paise),
        node("OrgnlIntrBkSttlmDt", day(incident.transferred_at)),
        node(
            "CxlRsnInf",
            node("Rsn", node("Cd", FRAUD)),
            *tagged(
                ACKNO=ticket.ack_no,
                LAYER=str(incident.layer),
                DSPTD=disputed if incident.disputed_paise < incident.amount_paise else "",
                TIME=incident.transferred_at.astimezone(IST).isoformat(),
                CATG=ticket.sub_category,
                PRIO=str(ticket.priority),
                REPLY=ticket.respond_by.astimezone(IST).isoformat() if ticket.respond_by else "",
            ),
        ),
    )


def _sender(ticket: HoldTicket) -> str:
    return ticket.instrument.requestor or SENDER


def encode_reminder(
    bank_code: str,
    request_id: UUID,
    references: Sequence[str],
    *,
    created_at: datetime,
    bic: str = "",
    with_header: bool = False,
) -> bytes:
    """Return the pacs.028 that asks `bank_code` for the state of a request and of the named transfers.

    Raises InvalidMessage if a reference is above 35 characters, and for no references or more than a ticket can have.
    """
    if not 1 <= len(references) <= INCIDENTS_MAX:
        raise InvalidMessage("TxInf", f"a status request names 1 to {INCIDENTS_MAX} transfers")
    inside = node(
        Message.STATUS_REQUEST.root_name,
        node(
            "GrpHdr",
            node("MsgId", reminder_id(request_id, created_at)),
            node("CreDtTm", moment(created_at)),
            agent("InstdAgt", bank_code, bic),
        ),
        node(
            "OrgnlGrpInf",
            node("OrgnlMsgId", message_id(request_id)),
            node("OrgnlMsgNmId", Message.HOLD_REQUEST.value),
        ),
        *_asked_about(references),
    )
    if not with_header:
        return checked(Message.STATUS_REQUEST, inside)
    identifier = reminder_id(request_id, created_at)
    return checked(
        Message.STATUS_REQUEST,
        inside,
        header_of(Message.STATUS_REQUEST, identifier, SENDER, bank_code, bic, created_at),
    )


def _asked_about(references: Sequence[str]) -> Iterator[Element]:
    for reference in map(str.strip, references):
        yield node("TxInf", node("OrgnlEndToEndId", reference), node("OrgnlTxId", reference))


def agent(name: str, bank_code: str, bic: str = "") -> Element:
    """Return the element of a bank, with its code in the directory and, if known, its BIC."""
    known = node("BICFI", bic) if bic else None
    return node(name, node("FinInstnId", known, node("Othr", node("Id", bank_code))))


def party(name: str) -> Element:
    """Return the element of a party, with its name only."""
    return node("Pty", node("Nm", name))


def header_of(
    message: Message, identifier: str, sender: str, bank_code: str, bic: str, created_at: datetime, priority: str = ""
) -> Element:
    """Return the business application header of `message`.

    Only the priority is not in the message itself. A gateway may sort by it.
    """
    return node(
        HEADER_ROOT,
        node("Fr", node("OrgId", node("Nm", sender))),
        node("To", agent("FIId", bank_code, bic)),
        node("BizMsgIdr", identifier),
        node("MsgDefIdr", message.value),
        node("CreDt", moment(created_at)),
        node("Prty", priority) if priority else None,
    )


def checked(message: Message, inside: Element, header: Element | None = None) -> bytes:
    """Return the bytes of a message, with its `header` if given, after a schema check. Raises InvalidMessage."""
    schema.check(message, inside)
    if header is not None:
        schema.check_header(header)
    return write(message, inside, header)
