"""One account across cases. The account is asked for in the body: what stands in a URL ends in logs and histories."""

from typing import Annotated

from fastapi import APIRouter

from api.auth import may
from api.dependencies import TheParts
from api.problems import IN_THE_DESCRIPTION, NOT_FOUND, says
from api.roles import Action
from api.tokens import Officer
from db.tracing import accounts
from schemas.tracing.contradictions import AccountQuestion, AccountView

router = APIRouter(prefix="/api/v1/accounts", tags=["accounts"], responses=IN_THE_DESCRIPTION)


@router.post("/search", name="search_account", responses=says(NOT_FOUND))
async def search(
    parts: TheParts, officer: Annotated[Officer, may(Action.READ_TRAIL)], asked: AccountQuestion
) -> AccountView:
    """What every case has on an account: in play, held, claimed; and its balance as the bank told it last."""
    async with parts.ctx.pool.acquire() as connection:
        return await accounts.view(connection, asked)
