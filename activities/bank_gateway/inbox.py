"""A bank's inbox in a browser: its open requests and orders, and answers by form or by table.

A form and a table are read by the same rules, and booked by the same rules as an answer over a channel.
"""

import hashlib
from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

from activities.bank_gateway import feed
from activities.banks.reply_links import LinkState, ReplyNotTaken, ReplyTaken, Written
from activities.context import Context
from activities.tracing.answer_links import AnswerForm, AnswerView, open_transfers
from activities.tracing.answers import take_status_update
from activities.tracing.tickets import urgency_of
from adapters.banks.answers import StatusUpdate
from adapters.banks.email import job_id_of
from adapters.banks.stated import to_lines
from db import bank_gateway
from db.orders import bank_orders, bank_replies
from db.pool import Connection
from db.tracing import requests
from domain.errors.holds import HoldOver
from schemas.base import FrozenModel, UtcDatetime
from schemas.orders.orders import BankOrder

WAITING_MAX: Final = 200
"""requests and orders that the inbox shows; the further ones follow when these are answered"""


class WaitingHold(FrozenModel):
    """A hold request that waits for the bank's answer."""

    request_id: UUID
    case_no: str
    hops: int
    paise: int
    """money that is still asked about"""
    freshest_at: UtcDatetime
    respond_by: UtcDatetime | None
    """None if no time is set"""
    is_late: bool


class Inbox(FrozenModel):
    """Requests and orders that wait for one bank."""

    now: UtcDatetime
    holds: tuple[WaitingHold, ...]
    """those with the most money first"""
    orders: tuple[BankOrder, ...]
    """the oldest first"""


async def read(ctx: Context, institution: str) -> Inbox:
    """Return what waits for a bank, at one instant."""
    now = ctx.now()
    async with (
        ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        holds = await bank_gateway.waiting(connection, institution, WAITING_MAX)
        places = await bank_replies.page(connection, institution, None, WAITING_MAX, None, waiting=True)
        orders = await bank_orders.as_read(connection, institution, [place.order_id for place in places])
    return Inbox(now=now, holds=tuple(_waiting(ctx, institution, row, now) for row in holds), orders=tuple(orders))


def _waiting(ctx: Context, institution: str, row: bank_gateway.WaitingRequest, now: datetime) -> WaitingHold:
    by = urgency_of(ctx, institution, row.sent_at, row.freshest_at, row.largest_paise).respond_by
    return WaitingHold(
        request_id=row.request_id,
        case_no=row.case_no,
        hops=row.hops,
        paise=row.paise,
        freshest_at=row.freshest_at,
        respond_by=by,
        is_late=by is not None and by < now,
    )


async def look(ctx: Context, institution: str, request_id: UUID) -> AnswerView | None:
    """Return a hold request of the bank with its open transfers, or None for one that is not the bank's."""
    async with ctx.pool.acquire() as connection:
        request = await requests.find(connection, request_id)
        if request is None or request.institution != institution:
            return None
        return await _view(ctx, connection, request)


async def _view(ctx: Context, connection: Connection, request: requests.RequestRow) -> AnswerView:
    transfers = open_transfers(await requests.live_hops(connection, request.request_id))
    return AnswerView(
        state=LinkState.OPEN if transfers else LinkState.REPLIED,
        institution=request.institution,
        case_no=request.case_no,
        subject_id=request.request_id,
        expires_at=ctx.now(),
        items=transfers,
    )


async def answer(
    ctx: Context, institution: str, request_id: UUID, form: AnswerForm
) -> ReplyTaken | ReplyNotTaken[AnswerView]:
    """Book what a bank states of its transfers. The same form again changes nothing.

    A form about a transfer that is answered by now, or has another open amount, is not taken.
    """
    view = await look(ctx, institution, request_id)
    assert view is not None, "the caller has looked at it"
    if any(
        number not in view.items
        or view.items[number].rrn != stated.rrn
        or view.items[number].disputed_paise != form.seen_paise.get(number)
        for number, stated in form.stated.items()
    ):
        return ReplyNotTaken(view)
    with suppress(HoldOver):
        await feed.acknowledge(ctx, institution, request_id)
    async with ctx.pool.acquire() as connection:
        request = await requests.find(connection, request_id)
    assert request is not None, "requests are never deleted"
    update = StatusUpdate(
        ack_no=request.case_no,
        job_id=request.job_id or job_id_of(request_id),
        lines=to_lines(form.stated.values(), institution, form.answerer, form.made_at),
    )
    digest = hashlib.sha256(request_id.bytes + form.digest).digest()
    receipt = await take_status_update(ctx, institution, update, digest)
    after = await look(ctx, institution, request_id)
    left = len(after.items) if after else 0
    return ReplyTaken(left=left, written=Written(receipt.discrepancies, receipt.duplicates, receipt.follow_up))
