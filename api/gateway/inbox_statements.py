"""Answered requests in a bank's inbox: what was told, by whom and when, and a further statement about one."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from activities.case.answer_links import AnswerForm, AnswerView
from activities.case.reply_links import ReplyNotTaken
from activities.gateway import inbox
from activities.gateway.inbox import ToldLine
from api.forms import VALUE_MAX_CHARS, chosen, tidy, typed, whole_number
from api.gateway.answer_pages import NAMES, numbers_in, read_form
from api.gateway.inbox_answers import kept, told_of
from api.gateway.inbox_pages import After, SubjectId, TheVisit, Visit, keep_posted
from api.gateway.inbox_second_person import ask_second, given_back, waiting_reply
from api.gateway.reply_pages import ITEMS_A_PAGE, Reading, of_check, of_form
from api.officers.sessions import refuse_other_sites
from api.problems import INBOX_PATH
from api.public_pages import SHOW
from db.banks.bank_reply_checks import ReplyKind
from domain.errors import BadCursor

router = APIRouter(prefix=INBOX_PATH, include_in_schema=False)

_FIELDS_MAX: Final = 5
_NUMBER_MAX: Final = 2**62


@router.get("/answered")
async def show_answered(visit: TheVisit) -> Response:
    """Return the requests that the bank has answered, those that changed last first."""
    if visit.maybe_session is None:
        return visit.to(INBOX_PATH)
    return await _list(visit)


@router.post("/answered")
async def find_answered(request: Request, visit: TheVisit) -> Response:
    """Return those of a case, an account or a reference. It is posted, so that no address holds an account."""
    refuse_other_sites(request, must_say=True)
    if visit.maybe_session is None:
        return visit.signed_out()
    sent = await typed(request, _FIELDS_MAX)
    before_no = whole_number(sent.get("before", ""))
    find = tidy(sent.get("find", ""))[:VALUE_MAX_CHARS]
    try:
        return await _list(visit, find, before_no if 0 < before_no < _NUMBER_MAX else 0, sent.get("before_order"))
    except BadCursor:
        return await _list(visit, find)


async def _list(visit: Visit, find: str = "", before_no: int = 0, before_order: str | None = None) -> Response:
    answered = await inbox.page(visit.services.ctx, visit.code, find, before_no, before_order)
    return visit.page("answered", answered=answered, find=find)


@router.get("/answered/{request_id}")
async def show_request(visit: TheVisit, request_id: SubjectId, after: After = 0) -> Response:
    """Return what the bank has told of one request, and the form for a further statement."""
    if visit.maybe_session is None:
        return visit.to(INBOX_PATH)
    statement = await inbox.look_at_statement(visit.services.ctx, visit.code, request_id)
    if statement is None:
        return visit.page("gone", 404)
    view, lines = statement
    fields, notice = await given_back(visit, ReplyKind.FURTHER, request_id, NAMES)
    numbers = [number for number in view.items if number > after]
    return await _form(visit, view, lines, Reading(fields), numbers, notice=notice)


@router.post("/answered/{request_id}")
async def take_further(request: Request, visit: TheVisit, request_id: SubjectId) -> Response:
    """Take a further statement. It is first shown for a check, and then booked."""
    refuse_other_sites(request, must_say=True)
    if visit.maybe_session is None:
        return await visit.signed_out_while_typing(request, NAMES)
    return await reply(request, visit, request_id, await typed(request))


async def reply(request: Request, visit: Visit, request_id: UUID, sent: Mapping[str, str]) -> Response:
    """Return the page that follows a form, of the person who sent it or of the colleague who checks it."""
    ctx = visit.services.ctx
    statement = await inbox.look_at_statement(ctx, visit.code, request_id)
    if statement is None:
        return visit.page("gone", 404)
    view, lines = statement
    fields, step = visit.by_person(chosen(sent, NAMES)), sent.get("step", "")
    reading = Reading[AnswerForm](fields)
    if step != SHOW:
        reading = read_form(fields, view.items, ctx.now(), visit.look.language)
    if reading.form is None or step not in {"check", "send"}:
        return await _form(visit, view, lines, reading, sorted(numbers_in(fields) & view.items.keys()))
    if step == "check":
        return await _check(visit, view, reading, reading.form)
    if visit.needs_second:
        return await ask_second(request, visit, ReplyKind.FURTHER, view.subject_id)
    return await _send(request, visit, view, lines, reading)


async def _send(
    request: Request, visit: Visit, view: AnswerView, lines: tuple[ToldLine, ...], reading: Reading[AnswerForm]
) -> Response:
    services, form = visit.services, reading.form
    assert form is not None, "the caller has read it"
    await keep_posted(request, visit, view.subject_id)
    taken = await inbox.add(services.ctx, visit.code, view.subject_id, visit.signed(form))
    if isinstance(taken, ReplyNotTaken):
        reading.errors[""] = visit.say["further_changed"]
        return await _form(visit, view, lines, reading, sorted(numbers_in(reading.fields) & view.items.keys()))
    if taken.written and taken.written.follow_up is not None:
        services.notifier.soon(taken.written.follow_up)
    return visit.page("taken", view=view, taken=taken, after=None)


async def _check(visit: Visit, view: AnswerView, reading: Reading[AnswerForm], form: AnswerForm) -> Response:
    return visit.page(
        "check",
        **of_check(view, reading, form) | {"left": 0},
        sums_of={number: told_of(reading.fields, view.items[number]) for number in form.stated},
        accounts=await inbox.accounts_of(visit.services.ctx, view.subject_id),
        is_part=False,
        may_hold=False,
        is_further=True,
    )


async def _form(
    visit: Visit,
    view: AnswerView,
    lines: tuple[ToldLine, ...],
    reading: Reading[Any],
    numbers: list[int],
    *,
    notice: str = "",
) -> Response:
    ctx = visit.services.ctx
    open_now = await inbox.look(ctx, visit.code, view.subject_id)
    return visit.page(
        "answered_request",
        422 if reading.errors else 200,
        **of_form(view, kept(reading), (numbers or list(view.items))[:ITEMS_A_PAGE]),
        lines=lines,
        accounts=await inbox.accounts_of(ctx, view.subject_id),
        is_open=open_now is not None and bool(open_now.items),
        notice=notice,
        waits=await waiting_reply(visit, ReplyKind.FURTHER, view.subject_id),
        made=ctx.now().isoformat(timespec="milliseconds"),
    )
