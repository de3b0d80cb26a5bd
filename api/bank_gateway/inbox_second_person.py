"""A reply that waits for a second person of the bank, instead of being sent."""

from uuid import UUID, uuid4

from fastapi import Request
from starlette.responses import Response

from api.bank_gateway.inbox_pages import Visit, keep_posted
from db.banks import bank_reply_checks
from db.banks.bank_reply_checks import ReplyKind
from domain.errors import BusinessError
from domain.errors.banks import BankPersonUnconfirmed


async def ask_second(request: Request, visit: Visit, kind: ReplyKind, subject_id: UUID | None) -> Response:
    """Store a reply for a second person, and say so.

    Only a person with a login of the own whom the police have confirmed may fill it in.
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
    return visit.page("check_asked", fault="")
