"""Intake of a bank's list of liens: each page is stored, and the complete list is compared."""

import hashlib
from datetime import timedelta

from activities.context import Context
from activities.gateway.lien_comparison import Origin, reconcile
from db.clock import present_moment
from db.gateway import comparisons, lien_inquiries, lien_lists
from db.pool import Connection
from domain.errors import RuleBroken
from domain.errors.banks import LienListDiffers, LienPageDiffers
from schemas.gateway.liens import (
    BankLiens,
    Compared,
    Inquiry,
    LienListPage,
    LienListTaken,
    ListedLien,
    ListWanted,
    Reconciliation,
)


class NotYet(RuleBroken):
    """The list says that it was drawn up in the future."""


async def take_page(ctx: Context, institution: str, stated: LienListPage) -> LienListTaken:
    """Store one page of a bank's list, and compare the list when it is complete.

    A repeated page changes nothing and returns the state of the list. Raises `NotFound` for a question to another bank,
    and `NotYet`. Raises `LienPageDiffers` for another page under the same number, and `LienListDiffers` for another
    list under the same id.
    """
    if stated.as_of > ctx.now() + timedelta(seconds=ctx.policy.signatures.window_seconds):
        raise NotYet(NotYet.__doc__)
    digest = hashlib.sha256(stated.model_dump_json().encode()).digest()
    async with ctx.pool.acquire() as connection, connection.transaction():
        now = await present_moment(connection)
        if stated.inquiry_id is not None:
            await lien_inquiries.get(connection, institution, stated.inquiry_id)
        listed = await lien_lists.begin(connection, institution, stated, now)
        if (listed.inquiry_id, listed.as_of, listed.pages) != (stated.inquiry_id, stated.as_of, stated.pages):
            raise LienListDiffers
        if await lien_lists.keep_page(connection, listed, stated, digest, now) != digest:
            raise LienPageDiffers(stated.page)
        missing = await lien_lists.pages_missing(connection, listed)
    # A stored list is not lost if this process dies here, because the next round compares complete lists.
    compared = None if missing else await compare_list(ctx, listed)
    return _taken(listed, missing, compared)


async def compare_list(ctx: Context, listed: lien_lists.ListRow) -> Reconciliation:
    """Compare a complete list. A repeated call is the same comparison."""
    async with ctx.pool.acquire() as connection:
        pages = await lien_lists.pages_of(connection, listed.list_no)
    liens = [lien for page in pages for lien in page.liens]
    rows = [ListedLien.model_validate({"row_no": row_no, **lien}) for row_no, lien in enumerate(liens, start=1)]
    digest = hashlib.sha256(b"".join(page.digest for page in pages)).digest()
    origin = Origin(listed.as_of, listed.list_no, listed.inquiry_id)
    code = listed.institution
    return await reconcile(ctx.pool, code, rows, digest, taken_by=f"bank:{code}", origin=origin)


async def stands(ctx: Context, institution: str) -> BankLiens:
    """Return the open question to the bank, and the state of its last list."""
    async with ctx.pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        asked = await lien_inquiries.open_of(connection, institution)
        listed = await lien_lists.last_of(connection, institution)
        last = None if listed is None else await _where(connection, listed)
    return BankLiens(wanted=None if asked is None else wanted(asked), last=last)


def wanted(asked: Inquiry) -> ListWanted:
    """Return a question in the form that its bank reads."""
    return ListWanted(inquiry_id=asked.inquiry_id, asked_at=asked.asked_at, respond_by=asked.due_at)


async def _where(connection: Connection, listed: lien_lists.ListRow) -> LienListTaken:
    number = await comparisons.of_list(connection, listed.list_no)
    compared = None if number is None else await comparisons.get(connection, number)
    return _taken(listed, await lien_lists.pages_missing(connection, listed), compared)


def _taken(listed: lien_lists.ListRow, missing: tuple[int, ...], compared: Reconciliation | None) -> LienListTaken:
    figures = None if compared is None else {name: getattr(compared, name) for name in Compared.model_fields}
    return LienListTaken(
        list_id=listed.list_id,
        pages=listed.pages,
        pages_missing=missing,
        compared=None if figures is None else Compared(**figures),
    )
