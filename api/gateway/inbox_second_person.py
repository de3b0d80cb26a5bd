"""Replies that wait for a second person of the bank, and those that were given back."""

import re
from urllib.parse import parse_qsl
from uuid import UUID, uuid4

from fastapi import Request
from starlette.responses import Response

from api.forms import FIELDS_MAX, chosen
from api.gateway.inbox_pages import Visit, keep_posted, moment
from db.banks import bank_reply_checks
from db.banks.bank_reply_checks import ReplyCheck, ReplyKind
from domain.errors import BusinessError
from domain.errors.banks import BankPersonUnconfirmed


async def ask_second(
    request: Request, visit: Visit, kind: ReplyKind, subject_id: UUID | None, *, holds_money: bool = False
) -> Response:
    """Store a reply for a second person, and say so.

    Only a person with a login of the own whom the police have confirmed may fill it in. If it `holds_money`, the page
    says that a hold can be sent at once.
    """
    session, pool = visit.session, visit.services.ctx.pool
    if session.person_id is None:
        return visit.page("check_asked", 403, fault=visit.say["check_needs_person"])
    if not session.is_confirmed:
        return visit.page("check_asked", 403, fault=visit.say[f"fault_{BankPersonUnconfirmed.code}"])
    try:
        async with pool.acquire() as connection:
            await bank_reply_checks.refuse_more(connection, visit.code, kind, subject_id)
        evidence_id = await keep_posted(request, visit, subject_id)
        async with pool.acquire() as connection:
            named = visit.code, kind, subject_id, evidence_id, session.person_id
            await bank_reply_checks.ask(connection, uuid4(), *named)
    except BusinessError as error:
        return visit.page("check_asked", 409, fault=visit.say[f"fault_{error.code}"].format_map(error.params))
    return visit.page("check_asked", fault="", holds_money=holds_money)


async def waiting_reply(visit: Visit, kind: ReplyKind, subject_id: UUID) -> ReplyCheck | None:
    """Return the reply about a request or an order that waits for a second person, or None."""
    if not visit.is_by_two:
        return None
    async with visit.services.ctx.pool.acquire() as connection:
        return await bank_reply_checks.about(connection, visit.code, kind, subject_id)


async def form_as_sent(visit: Visit, check: ReplyCheck) -> dict[str, str]:
    """Return the form of a reply as the first person sent it."""
    ctx = visit.services.ctx
    async with ctx.pool.acquire() as connection:
        stored = await bank_reply_checks.form_of(connection, check, ctx.opens)
    return dict(parse_qsl(stored.body.decode("ascii", "replace"), max_num_fields=FIELDS_MAX))


async def given_back(
    visit: Visit, kind: ReplyKind, subject_id: UUID, names: re.Pattern[str]
) -> tuple[dict[str, str], str]:
    """Return the fields of the newest reply if it was given back, and what the page says of it.

    Both are empty without one.
    """
    async with visit.services.ctx.pool.acquire() as connection:
        returned = await bank_reply_checks.given_back(connection, visit.code, kind, subject_id)
    if returned is None:
        return {}, ""
    fields = chosen(await form_as_sent(visit, returned.check), names)
    # Who fills it in again signs it, who may be another person.
    fields = {name: text for name, text in fields.items() if name not in {"name", "designation"}}
    sentence = visit.say["taken_back" if returned.by_maker else "given_back"].format(
        name=returned.name, when=moment(returned.at, visit.say)
    )
    return visit.by_person(fields), f"{sentence} {returned.note}".strip()
