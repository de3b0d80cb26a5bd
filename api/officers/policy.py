"""The values of the policy that are in force, each with its source."""

from typing import Annotated

from fastapi import APIRouter, Path

from activities.officers import changes as versions
from api.officers.auth import may
from api.officers.tokens import Officer
from api.params import INT64_MAX, LIMIT_DEFAULT, After, Limit
from api.problems import IN_THE_DESCRIPTION, NOT_FOUND, says
from api.roles import Action
from api.services import TheServices
from db.officers import changes as stored
from schemas.officers.policy import PolicyVersionDetails, PolicyVersionPage, PolicyView

router = APIRouter(prefix="/api/v1", tags=["policy"], responses=IN_THE_DESCRIPTION)

Reader = Annotated[Officer, may(Action.READ_POLICY)]


@router.get("/policy")
async def read_policy(services: TheServices, _: Reader) -> PolicyView:
    """Return the values of this process's policy. A case or a row keeps the values with which it began."""
    async with services.ctx.pool.acquire() as connection:
        return await versions.view(connection, services.ctx.policy)


@router.get("/policy/versions")
async def list_policy_versions(
    services: TheServices, _: Reader, after: After = None, limit: Limit = LIMIT_DEFAULT
) -> PolicyVersionPage:
    """List the versions that two admins agreed to, the newest first, each with what it changed."""
    async with services.ctx.pool.acquire() as connection:
        return await stored.policy_page(connection, after, limit)


@router.get("/policy/versions/{number}", responses=says(NOT_FOUND))
async def read_policy_version(
    services: TheServices, _: Reader, number: Annotated[int, Path(ge=1, lt=INT64_MAX)]
) -> PolicyVersionDetails:
    """Return a version with every value that was ever agreed to."""
    async with services.ctx.pool.acquire() as connection:
        return await stored.details(connection, number)
