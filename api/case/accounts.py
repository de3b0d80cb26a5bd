"""One account across cases. The body names the account, because a URL would put it into logs and browser histories."""

from typing import Annotated

from fastapi import APIRouter, Request

from api.officers.auth import may
from api.officers.jurisdiction import within_of
from api.officers.reads import ReadReason, note_account
from api.officers.tokens import Officer
from api.problems import IN_THE_DESCRIPTION, NOT_FOUND, says
from api.roles import Action
from api.services import TheServices
from db.case import ledger
from schemas.case.discrepancies import AccountQuestion, AccountView

accounts_router = APIRouter(prefix="/api/v1/accounts", tags=["accounts"], responses=IN_THE_DESCRIPTION)


@accounts_router.post("/search", name="search_account", responses=says(NOT_FOUND))
async def search(
    request: Request,
    services: TheServices,
    officer: Annotated[Officer, may(Action.READ_BANKS)],
    asked: AccountQuestion,
    reason: ReadReason = None,
) -> AccountView:
    """Return the amounts of every case at one account (in play, held, claimed) and its last known balance.

    The sums count every case. Marked cases that the officer does not read are left out of the list.
    """
    await note_account(request, services, officer, asked, reason or "")
    within = await within_of(services, officer, Action.READ_BANKS)
    async with services.ctx.pool.acquire() as connection:
        return await ledger.view(connection, asked, within)
