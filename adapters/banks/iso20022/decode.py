"""Decoder of every message of this wire."""

from adapters.banks.answers import StatusUpdate
from adapters.banks.iso20022.arrivals import (
    CancellationArrived,
    CancellationRequest,
    OrderArrived,
    ReturnedFunds,
    StatusRequest,
)
from adapters.banks.iso20022.document import Message, read
from adapters.banks.iso20022.orders import (
    is_cancellation,
    is_order,
    read_cancellation,
    read_hold_request,
    read_order,
    read_returned_funds,
    read_status_request,
)
from adapters.banks.iso20022.resolution import read_resolution

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
