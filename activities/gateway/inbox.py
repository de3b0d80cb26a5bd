"""The banks' inbox, and its statements.

A bank's inbox in a browser: its open requests and orders, and answers by form or by table. A form and a table are read
by the same rules, and booked by the same rules as an answer over a channel.

Test events to banks' webhooks that banks have asked for in their inbox. A test event has the marks of a test ticket, so
a bank holds nothing for it.

Statements of a bank: what it has answered, by whom and when, and what it adds to that. A further statement is judged by
the rules of any answer. What was told before stays on record.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from pydantic import Field

from activities.banks.bodies import line_opener
from activities.case import answer_links
from activities.case.answer_links import AnswerForm, AnswerView, transfers_of
from activities.case.reply_links import LinkState, ReplyNotTaken, ReplyTaken
from activities.case.tickets import urgency_of
from activities.context import Context
from activities.gateway import feed
from activities.outgoing import Attempt, EventSender, Kind, Write
from activities.secrets import CannotOpen
from adapters.banks.protocol import (
    BankChannelGone,
    BankError,
    BankMisconfigured,
    BankRefused,
    BankWire,
    new_test_ticket,
)
from db.banks import bank_exchanges, bank_logins, bank_reply_checks
from db.banks.bank_logins import BankSession
from db.banks.bank_reply_checks import ReplyKind
from db.case import bank_feeds, requests
from db.case.bank_feeds import AnsweredLine, AnsweredRequest, ToldSince
from db.outgoing import OutgoingKind, subjects
from db.pool import Connection
from db.privacy.body_keys import OpensLine
from db.recovery import bank_orders, bank_replies
from db.recovery.bank_replies import ConfirmedOrder
from domain.banks.answering import default_curve
from domain.errors.recovery import HoldOver
from schemas.banks.keys import BankTestCall, BankTestOutcome
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ChannelKind, ClaimKind, Disposition
from schemas.identifiers import account_key, reference_key
from schemas.recovery.orders import BankOrder

WAITING_MAX: Final = 200
"""requests and orders that the inbox shows; the further ones follow when these are answered"""
_OPEN_KINDS: Final = (ReplyKind.HOLD, ReplyKind.ORDER)
"""replies to what waits; a further statement is about an answered request"""
TOLD_MAX: Final = 20
"""lines of a colleague's answer that are shown"""
LAST_ANSWER_WITHIN: Final = timedelta(days=7)
"""age up to which the last answered request is looked for"""


class WaitingHold(FrozenModel):
    """A hold request that waits for the bank's answer."""

    request_id: UUID
    case_no: str
    hops: int
    paise: int
    """money that is still asked about"""
    freshest_at: UtcDatetime
    account: str = Field(repr=False)
    """the account with the most money"""
    accounts: int
    respond_by: UtcDatetime | None
    """None if no time is set"""
    opened_at: UtcDatetime | None = None
    """when a colleague opened its form, if one has it open"""


class Inbox(FrozenModel):
    """Requests and orders that wait for one bank."""

    now: UtcDatetime
    holds: tuple[WaitingHold, ...]
    """those first where the most can still be caught"""
    orders: tuple[BankOrder, ...]
    """the oldest first"""
    opened: dict[UUID, UtcDatetime]
    """orders and requests whose form a colleague has open, and since when"""
    checked: frozenset[UUID] = frozenset()
    """orders and requests with a reply that waits for a second person of the bank"""
    checks: int = 0
    """replies that wait for a second person, also those about answered requests and files"""
    given_back: frozenset[UUID] = frozenset()
    """orders and requests whose newest reply was given back unsent"""
    last_answered_at: UtcDatetime | None = None
    """when the bank last answered a request; read only if no request waits"""


async def read(ctx: Context, session: BankSession) -> Inbox:
    """Return what waits for the bank of a session, at one instant."""
    now, institution = ctx.now(), session.institution
    leaving = default_curve(ctx.policy.call_list.leaving, ctx.clock_factor)
    idle = timedelta(seconds=ctx.policy.sessions.idle_seconds)
    async with (
        ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        holds = await bank_feeds.waiting(connection, institution, WAITING_MAX, now, leaving)
        opened = await bank_logins.open_elsewhere(connection, session, idle)
        last = None
        if not holds:
            last = await bank_feeds.last_answered_at(connection, institution, now - LAST_ANSWER_WITHIN)
        places = await bank_replies.page(connection, institution, None, WAITING_MAX, None, waiting=True)
        orders = await bank_orders.as_read(connection, institution, [place.order_id for place in places])
        checks = await bank_reply_checks.waiting(connection, institution)
        subjects = [*(row.request_id for row in holds), *(order.order_id for order in orders)]
        back = await bank_reply_checks.all_given_back(connection, institution, _OPEN_KINDS, subjects)
    return Inbox(
        now=now,
        holds=tuple(_waiting(ctx, institution, row, opened.get(row.request_id)) for row in holds),
        orders=tuple(orders),
        opened=opened,
        checked=frozenset(check.subject_id for check in checks if check.subject_id is not None),
        checks=len(checks),
        given_back=back,
        last_answered_at=last,
    )


def _waiting(ctx: Context, institution: str, row: bank_feeds.WaitingRequest, opened_at: datetime | None) -> WaitingHold:
    return WaitingHold(
        request_id=row.request_id,
        case_no=row.case_no,
        hops=row.hops,
        paise=row.paise,
        freshest_at=row.freshest_at,
        account=row.account,
        accounts=row.accounts,
        respond_by=urgency_of(ctx, institution, row.sent_at, row.freshest_at, row.largest_paise).respond_by,
        opened_at=opened_at,
    )


class OpenedForm(FrozenModel):
    """Facts that a form about a hold request shows beside its open transfers."""

    accounts: dict[int, str] = Field(repr=False)
    """the account of each transfer, by the number of the transfer"""
    respond_by: UtcDatetime | None
    opened_at: UtcDatetime | None
    """when a colleague opened the form, if one has it open"""


async def open_form(ctx: Context, session: BankSession, view: AnswerView) -> OpenedForm:
    """Write that a session has the form about a request open, and return what the form shows."""
    institution, request_id = session.institution, view.subject_id
    idle = timedelta(seconds=ctx.policy.sessions.idle_seconds)
    async with ctx.pool.acquire() as connection:
        opened = await bank_logins.open_elsewhere(connection, session, idle)
        await bank_logins.open_subject(connection, session.session_id, request_id)
        hops = await bank_feeds.hops_of(connection, [request_id])
        row = await bank_feeds.one(connection, institution, request_id)
    freshest_at, largest_paise = max(hop.transferred_at for hop in hops), max(hop.disputed_paise for hop in hops)
    urgency = urgency_of(ctx, institution, row.sent_at, freshest_at, largest_paise)
    return OpenedForm(
        accounts={hop.hop_no: hop.account for hop in hops},
        respond_by=urgency.respond_by,
        opened_at=opened.get(request_id),
    )


async def accounts_of(ctx: Context, request_id: UUID) -> dict[int, str]:
    """Return the account of each transfer of a request, by the number of its hop."""
    async with ctx.pool.acquire() as connection:
        return {hop.hop_no: hop.account for hop in await bank_feeds.hops_of(connection, [request_id])}


async def open_order(ctx: Context, session: BankSession, order_id: UUID) -> datetime | None:
    """Write that a session has the form about an order open; return when a colleague opened it, if one has."""
    idle = timedelta(seconds=ctx.policy.sessions.idle_seconds)
    async with ctx.pool.acquire() as connection:
        opened = await bank_logins.open_elsewhere(connection, session, idle)
        await bank_logins.open_subject(connection, session.session_id, order_id)
    return opened.get(order_id)


async def told_since(ctx: Context, institution: str, request_id: UUID, since: datetime) -> list[ToldSince]:
    """Return what the bank has answered about a request since that time, by any of its ways."""
    async with ctx.pool.acquire() as connection:
        return await bank_feeds.told_since(connection, institution, request_id, since, TOLD_MAX)


async def look(ctx: Context, institution: str, request_id: UUID) -> AnswerView | None:
    """Return a hold request of the bank with its open transfers, or None for one that is not the bank's."""
    async with ctx.pool.acquire() as connection:
        request = await requests.find(connection, request_id)
        if request is None or request.institution != institution:
            return None
        transfers = transfers_of(await requests.live_hops(connection, request_id))
    return AnswerView(
        state=LinkState.OPEN if transfers else LinkState.REPLIED,
        institution=institution,
        case_no=request.case_no,
        subject_id=request_id,
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
    if view.has_changed(form):
        return ReplyNotTaken(view)
    return await book(ctx, institution, request_id, form)


async def book(ctx: Context, institution: str, request_id: UUID, form: AnswerForm) -> ReplyTaken:
    """Book a form that was checked against what is open. The same form again changes nothing."""
    with suppress(HoldOver):
        await feed.acknowledge(ctx, institution, request_id)
    async with ctx.pool.acquire() as connection:
        request = await answer_links.request_of(connection, request_id)
    written = await answer_links.book(ctx, institution, request, form, request_id.bytes)
    after = await look(ctx, institution, request_id)
    left = len(after.items) if after else 0
    return ReplyTaken(left=left, written=written)


CALL_SECONDS: Final = 10.0
CALLS_AT_ONCE: Final = 5
_DETAIL_MAX_CHARS: Final = 500


async def ask(ctx: Context, institution: str) -> None:
    """Write that a bank asks for a test event; a worker sends it."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        await bank_exchanges.ask(connection, uuid4(), institution, ctx.now())


async def _send(attempt: Attempt, call: BankTestCall) -> Write:
    sender = attempt.routes.bank_events
    assert sender is not None, "the loop has a route to webhooks"
    began = time.monotonic()
    outcome, detail = await _outcome(attempt.ctx, sender, call.institution)
    took_seconds = time.monotonic() - began

    async def write(connection: Connection, at: datetime) -> None:
        await bank_exchanges.done(connection, call.call_id, outcome, took_seconds, detail[:_DETAIL_MAX_CHARS], at)

    return write


async def _outcome(ctx: Context, sender: EventSender, institution: str) -> tuple[BankTestOutcome, str]:
    outcome, detail = BankTestOutcome.NO_WEBHOOK, ""
    try:
        wire = await ctx.directory.way(institution, ChannelKind.PUSH)
        if isinstance(wire, BankWire):
            delivery = await sender.send_hold_request(wire, new_test_ticket(), timeout_seconds=CALL_SECONDS)
            outcome, detail = BankTestOutcome.TAKEN, delivery.job_id
    except BankChannelGone as error:
        outcome, detail = BankTestOutcome.CLOSED, str(error)
    except BankRefused as error:
        outcome, detail = BankTestOutcome.REFUSED, f"{error.response_code} {error.message}".strip()
    except (CannotOpen, BankMisconfigured) as error:
        outcome, detail = BankTestOutcome.REFUSED, str(error)
    except BankError as error:
        outcome, detail = BankTestOutcome.UNREACHABLE, str(error)
    return outcome, detail


TEST_CALL: Final = Kind(
    OutgoingKind.BANK_TEST_CALL,
    subjects(OutgoingKind.BANK_TEST_CALL, "call_id", BankTestCall),
    _send,
    batch=CALLS_AT_ONCE,
    call_seconds=CALL_SECONDS,
)


PAGE: Final = 50
FOUND_MAX: Final = 200
"""requests and orders that a search finds of each kind"""
LINES_MAX: Final = 200
_NEWEST: Final = 2**62
"""above every number of a change"""


class Answered(FrozenModel):
    """A page of what a bank has answered: requests, those that changed last first, or orders, the newest first.

    The first page has both.
    """

    items: tuple[AnsweredRequest, ...]
    orders: tuple[ConfirmedOrder, ...]
    given_back: frozenset[UUID]
    """requests whose newest further statement was given back unsent"""
    next_no: int
    """where the next page of the requests begins; 0 without one"""
    next_order: str | None
    """cursor of the next page of the orders"""


class ToldLine(FrozenModel):
    """A line of an answer, and who gave it."""

    hop_no: int
    kind: ClaimKind
    disposition: Disposition
    status_code: str
    claim_paise: int
    applied_paise: int
    reference: str
    onward_reference: str
    """of the transfer by which the money moved on"""
    onward_bank: str
    onward_account: str = Field(repr=False)
    """where that transfer went, as the bank has told it"""
    received_at: UtcDatetime
    name: str = Field(repr=False)
    """of the officer of the bank; empty where the bank's system has answered"""
    designation: str = Field(repr=False)
    checker: str = Field(repr=False)
    """who has checked it, where a bank replies by two people"""


async def page(ctx: Context, institution: str, find: str, before_no: int, before_order: str | None = None) -> Answered:
    """Return a page of what the bank has answered.

    `find` is a case number, an account or a reference, or empty. `before_no` leads to a further page of the requests,
    and `before_order` to one of the orders. Raises `BadCursor`.
    """
    rows: list[AnsweredRequest] = []
    orders: Sequence[ConfirmedOrder] = ()
    next_order = None
    keys = find, account_key(find), reference_key(find)
    async with ctx.pool.acquire() as connection:
        if before_order is None:
            await bank_feeds.number(connection, institution)
            request_ids: Sequence[UUID] | None = None
            if find:
                request_ids = await bank_feeds.find_answered(connection, institution, *keys, FOUND_MAX)
            rows = await bank_feeds.answered(connection, institution, before_no or _NEWEST, PAGE + 1, request_ids)
        if not before_no:
            of: Sequence[UUID] | None = None
            if find:
                of = await bank_replies.find_confirmed(connection, institution, *keys, FOUND_MAX)
            orders, next_order = await bank_replies.confirmed(connection, institution, PAGE, before_order, of)
        subjects = [row.request_id for row in rows]
        back = await bank_reply_checks.all_given_back(connection, institution, [ReplyKind.FURTHER], subjects)
    return Answered(
        items=tuple(rows[:PAGE]),
        orders=tuple(orders),
        given_back=back,
        next_no=rows[PAGE - 1].change_no if len(rows) > PAGE else 0,
        next_order=next_order,
    )


async def look_at_statement(
    ctx: Context, institution: str, request_id: UUID
) -> tuple[AnswerView, tuple[ToldLine, ...]] | None:
    """Return an answered request with all its transfers, and what was told; None for one that is not the bank's."""
    async with ctx.pool.acquire() as connection:
        request = await requests.find(connection, request_id)
        if request is None or request.institution != institution:
            return None
        hops = await bank_feeds.hops_of(connection, [request_id])
        lines = await bank_feeds.answered_lines(connection, institution, request_id, LINES_MAX)
    if not lines:
        return None
    view = AnswerView(
        state=LinkState.REPLIED,
        institution=institution,
        case_no=request.case_no,
        subject_id=request_id,
        expires_at=ctx.now(),
        items=transfers_of(hops),
    )
    opens = line_opener(ctx.persons)
    return view, tuple(_told(line, opens) for line in lines)


async def add(
    ctx: Context, institution: str, request_id: UUID, form: AnswerForm
) -> ReplyTaken | ReplyNotTaken[AnswerView]:
    """Book a further statement about an answered request.

    It is not taken if a newer one than its form is there.
    """
    looked_at = await look_at_statement(ctx, institution, request_id)
    assert looked_at is not None, "the caller has looked at it"
    if await told_since(ctx, institution, request_id, form.made_at):
        return ReplyNotTaken(looked_at[0])
    return await book(ctx, institution, request_id, form)


def _told(line: AnsweredLine, opens: OpensLine) -> ToldLine:
    raw = opens(line.stored)
    who = raw.get("answered_by") or {}
    return ToldLine(
        hop_no=line.hop_no,
        kind=line.kind,
        disposition=line.disposition,
        status_code=line.status_code,
        claim_paise=line.claim_paise,
        applied_paise=line.applied_paise,
        reference=line.reference,
        onward_reference=str(raw.get("rrn_transaction_id") or ""),
        onward_bank=str(raw.get("payee_bank") or ""),
        onward_account=str(raw.get("payee_account_number") or ""),
        received_at=line.received_at,
        name=str(who.get("name", "")),
        designation=str(who.get("designation", "")),
        checker=str((raw.get("checked_by") or {}).get("name", "")),
    )
