"""Reconciliation of banks' lists of liens with the ledger: the comparisons and their differences."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.officers.auth import may
from api.officers.jurisdiction import within_of
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, After, Limit, ReconciliationId
from api.problems import IN_THE_DESCRIPTION
from api.roles import Action
from api.services import TheServices
from db.gateway import comparisons, lien_standings
from schemas.gateway.liens import ReconciliationDetail, ReconciliationPage, ReconciliationStatePage
from schemas.text import Code

reconciliation_router = APIRouter(
    prefix="/api/v1/reconciliations", tags=["reconciliations"], responses=IN_THE_DESCRIPTION
)

Reader = Annotated[Officer, may(Action.READ_BANKS)]


@reconciliation_router.get("")
async def read_reconciliations(
    services: TheServices,
    officer: Reader,
    institution: Annotated[Code | None, Query(description="Only this institution.")] = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> ReconciliationPage:
    """List comparisons of banks' lists with the ledger, the newest last."""
    async with services.ctx.pool.acquire() as connection:
        return await comparisons.page(connection, institution, after, limit)


@reconciliation_router.get("/by-institution")
async def read_standings(
    services: TheServices, officer: Reader, after: After = None, limit: Limit = LIMIT_DEFAULT
) -> ReconciliationStatePage:
    """List each institution that was asked for a list or sent one: last request, last list, differences."""
    async with services.ctx.pool.acquire() as connection, connection.transaction(readonly=True):
        return await lien_standings.page(connection, after, limit)


@reconciliation_router.get("/{reconciliation_id}")
async def read_reconciliation(
    services: TheServices, officer: Reader, reconciliation_id: ReconciliationId
) -> ReconciliationDetail:
    """Return one comparison, with every row that differs and every lien that is missing from the list.

    Marked cases that the officer does not read are left out.
    """
    within = await within_of(services, officer, Action.READ_BANKS)
    async with services.ctx.pool.acquire() as connection, connection.transaction(readonly=True):
        return await comparisons.get(connection, reconciliation_id, within)
