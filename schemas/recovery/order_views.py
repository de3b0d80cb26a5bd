"""Orders to banks as officers read them, and officers' actions on them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.base import FrozenModel, Reason, UtcDatetime
from schemas.enums import ChannelKind, DeliveryOutcome
from schemas.procedures import OrderEscalationLevel
from schemas.recovery.orders import LINES_MAX, ConfirmedLine, OrderLine
from schemas.restoration_enums import OrderKind, OrderReason, OrderState


class OrderHead(FrozenModel):
    """Order in a list."""

    order_id: UUID
    kind: OrderKind
    reason: OrderReason
    case_ack_no: str
    institution: str
    state: OrderState
    ordered_at: UtcDatetime
    due_at: UtcDatetime
    overdue: bool
    level: OrderEscalationLevel | None
    """last escalation level reached"""
    ordered_paise: int
    confirmed_paise: int


class OrderPage(FrozenModel):
    """Page of orders, the first due first."""

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
    """One line of a bank's confirmation of an order."""

    line_no: int | None
    amount_paise: int
    applied_paise: int
    """part that was booked"""
    done_at: UtcDatetime | None
    reference: str
    disposition: str
    flags: tuple[str, ...]
    received_at: UtcDatetime
    source: str
    note: str


class EscalationLevelView(FrozenModel):
    """Escalation level of an order, and its time after the level below."""

    level: OrderEscalationLevel
    after_seconds: float
    escalated_at: UtcDatetime | None = None
    """time of escalation, for the highest level reached"""


class CancellationView(FrozenModel):
    """Cancellation of an order: whether the bank was told, and whether it has acknowledged."""

    cancelled_at: UtcDatetime
    told_at: UtcDatetime | None
    level: OrderEscalationLevel | None
    """last escalation level reached for the cancellation"""
    settled_at: UtcDatetime | None
    settled_by: str | None
    """the bank, or the officer who attests that the bank was told"""
    note: str


class StatementProposalView(FrozenModel):
    """Bank's statement as one officer recorded it, and the officer who agreed."""

    lines: tuple[ConfirmedLine, ...]
    note: str
    proposed_by: str
    proposed_at: UtcDatetime
    agreed_by: str | None


class OrderView(OrderHead):
    """One order with its complete record."""

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
    """None if the order is not cancelled, or the bank never received it"""
    waits: bool
    """whether it is held back until the bank acknowledges the cancellation of an earlier order"""
    policy_version: str
    lines: tuple[OrderLine, ...]
    delivery_attempts: tuple[DeliveryAttemptView, ...]
    confirmations: tuple[ConfirmationView, ...]
    proposals: tuple[StatementProposalView, ...]
    ladder: tuple[EscalationLevelView, ...]


class OrderDecision(FrozenModel):
    """Reason of an officer's action on an order."""

    reason: Reason


class CancellationAttested(FrozenModel):
    """Record that a bank was told of a cancellation."""

    note: Reason
    """who at the bank was told, when and how"""


class CancellationAttestationTaken(FrozenModel):
    """Receipt of an officer's attestation that the bank knows of a cancellation."""

    order_id: UUID
    acknowledged_at: UtcDatetime
    """when the attestation counts, or when it was recorded while it waits for a second officer"""
    waits_for_second: bool = False
    """for an order to restore money a second officer says it too"""


class RecordedStatement(FrozenModel):
    """Bank's statement by telephone or letter about what it has done, as an officer records it."""

    lines: Annotated[tuple[ConfirmedLine, ...], Field(min_length=1, max_length=LINES_MAX)]
    note: Reason
    """who at the bank stated it, when and how"""


class OrderDone(FrozenModel):
    """State of an order after an officer's action."""

    order_id: UUID
    state: OrderState
