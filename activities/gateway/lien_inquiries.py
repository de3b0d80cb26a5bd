"""Recording of questions to banks about the liens they hold for us. The round sends them."""

from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

import asyncpg

from db.gateway import comparisons, lien_inquiries
from db.pool import Connection, Pool
from domain.case.escalation import due_at
from domain.errors.banks import InstitutionNotFound
from domain.gateway.lien_comparison import ListLevel, list_escalation
from domain.policy.model import ListRules
from schemas.gateway.lien_comparison import Inquiry

_IDS: Final = UUID("5b0e0c1e-6f0f-4b7e-9a52-7d1f6c3f9b11")
"""The namespace of the questions' ids. It is arbitrary and must not change."""


async def write_inquiry(
    connection: Connection, code: str, rules: ListRules, now: datetime, asked_by: str, occasion: str
) -> None:
    """Record a question to an institution that the caller has locked; once for each `occasion`."""
    escalation = list_escalation(rules)
    inquiry = Inquiry(
        inquiry_id=uuid5(_IDS, f"{code}|{occasion}"),
        institution=code,
        asked_at=now,
        asked_by=asked_by,
        due_at=due_at(escalation, ListLevel.DESK, now),
        way=None,
        put_at=None,
        outcome=None,
        closed_at=None,
    )
    supervisor_at = due_at(escalation, ListLevel.SUPERVISOR, now)
    await lien_inquiries.write(connection, inquiry, supervisor_at=supervisor_at)


async def ask_now(pool: Pool, rules: ListRules, code: str, asked_by: str) -> Inquiry:
    """Record a question to an institution at once; the next round sends it. An open question stays as it is.

    Raises `NotFound` for an institution that is not in the directory.
    """
    async with pool.acquire() as connection, connection.transaction():
        now = await comparisons.lock(connection, code)
        if await lien_inquiries.open_of(connection, code) is None:
            try:
                await write_inquiry(connection, code, rules, now, asked_by, now.isoformat())
            except asyncpg.ForeignKeyViolationError:
                raise InstitutionNotFound(code) from None
        asked = await lien_inquiries.open_of(connection, code)
    assert asked is not None, "just written, or before"
    return asked
