"""The first page of every host, which leads everybody to their own door.

The page about the pages and the way out are beside it.
"""

from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from activities.officers.enrolment import SIGN_IN_PATH
from activities.recovery.document_issuing import APPEAL_PATH
from api.officers.sessions import refuse_other_sites
from api.pages import ABOUT_PATH, DOORS_PATH, LEAVE_PATH
from api.people import complaint_form
from api.problems import INBOX_PATH
from api.public_pages import NEUTRAL_ADDRESS, SEE_OTHER, PublicPages, TheLook
from api.services import TheServices

doors_router = APIRouter(include_in_schema=False)
"""of every host, so both parts of the API serve it"""
router = APIRouter(include_in_schema=False)

PAGES: Final = PublicPages("doors")
FORGET: Final = {"Clear-Site-Data": '"cache", "cookies", "storage"'}
"""tells a browser to forget everything about this host"""


@doors_router.api_route(DOORS_PATH, methods=["GET", "HEAD"])
async def doors(services: TheServices, look: TheLook) -> Response:
    """Return the page with a door for each kind of visitor."""
    my, desk = services.public_url or "", services.desk_url or ""
    bank = services.bank_url or my
    paths: dict[str, Any] = {"sign_in": SIGN_IN_PATH, "appeal": APPEAL_PATH, "inbox": INBOX_PATH}
    return PAGES.page(look, "doors", my=my, desk=desk, bank=bank, leaves=False, **paths)


@router.api_route(ABOUT_PATH, methods=["GET", "HEAD"])
async def about(look: TheLook) -> Response:
    """Return the page about privacy and accessibility."""
    return PAGES.page(look, "about")


@router.post(LEAVE_PATH)
async def leave(request: Request, services: TheServices) -> Response:
    """Lead away to a page that has nothing to do with the police, and let the browser forget this host.

    No state changes by GET, so another page cannot send a visitor out.
    """
    refuse_other_sites(request)
    away = RedirectResponse(NEUTRAL_ADDRESS, SEE_OTHER, {**PAGES.headers, **FORGET})
    return await complaint_form.end(services.ctx, away, request.cookies.get(complaint_form.COOKIE, ""))
