"""Hold requests and orders that a bank fetches from our feed."""

from collections.abc import Awaitable, Callable
from typing import Self

from adapters.banks.protocol import Delivery, HoldTicket, OrderTicket
from schemas.banks.institutions import Institution
from schemas.gateway.lien_lists import ListWanted
from schemas.recovery.orders import BankOrder, cancellation_id


class PullAdapter:
    """The feed as a `BankAdapter`.

    A request stands in the feed as soon as it is planned. Sending it only wakes the readers of the feed.
    """

    def __init__(self, announce: Callable[[str], Awaitable[None]]) -> None:
        """Use `announce(bank_code)` to wake the readers that wait for that bank's feed."""
        self._announce = announce

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def send_hold_request(self, bank: Institution, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        """Announce `ticket` in the bank's feed; see `BankAdapter.send_hold_request`. The job id is the request id."""
        # A failure of our own database passes through, because another channel would not help.
        await self._announce(bank.code)
        return Delivery(str(ticket.request_id))

    async def ask_payers_bank(self, bank: Institution, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        """Return a delivery whose job id is the inquiry's id. The bank's list shows it from its planning on."""
        return Delivery(str(ticket.request_id))

    async def ask_for_liens(self, bank: Institution, wanted: ListWanted, *, timeout_seconds: float) -> None:
        """Do nothing, because the feed shows the question on every page until the bank answers."""

    async def send_order(self, bank: Institution, ticket: OrderTicket, *, timeout_seconds: float) -> Delivery:
        """Return a delivery whose job id is the order id.

        The bank finds the order in its list once it is marked as delivered, which wakes the readers.
        """
        return Delivery(str(ticket.order.order_id))

    async def send_cancellation(self, bank: Institution, order: BankOrder, *, timeout_seconds: float) -> Delivery:
        """Wake the readers. The bank's list shows the order as cancelled until the bank acknowledges it."""
        await self._announce(bank.code)
        return Delivery(str(cancellation_id(order.order_id)))

    async def close(self) -> None:
        """Do nothing, because nothing is open."""
