"""Grievance officers, who decide on appeals above the officers of a case, by district and for the State."""

from typing import Annotated

from fastapi import APIRouter

from activities.recovery.grievance_decisions import name_officer
from api.officers.auth import may
from api.officers.tokens import Officer
from api.problems import IN_THE_DESCRIPTION
from api.roles import Action
from api.services import TheServices
from db.recovery import appeals
from schemas.recovery.grievances import GrievanceOfficer, GrievanceOfficers, NewGrievanceOfficer

grievance_officers_router = APIRouter(
    prefix="/api/v1/grievance-officers", tags=["grievances"], responses=IN_THE_DESCRIPTION
)


@grievance_officers_router.get("")
async def list_grievance_officers(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_GRIEVANCE)]
) -> GrievanceOfficers:
    """List the officers who are notified of appeals that no officer of the case decides."""
    async with services.ctx.pool.acquire() as connection:
        return GrievanceOfficers(items=await appeals.every(connection))


@grievance_officers_router.put("")
async def name_grievance_officer(
    services: TheServices,
    officer: Annotated[Officer, may(Action.NAME_GRIEVANCE_OFFICER)],
    new: NewGrievanceOfficer,
) -> GrievanceOfficer:
    """Name the officer of a level for a district or for the State. The officer is notified of waiting appeals."""
    return await name_officer(services.ctx, new, officer.actor)
