"""Texts of ISO dates and of numbers."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from adapters.banks.answers import StatusLine, StatusUpdate, UnreadableLine
from adapters.banks.iso20022.arrivals import (
    CancellationArrived,
    CancellationRequest,
    OrderArrived,
    ReturnedFunds,
    ReturnedTransfer,
    StatusRequest,
)
from adapters.banks.iso20022.orders import Arrival
from domain.rupees import grouped, rupees
from schemas.enums import ClaimKind
from schemas.text import IST

__all__ = ["duration", "grouped", "rupees", "size"]

# A value that rounds up to a whole second or minute is shown as one.
SECOND = 0.9995
MINUTE = 59.95


def duration(seconds: float) -> str:
    """Return a duration as text: 45 ms, 3.2 s, 4 min 10 s, 2 h 5 min."""
    if seconds < SECOND:
        return f"{seconds * 1000:.0f} ms"
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:  # noqa: PLR2004
        return f"{hours} h {minutes} min"
    return f"{hours / 24:.1f} days"


def size(size_bytes: int) -> str:
    """Return a number of bytes as MB."""
    return f"{size_bytes / 1024**2:.0f} MB"


Pairs = Sequence[tuple[str, str]]


def describe(arrival: Arrival) -> Pairs:
    """Return the type and content of the message as names and values."""
    if isinstance(arrival, StatusUpdate):
        return list(_answer(arrival))
    if isinstance(arrival, ReturnedFunds):
        return list(_returned(arrival))
    if isinstance(arrival, CancellationRequest):
        return list(_request(arrival))
    if isinstance(arrival, OrderArrived):
        return list(_order(arrival))
    if isinstance(arrival, CancellationArrived):
        return list(_cancellation(arrival))
    return list(_reminder(arrival))


def _answer(message: StatusUpdate) -> Iterator[tuple[str, str]]:
    yield "message", "answer of a bank to a hold request"
    yield "case", message.ack_no
    yield "job", message.job_id or "not named"
    for line in message.lines:
        yield f"line {line.line_no}", _line(line)


def _line(line: StatusLine) -> str:
    if isinstance(line, UnreadableLine):
        return f"cannot be read: {line.field_name} {line.reason}"
    about = f"transfer {line.root_reference}" if line.root_reference else "an unnamed transfer"
    amount = "an unstated amount" if line.amount_paise is None else rupees(line.amount_paise, exact=True)
    if line.kind is ClaimKind.HELD:
        sentence = f"{amount} of {about} on hold"
    else:
        sentence = f"{about}: nothing on hold, status code {line.status_code or 'missing'}"
    flags = "; ".join(f"{flag.field}: {flag.message}" for flag in line.flags)
    return sentence + (f" - {line.remarks}" if line.remarks else "") + (f" [{flags}]" if flags else "")


def _returned(message: ReturnedFunds) -> Iterator[tuple[str, str]]:
    yield "message", "money that a bank has returned"
    yield "id", message.message_id
    yield "written", _moment(message.created_at)
    for line in message.lines:
        yield f"line {line.line_no}", _return(line)


def _return(line: ReturnedTransfer | UnreadableLine) -> str:
    if isinstance(line, UnreadableLine):
        return f"cannot be read: {line.field_name} {line.reason}"
    whole = "" if line.transfer_paise is None else f" of {rupees(line.transfer_paise, exact=True)}"
    case = f", case {line.ack_no}" if line.ack_no else ", no case named"
    day = f" on {line.settled_on.isoformat()}" if line.settled_on else ""
    reason = f", reason {line.reason_code}" if line.reason_code else ""
    return f"{rupees(line.returned_paise, exact=True)}{whole} of transfer {line.reference} returned{day}{case}{reason}"


def _order(message: OrderArrived) -> Iterator[tuple[str, str]]:
    yield "message", f"order to a bank: {message.kind.value}"
    yield "id", message.message_id
    yield "written", _moment(message.created_at)
    yield "to", message.bank_code or "not named"
    yield "case", message.ack_no
    yield "job", message.case_id
    yield "due", _moment(message.due_at) if message.due_at else "not named"
    for line in message.lines:
        to = f", to be credited at {line.to_institution}" if line.to_account else ""
        yield f"line {line.line_no}", f"{rupees(line.amount_paise, exact=True)} of transfer {line.reference}{to}"


def _cancellation(message: CancellationArrived) -> Iterator[tuple[str, str]]:
    yield "message", "cancellation of an order to a bank"
    yield "id", message.message_id
    yield "written", _moment(message.created_at)
    yield "to", message.bank_code or "not named"
    yield "case", message.ack_no
    yield "job", message.case_id
    yield "order", str(message.order_id)


def _request(message: CancellationRequest) -> Iterator[tuple[str, str]]:
    yield "message", "hold request to a bank"
    yield "id", message.message_id
    yield "written", _moment(message.created_at)
    yield "from", message.requestor or "not named"
    yield "to", message.bank_code or "not named"
    yield "case", message.ack_no
    yield "job", message.case_id
    yield "priority", "not named" if message.priority is None else f"{message.priority} (1 is first)"
    yield "answer wanted by", _moment(message.respond_by) if message.respond_by else "not named"
    for number, transfer in enumerate(message.transfers, 1):
        yield (
            f"line {number}",
            f"hold {rupees(transfer.disputed_paise, exact=True)} of {rupees(transfer.amount_paise, exact=True)}, "
            f"transfer {transfer.reference} of {_moment(transfer.transferred_at)}, layer {transfer.layer}",
        )


def _reminder(message: StatusRequest) -> Iterator[tuple[str, str]]:
    yield "message", "reminder of a hold request"
    yield "id", message.message_id
    yield "written", _moment(message.created_at)
    yield "to", message.bank_code or "not named"
    yield "request", message.request_message_id
    for number, reference in enumerate(message.references, 1):
        yield f"line {number}", f"status of transfer {reference or '(not named)'}?"


def _moment(at: datetime | None) -> str:
    return "at an unstated time" if at is None else at.astimezone(IST).strftime("%d %b %Y %H:%M:%S IST")
