"""Visit of the public complaint form: the cookie, and the draft that it has open."""

from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.responses import Response

from activities.context import Context
from activities.people import public_codes
from api.forms import typed
from api.officers.sessions import refuse_other_sites
from api.services import TheServices
from db.people.public_drafts import PublicDraft

COOKIE: Final = "__Host-goldenhour-complaint"
FIELDS_MAX: Final = 40


@dataclass(frozen=True)
class Visit:
    """A visit, with its draft; None without a live one."""

    draft: PublicDraft | None
    token: str = field(repr=False)


async def _visit(request: Request, services: TheServices) -> Visit:
    token = request.cookies.get(COOKIE, "")
    return Visit(await public_codes.visit(services.ctx, token) if token else None, token)


TheVisit = Annotated[Visit, Depends(_visit)]
"""The dependency by which a page gets the visit of its request."""


async def begin(ctx: Context, response: Response, draft: PublicDraft) -> Response:
    """Begin a visit of a draft, and set its cookie, which ends with the browser."""
    token = await public_codes.begin_visit(ctx, draft.draft_id)
    response.set_cookie(COOKIE, token, path="/", secure=True, httponly=True, samesite="strict")
    return response


async def end(ctx: Context, response: Response, token: str) -> Response:
    """End a visit, and delete its cookie. The draft stays, and opens by its code."""
    await public_codes.leave(ctx, token)
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return response


async def fields_of(request: Request) -> dict[str, str]:
    """Return the fields of a form of ours, without unprintable characters but with line breaks. Raises `Refused`.

    Raises `CrossSiteRequest` for a form that another site sent.
    """
    refuse_other_sites(request)
    sent = await typed(request, FIELDS_MAX)
    return {name: "".join(c for c in text if c.isprintable() or c == "\n").strip() for name, text in sent.items()}
