"""Replies of a bank by two of its people.

One fills in the reply, another one checks it and sends it. The directory says which bank wants it. A hold alone needs
one person, because seconds count and a hold is undone again.
The second person gets the form of the first one through the same rules, with what is open now.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.bank_gateway import inbox_answers, inbox_orders, inbox_statements, inbox_uploads
from api.bank_gateway.inbox_pages import SEE_OTHER, SubjectId, TheVisit, Visit
from api.forms import FIELDS_MAX, typed
from api.officers.sessions import refuse_other_sites
from api.problems import INBOX_PATH
from db.banks import bank_reply_checks
from db.banks.bank_reply_checks import CheckOutcome, ReplyCheck, ReplyKind
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
        found = await bank_reply_checks.waiting(connection, visit.code)
    return visit.page("checks", waiting=found)


@router.get("/checks/{check_id}")
async def show_check(request: Request, visit: TheVisit, check_id: SubjectId) -> Response:
    """Return a reply as it would be booked now."""
    if visit.maybe_session is None:
        return visit.to(INBOX_PATH)
    check = await _find(visit, check_id)
    return visit.page("gone", 404) if check is None else await _go(request, visit, check, "check")


@router.post("/checks/{check_id}")
async def take_check(request: Request, visit: TheVisit, check_id: SubjectId) -> Response:
    """Send the reply of a colleague, or give it back."""
    refuse_other_sites(request, must_say=True)
    if visit.maybe_session is None:
        return visit.signed_out()
    check, person_id = await _find(visit, check_id), visit.session.person_id
    if check is None:
        return visit.page("gone", 404)
    step = (await typed(request, _FIELDS_MAX)).get("step", "")
    if step not in {"send", "return"}:
        return await _go(request, visit, check, "check")
    if person_id is None or (step == "send" and person_id == check.made_by):
        return visit.page("check_asked", 403, fault=visit.say["check_needs_other"])
    return await _take(request, visit, check, step, person_id)


async def _take(request: Request, visit: Visit, check: ReplyCheck, step: str, person_id: UUID) -> Response:
    """Do what a second person decides. The reply stays locked meanwhile, so that it is not also given back."""
    services = visit.services
    async with services.replies_checked, services.ctx.pool.acquire() as connection, connection.transaction():
        if not await bank_reply_checks.lock(connection, check.check_id):
            return visit.page("gone", 409)
        if step == "return":
            await bank_reply_checks.decide(connection, check.check_id, CheckOutcome.RETURNED, person_id)
            return visit.to(f"{INBOX_PATH}/checks")
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


async def _find(visit: Visit, check_id: UUID) -> ReplyCheck | None:
    async with visit.services.ctx.pool.acquire() as connection:
        return await bank_reply_checks.find(connection, visit.code, check_id)


async def _go(request: Request, visit: Visit, check: ReplyCheck, step: str) -> Response:
    """Let the first person's form go through the page that it was sent to."""
    ctx = visit.services.ctx
    async with ctx.pool.acquire() as connection:
        stored = await bank_reply_checks.form_of(connection, check, ctx.opens)
    sent = dict(parse_qsl(stored.body.decode("ascii", "replace"), max_num_fields=FIELDS_MAX))
    checking = replace(visit, checks=check)
    if check.subject_id is None:
        return await inbox_uploads.reply(request, checking, sent | {"step": step})
    return await _REPLIES[check.kind](request, checking, check.subject_id, sent | {"step": step})
