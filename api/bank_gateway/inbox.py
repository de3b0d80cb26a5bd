"""Pages of a bank's inbox, without scripts: sign-in, what waits, answers by form or table, and figures.

Another site cannot post a form here: the cookie is strict, and a post names the site that it comes from.
"""

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import SecretStr
from starlette.responses import Response

from activities.bank_gateway import inbox
from activities.banks.reply_links import ReplyNotTaken
from activities.reporting.scorecards import span
from activities.tracing.answer_links import AnswerView
from api.bank_gateway.inbox_pages import After, SubjectId, closed, keep_posted, page, signed_out, to
from api.bank_gateway.inbox_sessions import MaybeSession, delete_cookie, set_cookie, sign_in, sign_out
from api.bank_gateway.inbox_table import COLUMNS, TableReading, file_in, read_table, rows_of
from api.forms import fields_of, tidy, typed
from api.officers.sessions import refuse_other_sites
from api.problems import INBOX_PATH, NOT_LOGGED_IN, TOO_MANY, UNREADABLE_FORM, Refused
from api.reply_pages import CHANGED, ITEMS_A_PAGE, Reading
from api.reports import table, workbook
from api.services import Services, TheServices
from api.tracing.answer_forms import NAMES, numbers_in, read_form
from db.banks import bank_keys
from db.banks.bank_sessions import BankSession
from documents.spreadsheet import table_workbook
from schemas.reporting.scorecards import Scorecard

router = APIRouter(prefix=INBOX_PATH, include_in_schema=False)

SCORE_DAYS: Final = 30


# -- sign-in -----------------------------------------------------------------------------------------------------------


@router.post("/sign-in")
async def begin(request: Request, services: TheServices) -> Response:
    """Sign in with the bank's login."""
    refuse_other_sites(request, must_say=True)
    try:
        sent = dict(parse_qsl((await request.body()).decode("ascii"), max_num_fields=5, errors="strict"))
    except ValueError:
        raise Refused(UNREADABLE_FORM) from None
    email = tidy(sent.get("email", ""))[:200]
    try:
        token = await sign_in(request, services, email, SecretStr(sent.get("password", "")))
    except Refused as refused:
        if refused.kind is TOO_MANY:
            response = closed("There were too many tries. Please wait a moment.", 429, email)
            response.headers.update(refused.headers or {})
            return response
        if refused.kind is NOT_LOGGED_IN:
            return closed("This e-mail and password are no login for this page.", 401, email)
        raise
    response = to(INBOX_PATH)
    set_cookie(response, token)
    return response


@router.post("/sign-out")
async def leave(request: Request, services: TheServices, session: MaybeSession) -> Response:
    """End the session."""
    refuse_other_sites(request, must_say=True)
    if session is not None:
        await sign_out(services, session)
    response = to(INBOX_PATH)
    delete_cookie(response)
    return response


# -- what waits --------------------------------------------------------------------------------------------------------


@router.api_route("", methods=["GET", "HEAD"])
async def show(services: TheServices, session: MaybeSession) -> Response:
    """Return the form to sign in, or what waits for the bank that is signed in, with its own figures."""
    if session is None:
        return closed()
    code = session.institution
    return page(
        "waiting",
        bank=code,
        waiting=await inbox.read(services.ctx, code),
        score=await _own_score(services, code),
        score_days=SCORE_DAYS,
    )


async def _own_score(services: Services, code: str) -> Scorecard | None:
    now = services.ctx.now()
    over = span(services.ctx, now - timedelta(days=SCORE_DAYS), now, now)
    found = await services.scorecard_cache.page(over, None, code, None, 1)
    return found.items[0] if found.items else None


@router.get("/waiting.csv")
async def waiting_table(services: TheServices, session: MaybeSession) -> Response:
    """Return what waits as a CSV table, with a row for each transfer, to be filled in and sent back."""
    if session is None:
        return to(INBOX_PATH)
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *await _waiting_rows(services, session.institution)])
    return _private(table(text.getvalue(), "waiting.csv"))


@router.get("/waiting.xlsx")
async def waiting_workbook(services: TheServices, session: MaybeSession) -> Response:
    """Return the same table as a workbook."""
    if session is None:
        return to(INBOX_PATH)
    rows = await _waiting_rows(services, session.institution)
    return _private(workbook(table_workbook("waiting", COLUMNS, rows), "waiting.xlsx"))


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


async def _waiting_rows(services: Services, code: str) -> list[tuple[str, ...]]:
    """Return a row for each transfer that waits, with the sum that is asked about."""
    rows = []
    for hold in (await inbox.read(services.ctx, code)).holds:
        view = await inbox.look(services.ctx, code, hold.request_id)
        for transfer in view.items.values() if view else ():
            rupees_text = f"{transfer.disputed_paise // 100}.{transfer.disputed_paise % 100:02d}"
            rows.append((str(hold.request_id), transfer.rrn, "", rupees_text, *[""] * (len(COLUMNS) - 4)))
    return rows


@router.get("/keys")
async def show_keys(services: TheServices, session: MaybeSession) -> Response:
    """Return the keys with which the bank signs its messages, ended ones too."""
    if session is None:
        return to(INBOX_PATH)
    async with services.ctx.pool.acquire() as connection:
        keys = await bank_keys.keys_of(connection, session.institution)
    return page("keys", bank=session.institution, keys=keys, now=services.ctx.now())


# -- one answer --------------------------------------------------------------------------------------------------------


@router.get("/holds/{request_id}")
async def show_form(services: TheServices, session: MaybeSession, request_id: SubjectId, after: After = 0) -> Response:
    """Return the form about one hold request of the bank."""
    if session is None:
        return to(INBOX_PATH)
    view = await inbox.look(services.ctx, session.institution, request_id)
    if view is None or not view.items:
        return page("gone", 404)
    return _form(services, view, Reading({}), [number for number in view.items if number > after])


@router.post("/holds/{request_id}")
async def take_form(request: Request, services: TheServices, session: MaybeSession, request_id: SubjectId) -> Response:
    """Take the filled-in form. It is first shown for a check, and then booked."""
    refuse_other_sites(request, must_say=True)
    if session is None:
        return signed_out()
    view = await inbox.look(services.ctx, session.institution, request_id)
    if view is None or not view.items:
        return page("gone", 404)
    fields, step = await fields_of(request, NAMES)
    reading = read_form(fields, view.items, services.ctx.now())
    form = reading.form
    if form is None or step not in {"check", "send"}:
        return _form(services, view, reading, sorted(numbers_in(fields) & view.items.keys()))
    if step == "check":
        shown = {number: item for number, item in view.items.items() if number in form.stated}
        left = len(view.items) - len(form.stated)
        return page(
            "check",
            view=view,
            form=form,
            shown=shown,
            excesses=reading.excesses,
            left=left,
            fields=fields,
            code_sent=None,
            code_error="",
        )
    await keep_posted(request, services, session.institution, request_id)
    taken = await inbox.answer(services.ctx, session.institution, request_id, form)
    if isinstance(taken, ReplyNotTaken):
        reading.errors[""] = CHANGED
        return _form(services, taken.view, reading, sorted(numbers_in(fields) & taken.view.items.keys()))
    if taken.written and taken.written.follow_up is not None:
        services.notifier.soon(taken.written.follow_up)
    return page("taken", view=view, taken=taken)


def _form(services: Services, view: AnswerView, reading: Reading[Any], numbers: list[int]) -> Response:
    shown = (numbers or list(view.items))[:ITEMS_A_PAGE]
    last_no = shown[-1] if shown else 0
    return page(
        "form",
        422 if reading.errors else 200,
        view=view,
        shown={number: view.items[number] for number in shown},
        fields=reading.fields,
        errors=reading.errors,
        made=services.ctx.now().isoformat(timespec="milliseconds"),
        after=last_no if any(number > last_no for number in view.items) else 0,
    )


# -- many answers ------------------------------------------------------------------------------------------------------


@router.post("/table")
async def take_table(request: Request, services: TheServices, session: MaybeSession) -> Response:
    """Take a table of answers.

    Each row is first shown as it would be booked. Then the good ones are sent.
    """
    refuse_other_sites(request, must_say=True)
    if session is None:
        return signed_out()
    uploaded = file_in(request.headers.get("content-type", ""), await request.body())
    sent = {} if uploaded is not None else await typed(request)
    text = uploaded if uploaded is not None else sent.get("table", "")
    who = {name: tidy(sent.get(name, "")) for name in ("name", "designation")}
    made = sent.get("made", services.ctx.now().isoformat(timespec="milliseconds"))
    reading = rows_of(text)
    views = await _views(services, session.institution, reading)
    is_to_send = sent.get("step") == "send" and all(who.values())
    # Until an officer is named, the rows are read as if one was, so that every other mistake is shown.
    named = {name: value or "–" for name, value in who.items()}
    read_table(reading, views, named, made, services.ctx.now())
    booked: Mapping[UUID, str] = {}
    if is_to_send and reading.forms:
        # The table is of many cases, so it is sealed under the bank's key and belongs to none of them.
        await keep_posted(request, services, session.institution)
        booked = await _book(services, session, reading)
    return page(
        "table",
        200 if reading.forms else 422,
        bank=session.institution,
        reading=reading,
        table=text,
        made=made,
        who=who,
        lacks_who=sent.get("step") == "send" and not all(who.values()),
        booked=booked,
    )


async def _views(services: Services, code: str, reading: TableReading) -> dict[UUID, AnswerView]:
    found: dict[UUID, AnswerView] = {}
    for request_id in {line.request_id for line in reading.lines if line.request_id is not None}:
        view = await inbox.look(services.ctx, code, request_id)
        if view is not None and view.items:
            found[request_id] = view
    return found


async def _book(services: Services, session: BankSession, reading: TableReading) -> Mapping[UUID, str]:
    """Book the forms of a table, one request after the other. Return what became of each."""
    booked: dict[UUID, str] = {}
    for request_id, form in reading.forms.items():
        taken = await inbox.answer(services.ctx, session.institution, request_id, form)
        if isinstance(taken, ReplyNotTaken):
            booked[request_id] = "not taken: it changed meanwhile"
            continue
        written = taken.written
        if written is not None and written.follow_up is not None:
            services.notifier.soon(written.follow_up)
        discrepancies = written.discrepancies if written else 0
        booked[request_id] = f"taken, {discrepancies} to be asked about" if discrepancies else "taken"
    return booked
