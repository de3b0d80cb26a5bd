"""Answers to many hold requests by one file in a bank's inbox.

Each row is shown as it will be booked, and then sent.
"""

import asyncio
from collections.abc import Iterable, Mapping
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from activities.banks.reply_links import ReplyNotTaken
from activities.case.answer_links import AnswerView
from activities.gateway import inbox
from api.forms import tidy, typed
from api.gateway.inbox_pages import TheVisit, Visit, keep_posted
from api.gateway.inbox_second_person import ask_second
from api.gateway.inbox_table import TableReader, TableReading, file_in, rows_of
from api.officers.sessions import refuse_other_sites
from api.problems import INBOX_PATH
from db.banks.bank_reply_checks import ReplyKind

router = APIRouter(prefix=INBOX_PATH, include_in_schema=False)


@router.post("/table")
async def take_table(request: Request, visit: TheVisit) -> Response:
    """Take a table of answers.

    Each row is first shown as it would be booked. Then the good ones are sent.
    """
    refuse_other_sites(request, must_say=True)
    if visit.maybe_session is None:
        return visit.signed_out()
    uploaded = await asyncio.to_thread(file_in, request.headers.get("content-type", ""), await request.body())
    return await reply(request, visit, await typed(request) if uploaded is None else {"table": uploaded})


async def reply(request: Request, visit: Visit, sent: Mapping[str, str]) -> Response:
    """Return the page that follows a table, of the person who sent it or of the colleague who checks it."""
    text = sent.get("table", "")
    who = visit.by_person({name: tidy(sent.get(name, "")) for name in ("name", "designation")})
    is_to_send = sent.get("step") == "send"
    reading, made = await read(visit, text, who, sent.get("made", ""))
    booked: Mapping[UUID, str] = {}
    is_any_taken = False
    if is_to_send and visit.needs_second and reading.forms:
        return await ask_second(request, visit, ReplyKind.TABLE, None)
    if is_to_send and all(who.values()) and reading.forms:
        # The table is of many cases, so it is sealed under the bank's key and belongs to none of them.
        await keep_posted(request, visit)
        booked, is_any_taken = await _book(visit, reading)
    return visit.page(
        "table",
        409 if booked and not is_any_taken else 200 if reading.forms else 422,
        reading=reading,
        table=text,
        made=made,
        fields=who,
        lacks_who=is_to_send and not all(who.values()),
        booked=booked,
        is_any_taken=is_any_taken,
    )


async def read(visit: Visit, text: str, who: Mapping[str, str], made: str) -> tuple[TableReading, str]:
    """Return the rows of a table as they would be booked now, and when the table was first read."""
    now = visit.services.ctx.now()
    made = made or now.isoformat(timespec="milliseconds")
    reading = rows_of(text, visit.say)
    # Until an officer is named, the rows are read as if one was, so that every other mistake is shown.
    named = {name: value or "–" for name, value in who.items()}
    views = await _views(visit, reading)
    accounts = {request_id: await inbox.accounts_of(visit.services.ctx, request_id) for request_id in views}
    changed = await _changed(visit, views)
    TableReader(views, accounts, named, made, now, visit.look.language, visit.say, changed).read(reading)
    return reading, made


async def _changed(visit: Visit, request_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Return the requests of which the bank has told something since the first person sent the table."""
    check = visit.checks
    if check is None:
        return frozenset()
    ctx = visit.services.ctx
    return frozenset([one for one in request_ids if await inbox.told_since(ctx, visit.code, one, check.made_at)])


async def _views(visit: Visit, reading: TableReading) -> dict[UUID, AnswerView]:
    found: dict[UUID, AnswerView] = {}
    for request_id in {line.request_id for line in reading.lines if line.request_id is not None}:
        view = await inbox.look(visit.services.ctx, visit.code, request_id)
        if view is not None and view.items:
            found[request_id] = view
    return found


async def _book(visit: Visit, reading: TableReading) -> tuple[Mapping[UUID, str], bool]:
    """Book the forms of a table, one request after the other.

    Return what became of each, and whether any was taken.
    """
    booked: dict[UUID, str] = {}
    is_any_taken = False
    for request_id, form in reading.forms.items():
        taken = await inbox.answer(visit.services.ctx, visit.code, request_id, visit.signed(form))
        if isinstance(taken, ReplyNotTaken):
            booked[request_id] = visit.say["table_changed"]
            continue
        is_any_taken, written = True, taken.written
        if written is not None and written.follow_up is not None:
            visit.services.notifier.soon(written.follow_up)
        odd = written.discrepancies if written else 0
        booked[request_id] = visit.say["table_taken_odd"].format(count=odd) if odd else visit.say["table_taken"]
    return booked, is_any_taken
