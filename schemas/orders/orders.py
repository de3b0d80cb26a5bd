"""Orders to banks: credit the victims, or lift a hold; and what a bank says it has done."""

from typing import Annotated, Literal, Self
from uuid import UUID, uuid5

from pydantic import Field, StringConstraints, model_validator

from schemas.base import FrozenModel, PositivePaise, Storable, UtcDatetime
from schemas.restoration_enums import OrderKind, OrderReason, OrderState

LINES_MAX = 500
"""most lines of one order, as of one hold request"""

Told = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64), Storable]


class Beneficiary(FrozenModel):
    """The account a victim paid from: there the money goes back."""

    institution: str
    holder: Annotated[str, Field(repr=False)]
    ifsc: str = ""


class NewOrderLine(FrozenModel):
    """Money of one hop that a bank is to credit or to let go."""

    hop_no: int
    hold_id: UUID
    amount_paise: PositivePaise
    excess: bool = False
    """held above the traceable amount, so in no bucket of the ledger"""
    ack_no: str | None = None
    """whose money it is, where it is given back"""
    beneficiary: Beneficiary | None = None


class NewOrder(FrozenModel):
    """An order as whoever may give it plans it."""

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
                raise ValueError("a line that restores names its victim and the account to credit, no other does")
        return self


class OrderLine(FrozenModel):
    """A line of an order as the bank reads it: found by the transfer that brought the money there."""

    line_no: int
    hop: int
    reference: str
    """RRN or UTR of the transfer that credited the account"""
    account: Annotated[str, Field(repr=False)]
    """on which the money is on hold"""
    amount_paise: PositivePaise
    confirmed_paise: Annotated[int, Field(ge=0)]
    beneficiary: Beneficiary | None = None


class BankOrder(FrozenModel):
    """An order as the bank reads it."""

    order_id: UUID
    kind: OrderKind
    reason: OrderReason
    state: OrderState
    ack_no: str
    """the case's number"""
    ordered_at: UtcDatetime
    due_at: UtcDatetime
    paper_number: str = ""
    """of the signed paper that comes with it"""
    cancelled_at: Annotated[UtcDatetime | None, Field(exclude_if=lambda at: at is None)] = None
    """when it was taken back: nothing more is to be done under it"""
    cancellation_open: Annotated[bool, Field(exclude_if=lambda is_open: not is_open)] = False
    """the bank has not said yet that it does the order no more"""
    lines: tuple[OrderLine, ...]


def cancellation_id(order_id: UUID) -> UUID:
    """By what the word that an order is taken back is known again, however often and by whatever way it comes."""
    return uuid5(order_id, "cancelled")


class OrderTakenBack(FrozenModel):
    """That an order is taken back, as its bank reads it."""

    order_id: UUID
    kind: OrderKind
    ack_no: str
    """the case's number"""
    cancelled_at: UtcDatetime
    lines: tuple[OrderLine, ...]


class OrderCancelled(FrozenModel):
    """The event that a bank's webhook receives of an order that is taken back."""

    type: Literal["order.cancelled"] = "order.cancelled"
    timestamp: UtcDatetime
    """of this attempt"""
    data: OrderTakenBack


class CancellationAcknowledged(FrozenModel):
    """The receipt of the word that a bank does an order no more, the same however often it is said."""

    order_id: UUID
    acknowledged_at: UtcDatetime


class OrderIssued(FrozenModel):
    """The event that a bank's webhook receives."""

    type: Literal["order.issued"] = "order.issued"
    timestamp: UtcDatetime
    """of this attempt"""
    data: BankOrder


class BankOrderPage(FrozenModel):
    """A page of a bank's orders, oldest first. `next` is the `cursor` of the next page; None on the last."""

    items: tuple[BankOrder, ...]
    next: str | None


class OrderAcknowledged(FrozenModel):
    """The receipt of an order, the same however often it is acknowledged."""

    order_id: UUID
    acknowledged_at: UtcDatetime


class OrderRefusal(FrozenModel):
    """The bank cannot do what it is ordered, as it is."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,40}$")]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), Storable]


class OrderRefused(FrozenModel):
    """A refusal was taken, and where the order stands."""

    order_id: UUID
    state: OrderState


class ConfirmedLine(FrozenModel):
    """What a bank says it has done of one line: the whole, or a part."""

    line_no: Annotated[int, Field(ge=1, le=LINES_MAX)]
    amount_paise: PositivePaise
    done_at: UtcDatetime
    reference: Told = ""
    """UTR of the credit; of a release, whatever the bank calls it"""
    credited_institution: Told = ""
    credited_account: Annotated[Told, Field(repr=False)] = ""


class OrderConfirmation(FrozenModel):
    """A bank's word on an order."""

    lines: Annotated[tuple[ConfirmedLine, ...], Field(min_length=1, max_length=LINES_MAX)]


class ConfirmationTaken(FrozenModel):
    """What became of the word: how many lines are booked, known before, or in doubt; and where the order stands."""

    order_id: UUID
    state: OrderState
    applied: int
    duplicates: int
    contradictions: int


class WrittenDownTaken(ConfirmationTaken):
    """What became of a word that an officer wrote down. Nothing is booked before a second one has said the same."""

    waits_for_second: bool
