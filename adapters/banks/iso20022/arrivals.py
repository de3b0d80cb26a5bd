"""Models of messages other than answers: returned money and, at a bank, our requests and orders."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from adapters.banks.answers import UnreadableLine
from schemas.restoration_enums import OrderKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedTransfer:
    """One transfer that a bank returned fully or partly. A value that it left out is "" or None."""

    line_no: int
    """position in the message, from 1"""
    reference: str
    """the RRN or UTR of the original transfer"""
    returned_paise: int
    transfer_paise: int | None
    settled_on: date | None
    return_id: str
    reason_code: str
    ack_no: str
    job_id: str | None
    remarks: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedFunds:
    """A pacs.004. A transaction that could not be read is an `UnreadableLine` and does not affect the others."""

    message_id: str
    created_at: datetime | None
    lines: tuple[ReturnedTransfer | UnreadableLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedTransfer:
    """One transfer that a hold request names, as the bank reads it."""

    reference: str
    amount_paise: int
    disputed_paise: int
    layer: int
    transferred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationRequest:
    """A camt.056 as a bank receives it."""

    message_id: str
    created_at: datetime | None
    ack_no: str
    case_id: str
    requestor: str
    bank_code: str
    category: str
    reason_code: str
    priority: int | None
    """1 is first; None if not given"""
    respond_by: datetime | None
    transfers: tuple[AskedTransfer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRequest:
    """A pacs.028 as a bank receives it. `request_message_id` is the MsgId of the hold request."""

    message_id: str
    created_at: datetime | None
    request_message_id: str
    bank_code: str
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedTransfer:
    """One line of an order, as the bank reads it.

    `to_…` is the account to credit, or "" for a release.
    """

    line_no: int
    reference: str
    amount_paise: int
    held_at: str = field(repr=False)
    """the account on which the money is on hold"""
    to_account: str = field(repr=False)
    to_ifsc: str
    to_institution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderArrived:
    """A camt.056 that orders a bank to restore or to release, as the bank receives it."""

    message_id: str
    order_id: UUID
    kind: OrderKind
    ack_no: str
    case_id: str
    bank_code: str
    created_at: datetime | None
    due_at: datetime | None
    lines: tuple[OrderedTransfer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationArrived:
    """A camt.056 that cancels an order, as the bank receives it."""

    message_id: str
    order_id: UUID
    """id of the cancelled order"""
    ack_no: str
    case_id: str
    bank_code: str
    created_at: datetime | None
