"""Search of an officer over all cases: by anything that a caller or a bank can read out."""

from collections.abc import Sequence
from dataclasses import dataclass

from activities.context import Context
from activities.people.victims import found_by_terms, terms_of
from db.pool import Connection
from db.reporting import search
from db.reporting.search import Match
from domain.privacy.search import PERSONS, Sought
from schemas.privacy.jurisdiction import Within
from schemas.privacy.search import SearchPage, SearchQuestion


@dataclass(frozen=True, slots=True)
class Reach:
    """Cases that an officer finds."""

    cases: Within | None
    """by what a case has; None for every case"""
    persons: Within | None
    """by its victim"""


async def find(ctx: Context, asked: SearchQuestion, sought: Sequence[Sought], reach: Reach) -> SearchPage:
    """Return the cases that match a text in one of its meanings, the newest first.

    Raises `BadCursor`, and `LimitExceeded` for a name of one term alone.
    """
    found: list[Match] = []
    is_cut = False
    async with ctx.pool.acquire() as connection:
        for one in sought:
            if one.kind in PERSONS:
                matches, is_more = await _of_persons(ctx, connection, one, reach.persons)
            else:
                matches, is_more = await search.matches(connection, one, ctx.policy.search.candidates_max)
            found += matches
            is_cut |= is_more
        items, after = await search.page(connection, found, asked.after, asked.limit, reach.cases)
    return SearchPage(searched_by=tuple(one.kind for one in sought), items=items, next=after, is_cut=is_cut)


async def _of_persons(
    ctx: Context, connection: Connection, sought: Sought, within: Within | None
) -> tuple[list[Match], bool]:
    terms = terms_of(**{sought.kind.value: sought.key})
    rows, more = await found_by_terms(ctx, connection, terms, within)
    return [Match(kind=sought.kind, case_no=row.case_no, ack_no=row.ack_no) for row in rows], more
