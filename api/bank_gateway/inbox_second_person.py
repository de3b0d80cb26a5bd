"""A reply that waits for a second person of the bank, instead of being sent."""

from uuid import UUID, uuid4

import asyncpg
from fastapi import Request
from starlette.responses import Response

from api.bank_gateway.inbox_pages import Visit, keep_posted
from db.banks import bank_reply_checks
from db.banks.bank_reply_checks import ReplyKind


async def ask_second(request: Request, visit: Visit, kind: ReplyKind, subject_id: UUID | None) -> Response:
    """Store a reply for a second person, and say so.

    Only a person with a login of the own may fill it in.
    """
    person_id = visit.session.person_id
    if person_id is None:
        return visit.page("check_asked", 403, fault="check_needs_person")
    evidence_id = await keep_posted(request, visit, subject_id)
    try:
        async with visit.services.ctx.pool.acquire() as connection:
            named = visit.code, kind, subject_id, evidence_id, person_id
            await bank_reply_checks.ask(connection, uuid4(), *named)
    except asyncpg.UniqueViolationError:
        return visit.page("check_asked", 409, fault="check_waits_already")
    return visit.page("check_asked", fault="")
