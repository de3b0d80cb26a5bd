"""Orders to banks to release, credit or keep money, and what officers read of them."""

from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Literal, Self
from uuid import UUID, uuid5

from pydantic import Field, StringConstraints, model_validator

from schemas.base import FrozenModel, PositivePaise, Reason, Storable, UtcDatetime
from schemas.enums import ChannelKind, DeliveryOutcome
from schemas.identifiers import ACK_NO_PATTERN
from schemas.procedures import OrderEscalationLevel
from schemas.restoration_enums import OrderKind, OrderReason, OrderState

LINES_MAX = 500
"""most lines of one order, as of one hold request"""

BankText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64), Storable]


class Beneficiary(FrozenModel):
    """Account from which a victim paid and to which the money is restored."""

    institution: str
    holder: Annotated[str, Field(repr=False)]
    ifsc: str = ""


class NewOrderLine(FrozenModel):
    """Money of one hop that a bank is to credit or release."""

    hop_no: int
    hold_id: UUID
    amount_paise: PositivePaise
    excess: bool = False
    """held above the traceable amount, so in no bucket of the ledger"""
    ack_no: str | None = None
    """complaint of the victim to whom the money is restored"""
    beneficiary: Beneficiary | None = None


class NewOrder(FrozenModel):
    """Order as its issuer plans it."""

    kind: OrderKind
    reason: OrderReason
    case_no: str
    institution: str
    ordered_by: str
    lines: Annotated[tuple[NewOrderLine, ...], Field(min_length=1, max_length=LINES_MAX)]
    restoration_id: UUID | None = None
    grievance_id: UUID | None = None
    court_order_id: int | None = None

    @model_validator(mode="after")
    def _money_goes_somewhere(self) -> Self:
        for line in self.lines:
            if (self.kind is OrderKind.RESTORE) != (line.beneficiary is not None and line.ack_no is not None):
                raise ValueError("only a line that restores names its victim and the account to credit, and it must")
        return self


class OrderLine(FrozenModel):
    """Line of an order as the bank reads it.

    The bank finds the money by the transfer that credited the account.
    """

    line_no: int
    hop: int
    reference: str
    """RRN or UTR of the transfer that credited the account"""
    account: Annotated[str, Field(repr=False)]
    """account on which the money is on hold"""
    amount_paise: PositivePaise
    confirmed_paise: Annotated[int, Field(ge=0)]
    beneficiary: Beneficiary | None = None


class BankOrder(FrozenModel):
    """Order as the bank reads it."""

    order_id: UUID
    kind: OrderKind
    reason: OrderReason
    state: OrderState
    ack_no: str
    """number of the case"""
    ordered_at: UtcDatetime
    due_at: UtcDatetime
    paper_number: str = ""
    """number of the signed document that comes with it"""
    cancelled_at: Annotated[UtcDatetime | None, Field(exclude_if=lambda at: at is None)] = None
    """time of cancellation; nothing more is to be done under a cancelled order"""
    cancellation_open: Annotated[bool, Field(exclude_if=lambda is_open: not is_open)] = False
    """whether the bank has not yet acknowledged the cancellation"""
    lines: tuple[OrderLine, ...]


def beneficiaries_digest(order_id: UUID, order: NewOrder) -> str | None:
    """Return the SHA-256 by which the case log binds the accounts that an order credits; None for a release.

    The digested text must never change, because the logs hold digests of it.
    """
    rows = [
        f"{order_id}|{line_no}|{line.beneficiary.institution}|{line.beneficiary.holder}|{line.beneficiary.ifsc}\n"
        for line_no, line in enumerate(order.lines, 1)
        if line.beneficiary is not None
    ]
    return sha256("".join(rows).encode()).hexdigest() if rows else None


def cancellation_id(order_id: UUID) -> UUID:
    """Return the id of the cancellation of an order, the same for every repeat and channel."""
    return uuid5(order_id, "cancelled")


class OrderTakenBack(FrozenModel):
    """Cancellation of an order, as its bank reads it."""

    order_id: UUID
    kind: OrderKind
    ack_no: str
    """number of the case"""
    cancelled_at: UtcDatetime
    lines: tuple[OrderLine, ...]


class OrderCancelled(FrozenModel):
    """Event for a bank's webhook about a cancelled order."""

    type: Literal["order.cancelled"] = "order.cancelled"
    timestamp: UtcDatetime
    """time of this attempt"""
    data: OrderTakenBack


class CancellationAcknowledged(FrozenModel):
    """Receipt of a bank's acknowledgement of a cancellation, the same for every repeat."""

    order_id: UUID
    acknowledged_at: UtcDatetime


class OrderIssued(FrozenModel):
    """Event that a bank's webhook receives."""

    type: Literal["order.issued"] = "order.issued"
    timestamp: UtcDatetime
    """time of this attempt"""
    data: BankOrder


class BankOrderPage(FrozenModel):
    """Page of a bank's orders, oldest first. `next` is the `cursor` of the next page; None on the last."""

    items: tuple[BankOrder, ...]
    next: str | None


class OrderAcknowledged(FrozenModel):
    """Receipt of the acknowledgement of an order, the same for every repeat."""

    order_id: UUID
    acknowledged_at: UtcDatetime


class OrderRefusal(FrozenModel):
    """Refusal of an order that the bank cannot carry out as it is."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,40}$")]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), Storable]


class OrderRefused(FrozenModel):
    """Receipt of a refusal, with the state of the order."""

    order_id: UUID
    state: OrderState


class ConfirmedLine(FrozenModel):
    """Part or whole of one order line that a bank reports as done."""

    line_no: Annotated[int, Field(ge=1, le=LINES_MAX)]
    amount_paise: PositivePaise
    done_at: UtcDatetime
    reference: BankText = ""
    """UTR of the credit; for a release, any reference of the bank"""
    credited_institution: BankText = ""
    credited_account: Annotated[BankText, Field(repr=False)] = ""


class OrderConfirmation(FrozenModel):
    """A bank's confirmation of an order."""

    lines: Annotated[tuple[ConfirmedLine, ...], Field(min_length=1, max_length=LINES_MAX)]


class ConfirmationTaken(FrozenModel):
    """Result of a confirmation: lines booked, already known, or in doubt; and the state of the order."""

    order_id: UUID
    state: OrderState
    applied: int
    duplicates: int
    contradictions: int


class RecordedStatementTaken(ConfirmationTaken):
    """Result of a statement that an officer recorded. Nothing is booked before a second officer agrees."""

    waits_for_second: bool


class ReleaseState(StrEnum):
    """State of a proposed release."""

    WAITS = "waits"
    ORDERED = "ordered"
    """the bank is ordered to release"""
    REJECTED = "rejected"
    DROPPED = "dropped"
    """the hold or the grievance ended otherwise, or the grievance moved up"""


class ReleaseStage(StrEnum):
    """The thing that a proposed release waits for."""

    VICTIM_IS_HEARD = "victim_is_heard"
    SECOND_OFFICER = "second_officer"
    CONFIRMATION = "confirmation"
    """the officer who proposed it, or another one, confirms it"""


class NewHearing(FrozenModel):
    """Statement of a victim about a proposed release, as an officer records it."""

    ack_no: Annotated[str, StringConstraints(pattern=ACK_NO_PATTERN.pattern)]
    said: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=2_000), Storable]


class Hearing(FrozenModel):
    """Recorded statement of a victim about a proposed release."""

    ack_no: str
    said: str
    """empty where an act or a grievance returns the hearing; the list of the releases of a hold has it"""
    recorded_by: str
    recorded_at: UtcDatetime


class ReleaseRejected(FrozenModel):
    """Rejection of a proposed release."""

    reason: Reason


class ReleaseProposal(FrozenModel):
    """A release that an officer has proposed, and what the victims said to it."""

    proposal_id: int
    hold_id: UUID
    case_ack_no: str
    grievance_id: UUID | None
    """appeal that it decides"""
    objection_id: int | None
    """objection that it upholds; with neither it decides a small hold"""
    paise: int
    whole: bool
    """all that is free is released, and not a part"""
    reason: str
    proposed_by: str
    proposed_at: UtcDatetime
    hear_until: UtcDatetime
    """nothing is released before"""
    needs_second: bool
    """another officer than `proposed_by` has to confirm it"""
    state: ReleaseState
    stage: ReleaseStage | None
    """what it waits for; None once it has ended"""
    ended_at: UtcDatetime | None
    ended_by: str | None
    ended_reason: str
    hearings: tuple[Hearing, ...] = ()


class ReleaseProposals(FrozenModel):
    """Releases proposed of one hold, the newest first."""

    releases: tuple[ReleaseProposal, ...]


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
