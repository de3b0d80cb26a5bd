"""Reply links about orders: the page they show, and the confirmations and acknowledgements they take."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final

from activities.case.reply_links import LinkState, ReplyForm, ReplyLinks, ReplyView, Written, fields_digest
from activities.recovery.cancellations import acknowledge_cancellation
from activities.recovery.confirmations import take_confirmation
from adapters.banks.stated import Answerer
from db.banks import reply_links
from db.banks.reply_links import LinkRow
from db.pool import Connection
from db.recovery import bank_orders
from domain.recovery.orders import Via
from schemas.banks.keys import About
from schemas.recovery.orders import BankOrder, ConfirmedLine, OrderConfirmation, OrderLine
from schemas.restoration_enums import OrderKind, OrderState


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView(ReplyView[OrderLine]):
    """An order as its bank is asked about it, with the lines that are not confirmed in full."""

    order: BankOrder = field(repr=False)

    def open_paise(self, number: int) -> int | None:
        """Return the unconfirmed paise of the line `number`; see `ReplyView.open_paise`."""
        line = self.items.get(number)
        return _left_paise(line) if line else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderForm(ReplyForm[ConfirmedLine]):
    """The form that a bank's officer has filled in about an order."""


_CLOSED_BY: Final = {
    OrderState.CONFIRMED: LinkState.REPLIED,
    OrderState.CANCELLED: LinkState.WITHDRAWN,
}


class OrderLinks(ReplyLinks[OrderView, OrderForm]):
    """The links about orders."""

    about: ClassVar = About.ORDER

    async def view(self, connection: Connection, link: LinkRow, now: datetime) -> OrderView:
        """Return the order and its open lines; see `ReplyLinks.view`."""
        (order,) = await bank_orders.as_read(connection, link.institution, [link.subject_id])
        return view_of(order, link.institution, _state(link, order, now), link.expires_at)

    def needs_code(self, view: OrderView, form: OrderForm) -> bool:
        """Return whether the form confirms a credit; see `ReplyLinks.needs_code`."""
        return view.order.kind is OrderKind.RESTORE

    async def write(self, connection: Connection, link: LinkRow, form: OrderForm) -> Written:
        """Book the form as a confirmation of the bank."""
        statement, source = OrderConfirmation(lines=tuple(form.stated.values())), f"bank:{link.institution}"
        taken = await take_confirmation(self._ctx, link.institution, link.subject_id, statement, source, Via.LETTER)
        return Written(taken.contradictions, taken.duplicates)

    async def count_left(self, connection: Connection, link: LinkRow) -> int:
        """Return how many lines are not confirmed in full; see `ReplyLinks.count_left`."""
        lines = await bank_orders.lines_of(connection, link.subject_id)
        return sum(line.confirmed_paise < line.amount_paise for line in lines)

    async def acknowledge(
        self, digest: bytes, responder: Answerer, fields: Mapping[str, str], body: bytes
    ) -> OrderView | None:
        """Record the bank's acknowledgement of a cancellation; return None if there is no such link.

        The returned view shows the state before. In any other state than `TO_ACKNOWLEDGE` nothing is recorded.
        """
        async with self._locked(digest) as locked:
            if locked is None:
                return None
            link = locked.link
            view = await self.view(locked.connection, link, locked.now)
            if view.state is LinkState.TO_ACKNOWLEDGE:
                await acknowledge_cancellation(self._ctx, link.institution, link.subject_id)
                if not await reply_links.knows_form(locked.connection, link.link_id, fields_digest(fields)):
                    await self._keep(locked, responder, fields, body)
        return view


def view_of(order: BankOrder, institution: str, state: LinkState, expires_at: datetime) -> OrderView:
    """Return an order as its bank is asked about it in that state."""
    return OrderView(
        state=state,
        institution=institution,
        case_no=order.ack_no,
        subject_id=order.order_id,
        expires_at=expires_at,
        order=order,
        items={line.line_no: line for line in order.lines if _left_paise(line)} if state.takes_form else {},
    )


def _left_paise(line: OrderLine) -> int:
    return max(line.amount_paise - line.confirmed_paise, 0)


def _state(link: LinkRow, order: BankOrder, now: datetime) -> LinkState:
    if link.used_at is not None:
        return LinkState.USED
    if not order.cancellation_open and order.state in _CLOSED_BY:
        return _CLOSED_BY[order.state]
    if now >= link.expires_at:
        return LinkState.EXPIRED
    if link.replaced_at is not None:
        return LinkState.REPLACED
    return LinkState.TO_ACKNOWLEDGE if order.cancellation_open else LinkState.OPEN
