"""Victims, whose personal data are sealed. The body names the victim, because a URL would enter logs."""

from typing import Annotated

from fastapi import APIRouter

from activities import victims
from api.auth import may
from api.problems import IN_THE_DESCRIPTION
from api.roles import Action
from api.services import TheServices
from api.tokens import Officer
from schemas.personal_data import FoundVictims, VictimQuestion

router = APIRouter(prefix="/api/v1/victims", tags=["cases"], responses=IN_THE_DESCRIPTION)


@router.post("/search", name="search_victims")
async def search(
    services: TheServices, officer: Annotated[Officer, may(Action.SEARCH_VICTIMS)], asked: VictimQuestion
) -> FoundVictims:
    """Find the complaints of a victim by name, mobile number or e-mail address, in whole terms, the newest first."""
    return await victims.find(services.ctx, asked)
