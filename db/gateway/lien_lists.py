"""Lists of liens that banks submit, page by page."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from db.pool import Connection
from db.rows import Rows
from schemas.base import FrozenModel, UtcDatetime
from schemas.gateway.liens import LienListPage

LOOK_BACK: Final = timedelta(days=31)
"""an older list that is still incomplete stays incomplete"""

_LIST: Final = "list_no, institution, list_id, inquiry_id, as_of, pages"

# Complete lists that are not compared.
_LEFT: Final = f"""
SELECT {_LIST} FROM lien_list l
WHERE l.begun_at > $1 AND l.list_no <> ALL($2::bigint[])
    AND NOT EXISTS (SELECT FROM reconciliation r WHERE r.list_no = l.list_no)
    AND (SELECT count(*) FROM lien_list_page p WHERE p.list_no = l.list_no) = l.pages
ORDER BY l.list_no LIMIT $3
"""


class ListRow(FrozenModel):
    """A list, complete or not."""

    list_no: int
    institution: str
    list_id: str
    inquiry_id: UUID | None
    as_of: UtcDatetime
    pages: int


class PageRow(FrozenModel):
    """The liens of one page, as the bank sent them."""

    page: int
    digest: bytes
    liens: list[dict[str, str | int]]


async def begin(connection: Connection, institution: str, page: LienListPage, at: datetime) -> ListRow:
    """Return the list of a page, and write it if this is its first page."""
    await connection.execute(
        "INSERT INTO lien_list (institution, list_id, inquiry_id, as_of, pages, begun_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (institution, list_id) DO NOTHING",
        institution,
        page.list_id,
        page.inquiry_id,
        page.as_of,
        page.pages,
        at,
    )
    # Just written, or before.
    return await Rows(connection, ListRow).one(
        f"SELECT {_LIST} FROM lien_list WHERE institution = $1 AND list_id = $2", institution, page.list_id
    )


async def keep_page(connection: Connection, listed: ListRow, page: LienListPage, digest: bytes, at: datetime) -> bytes:
    """Store a page, unless it is stored already; return the digest of the stored page."""
    await connection.execute(
        "INSERT INTO lien_list_page (list_no, page, pages, liens, digest, received_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (list_no, page) DO NOTHING",
        listed.list_no,
        page.page,
        page.pages,
        [lien.model_dump() for lien in page.liens],
        digest,
        at,
    )
    stored: bytes = await connection.fetchval(
        "SELECT digest FROM lien_list_page WHERE list_no = $1 AND page = $2", listed.list_no, page.page
    )
    return stored


async def pages_missing(connection: Connection, listed: ListRow) -> tuple[int, ...]:
    """Return the pages of a list that are missing."""
    rows = await connection.fetch("SELECT page FROM lien_list_page WHERE list_no = $1", listed.list_no)
    here = {row["page"] for row in rows}
    return tuple(page for page in range(1, listed.pages + 1) if page not in here)


async def pages_of(connection: Connection, list_no: int) -> Sequence[PageRow]:
    """Return all pages of a list, in order."""
    return await Rows(connection, PageRow).many(
        "SELECT page, digest, liens FROM lien_list_page WHERE list_no = $1 ORDER BY page", list_no
    )


async def last_of(connection: Connection, institution: str) -> ListRow | None:
    """Return the institution's newest list, or None."""
    return await Rows(connection, ListRow).first(
        f"SELECT {_LIST} FROM lien_list WHERE institution = $1 ORDER BY list_no DESC LIMIT 1", institution
    )


async def left_over(connection: Connection, now: datetime, skip: Sequence[int], limit: int) -> list[ListRow]:
    """Return complete lists that are not compared, because the worker died after their last page.

    Leaves out those in `skip`.
    """
    return await Rows(connection, ListRow).many(_LEFT, now - LOOK_BACK, list(skip), limit)
