"""A bank reads, acknowledges, refuses and confirms its orders, and an officer has one sent again.

An order of another bank is reported as not found.
"""

import hashlib
from collections import defaultdict
from typing import Final
from uuid import UUID

from activities.banks.received import keep_served
from activities.context import Context
from activities.recovery.confirmations import check_lines, take_confirmation
from activities.recovery.order_transaction import order_transaction
from activities.recovery.orders import FOR_ITS_BANK, note_refusal
from db.banks import bank_exchanges
from db.case import bank_feeds
from db.paging import cut, from_cursor, to_cursor
from db.recovery import bank_orders, bank_replies, cancellations
from db.recovery.bank_orders import LIVE
from db.recovery.bank_replies import Place
from domain.errors import BadCursor
from domain.errors.recovery import NoDocument, NoReleaseOrder, OrderNotFound, OrderOver
from schemas.banks.keys import About
from schemas.enums import ChannelKind, DeliveryOutcome, TaskKind
from schemas.events import EventKind
from schemas.recovery.orders import (
    BankOrder,
    BankOrderPage,
    ConfirmationTaken,
    ConfirmedLine,
    OrderAcknowledged,
    OrderConfirmation,
    OrderRefusal,
    OrderRefused,
)
from schemas.restoration_enums import OrderState

RELEASE_REFERENCE: Final = "release-confirm"
"""the reference of a statement that a hold is released in full; it identifies a repeated statement"""


# -- reading -----------------------------------------------------------------------------------------------------------


async def read_orders(
    ctx: Context, institution: str, limit: int, cursor: str | None, state: OrderState | None, *, waiting: bool = False
) -> BankOrderPage:
    """Return a page of the bank's orders. Raises `BadCursor`."""
    after = _place(cursor) if cursor else None
    async with (
        ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        places, more = cut(
            await bank_replies.page(connection, institution, after, limit + 1, state, waiting=waiting), limit
        )
        items = await bank_orders.as_read(connection, institution, [place.order_id for place in places])
    await keep_served(ctx, About.ORDER, {item.order_id: item for item in items})
    last = places[-1] if more else None
    return BankOrderPage(
        items=tuple(items), next=to_cursor(last.planned_at.isoformat(), str(last.order_id)) if last else None
    )


def _place(cursor: str) -> Place:
    planned_at, order_id = from_cursor(cursor, str, str)
    try:
        return Place.model_validate({"planned_at": planned_at, "order_id": order_id})
    except ValueError:
        raise BadCursor from None


async def read_order(ctx: Context, institution: str, order_id: UUID) -> BankOrder:
    """Return one order of the bank in its current state. Raises `NotFound`."""
    async with ctx.pool.acquire() as connection:
        orders = await bank_orders.as_read(connection, institution, [order_id])
    if not orders:
        raise OrderNotFound(order_id)
    await keep_served(ctx, About.ORDER, {order_id: orders[0]})
    return orders[0]


async def read_document(ctx: Context, institution: str, order_id: UUID) -> bytes:
    """Return the PDF of an order of the bank. Raises `NotFound`, `NoDocument`."""
    async with ctx.pool.acquire() as connection:
        await bank_orders.case_of(connection, order_id, institution)
        pdf = await bank_replies.document(connection, order_id, ctx.opens)
    if pdf is None:
        raise NoDocument(order_id)
    return pdf


# -- what a bank says --------------------------------------------------------------------------------------------------


async def acknowledge(ctx: Context, institution: str, order_id: UUID) -> OrderAcknowledged:
    """Record the bank's receipt of an order; a repeated receipt returns the first time.

    Raises `NotFound`. Raises `OrderOver` for an order that is over and was never acknowledged.
    """
    async with order_transaction(ctx, order_id, f"bank:{institution}", institution=institution) as work:
        connection = work.connection
        known_at = await bank_replies.acknowledged_at(connection, order_id)
        if known_at is not None:
            return OrderAcknowledged(order_id=order_id, acknowledged_at=known_at)
        if work.order.state not in LIVE:
            raise OrderOver(order_id, work.order.state)
        if await cancellations.has_to_wait(connection, order_id):
            # The order waits for a cancellation and was never sent, so no bank can know of it.
            raise OrderNotFound(order_id)
        await bank_replies.acknowledge(connection, order_id, work.now)
        passed = await bank_exchanges.bound(connection, About.ORDER, order_id)
        # Another channel may still try to deliver. The receipt makes that unnecessary.
        if await bank_orders.delivered(connection, order_id, ChannelKind.PULL, str(order_id), work.now):
            await bank_exchanges.note(
                connection, About.ORDER, order_id, ChannelKind.PULL, DeliveryOutcome.DELIVERED, work.now
            )
            await work.log(EventKind.ORDER_DELIVERED, channel=ChannelKind.PULL.value, **passed)
            await work.notify_workflows()
        await work.log(EventKind.ORDER_ACKNOWLEDGED, **passed)
    return OrderAcknowledged(order_id=order_id, acknowledged_at=work.now)


async def refuse(ctx: Context, institution: str, order_id: UUID, refusal: OrderRefusal, source: str) -> OrderRefused:
    """Record that the bank refuses the order, and ask a person to look. A repeated refusal changes nothing.

    Raises `NotFound`. Raises `OrderOver` for an order that is confirmed or cancelled.
    """
    async with order_transaction(ctx, order_id, source, institution=institution) as work:
        if work.order.state not in LIVE:
            raise OrderOver(order_id, work.order.state)
        if await bank_orders.refused(work.connection, order_id, refusal.code, refusal.reason):
            await note_refusal(work, refusal.code)
            await work.notify_workflows()
    return OrderRefused(order_id=order_id, state=OrderState.REFUSED)


async def confirm(
    ctx: Context, institution: str, order_id: UUID, stated: OrderConfirmation, key: str | None
) -> ConfirmationTaken:
    """Book the bank's confirmation of an order.

    The same body again gets the same reply. Another body under the same `key` is refused.
    Raises `NotFound`, `NotItsLine`, `IdempotencyKeyReused`.
    """
    digest = hashlib.sha256(order_id.bytes + stated.model_dump_json().encode()).digest()
    # The space keeps this name apart from a bank's own keys, which have no space.
    name = key or f" {digest.hex()}"
    async with ctx.pool.acquire() as connection:
        await bank_orders.case_of(connection, order_id, institution)
        await check_lines(connection, order_id, stated)
        known = await bank_feeds.use_key(connection, institution, name, digest, ctx.now())
    if known is not None:
        return ConfirmationTaken.model_validate(known)
    taken = await take_confirmation(ctx, institution, order_id, stated, f"bank:{institution}")
    async with ctx.pool.acquire() as connection:
        reply = await bank_feeds.keep_reply(connection, institution, name, taken.model_dump(mode="json"))
    return ConfirmationTaken.model_validate(reply)


async def confirm_release(ctx: Context, institution: str, request_id: UUID) -> None:
    """Record that the bank has released everything that release orders name for this hold request.

    A repeated statement changes nothing. Raises `NotFound` for an unknown hold request, and `NoReleaseOrder`.
    """
    async with ctx.pool.acquire() as connection:
        await bank_feeds.one(connection, institution, request_id)
        lines = await bank_replies.releases_of(connection, institution, request_id, RELEASE_REFERENCE)
    if not lines:
        raise NoReleaseOrder(request_id)
    now = ctx.now()
    by_order: dict[UUID, list[ConfirmedLine]] = defaultdict(list)
    for line in lines:
        if line.state is not OrderState.CONFIRMED and line.left_paise and not line.told:
            done = ConfirmedLine(
                line_no=line.line_no, amount_paise=line.left_paise, done_at=now, reference=RELEASE_REFERENCE
            )
            by_order[line.order_id].append(done)
    for order_id, done_lines in by_order.items():
        stated = OrderConfirmation(lines=tuple(done_lines))
        await take_confirmation(ctx, institution, order_id, stated, f"bank:{institution}")


# -- what officers do --------------------------------------------------------------------------------------------------


async def send_again(ctx: Context, order_id: UUID, reason: str, by: str) -> OrderState:
    """Send an order again after its fault is corrected. Raises `NotFound`, `OrderOver`."""
    async with order_transaction(ctx, order_id, by) as work:
        if work.order.state not in LIVE:
            raise OrderOver(order_id, work.order.state)
        await bank_orders.send_again(work.connection, order_id)
        await work.close_tasks(work.subject, FOR_ITS_BANK, reason, kinds=(TaskKind.ORDER_SILENT,))
        await work.log(EventKind.ORDER_SENT_AGAIN)
        await work.notify_workflows()
    return OrderState.PLANNED
