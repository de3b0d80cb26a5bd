"""What is carried to a bank: a hold request, an order, its end. Each knows its own record of carriage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from adapters.banks.protocol import (
    BankAdapter,
    CancellationTaker,
    Delivery,
    HoldTicket,
    OrderTaker,
    OrderTicket,
)
from db.banks import bank_exchanges, channels
from db.orders import bank_orders, cancellations
from db.pool import Connection
from schemas.banks.exchanges import About, Exchange
from schemas.enums import CarriageOutcome, ChannelKind
from schemas.orders.orders import BankOrder, cancellation_id


class Parcel(Protocol):
    """One thing that a bank is to have, under one idempotency key however often it is carried."""

    @property
    def key(self) -> UUID:
        """By what the bank knows it again."""
        ...

    def fits(self, adapter: object) -> bool:
        """Whether that channel has a message for it."""
        ...

    async def hand_over(self, adapter: Any, way: Any, timeout_seconds: float) -> Delivery:
        """Put it before the bank. Raises `BankError`."""
        ...

    async def turns(self, connection: Connection) -> Mapping[ChannelKind, int]:
        """How often each channel has tried to carry it."""
        ...

    async def note(
        self, connection: Connection, channel: ChannelKind, outcome: CarriageOutcome, at: datetime, detail: str = ""
    ) -> None:
        """Write what came of carrying it."""
        ...

    async def keep(self, connection: Connection, exchanges: Sequence[Exchange]) -> None:
        """Keep what passed on the way, byte for byte."""
        ...

    async def note_silence(self, connection: Connection, channel: ChannelKind, at: datetime) -> bool:
        """Write that its last delivery was met with silence; false when that is written already."""
        ...


@dataclass(frozen=True)
class HoldParcel:
    """A hold request; its ticket is needed only to hand it over."""

    key: UUID
    ticket: HoldTicket | None = None

    def fits(self, adapter: object) -> bool:
        """Every channel carries hold requests."""
        return True

    async def hand_over(self, adapter: BankAdapter[Any], way: Any, timeout_seconds: float) -> Delivery:
        """Send the ticket."""
        assert self.ticket is not None, "whoever carries a request brings its ticket"
        return await adapter.send_hold_request(way, self.ticket, timeout_seconds=timeout_seconds)

    async def turns(self, connection: Connection) -> Mapping[ChannelKind, int]:
        """From the request's own record."""
        return await channels.turns(connection, self.key)

    async def note(
        self, connection: Connection, channel: ChannelKind, outcome: CarriageOutcome, at: datetime, detail: str = ""
    ) -> None:
        """In the request's own record."""
        await channels.note_carriage(connection, self.key, channel, outcome, at, detail)

    async def keep(self, connection: Connection, exchanges: Sequence[Exchange]) -> None:
        """As about the request."""
        await bank_exchanges.keep(connection, About.HOLD_REQUEST, self.key, exchanges)

    async def note_silence(self, connection: Connection, channel: ChannelKind, at: datetime) -> bool:
        """In the request's own record."""
        return await channels.note_silence(connection, self.key, channel, at)


@dataclass(frozen=True)
class OrderParcel:
    """An order to restore or to release."""

    key: UUID
    ticket: OrderTicket | None = None

    def fits(self, adapter: object) -> bool:
        """The I4C wire, for one, has no message for an order."""
        return isinstance(adapter, OrderTaker)

    async def hand_over(self, adapter: OrderTaker[Any], way: Any, timeout_seconds: float) -> Delivery:
        """Send the order."""
        assert self.ticket is not None, "whoever carries an order brings its ticket"
        return await adapter.send_order(way, self.ticket, timeout_seconds=timeout_seconds)

    async def turns(self, connection: Connection) -> Mapping[ChannelKind, int]:
        """From the order's own record."""
        return await bank_orders.turns(connection, self.key)

    async def note(
        self, connection: Connection, channel: ChannelKind, outcome: CarriageOutcome, at: datetime, detail: str = ""
    ) -> None:
        """In the order's own record."""
        await bank_orders.note_carriage(connection, self.key, channel, outcome, at, detail)

    async def keep(self, connection: Connection, exchanges: Sequence[Exchange]) -> None:
        """As about the order."""
        await bank_exchanges.keep(connection, About.ORDER, self.key, exchanges)

    async def note_silence(self, connection: Connection, channel: ChannelKind, at: datetime) -> bool:
        """In the order's own record."""
        return await bank_orders.note_silence(connection, self.key, channel, at)


@dataclass(frozen=True)
class CancellationParcel:
    """That an order is taken back."""

    order: BankOrder

    @property
    def key(self) -> UUID:
        """Its own, not the order's."""
        return cancellation_id(self.order.order_id)

    def fits(self, adapter: object) -> bool:
        """Where an order goes, the word that it is taken back goes too."""
        return isinstance(adapter, CancellationTaker)

    async def hand_over(self, adapter: CancellationTaker[Any], way: Any, timeout_seconds: float) -> Delivery:
        """Send the word."""
        return await adapter.send_cancellation(way, self.order, timeout_seconds=timeout_seconds)

    async def turns(self, connection: Connection) -> Mapping[ChannelKind, int]:
        """From the order's own record."""
        return await cancellations.turns(connection, self.order.order_id)

    async def note(
        self, connection: Connection, channel: ChannelKind, outcome: CarriageOutcome, at: datetime, detail: str = ""
    ) -> None:
        """In the order's own record."""
        order_id = self.order.order_id
        await bank_orders.note_carriage(connection, order_id, channel, outcome, at, detail, cancellation=True)

    async def keep(self, connection: Connection, exchanges: Sequence[Exchange]) -> None:
        """As about the order's end."""
        await bank_exchanges.keep(connection, About.CANCELLATION, self.order.order_id, exchanges)

    async def note_silence(self, connection: Connection, channel: ChannelKind, at: datetime) -> bool:
        """Silence on it is the ladder's of the cancellation."""
        return False
