"""Brake on automatic releases: what waits for a supervisor, and its continuation."""

from typing import Annotated

from fastapi import APIRouter

from activities.recovery import hold_releases
from api.officers.auth import may
from api.officers.tokens import Officer
from api.problems import IN_THE_DESCRIPTION, NOT_NOW, says
from api.roles import Action
from api.services import TheServices
from schemas.recovery.holds import ContinueReleases, ReleaseBrakeView, ReleasesContinued

release_brake_router = APIRouter(prefix="/api/v1/release-brake", tags=["holds"], responses=IN_THE_DESCRIPTION)


@release_brake_router.get("")
async def read_release_brake(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_HOLD)]
) -> ReleaseBrakeView:
    """Return the automatic releases that wait for a supervisor, because too many fell due within an hour."""
    return await hold_releases.read_brake(services.ctx)


@release_brake_router.post("/continue", responses=says(NOT_NOW))
async def continue_releases(
    services: TheServices, officer: Annotated[Officer, may(Action.CONTINUE_RELEASES)], seen: ContinueReleases
) -> ReleasesContinued:
    """Continue the automatic releases that wait. Check first that no clock is wrong.

    The figures are those that you saw. If more waits now, nothing is continued.
    """
    return await hold_releases.continue_releases(services.ctx, seen, officer.actor)
