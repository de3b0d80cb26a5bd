"""The page behind a link of two admins, on which a bank sets the password of its login."""

from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Request
from pydantic import SecretStr
from starlette.responses import Response

from activities.banks import login_links
from activities.banks.login_links import LOGIN_LINK_PATH, NewPassword
from activities.officers.sign_in_links import WrongLinkCode
from api.addresses import address_of
from api.forms import exact_fields
from api.gateway.inbox_pages import TheVisit, Visit
from api.officers.sessions import refuse_other_sites
from api.pages import GONE, NOT_ASKED
from api.public_pages import SHOW
from db.banks.bank_logins import OpenLoginLink
from domain.officers.officers import PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS

inbox_logins_router = APIRouter(include_in_schema=False)

_LIMITS: Final = {"min": PASSWORD_MIN_CHARS, "max": PASSWORD_MAX_CHARS}


@inbox_logins_router.api_route(f"{LOGIN_LINK_PATH}{{token}}", methods=["GET", "HEAD"])
async def show_password(request: Request, visit: TheVisit, token: str) -> Response:
    """Return the form to set the password. Changes nothing, because mail scanners fetch every link."""
    link = await login_links.look(visit.services.ctx, token)
    return await _over(request, visit) if link is None else _form(visit, link, {})


@inbox_logins_router.post(f"{LOGIN_LINK_PATH}{{token}}")
async def take_password(request: Request, visit: TheVisit, token: str) -> Response:
    """Set the password of the bank's login, or end a link that the bank did not ask for."""
    refuse_other_sites(request, must_say=True)
    fields = await exact_fields(request)
    link = await login_links.look(visit.services.ctx, token)
    if link is None:
        return await _over(request, visit)
    match fields.get("step"):
        case step if step == SHOW:
            return _form(visit, link, fields)
        case step if step == NOT_ASKED:
            is_ended = await login_links.refuse(visit.services.ctx, token)
            return _refused(visit) if is_ended else await _over(request, visit)
        case _:
            return await _set(visit, link, token, fields) or await _over(request, visit)


async def _set(visit: Visit, link: OpenLoginLink, token: str, fields: Mapping[str, str]) -> Response | None:
    """Set the password, and return the page that follows. Return None if the link is over."""
    password, again = (SecretStr(fields.get(name, "")) for name in ("password", "again"))
    new = NewPassword(password, again, fields.get("link_code", ""))
    fault = new.fault(link)
    if fault is not None:
        field = "again" if fault == "differs" else "password"
        return _form(visit, link, fields, {field: visit.say[f"password_{fault}"].format_map(_LIMITS)})
    try:
        is_set = await login_links.set_password_by_link(visit.services.ctx, token, new)
    except WrongLinkCode as wrong:
        if wrong.tries_left:
            return _form(visit, link, {}, {"link_code": visit.say["wrong_link_code"].format(left=wrong.tries_left)})
        is_set = False
    return visit.page("password_set", email=link.email) if is_set else None


def _refused(visit: Visit) -> Response:
    """Say that a link is ended that the bank did not ask for."""
    title, text = (visit.say[name] for name in ("password_refused_title", "password_refused_text"))
    return visit.page("password_refused", title=title, text=text)


async def _over(request: Request, visit: Visit) -> Response:
    """Count a link that opens nothing, and say so."""
    await visit.services.sign_in_guesses.take(address_of(request, visit.services.trusted_proxies))
    return visit.page("password_over", GONE)


def _form(
    visit: Visit, link: OpenLoginLink, fields: Mapping[str, str], errors: dict[str, str] | None = None
) -> Response:
    """Return the form. The code that was typed stays, and the password does not."""
    kept = {"link_code": fields.get("link_code", "")}
    return visit.page("password", 422 if errors else 200, fields=kept, errors=errors or {}, link=link, limits=_LIMITS)
