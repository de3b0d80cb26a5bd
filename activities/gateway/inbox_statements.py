"""Statements of a bank: what it has answered, by whom and when, and what it adds to that.

A further statement is judged by the rules of any answer. What was told before stays on record.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from pydantic import Field

from activities.banks.bodies import line_opener
from activities.banks.reply_links import LinkState, ReplyNotTaken, ReplyTaken
from activities.case.answer_links import AnswerForm, AnswerView, transfers_of
from activities.context import Context
from activities.gateway import inbox
from db.banks import bank_reply_checks
from db.banks.bank_reply_checks import ReplyKind
from db.case import bank_feeds, requests
from db.case.bank_feeds import AnsweredLine, AnsweredRequest
from db.privacy.body_keys import OpensLine
from db.recovery import bank_replies
from db.recovery.bank_replies import ConfirmedOrder
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ClaimKind, Disposition
from schemas.identifiers import account_key, reference_key

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
            found: Sequence[UUID] | None = None
            if find:
                found = await bank_feeds.find_answered(connection, institution, *keys, FOUND_MAX)
            rows = await bank_feeds.answered(connection, institution, before_no or _NEWEST, PAGE + 1, found)
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
    found = await look_at_statement(ctx, institution, request_id)
    assert found is not None, "the caller has looked at it"
    if await inbox.told_since(ctx, institution, request_id, form.made_at):
        return ReplyNotTaken(found[0])
    return await inbox.book(ctx, institution, request_id, form)


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
