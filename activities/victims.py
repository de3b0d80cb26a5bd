"""Victims as officers see them: the search for one."""

from typing import Final

from activities.context import Context
from db import person_keys
from domain.search_terms import contact_terms, name_terms
from schemas.personal_data import FoundVictim, FoundVictims, VictimQuestion

MOBILE_END_CHARS: Final = 4


async def find(ctx: Context, asked: VictimQuestion) -> FoundVictims:
    """Return the complaints of the victims who have everything that is asked for. Raises `CannotOpen`."""
    terms = {*contact_terms(asked.mobile or "", asked.email or "")}
    terms |= {f"name|{term}" for term in name_terms(asked.name or "")}
    if not terms:
        # A name without a letter finds no one.
        return FoundVictims(items=(), more=False)
    most = ctx.policy.personal_data.found_max
    async with ctx.pool.acquire() as connection:
        rows = await person_keys.find(connection, ctx.persons.digests(sorted(terms)), most + 1)
    found = [(row, ctx.persons.open(row.person)) for row in rows[:most]]
    items = tuple(
        FoundVictim(
            ack_no=row.ack_no,
            case_ack_no=row.case_no,
            received_at=row.received_at,
            name=person.name,
            mobile=person.mobile[-MOBILE_END_CHARS:],
            district=row.district,
        )
        for row, person in found
    )
    return FoundVictims(items=items, more=len(rows) > most)
