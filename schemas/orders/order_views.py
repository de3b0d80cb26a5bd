"""Orders to banks as officers read them, and what officers do to them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, Storable, UtcDatetime
from schemas.enums import ChannelKind, DeliveryOutcome
from schemas.orders.orders import LINES_MAX, ConfirmedLine, OrderLine
from schemas.outbox.procedures import OrderRung
from schemas.restoration_enums import OrderKind, OrderReason, OrderState

Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), Storable]


class OrderHead(FrozenModel):
    """An order in a list."""

    order_id: UUID
    kind: OrderKind
    reason: OrderReason
    case_ack_no: str
    institution: str
    state: OrderState
    ordered_at: UtcDatetime
    due_at: UtcDatetime
    overdue: bool
    rung: OrderRung | None
    """how high silence has climbed"""
    ordered_paise: int
    confirmed_paise: int


class OrderPage(FrozenModel):
    """A page of orders, the first due first."""

    orders: tuple[OrderHead, ...]
    next: str | None


class DeliveryAttemptView(FrozenModel):
    """One attempt to deliver an order or its cancellation, or the missing response to one."""

    channel: ChannelKind
    at: UtcDatetime
    outcome: DeliveryOutcome
    detail: str
    cancellation: bool
    """whether the cancellation was sent, not the order"""


class ConfirmationView(FrozenModel):
    """One line of what the bank said it has done."""

    line_no: int | None
    amount_paise: int
    applied_paise: int
    """what of it was booked"""
    done_at: UtcDatetime | None
    reference: str
    disposition: str
    flags: tuple[str, ...]
    received_at: UtcDatetime
    source: str
    note: str


class RungView(FrozenModel):
    """A rung of the ladder that silence climbs, and when it would be climbed; counted from the rung below."""

    rung: OrderRung
    after_seconds: float
    climbed_at: UtcDatetime | None = None
    """of the highest rung that was climbed"""


class CancellationView(FrozenModel):
    """That the bank is told that the order is taken back, and whether it has said that it does it no more."""

    cancelled_at: UtcDatetime
    told_at: UtcDatetime | None
    rung: OrderRung | None
    """how high silence on it has climbed"""
    settled_at: UtcDatetime | None
    settled_by: str | None
    """the bank, or the officer who vouches that it was told"""
    note: str


class WordProposalView(FrozenModel):
    """What an officer wrote down of the bank's word, and who has said the same."""

    lines: tuple[ConfirmedLine, ...]
    note: str
    proposed_by: str
    proposed_at: UtcDatetime
    agreed_by: str | None


class OrderView(OrderHead):
    """One order with all that became of it."""

    ordered_by: str
    restoration_id: UUID | None
    grievance_id: UUID | None
    court_order_id: int | None
    paper_number: str
    delivered_at: UtcDatetime | None
    acknowledged_at: UtcDatetime | None
    channel: ChannelKind | None
    job_id: str | None
    refusal_code: str | None
    refusal_reason: str | None
    ended_at: UtcDatetime | None
    ended_reason: str
    cancellation: CancellationView | None
    """none where the order is not taken back, or the bank never knew of it"""
    waits: bool
    """it is not sent before the bank has said that it does an earlier order no more"""
    policy_version: str
    lines: tuple[OrderLine, ...]
    delivery_attempts: tuple[DeliveryAttemptView, ...]
    confirmations: tuple[ConfirmationView, ...]
    proposals: tuple[WordProposalView, ...]
    ladder: tuple[RungView, ...]


class OrderDecision(FrozenModel):
    """Why an officer does something to an order."""

    reason: Why


class BankTold(FrozenModel):
    """That a bank was told that an order is taken back."""

    note: Why
    """who of the bank was told, when and how"""


class WrittenDown(FrozenModel):
    """What a bank said it has done, by telephone or letter, as an officer writes it down."""

    lines: Annotated[tuple[ConfirmedLine, ...], Field(min_length=1, max_length=LINES_MAX)]
    note: Why
    """who of the bank said it, when and how"""


class OrderDone(FrozenModel):
    """Where an order stands after an officer's verb."""

    order_id: UUID
    state: OrderState
