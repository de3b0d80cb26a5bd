"""A bank's feed: its pages, its receipts and its answers to hold requests. A bank sees only its own requests."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from activities.banks.received import keep_served
from activities.case.answers import take_status_update
from activities.case.claims import check_hops
from activities.case.tickets import category_of, instrument_of, urgency_of
from activities.case.transaction import CaseTransaction, case_transaction, lock_case
from activities.context import Context
from activities.gateway.lien_lists import wanted as list_wanted
from adapters.banks.answers import StatusUpdate
from adapters.banks.protocol import HoldTicket, Incident
from adapters.banks.push.client import hold_demand
from adapters.banks.stated import Asked, answer_lines
from db.banks import bank_exchanges
from db.case import bank_feeds, requests, told_transfers
from db.case.bank_feeds import FeedHop, FeedRow, Receipt
from db.case.told_transfers import Payment
from db.gateway import lien_inquiries
from db.paging import from_cursor, to_cursor
from db.pool import Connection, Pool
from db.privacy.body_keys import CaseKey
from db.recovery import bank_replies
from domain.errors import BadCursor
from domain.errors.recovery import HoldOver
from schemas.banks.keys import About
from schemas.case.answers import BankAnswer
from schemas.case.case_workflow import FollowUp
from schemas.enums import ChannelKind, FeedStatus
from schemas.events import EventKind
from schemas.gateway.liens import Acknowledged, AnswerTaken, FeedHold, FeedPage


@dataclass(frozen=True)
class Wanted:
    """The part of the feed that a bank asks for."""

    limit: int
    cursor: str | None = None
    status: FeedStatus | None = None
    changed_after: datetime | None = None


# -- reading -----------------------------------------------------------------------------------------------------------


async def read_feed(ctx: Context, institution: str, wanted: Wanted) -> FeedPage:
    """Return a page of the bank's feed. Raises `BadCursor`, also for a cursor ahead of the feed."""
    after = _after(wanted.cursor)
    async with ctx.pool.acquire() as connection:
        await bank_feeds.number(connection, institution)
        # One snapshot of the database for rows and their places, so that a page is consistent.
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            if after > await bank_feeds.last_change_no(connection, institution):
                raise BadCursor
            rows = await bank_feeds.page(
                connection, institution, after, wanted.limit + 1, wanted.status, wanted.changed_after
            )
            more = len(rows) > wanted.limit
            rows = rows[: wanted.limit]
            items = await _holds(ctx, connection, institution, rows)
            asked = await lien_inquiries.open_of(connection, institution)
            orders_waiting = await bank_replies.waiting(connection, institution)
    await keep_served(ctx, About.HOLD_REQUEST, {item.hold_id: item for item in items}, _keys(rows))
    return FeedPage(
        items=items,
        next=to_cursor(rows[-1].change_no if rows else after),
        more=more,
        list_wanted=list_wanted(asked) if asked else None,
        orders_waiting=orders_waiting,
    )


async def read_hold(ctx: Context, institution: str, request_id: UUID) -> FeedHold:
    """Return one hold request of the bank in its current state. Raises `NotFound`."""
    async with ctx.pool.acquire() as connection:
        await bank_feeds.number(connection, institution)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            row = await bank_feeds.one(connection, institution, request_id)
            (hold,) = await _holds(ctx, connection, institution, [row])
    await keep_served(ctx, About.HOLD_REQUEST, {request_id: hold}, _keys([row]))
    return hold


async def announce(pool: Pool, institution: str) -> None:
    """Wake the requests that wait for the bank's feed."""
    async with pool.acquire() as connection:
        await bank_feeds.announce(connection, institution)


# -- what the bank says ------------------------------------------------------------------------------------------------


async def acknowledge(ctx: Context, institution: str, request_id: UUID) -> Acknowledged:
    """Record the bank's receipt of a hold request, once.

    Raises `NotFound`, and `HoldOver` for a request that ended without a receipt.
    """
    find = partial(bank_feeds.case_of, institution=institution, request_id=request_id)
    async with case_transaction(ctx, find, f"bank:{institution}") as work:
        receipt = await bank_feeds.receipt(work.connection, request_id)
        if receipt.acknowledged_at is not None:
            return Acknowledged(hold_id=request_id, acknowledged_at=receipt.acknowledged_at)
        if receipt.status is not FeedStatus.OPEN:
            raise HoldOver(request_id, receipt.status)
        await _take_receipt(work, institution, request_id, receipt)
    return Acknowledged(hold_id=request_id, acknowledged_at=work.now)


async def take_answer(
    ctx: Context, institution: str, request_id: UUID, answer: BankAnswer, key: str | None
) -> tuple[AnswerTaken, FollowUp | None]:
    """Take the bank's answer to a hold request in any state, because late news of money still matters.

    The same body again gets the same reply, and one `key` cannot be used for another body. An answer is a receipt too.
    Returns the reply and the workflow notification. Raises `NotFound`, `NotItsHop`, `IdempotencyKeyReused`.
    """
    digest = hashlib.sha256(request_id.bytes + answer.model_dump_json().encode()).digest()
    async with ctx.pool.acquire() as connection:
        row = await bank_feeds.one(connection, institution, request_id)
        hops = await bank_feeds.hops_of(connection, [request_id])
        asked = {hop.hop_no: Asked(reference=hop.reference, account=hop.account) for hop in hops}
        check_hops(answer.lines, asked)
        if key is not None:
            known = await bank_feeds.use_key(connection, institution, key, digest, ctx.now())
            if known is not None:
                return AnswerTaken(hold_id=request_id, **known), None
        async with connection.transaction():
            work = await lock_case(ctx, connection, row.case_no, f"bank:{institution}")
            noted = await bank_feeds.receipt(connection, request_id)
            if noted.acknowledged_at is None:
                await _take_receipt(work, institution, request_id, noted)
    update = StatusUpdate(ack_no=row.case_no, job_id=str(request_id), lines=answer_lines(answer.lines, asked))
    receipt = await take_status_update(ctx, institution, update, digest)
    reply = {
        "accepted": receipt.accepted,
        "duplicates": receipt.duplicates,
        "contradictions": receipt.discrepancies,
    }
    if key is not None:
        async with ctx.pool.acquire() as connection:
            reply = await bank_feeds.keep_reply(connection, institution, key, reply)
    return AnswerTaken(hold_id=request_id, **reply), receipt.follow_up


# -- steps -------------------------------------------------------------------------------------------------------------


def _after(cursor: str | None) -> int:
    if cursor is None:
        return 0
    number = int(from_cursor(cursor, int)[0])
    if not 0 <= number < 2**63:
        raise BadCursor
    return number


async def _take_receipt(work: CaseTransaction, institution: str, request_id: UUID, receipt: Receipt) -> None:
    if not receipt.delivered and receipt.status is FeedStatus.OPEN:
        # Another channel may still be trying, which is no longer necessary.
        await requests.delivered(
            work.connection, request_id, institution, str(request_id), ChannelKind.PULL, 0, work.now
        )
    await bank_feeds.acknowledge(work.connection, institution, request_id, work.now)
    passed = await bank_exchanges.bound(work.connection, About.HOLD_REQUEST, request_id)
    await work.log(EventKind.REQUEST_ACKNOWLEDGED, request_id=str(request_id), institution=institution, **passed)


async def _holds(
    ctx: Context, connection: Connection, institution: str, rows: Sequence[FeedRow]
) -> tuple[FeedHold, ...]:
    hops: dict[UUID, list[FeedHop]] = defaultdict(list)
    for hop in await bank_feeds.hops_of(connection, [row.request_id for row in rows]):
        hops[hop.request_id].append(hop)
    mains = [(row.case_no, _main(hops[row.request_id]).hop_no) for row in rows]
    paid = await told_transfers.payments(connection, sorted(set(mains)))
    return tuple(
        _hold(ctx, institution, row, hops[row.request_id], paid[main]) for row, main in zip(rows, mains, strict=True)
    )


def _keys(rows: Sequence[FeedRow]) -> dict[UUID, CaseKey]:
    return {row.request_id: CaseKey(case_no=row.case_no, key=row.key) for row in rows}


def _main(hops: Sequence[FeedHop]) -> FeedHop:
    """Return the hop with the most money. A hold request describes the victim's payment of that hop."""
    return max(hops, key=lambda hop: (hop.disputed_paise, -hop.hop_no))


def _hold(ctx: Context, institution: str, row: FeedRow, hops: Sequence[FeedHop], payment: Payment) -> FeedHold:
    waiting = [hop for hop in hops if hop.open_paise] if row.status is FeedStatus.OPEN else []
    shown = [(hop, hop.open_paise) for hop in waiting] or [(hop, hop.disputed_paise) for hop in hops]
    freshest_at, largest_paise = max(hop.transferred_at for hop in hops), max(hop.disputed_paise for hop in hops)
    urgency = urgency_of(ctx, institution, row.sent_at, freshest_at, largest_paise)
    ticket = HoldTicket(
        request_id=row.request_id,
        ack_no=row.case_no,
        sub_category=category_of(ctx, payment),
        instrument=instrument_of(ctx, payment),
        incidents=tuple(_incident(hop, paise) for hop, paise in shown),
        priority=urgency.priority,
        requested_at=urgency.requested_at,
        respond_by=urgency.respond_by,
        hold_until=_hold_until(hops, urgency.hold_until),
    )
    demand = hold_demand(ticket, row.sent_at)
    more: Mapping[str, object] = {"status": row.status, "changed_at": row.changed_at, "version": row.version}
    return FeedHold.model_validate(demand.model_dump() | dict(more))


def _hold_until(hops: Sequence[FeedHop], asked_until: datetime) -> datetime | None:
    """Return until when the hold is asked; None while something keeps the money beyond that."""
    if any(hop.is_kept for hop in hops):
        return None
    return max([asked_until, *(hop.lapses_at for hop in hops if hop.lapses_at is not None)])


def _incident(hop: FeedHop, disputed_paise: int) -> Incident:
    return Incident(
        amount_paise=max(hop.amount_paise, disputed_paise),
        rrn=hop.reference,
        transferred_at=hop.transferred_at,
        disputed_paise=disputed_paise,
        layer=hop.layer,
        hop_no=hop.hop_no,
    )
