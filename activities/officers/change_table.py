"""Who changed what as a table, for CSV and for spreadsheet programs."""

from collections.abc import Iterator
from typing import Final

from activities.context import Context
from db.officers import changes
from documents.spreadsheet import Table, Value
from schemas.changes import Change
from schemas.officers.administration import AdministrationChange, ChangeFilter
from schemas.text import IST

CHANGES_MAX: Final = 20_000
"""changes that a table has, the newest; a page of JSON leads on without end"""
_AT_ONCE: Final = 1_000
HEADER: Final = ("at", "area", "kind", "subject", "actor", "second", "field", "before", "after", "reason")
_NO_VALUE: Final = Change(field="", before=None, after=None)


async def change_table(ctx: Context, wanted: ChangeFilter) -> Table:
    """Return the changes that a filter finds, the newest first: a row for each value that changed."""
    found: list[AdministrationChange] = []
    after: str | None = None
    while len(found) < CHANGES_MAX:
        async with ctx.pool.acquire() as connection:
            page = await changes.page(connection, wanted, after, _AT_ONCE)
        found += page.items
        after = page.next
        if after is None:
            break
    return Table(title="changes", header=HEADER, rows=tuple(row for one in found for row in _rows(one)))


def _rows(change: AdministrationChange) -> Iterator[tuple[Value, ...]]:
    at = change.at.astimezone(IST).isoformat(timespec="seconds")
    done = (at, change.area.value, change.kind, change.subject, change.actor, change.second)
    for one in change.changes or (_NO_VALUE,):
        yield (*done, one.field, one.before, one.after, change.reason)
