"""The supervisor's wall, in one read (how old each part may be: `api/caches.py`)."""

from typing import Annotated

from fastapi import APIRouter

from api.caches import TOO_MUCH_TO_COUNT
from api.officers.auth import may
from api.officers.tokens import Officer
from api.problems import IN_THE_DESCRIPTION, says
from api.roles import Action
from api.services import TheServices
from schemas.reporting.wall import Wall

router = APIRouter(prefix="/api/v1", tags=["figures"], responses=IN_THE_DESCRIPTION)


@router.get("/wall", responses=says(TOO_MUCH_TO_COUNT))
async def read_wall(services: TheServices, _: Annotated[Officer, may(Action.READ_WALL)]) -> Wall:
    """Return the figures of the wall: today, what is late now, teams, hours, banks, districts and the last weeks.

    No part names a person, an account or a case. Each part says of when it is.
    """
    return await services.wall_cache.wall()
