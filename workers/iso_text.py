"""What an ISO 20022 message says, in words for a person."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from adapters.banks.answers import HoldLine, StatusLine, StatusUpdate, UnreadableLine
from adapters.banks.iso20022.arrivals import (
    CancellationArrived,
    CancellationRequest,
    OrderArrived,
    ReturnedFunds,
    ReturnedTransfer,
    StatusRequest,
)
from adapters.banks.iso20022.decode import Arrival
from schemas.text import IST
from workers.number_text import rupees

Pairs = Sequence[tuple[str, str]]


def in_words(arrival: Arrival) -> Pairs:
    """What the message is and what it says, as names and values."""
    if isinstance(arrival, StatusUpdate):
        return list(_answer(arrival))
    if isinstance(arrival, ReturnedFunds):
        return list(_returned(arrival))
    if isinstance(arrival, CancellationRequest):
        return list(_request(arrival))
    if isinstance(arrival, OrderArrived):
        return list(_order(arrival))
    if isinstance(arrival, CancellationArrived):
        return list(_taken_back(arrival))
    return list(_chaser(arrival))


def _answer(told: StatusUpdate) -> Iterator[tuple[str, str]]:
    yield "message", "answer of a bank to a hold request"
    yield "case", told.ack_no
    yield "job", told.job_id or "none named"
    for line in told.lines:
        yield f"line {line.line_no}", _line(line)


def _line(line: StatusLine) -> str:
    if isinstance(line, UnreadableLine):
        return f"cannot be read: {line.field_name} {line.reason}"
    about = f"transfer {line.root_rrn}" if line.root_rrn else "a transfer it does not name"
    amount = "an amount it does not say" if line.amount_paise is None else rupees(line.amount_paise, exact=True)
    if isinstance(line, HoldLine) and line.status_code == "00":
        said = f"{amount} of {about} on hold"
    else:
        said = f"{about}: nothing on hold, status code {line.status_code or 'missing'}"
    flags = "; ".join(f"{flag.field}: {flag.message}" for flag in line.flags)
    return said + (f" - {line.remarks}" if line.remarks else "") + (f" [{flags}]" if flags else "")


def _returned(told: ReturnedFunds) -> Iterator[tuple[str, str]]:
    yield "message", "money that a bank has returned"
    yield "id", told.message_id
    yield "written", _moment(told.created_at)
    for line in told.lines:
        yield f"line {line.line_no}", _return(line)


def _return(line: ReturnedTransfer | UnreadableLine) -> str:
    if isinstance(line, UnreadableLine):
        return f"cannot be read: {line.field_name} {line.reason}"
    whole = "" if line.transfer_paise is None else f" of {rupees(line.transfer_paise, exact=True)}"
    case = f", case {line.ack_no}" if line.ack_no else ", no case named"
    day = f" on {line.settled_on.isoformat()}" if line.settled_on else ""
    reason = f", reason {line.reason_code}" if line.reason_code else ""
    return f"{rupees(line.returned_paise, exact=True)}{whole} of transfer {line.reference} returned{day}{case}{reason}"


def _order(told: OrderArrived) -> Iterator[tuple[str, str]]:
    yield "message", f"order to a bank: {told.kind.value}"
    yield "id", told.message_id
    yield "written", _moment(told.created_at)
    yield "to", told.bank_code or "nobody named"
    yield "case", told.ack_no
    yield "job", told.case_id
    yield "due", _moment(told.due_at) if told.due_at else "no time named"
    for line in told.lines:
        to = f", to be credited at {line.to_institution}" if line.to_account else ""
        yield f"line {line.line_no}", f"{rupees(line.amount_paise, exact=True)} of transfer {line.reference}{to}"


def _taken_back(told: CancellationArrived) -> Iterator[tuple[str, str]]:
    yield "message", "an order to a bank is taken back"
    yield "id", told.message_id
    yield "written", _moment(told.created_at)
    yield "to", told.bank_code or "nobody named"
    yield "case", told.ack_no
    yield "job", told.case_id
    yield "order", str(told.order_id)


def _request(told: CancellationRequest) -> Iterator[tuple[str, str]]:
    yield "message", "hold request to a bank"
    yield "id", told.message_id
    yield "written", _moment(told.created_at)
    yield "from", told.requestor or "nobody named"
    yield "to", told.bank_code or "nobody named"
    yield "case", told.ack_no
    yield "job", told.case_id
    yield "priority", "none named" if told.priority is None else f"{told.priority} (1 is first)"
    yield "answer wanted by", _moment(told.respond_by) if told.respond_by else "no time named"
    for number, transfer in enumerate(told.transfers, 1):
        yield (
            f"line {number}",
            f"hold {rupees(transfer.disputed_paise, exact=True)} of {rupees(transfer.amount_paise, exact=True)}, "
            f"transfer {transfer.reference} of {_moment(transfer.transferred_at)}, layer {transfer.layer}",
        )


def _chaser(told: StatusRequest) -> Iterator[tuple[str, str]]:
    yield "message", "reminder of a hold request"
    yield "id", told.message_id
    yield "written", _moment(told.created_at)
    yield "to", told.bank_code or "nobody named"
    yield "request", told.request_message_id
    for number, reference in enumerate(told.references, 1):
        yield f"line {number}", f"what of transfer {reference or 'that it does not name'}?"


def _moment(at: datetime | None) -> str:
    return "at a time it does not say" if at is None else at.astimezone(IST).strftime("%d %b %Y %H:%M:%S IST")
