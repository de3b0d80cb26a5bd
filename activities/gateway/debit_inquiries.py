"""Inquiries to a victim's bank in its feed, and its answers. A bank sees only its own."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from activities.banks.received import keep_served
from activities.case.answers import take_status_update
from activities.case.payer_inquiries import inquiry_ticket
from activities.context import Context
from adapters.banks.answers import StatusUpdate
from adapters.banks.push.client import debit_inquiry
from adapters.banks.stated import debit_lines
from db.case import bank_feeds, payer_inquiries, told_transfers
from db.case.payer_inquiries import AskedInquiry
from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from domain.errors import BadCursor
from schemas.banks.keys import About
from schemas.case.case_workflow import FollowUp
from schemas.case.payer_inquiries import DebitAnswer, DebitAnswerTaken, DebitInquiry, DebitInquiryPage


async def read_waiting(ctx: Context, institution: str, limit: int, cursor: str | None) -> DebitInquiryPage:
    """Return a page of the inquiries that wait for the bank's answer. Raises `BadCursor`."""
    async with (
        ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        rows, more = cut(
            await payer_inquiries.waiting_at(connection, institution, _place(cursor) if cursor else None, limit + 1),
            limit,
        )
        items = await _inquiries(ctx, connection, rows)
    await keep_served(ctx, About.PAYER_INQUIRY, {item.inquiry_id: item for item in items})
    last = rows[-1] if more else None
    return DebitInquiryPage(
        items=items, next=to_cursor(last.planned_at.isoformat(), str(last.inquiry_id)) if last else None
    )


async def read_one(ctx: Context, institution: str, inquiry_id: UUID) -> DebitInquiry:
    """Return one inquiry of the bank, also one that is over. Raises `NotFound`."""
    async with ctx.pool.acquire() as connection:
        row = await payer_inquiries.one_of_bank(connection, institution, inquiry_id)
        (inquiry,) = await _inquiries(ctx, connection, [row])
    await keep_served(ctx, About.PAYER_INQUIRY, {inquiry_id: inquiry})
    return inquiry


async def take_answer(
    ctx: Context, institution: str, inquiry_id: UUID, answer: DebitAnswer, key: str | None, *, is_signed: bool
) -> tuple[DebitAnswerTaken, FollowUp | None]:
    """Take the bank's answer to an inquiry in any state, by the rules of an answer over the I4C wire.

    The same body again gets the same reply, and one `key` cannot be used for another body. Returns the reply and the
    workflow notification. `is_signed`: the bank signed the request, and did not only log in.
    Raises `NotFound`, `PayerInquiryReplaced`, `IdempotencyKeyReused`.
    """
    digest = hashlib.sha256(inquiry_id.bytes + answer.model_dump_json().encode()).digest()
    async with ctx.pool.acquire() as connection:
        asked = await payer_inquiries.one_of_bank(connection, institution, inquiry_id)
        if key is not None:
            known = await bank_feeds.use_key(connection, institution, key, digest, ctx.now())
            if known is not None:
                return DebitAnswerTaken(inquiry_id=inquiry_id, **known), None
    lines = debit_lines(answer.lines, asked.reference)
    update = StatusUpdate(ack_no=asked.case_no, job_id=str(inquiry_id), lines=lines)
    receipt = await take_status_update(ctx, institution, update, digest, is_signed=is_signed)
    reply = {
        "accepted": receipt.accepted,
        "duplicates": receipt.duplicates,
        "contradictions": receipt.discrepancies,
    }
    if key is not None:
        async with ctx.pool.acquire() as connection:
            reply = await bank_feeds.keep_reply(connection, institution, key, reply)
    return DebitAnswerTaken(inquiry_id=inquiry_id, **reply), receipt.follow_up


def _place(cursor: str) -> tuple[datetime, UUID]:
    planned_at, inquiry_id = from_cursor(cursor, str, str)
    try:
        place = datetime.fromisoformat(str(planned_at)), UUID(str(inquiry_id))
    except ValueError:
        raise BadCursor from None
    if place[0].tzinfo is None:
        raise BadCursor
    return place


async def _inquiries(ctx: Context, connection: Connection, rows: Sequence[AskedInquiry]) -> tuple[DebitInquiry, ...]:
    paid = await told_transfers.payments(connection, [(row.case_no, row.hop_no) for row in rows])
    tickets = [inquiry_ticket(ctx, row, paid[row.case_no, row.hop_no]) for row in rows]
    return tuple(debit_inquiry(ticket, row.planned_at) for ticket, row in zip(tickets, rows, strict=True))
