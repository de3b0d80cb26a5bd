"""Replies of a bank by two of its people.

One fills in the reply, another one checks it and sends it. The directory says which bank wants it. A hold alone needs
one person, because seconds count and a hold is undone again.
The second person gets the form of the first one through the same rules, with what is open now.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.forms import tidy, typed
from api.gateway import inbox_answers, inbox_orders, inbox_statements, inbox_table
from api.gateway.inbox_pages import SEE_OTHER, SubjectId, TheVisit, Visit, moment
from api.gateway.inbox_second_person import form_as_sent
from api.officers.sessions import refuse_other_sites
from api.problems import INBOX_PATH
from db.banks import bank_reply_checks
from db.banks.bank_reply_checks import NOTE_MAX_CHARS, CheckOutcome, ReplyCheck, ReplyKind
from domain.errors.banks import BankPersonUnconfirmed

router = APIRouter(prefix=INBOX_PATH, include_in_schema=False)

_BOOKED: Final = frozenset({200, SEE_OTHER})
_FIELDS_MAX: Final = 5
_REPLIES: Final[Mapping[ReplyKind, Callable[[Request, Visit, UUID, Mapping[str, str]], Awaitable[Response]]]] = {
    ReplyKind.HOLD: inbox_answers.reply,
    ReplyKind.FURTHER: inbox_statements.reply,
    ReplyKind.ORDER: inbox_orders.reply,
}
"""page of each kind of reply about one subject; a table is about many"""


@router.get("/checks")
async def show_checks(visit: TheVisit) -> Response:
    """Return the replies that wait for a second person."""
    if visit.maybe_session is None:
        return visit.to(INBOX_PATH)
    async with visit.services.ctx.pool.acquire() as connection:
        replies = await bank_reply_checks.waiting(connection, visit.code)
        returned = await bank_reply_checks.tables_given_back(connection, visit.code)
    return visit.page("checks", waiting=replies, returned=returned)


@router.get("/checks/{check_id}")
async def show_check(request: Request, visit: TheVisit, check_id: SubjectId) -> Response:
    """Return a reply as it would be booked now."""
    if visit.maybe_session is None:
        return visit.to(INBOX_PATH)
    check = await _find(visit, check_id)
    return await _gone(visit, check_id, 404) if check is None else await _go(request, visit, check, "check")


@router.post("/checks/{check_id}")
async def take_check(request: Request, visit: TheVisit, check_id: SubjectId) -> Response:
    """Send the reply of a colleague, or give it back."""
    refuse_other_sites(request, must_say=True)
    if visit.maybe_session is None:
        return visit.signed_out()
    check, person_id = await _find(visit, check_id), visit.session.person_id
    if check is None:
        return await _gone(visit, check_id, 404)
    fields = await typed(request, _FIELDS_MAX)
    step, note = fields.get("step", ""), tidy(fields.get("note", ""))[:NOTE_MAX_CHARS]
    if step not in {"send", "return"}:
        return await _go(request, replace(visit, note=note), check, "check")
    if person_id is None or (step == "send" and person_id == check.made_by):
        return visit.page("check_asked", 403, fault=visit.say["check_needs_other"])
    if step == "return":
        return await _give_back(visit, check, person_id, note)
    return await _send(request, visit, check, person_id)


async def _give_back(visit: Visit, check: ReplyCheck, person_id: UUID, note: str) -> Response:
    """Give a reply back. `note` says what is to be corrected."""
    services = visit.services
    async with services.replies_checked, services.ctx.pool.acquire() as connection, connection.transaction():
        if not await bank_reply_checks.lock(connection, check.check_id):
            return await _gone(visit, check.check_id, 409)
        await bank_reply_checks.decide(connection, check.check_id, CheckOutcome.RETURNED, person_id, note)
    return visit.to(f"{INBOX_PATH}/checks")


async def _send(request: Request, visit: Visit, check: ReplyCheck, person_id: UUID) -> Response:
    """Send a reply as its second person. The reply stays locked meanwhile, so that it is not also given back."""
    services = visit.services
    async with services.replies_checked, services.ctx.pool.acquire() as connection, connection.transaction():
        if not await bank_reply_checks.lock(connection, check.check_id):
            return await _gone(visit, check.check_id, 409)
        confirmed = await bank_reply_checks.keep_confirmed(connection, person_id, check.made_by)
        if person_id not in confirmed:
            return visit.page("check_asked", 403, fault=visit.say[f"fault_{BankPersonUnconfirmed.code}"])
        if check.made_by not in confirmed:
            return visit.page("check_asked", 409, fault=visit.say["check_maker_unconfirmed"])
        # The reply is booked first: the same reply again changes nothing, but one that is lost would be missed.
        booked = await _go(request, visit, check, "send")
        if booked.status_code in _BOOKED:
            await bank_reply_checks.decide(connection, check.check_id, CheckOutcome.SENT, person_id)
        return booked


async def _gone(visit: Visit, check_id: UUID, status: int) -> Response:
    """Say that a reply does not wait any more, and who has decided about it."""
    async with visit.services.ctx.pool.acquire() as connection:
        decision = await bank_reply_checks.decided(connection, visit.code, check_id)
    notice = ""
    if decision is not None:
        key = "check_taken_back" if decision.by_maker else f"check_{decision.outcome.value}"
        notice = visit.say[key].format(name=decision.name, when=moment(decision.at, visit.say))
    return visit.page("gone", status, notice=notice)


async def _find(visit: Visit, check_id: UUID) -> ReplyCheck | None:
    async with visit.services.ctx.pool.acquire() as connection:
        return await bank_reply_checks.find(connection, visit.code, check_id)


async def _go(request: Request, visit: Visit, check: ReplyCheck, step: str) -> Response:
    """Let the first person's form go through the page that it was sent to."""
    sent = await form_as_sent(visit, check)
    checking = replace(visit, checks=check)
    if check.subject_id is None:
        return await inbox_table.reply(request, checking, sent | {"step": step})
    return await _REPLIES[check.kind](request, checking, check.subject_id, sent | {"step": step})
