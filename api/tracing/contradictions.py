"""Discrepancies: their number for each bank, and the resolution of one."""

from typing import Annotated

from fastapi import APIRouter, Response

from activities.tracing.contradictions import SettledBy, settle
from api.auth import may
from api.params import ContradictionId
from api.problems import IN_THE_DESCRIPTION, NOT_NOW, says
from api.roles import ALLOWED, Action
from api.services import TheServices
from api.tokens import Officer
from db.tracing import contradictions
from schemas.tracing.contradictions import BankDoubtsList, SettlementDone, Settling

router = APIRouter(prefix="/api/v1/contradictions", tags=["contradictions"], responses=IN_THE_DESCRIPTION)


@router.get("/by-bank")
async def read_by_bank(services: TheServices, officer: Annotated[Officer, may(Action.READ_TRAIL)]) -> BankDoubtsList:
    """Return the number of discrepancies of each bank, by kind, and how many of them wait for a person."""
    async with services.ctx.pool.acquire() as connection:
        return await contradictions.by_bank(connection)


@router.post(
    "/{contradiction_id}/settle",
    responses={
        **says(NOT_NOW),
        202: {"description": "The resolution is proposed. A supervisor must agree.", "model": SettlementDone},
    },
)
async def settle_contradiction(
    services: TheServices,
    officer: Annotated[Officer, may(Action.SETTLE_CONTRADICTION)],
    contradiction_id: ContradictionId,
    settling: Settling,
    response: Response,
) -> SettlementDone:
    """Resolve a discrepancy.

    A resolution that takes money out of `held` is only a proposal until a supervisor, as a second officer, gives the
    same resolution.
    """
    by = SettledBy(officer.actor, supervises=officer.role in ALLOWED[Action.TAKE_FROM_HELD])
    done, follow_up = await settle(services.ctx, contradiction_id, settling, by)
    if follow_up is not None:
        services.notifier.soon(follow_up)
    response.status_code = 200 if done.settled else 202
    return done
