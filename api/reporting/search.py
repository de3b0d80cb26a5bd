"""Search over cases. The body names what is sought, because a URL would put it into logs and browser histories."""

from typing import Annotated

from fastapi import APIRouter, Request

from activities.reporting import scorecards
from activities.reporting.scorecards import Reach
from api.officers.auth import may, refuse_unless
from api.officers.jurisdiction import within_of
from api.officers.reads import ReadReason, note_search
from api.officers.tokens import Officer
from api.problems import IN_THE_DESCRIPTION, LIMIT_EXCEEDED, says
from api.roles import Action
from api.services import TheServices
from domain.privacy.search import PERSONS, recognise
from schemas.privacy.personal_data import SearchPage, SearchQuestion

router = APIRouter(prefix="/api/v1/search", tags=["cases"], responses=IN_THE_DESCRIPTION)


@router.post("", name="search", responses=says(LIMIT_EXCEEDED))
async def search_cases(
    request: Request,
    services: TheServices,
    officer: Annotated[Officer, may(Action.READ_CASE)],
    asked: SearchQuestion,
    reason: ReadReason = None,
) -> SearchPage:
    """Find cases by one text: acknowledgement number, RRN, UTR, account, VPA, or the contact or name of a victim.

    A text that can name several things is searched as each of them. Only cases that the officer reads are found, and
    by their victims only for an officer who may find victims.
    """
    sought = recognise(asked.text, asked.kind)
    if not officer.roles & Action.READ_VICTIMS.rule.roles:
        sought = tuple(meaning for meaning in sought if meaning.kind not in PERSONS)
        if not sought:
            refuse_unless(officer, Action.READ_VICTIMS)
    reach = Reach(
        cases=await within_of(services, officer, Action.READ_CASE),
        persons=await within_of(services, officer, Action.READ_VICTIMS),
    )
    page = await scorecards.find(services.ctx, asked, sought, reach)
    await note_search(request, services, officer, sought, page.items, reason or "")
    return page
