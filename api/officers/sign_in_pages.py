"""Pages for officers in a browser: sign-in, and the own sessions."""

import logging
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from activities.officers.sign_in import new_token
from activities.officers.sign_in_links import SIGN_IN_PATH
from adapters.officers.identity_provider import Attempt, NotProven, ProviderFailed
from api.addresses import address_of
from api.officers.session_routes import begin_session, browser_of, end_own, end_session
from api.officers.sessions import (
    cookie_of,
    csrf_matches,
    csrf_token,
    delete_cookie,
    refuse_other_sites,
    set_cookie,
)
from api.pages import TEMPLATES, Pages
from api.problems import CONSOLE_PATH, NOT_FOUND, NOT_LOGGED_IN, TOO_MANY, UNREADABLE_FORM, Refused
from api.reply_pages import moment
from api.services import Services, TheServices
from db.officers import sessions, sign_in_log
from db.officers.sessions import LiveSession
from domain.errors.sign_in import CrossSiteRequest, SessionNotFound, SignInTooOld
from domain.sign_in import PASSWORD_MAX_CHARS
from schemas.sign_in import SessionEnd, SignIn

router = APIRouter(include_in_schema=False)
log = logging.getLogger("goldenhour.api")

PROVIDER_PATH: Final = f"{SIGN_IN_PATH}/provider"
BACK_PATH: Final = f"{PROVIDER_PATH}/back"
BEGUN_COOKIE: Final = "__Host-goldenhour-begun"
ATTEMPT_SECONDS: Final = 600

TO: Final = "to"
"""field with the place where an officer goes after the sign-in"""
CONSOLE: Final = "console"
FIELDS_MAX: Final = 10
ENTRIES_SHOWN: Final = 20
SEE_OTHER: Final = 303
_TOO_OLD: Final = "Sign in again first: another session is ended only within minutes of a sign-in."
_FAILED: Final = (
    "The name, the password or the code is wrong. A code is good once: wait for the next one. After many wrong codes,"
    " wait for an hour, or ask an admin for a new link."
)
PAGES: Final = Pages(
    TEMPLATES,
    styles=[TEMPLATES],
    filters={"moment": moment},
    names={"password_max": PASSWORD_MAX_CHARS},
)
# A browser names the origin of a form only if it may also send a referrer there. Other sites still get none.
PAGES.headers["Referrer-Policy"] = "same-origin"


async def exact_fields(request: Request) -> dict[str, str]:
    """Return the fields of a form exactly as typed, because a password may have any signs. Raises `Refused`."""
    try:
        text = (await request.body()).decode("ascii")
        return dict(parse_qsl(text, max_num_fields=FIELDS_MAX, errors="strict", keep_blank_values=True))
    except ValueError:
        raise Refused(UNREADABLE_FORM) from None


# -- sign-in -----------------------------------------------------------------------------------------------------------


@router.api_route(SIGN_IN_PATH, methods=["GET", "HEAD"])
async def show(request: Request, services: TheServices) -> Response:
    """Return the form, or the officer's sessions and last sign-ins for an officer who is signed in."""
    session = await services.sessions.find(cookie_of(request))
    if session is None:
        return _form(services, to=request.query_params.get(TO, ""))
    return await _signed_in(request, services, session)


async def _signed_in(
    request: Request, services: Services, session: LiveSession, notice: str = "", status: int = 200
) -> Response:
    async with services.ctx.pool.acquire() as connection:
        found = await sessions.of_officer(connection, session.officer_id, services.sessions.idle, session.session_id)
        log = await sign_in_log.page(connection, session.officer_id, None, ENTRIES_SHOWN)
    return PAGES.page(
        "officers/signed_in",
        status,
        notice=notice,
        officer_id=session.officer_id,
        csrf_token=csrf_token(cookie_of(request)),
        sessions=found,
        entries=log.items,
    )


@router.post(SIGN_IN_PATH)
async def act(request: Request, services: TheServices) -> Response:
    """Sign in or out, or end another session."""
    refuse_other_sites(request, must_say=True)
    fields = await exact_fields(request)
    if fields.get("step") == "sign_in":
        return await _sign_in(request, services, fields)
    session = await services.sessions.find(cookie_of(request))
    if session is None:
        return _form(services, "Your session is over. Please sign in again.", 401)
    if not csrf_matches(cookie_of(request), fields.get("csrf_token", "")):
        raise CrossSiteRequest
    response = RedirectResponse(SIGN_IN_PATH, SEE_OTHER, PAGES.headers)
    if fields.get("step") == "sign_out":
        await end_session(services, session, SessionEnd.SIGNED_OUT)
        delete_cookie(response)
    elif fields.get("step") == "end":
        return await _end_other(request, services, session, fields.get("session_id", "")) or response
    return response


async def _sign_in(request: Request, services: Services, fields: Mapping[str, str]) -> Response:
    typed = {name: fields.get(name, "") for name in ("officer_id", "password", "code", "recovery_code")}
    officer_id, to = typed["officer_id"][:64], fields.get(TO, "")
    try:
        asked = SignIn.model_validate(typed)
        _, token = await begin_session(request, services, asked)
    except ValidationError:
        return _form(services, "Give your name, your password, and one code.", 422, officer_id, to)
    except Refused as refused:
        if refused.kind is TOO_MANY:
            response = _form(services, "There were too many tries. Please wait a moment.", 429, officer_id, to)
            response.headers.update(refused.headers or {})
            return response
        if refused.kind is NOT_LOGGED_IN:
            return _form(services, _FAILED, 401, officer_id, to)
        raise
    response = RedirectResponse(f"{CONSOLE_PATH}/" if to == CONSOLE else SIGN_IN_PATH, SEE_OTHER, PAGES.headers)
    set_cookie(response, token)
    return response


async def _end_other(request: Request, services: Services, session: LiveSession, typed: str) -> Response | None:
    """End another session. Return a page that says what is to be done first, or None."""
    try:
        await end_own(services, session, UUID(typed))
    except ValueError:
        raise Refused(UNREADABLE_FORM) from None
    except SessionNotFound:
        """It is over, as the officer wants."""
    except SignInTooOld:
        return await _signed_in(request, services, session, _TOO_OLD, 403)
    return None


def _form(services: Services, notice: str = "", status: int = 200, officer_id: str = "", to: str = "") -> Response:
    other_way = PROVIDER_PATH if services.identity_provider is not None else ""
    # No other value comes back, so that the form sends the officer to no other place.
    to = CONSOLE if to == CONSOLE else ""
    return PAGES.page("officers/sign_in", status, notice=notice, officer_id=officer_id, other_way=other_way, to=to)


# -- sign-in with an identity provider ---------------------------------------------------------------------------------


@router.api_route(PROVIDER_PATH, methods=["GET", "HEAD"])
async def go_to_provider(services: TheServices) -> Response:
    """Send the browser to the identity provider."""
    if services.identity_provider is None:
        raise Refused(NOT_FOUND)
    token = new_token()
    try:
        address = await services.identity_provider.address(Attempt(token))
    except ProviderFailed as error:
        return _provider_failed(services, error)
    response = RedirectResponse(address, SEE_OTHER, PAGES.headers)
    # The browser comes back from another site, so `Strict` would keep the cookie from us.
    response.set_cookie(BEGUN_COOKIE, token, ATTEMPT_SECONDS, path="/", secure=True, httponly=True, samesite="lax")
    return response


@router.api_route(BACK_PATH, methods=["GET"])
async def come_back(request: Request, services: TheServices) -> Response:
    """Begin a session for the officer whom the provider names, and show a page with a link to go on."""
    if services.identity_provider is None:
        raise Refused(NOT_FOUND)
    provider = services.identity_provider
    attempt, now = Attempt(request.cookies.get(BEGUN_COOKIE, "")), services.ctx.now()
    if not attempt.token:
        return _form(services, "This sign-in was not begun here. Please begin again.", 401)
    try:
        person = await provider.person(attempt, dict(request.query_params), now)
        address = address_of(request, services.trusted_proxies)
        begun = await services.sign_in_door.by_provider(person, provider.settings.issuer, address, browser_of(request))
    except ProviderFailed as error:
        return _provider_failed(services, error)
    except NotProven as error:
        log.warning("a sign-in with the identity provider failed: %s", error)
        return _form(services, "The sign-in was not proven. Please begin again.", 401)
    except Refused as refused:
        if refused.kind is not NOT_LOGGED_IN:
            raise
        return _form(services, "You are no officer of this system. Ask your admin.", 401)
    # A `Strict` cookie does not come with a redirect from another site, so the officer goes on by a link.
    response = PAGES.page("officers/welcome", officer_id=begun.session.officer_id)
    set_cookie(response, begun.token)
    response.delete_cookie(BEGUN_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


def _provider_failed(services: Services, error: ProviderFailed) -> Response:
    log.warning("the identity provider failed: %s", error)
    return _form(services, "The department's sign-in cannot be reached. Please try again.", 503)
