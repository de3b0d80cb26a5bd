"""What is behind the links in letters about orders: looking, and saying what was done.

A token is of the kind that `activities.banks.reply_links` makes, under a key of its own. Looking never uses a link up;
a statement does, when all of the order is confirmed.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import orjson

from activities.banks.reply_links import ANSWERS_AT_ONCE, order_link_key, token_digest
from activities.context import Context
from activities.orders.cancellations import acknowledge_cancellation
from activities.orders.confirmations import take_confirmation
from activities.secrets import SecretBox
from adapters.banks.stated import Answerer
from db.orders import bank_orders, order_links
from db.orders.order_links import OrderLinkRow
from db.pool import Connection
from domain.orders import Via
from schemas.orders.orders import BankOrder, ConfirmationTaken, ConfirmedLine, OrderConfirmation, OrderLine
from schemas.restoration_enums import OrderState


class OrderLinkState(StrEnum):
    """Whether something can be said through a link, or why not."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"
    CONFIRMED = "confirmed"
    """the bank has confirmed all of the order in another way"""
    CANCELLED = "cancelled"
    """the order was taken back"""
    TO_ACKNOWLEDGE = "to_acknowledge"
    """it was taken back, and the bank has still to say that it does it no more"""


@dataclass(frozen=True, slots=True)
class OrderLinkView:
    """What a link shows to whoever opens it."""

    state: OrderLinkState
    institution: str
    case_no: str
    order_id: UUID
    expires_at: datetime
    order: BankOrder = field(repr=False)

    @property
    def left(self) -> tuple[OrderLine, ...]:
        """The lines of which something is still to be done; none where the link is not open."""
        if self.state is not OrderLinkState.OPEN:
            return ()
        return tuple(line for line in self.order.lines if line.amount_paise > line.confirmed_paise)


@dataclass(frozen=True, slots=True)
class OrderForm:
    """A form that came in through a link."""

    lines: tuple[ConfirmedLine, ...]
    seen_paise: Mapping[int, int]
    """what was left of each line when the form was made, by its number"""
    answerer: Answerer
    fields: Mapping[str, str] = field(repr=False)
    """as they came, to be kept"""
    body: bytes = field(default=b"", repr=False)
    """the whole form as it was posted"""


@dataclass(frozen=True, slots=True)
class WordTaken:
    """The word was taken. `repeated`: it was taken before, and nothing was written again."""

    left: int
    """lines of which something is still to be done"""
    taken: ConfirmationTaken | None = None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class WordNotTaken:
    """The link is closed, or a line is not as it was when the form was made."""

    view: OrderLinkView


_CLOSED_BY: Final = {
    OrderState.CONFIRMED: OrderLinkState.CONFIRMED,
    OrderState.CANCELLED: OrderLinkState.CANCELLED,
}


class OrderLinks:
    """What is behind the links: looking, and taking a bank's word."""

    def __init__(self, ctx: Context, secret_box: SecretBox) -> None:
        self._ctx = ctx
        self._key = order_link_key(secret_box)
        self._places = asyncio.Semaphore(ANSWERS_AT_ONCE)

    def digest(self, token: str) -> bytes | None:
        """The token's digest, without asking the database; None where it is none of ours."""
        return token_digest(self._key, token)

    async def look(self, digest: bytes) -> OrderLinkView | None:
        """What the link shows now; None where there is no such link. Changes nothing."""
        async with self._ctx.pool.acquire() as connection:
            link = await order_links.find(connection, digest)
            return await self._view(connection, link) if link else None

    async def took(self, digest: bytes, fields: Mapping[str, str]) -> bool:
        """Whether this very form was taken before."""
        async with self._ctx.pool.acquire() as connection:
            link = await order_links.find(connection, digest)
            return link is not None and await order_links.knows_form(connection, link.link_id, _form_digest(fields))

    async def take(self, digest: bytes, form: OrderForm) -> WordTaken | WordNotTaken | None:
        """Take what a form says was done; None where there is no such link.

        The link is locked until it is written: of two officers who send at once the second finds what the first has
        changed. Should this process end between the word and its note here, the same form sent again finds every line
        known.
        """
        async with self._places, self._ctx.pool.acquire() as connection, connection.transaction():
            link = await order_links.lock(connection, digest)
            if link is None:
                return None
            view, form_digest = await self._view(connection, link), _form_digest(form.fields)
            if await order_links.knows_form(connection, link.link_id, form_digest):
                return WordTaken(left=len(view.left), repeated=True)
            if view.state is not OrderLinkState.OPEN or _changed(view, form):
                return WordNotTaken(view)
            told, source = OrderConfirmation(lines=form.lines), f"bank:{link.institution}"
            taken = await take_confirmation(self._ctx, link.institution, link.order_id, told, source, Via.LETTER)
            now, who = self._ctx.now(), form.answerer
            await order_links.keep_form(
                connection, link.link_id, now, who.name, who.designation, form.fields, form_digest, form.body
            )
            if taken.state is OrderState.CONFIRMED:
                await order_links.use_up(connection, link.link_id, now)
            left = await bank_orders.lines_of(connection, link.order_id)
        return WordTaken(left=sum(line.confirmed_paise < line.amount_paise for line in left), taken=taken)

    async def acknowledge(
        self, digest: bytes, answerer: Answerer, fields: Mapping[str, str], body: bytes
    ) -> OrderLinkView | None:
        """Take the word that the bank does a cancelled order no more; None where there is no such link.

        The view is of before: in any other state than `TO_ACKNOWLEDGE` nothing was taken.
        """
        async with self._places, self._ctx.pool.acquire() as connection, connection.transaction():
            link = await order_links.lock(connection, digest)
            if link is None:
                return None
            view = await self._view(connection, link)
            if view.state is OrderLinkState.TO_ACKNOWLEDGE:
                await acknowledge_cancellation(self._ctx, link.institution, link.order_id)
                form_digest = _form_digest(fields)
                if not await order_links.knows_form(connection, link.link_id, form_digest):
                    now, who = self._ctx.now(), answerer
                    await order_links.keep_form(
                        connection, link.link_id, now, who.name, who.designation, fields, form_digest, body
                    )
        return view

    async def _view(self, connection: Connection, link: OrderLinkRow) -> OrderLinkView:
        (order,) = await bank_orders.as_read(connection, link.institution, [link.order_id])
        return OrderLinkView(
            state=_state(link, order, self._ctx.now()),
            institution=link.institution,
            case_no=link.case_no,
            order_id=link.order_id,
            expires_at=link.expires_at,
            order=order,
        )


def _form_digest(fields: Mapping[str, str]) -> bytes:
    return hashlib.sha256(orjson.dumps(dict(fields), option=orjson.OPT_SORT_KEYS)).digest()


def _changed(view: OrderLinkView, form: OrderForm) -> bool:
    """Whether something else is left of a line of the form than when it was made."""
    left = {line.line_no: line.amount_paise - line.confirmed_paise for line in view.left}
    return any(form.seen_paise.get(line.line_no) != left.get(line.line_no) for line in form.lines)


def _state(link: OrderLinkRow, order: BankOrder, now: datetime) -> OrderLinkState:
    if link.used_at is not None:
        return OrderLinkState.USED
    if order.cancellation_open:
        return OrderLinkState.TO_ACKNOWLEDGE if now < link.expires_at else OrderLinkState.EXPIRED
    if link.order_state in _CLOSED_BY:
        return _CLOSED_BY[link.order_state]
    return OrderLinkState.EXPIRED if now >= link.expires_at else OrderLinkState.OPEN
