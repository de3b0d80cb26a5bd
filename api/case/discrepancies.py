"""Discrepancies: their number for each bank, and the resolution of one."""

from typing import Annotated

from fastapi import APIRouter, Response

from activities.case.discrepancies import ResolvingOfficer, resolve
from api.officers.auth import may
from api.officers.tokens import Officer
from api.params import DiscrepancyId
from api.problems import IN_THE_DESCRIPTION, NOT_NOW, says
from api.roles import Action
from api.services import TheServices
from db.case import discrepancies
from schemas.case.discrepancies import BankDoubtsList, NewResolution, ResolutionDone

discrepancies_router = APIRouter(prefix="/api/v1/discrepancies", tags=["discrepancies"], responses=IN_THE_DESCRIPTION)


@discrepancies_router.get("/by-bank")
async def read_by_bank(services: TheServices, officer: Annotated[Officer, may(Action.READ_BANKS)]) -> BankDoubtsList:
    """Return the number of discrepancies of each bank, by kind, and how many of them wait for a person."""
    async with services.ctx.pool.acquire() as connection:
        return await discrepancies.by_bank(connection)


@discrepancies_router.post(
    "/{discrepancy_id}/settle",
    responses={
        **says(NOT_NOW),
        202: {"description": "The resolution is proposed. A supervisor must agree.", "model": ResolutionDone},
    },
)
async def resolve_discrepancy(
    services: TheServices,
    officer: Annotated[Officer, may(Action.RESOLVE_DISCREPANCY)],
    discrepancy_id: DiscrepancyId,
    resolution: NewResolution,
    response: Response,
) -> ResolutionDone:
    """Resolve a discrepancy.

    A resolution that takes money out of `held` is only a proposal until a supervisor, as a second officer, gives the
    same resolution.
    """
    by = ResolvingOfficer(officer.actor, supervises=bool(officer.roles & Action.TAKE_FROM_HELD.rule.roles))
    done, follow_up = await resolve(services.ctx, discrepancy_id, resolution, by)
    if follow_up is not None:
        services.notifier.soon(follow_up)
    response.status_code = 200 if done.settled else 202
    return done
