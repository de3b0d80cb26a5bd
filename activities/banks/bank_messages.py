"""Messages to banks: a hold request, an order, a cancellation. Each names its channels and sends itself."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from adapters.banks.protocol import (
    BankAdapter,
    CancellationTaker,
    Delivery,
    HoldTicket,
    OrderTaker,
    OrderTicket,
    PayerAsker,
)
from schemas.banks.exchanges import About
from schemas.recovery.orders import BankOrder


@dataclass(frozen=True)
class BankMessage(ABC):
    """One message to a bank, with one idempotency key for all attempts."""

    about: ClassVar[About]
    subject_id: UUID
    """id of the hold request or the order; a cancellation has the id of its order"""

    @abstractmethod
    def fits(self, adapter: object) -> bool:
        """Return whether that channel can send this message."""

    @abstractmethod
    async def send(self, adapter: Any, way: Any, timeout_seconds: float) -> Delivery:
        """Send this message to the bank over that channel. Raises `BankError`."""


@dataclass(frozen=True)
class HoldRequestMessage(BankMessage):
    """A hold request. Its ticket is needed only for sending."""

    about: ClassVar = About.HOLD_REQUEST
    ticket: HoldTicket | None = None

    def fits(self, adapter: object) -> bool:
        """Return True, because every channel can send hold requests."""
        return True

    async def send(self, adapter: BankAdapter[Any], way: Any, timeout_seconds: float) -> Delivery:
        """Send the ticket."""
        assert self.ticket is not None, "a hold request is sent with its ticket"
        return await adapter.send_hold_request(way, self.ticket, timeout_seconds=timeout_seconds)


@dataclass(frozen=True)
class PayerInquiryMessage(BankMessage):
    """A question to the victim's bank. It is the fraud report of a hold request."""

    about: ClassVar = About.PAYER_INQUIRY
    ticket: HoldTicket

    def fits(self, adapter: object) -> bool:
        """Return whether the channel can ask the victim's bank."""
        return isinstance(adapter, PayerAsker)

    async def send(self, adapter: PayerAsker[Any], way: Any, timeout_seconds: float) -> Delivery:
        """Send the question."""
        return await adapter.ask_payers_bank(way, self.ticket, timeout_seconds=timeout_seconds)


@dataclass(frozen=True)
class OrderMessage(BankMessage):
    """An order to restore or to release. Its ticket is needed only for sending."""

    about: ClassVar = About.ORDER
    ticket: OrderTicket | None = None

    def fits(self, adapter: object) -> bool:
        """Return whether the channel takes orders; the I4C wire does not."""
        return isinstance(adapter, OrderTaker)

    async def send(self, adapter: OrderTaker[Any], way: Any, timeout_seconds: float) -> Delivery:
        """Send the order."""
        assert self.ticket is not None, "an order is sent with its ticket"
        return await adapter.send_order(way, self.ticket, timeout_seconds=timeout_seconds)


@dataclass(frozen=True)
class CancellationMessage(BankMessage):
    """The cancellation of an order."""

    about: ClassVar = About.CANCELLATION
    order: BankOrder

    def fits(self, adapter: object) -> bool:
        """Return whether the channel takes cancellations."""
        return isinstance(adapter, CancellationTaker)

    async def send(self, adapter: CancellationTaker[Any], way: Any, timeout_seconds: float) -> Delivery:
        """Send the cancellation."""
        return await adapter.send_cancellation(way, self.order, timeout_seconds=timeout_seconds)
