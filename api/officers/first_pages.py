"""The page behind a sign-in link, on which an officer sets password and authenticator.

A link of two admins opens nothing without the code that the other admin told the officer.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import segno
from fastapi import APIRouter, Request
from pydantic import SecretStr
from starlette.responses import Response

from activities.officers.enrolment import FIRST_PATH, SIGN_IN_PATH, Setup, Wish, WrongLinkCode
from api.addresses import address_of
from api.forms import exact_fields
from api.officers.sessions import refuse_other_sites
from api.pages import GONE, NOT_ASKED
from api.public_pages import Look, PublicPages, TheLook
from api.services import TheServices
from domain.officers.officers import PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS
from schemas.text import IST

router = APIRouter(include_in_schema=False)

_GROUP_CHARS: Final = 4
_LIMITS: Final = {"min": PASSWORD_MIN_CHARS, "max": PASSWORD_MAX_CHARS}
_FIELD_OF: Final = {"wrong_code": "code", "differs": "again"}
"""field beside which a fault is shown; any other is one of the password"""


def _moment(at: datetime) -> str:
    return f"{at.astimezone(IST):%d-%m-%Y, %H:%M} IST"


PAGES: Final = PublicPages(
    "first",
    filters={"moment": _moment},
    password_min=PASSWORD_MIN_CHARS,
    password_max=PASSWORD_MAX_CHARS,
    sign_in=SIGN_IN_PATH,
    leaves=False,
)


@router.api_route(f"{FIRST_PATH}{{token}}", methods=["GET", "HEAD"])
async def show(request: Request, services: TheServices, look: TheLook, token: str) -> Response:
    """Return the form to set password and authenticator. Changes nothing, because mail scanners fetch every link."""
    setup = await services.sign_in_links.look(token)
    if setup is None:
        await services.sign_in_guesses.take(address_of(request, services.trusted_proxies))
        return PAGES.page(look, "gone", GONE)
    return _form(look, setup)


@router.post(f"{FIRST_PATH}{{token}}")
async def take(request: Request, services: TheServices, look: TheLook, token: str) -> Response:
    """Set password and authenticator, and show the recovery codes once; or end a link that was not asked for."""
    refuse_other_sites(request, must_say=True)
    address = address_of(request, services.trusted_proxies)
    fields = await exact_fields(request)
    if fields.get("step") == NOT_ASKED and await services.sign_in_links.refuse(token):
        return PAGES.page(look, "refused")
    sealed = fields.get("sealed", "")
    setup = await services.sign_in_links.look(token, sealed)
    if setup is None:
        await services.sign_in_guesses.take(address)
        return PAGES.page(look, "gone", GONE)
    password, again = (SecretStr(fields.get(name, "")) for name in ("password", "again"))
    wish = Wish(password, again, fields.get("code", ""), fields.get("link_code", ""))
    try:
        if fault := wish.fault(setup) or await services.sign_in_links.judge(token, wish, address):
            text = PAGES.say(look)[fault].format_map(_LIMITS)
            return _form(look, setup, {_FIELD_OF.get(fault, "password"): text}, 422)
        codes = await services.sign_in_links.put(token, setup, wish, address)
    except WrongLinkCode as wrong:
        if wrong.tries_left:
            text = PAGES.say(look)["wrong_link_code"].format(left=wrong.tries_left)
            return _form(look, setup, {"link_code": text}, 422)
        codes = None
    if codes is None:
        return PAGES.page(look, "gone", GONE)
    services.sessions.forget()
    return PAGES.page(look, "ready", codes=codes)


def _form(look: Look, setup: Setup, errors: Mapping[str, str] | None = None, status: int = 200) -> Response:
    groups = [setup.secret[at : at + _GROUP_CHARS] for at in range(0, len(setup.secret), _GROUP_CHARS)]
    return PAGES.page(
        look,
        "first",
        status,
        errors=errors or {},
        setup=setup,
        key=" ".join(groups),
        picture=segno.make(setup.otpauth, error="m").svg_inline(scale=4, light="#fff", title="QR code of the key"),
    )
