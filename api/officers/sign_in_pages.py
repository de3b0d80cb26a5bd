"""Pages for officers in a browser: sign-in, and the own sessions."""

import logging
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from activities.officers.enrolment import SIGN_IN_PATH
from activities.sessions import new_token
from adapters.officers.identity_provider import Attempt, NotProven, ProviderFailed
from api.addresses import address_of
from api.forms import exact_fields
from api.officers.session_routes import begin_session, browser_of, end_own, end_session
from api.officers.sessions import (
    cookie_of,
    csrf_matches,
    csrf_token,
    delete_cookie,
    refuse_other_sites,
    set_cookie,
)
from api.officers.sign_in import CodeWasUsed
from api.pages import moment
from api.problems import CONSOLE_PATH, NOT_FOUND, NOT_LOGGED_IN, TOO_MANY, UNREADABLE_FORM, Refused
from api.public_pages import Look, PublicPages, TheLook, keep_language
from api.services import Services, TheServices
from db.officers import sessions
from db.officers.sessions import LiveSession
from domain.errors.officers import CrossSiteRequest, SessionNotFound, SignInTooOld
from domain.officers.officers import PASSWORD_MAX_CHARS
from schemas.officers.sign_in import SessionEnd, SignIn

router = APIRouter(include_in_schema=False)
log = logging.getLogger("goldenhour.api")

PROVIDER_PATH: Final = f"{SIGN_IN_PATH}/provider"
BACK_PATH: Final = f"{PROVIDER_PATH}/back"
BEGUN_COOKIE: Final = "__Host-goldenhour-begun"
ATTEMPT_SECONDS: Final = 600

TO: Final = "to"
"""field with the place where an officer goes after the sign-in"""
CONSOLE: Final = "console"
ENTRIES_SHOWN: Final = 20
SEE_OTHER: Final = 303
PAGES: Final = PublicPages("officers", filters={"moment": moment}, password_max=PASSWORD_MAX_CHARS, leaves=False)


# -- sign-in -----------------------------------------------------------------------------------------------------------


@router.api_route(SIGN_IN_PATH, methods=["GET", "HEAD"])
async def show(request: Request, services: TheServices, look: TheLook) -> Response:
    """Return the form, or the officer's sessions and last sign-ins for an officer who is signed in.

    A language that the address names is kept for the next visit, and for the console.
    """
    session = await services.sessions.find(cookie_of(request))
    if session is None:
        response = _form(services, look, to=request.query_params.get(TO, ""))
    else:
        response = await _signed_in(request, services, look, session)
    keep_language(request, response)
    return response


async def _signed_in(
    request: Request, services: Services, look: Look, session: LiveSession, refusal: str = "", status: int = 200
) -> Response:
    async with services.ctx.pool.acquire() as connection:
        open_sessions = await sessions.of_officer(
            connection, session.officer_id, services.sessions.idle, session.session_id
        )
        log = await sessions.page(connection, session.officer_id, None, ENTRIES_SHOWN)
    return PAGES.page(
        look,
        "signed_in",
        status,
        refusal=refusal,
        officer_id=session.officer_id,
        csrf_token=csrf_token(cookie_of(request)),
        sessions=open_sessions,
        entries=log.items,
    )


@router.post(SIGN_IN_PATH)
async def act(request: Request, services: TheServices, look: TheLook) -> Response:
    """Sign in or out, or end another session."""
    refuse_other_sites(request, must_say=True)
    fields = await exact_fields(request)
    if fields.get("step") == "sign_in":
        return await _sign_in(request, services, look, fields)
    session = await services.sessions.find(cookie_of(request))
    if session is None:
        return _form(services, look, "session_over", 401)
    if not csrf_matches(cookie_of(request), fields.get("csrf_token", "")):
        raise CrossSiteRequest
    response = RedirectResponse(SIGN_IN_PATH, SEE_OTHER, PAGES.headers)
    if fields.get("step") == "sign_out":
        await end_session(services, session, SessionEnd.SIGNED_OUT)
        delete_cookie(response)
    elif fields.get("step") == "end":
        return await _end_other(request, services, look, session, fields.get("session_id", "")) or response
    return response


async def _sign_in(request: Request, services: Services, look: Look, fields: Mapping[str, str]) -> Response:
    typed = {name: fields.get(name, "") for name in ("officer_id", "password", "code", "recovery_code")}
    officer_id, to = typed["officer_id"][:64], fields.get(TO, "")
    try:
        asked = SignIn.model_validate(typed)
        _, token = await begin_session(request, services, asked)
    except ValidationError:
        return _form(services, look, "lacks", 422, officer_id, to)
    except Refused as refused:
        if refused.kind is TOO_MANY:
            response = _form(services, look, "too_many", 429, officer_id, to)
            response.headers.update(refused.headers or {})
            return response
        if refused.kind is NOT_LOGGED_IN:
            text = "code_used" if isinstance(refused, CodeWasUsed) else "failed"
            return _form(services, look, text, 401, officer_id, to)
        raise
    response = RedirectResponse(f"{CONSOLE_PATH}/" if to == CONSOLE else SIGN_IN_PATH, SEE_OTHER, PAGES.headers)
    set_cookie(response, token)
    return response


async def _end_other(
    request: Request, services: Services, look: Look, session: LiveSession, typed: str
) -> Response | None:
    """End another session. Return a page that says what is to be done first, or None."""
    try:
        await end_own(services, session, UUID(typed))
    except ValueError:
        raise Refused(UNREADABLE_FORM) from None
    except SessionNotFound:
        """It is over, as the officer wants."""
    except SignInTooOld:
        return await _signed_in(request, services, look, session, PAGES.say(look)["too_old"], 403)
    return None


def _form(
    services: Services, look: Look, refusal: str = "", status: int = 200, officer_id: str = "", to: str = ""
) -> Response:
    """Return the form to sign in. `refusal` is the key of a text."""
    other_way = PROVIDER_PATH if services.identity_provider is not None else ""
    # No other value comes back, so that the form sends the officer to no other place.
    to = CONSOLE if to == CONSOLE else ""
    page_values = {
        "refusal": PAGES.say(look)[refusal] if refusal else "",
        "officer_id": officer_id,
        "other_way": other_way,
    }
    return PAGES.page(look, "sign_in", status, more_query=f"&{urlencode({TO: to})}" if to else "", to=to, **page_values)


# -- sign-in with an identity provider ---------------------------------------------------------------------------------


@router.api_route(PROVIDER_PATH, methods=["GET", "HEAD"])
async def go_to_provider(
    services: TheServices, look: TheLook, again: Annotated[str | None, Query(max_length=1)] = None
) -> Response:
    """Send the browser to the identity provider. With `again` it asks the officer even if it knows who that is."""
    if services.identity_provider is None:
        raise Refused(NOT_FOUND)
    token = new_token()
    try:
        address = await services.identity_provider.address(Attempt(token), again=again is not None)
    except ProviderFailed as error:
        return _provider_failed(services, look, error)
    response = RedirectResponse(address, SEE_OTHER, PAGES.headers)
    # The browser comes back from another site, so `Strict` would keep the cookie from us.
    response.set_cookie(BEGUN_COOKIE, token, ATTEMPT_SECONDS, path="/", secure=True, httponly=True, samesite="lax")
    return response


@router.api_route(BACK_PATH, methods=["GET"])
async def come_back(request: Request, services: TheServices, look: TheLook) -> Response:
    """Begin a session for the officer whom the provider names, and show a page with a link to go on."""
    if services.identity_provider is None:
        raise Refused(NOT_FOUND)
    provider = services.identity_provider
    attempt, now = Attempt(request.cookies.get(BEGUN_COOKIE, "")), services.ctx.now()
    if not attempt.token:
        return _form(services, look, "not_begun", 401)
    try:
        person = await provider.person(attempt, dict(request.query_params), now)
        address = address_of(request, services.trusted_proxies)
        begun = await services.sign_in_door.by_provider(person, provider.settings.issuer, address, browser_of(request))
    except ProviderFailed as error:
        return _provider_failed(services, look, error)
    except NotProven as error:
        log.warning("a sign-in with the identity provider failed: %s", error)
        return _form(services, look, "not_proven", 401)
    except Refused as refused:
        if refused.kind is not NOT_LOGGED_IN:
            raise
        return _form(services, look, "no_officer", 401)
    # A `Strict` cookie does not come with a redirect from another site, so the officer goes on by a link.
    response = PAGES.page(look, "welcome", officer_id=begun.session.officer_id)
    set_cookie(response, begun.token)
    response.delete_cookie(BEGUN_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


def _provider_failed(services: Services, look: Look, error: ProviderFailed) -> Response:
    log.warning("the identity provider failed: %s", error)
    return _form(services, look, "provider_failed", 503)
