"""Displays of the supervisor's wall: give one a token, list and revoke them, and the exchange on the display itself."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from activities.officers import script_tokens
from api.officers.auth import may
from api.officers.callers import DISPLAY_PATH
from api.officers.sessions import refuse_other_sites, set_display_cookie
from api.officers.tokens import BadToken, Officer
from api.params import INT64_MAX
from api.problems import IN_THE_DESCRIPTION, NOT_ALLOWED, NOT_LOGGED_IN, TOO_MANY, says
from api.roles import Action
from api.services import TheServices
from db.officers import script_tokens as stored_tokens
from schemas.enums import Role
from schemas.officers.officers import (
    DisplayList,
    DisplayPlacement,
    IssuedDisplay,
    NewDisplay,
    NewScriptToken,
    PlacedDisplay,
)

router = APIRouter(prefix="/api/v1/displays", tags=["displays"], responses=IN_THE_DESCRIPTION)

PLACE_BODY_MAX_BYTES = 1024
"""the limit of a body that anybody may send"""
Changing = Annotated[Officer, may(Action.CHANGE_DISPLAYS)]
TokenId = Annotated[int, Path(ge=1, le=INT64_MAX)]


@router.get("", name="list_displays")
async def list_displays(services: TheServices, _: Annotated[Officer, may(Action.READ_DISPLAYS)]) -> DisplayList:
    """List the displays, also those that have ended. A token is known only when it is made."""
    async with services.ctx.pool.acquire() as connection:
        return DisplayList(items=tuple(await stored_tokens.listed(connection, displays=True)))


@router.post("", status_code=201, name="add_display")
async def add_display(services: TheServices, officer: Changing, asked: NewDisplay) -> IssuedDisplay:
    """Make the token of a display. It is shown once, and opens nothing until a display takes it."""
    new = NewScriptToken(name=asked.name, roles=(Role.DISPLAY,), days=asked.days)
    token_id, token = await script_tokens.issue(services.ctx.pool, new, officer.actor)
    return IssuedDisplay(token_id=token_id, token=token)


@router.post("/{token_id}/revoke", status_code=204, name="revoke_display")
async def revoke_display(services: TheServices, officer: Changing, token_id: TokenId) -> None:
    """Revoke a display. Within a second it shows nothing more."""
    await script_tokens.revoke(services.ctx.pool, token_id, officer.actor, only_display=True)


@router.post(
    DISPLAY_PATH.removeprefix(router.prefix),
    status_code=201,
    name="place_display",
    responses=says(NOT_LOGGED_IN, NOT_ALLOWED, TOO_MANY),
)
async def place_display(
    request: Request, services: TheServices, response: Response, asked: DisplayPlacement
) -> PlacedDisplay:
    """Exchange the token of a display, once, in its browser.

    The cookie of the response shows the wall until the token's end.

    Raises `BadToken` for every other token: one that is over, or that another browser has taken.
    """
    refuse_other_sites(request)
    placement = await script_tokens.place(services.ctx.pool, asked.token.get_secret_value())
    if placement is None:
        raise BadToken(BadToken.__doc__)
    placed, secret = placement
    seconds = int((placed.ends_at - services.ctx.now()).total_seconds())
    set_display_cookie(response, secret, max(0, seconds))
    return placed
