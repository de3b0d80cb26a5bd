"""The public page on which a victim reads which other account is to be credited, and objects to it.

The link stands in the message to the victim. Its token is the only credential. Reading changes nothing, because mail
scanners fetch every link.
"""

from contextlib import suppress
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from activities.recovery import credit_accounts
from activities.recovery.credit_accounts import CREDIT_PATH, VICTIM
from api.addresses import address_of
from api.forms import preferred, typed
from api.pages import TEMPLATES, Pages
from api.public_pages import LARGE, PUBLIC, Look, texts_of
from api.services import Services, TheServices
from api.throttle import Throttle
from domain.errors.restoration import CreditAccountOver
from domain.policy.callers import TryName
from schemas.enums import Language
from schemas.recovery.credit_accounts import CreditAccountShown
from schemas.text import IST

FIELDS_MAX: Final = 5
OBJECTION: Final = "the victim objects on the page"

_FOLDER: Final = TEMPLATES / "credit"
TEXTS: Final = texts_of(_FOLDER)

Lang = Annotated[Language | None, Query()]


class CreditAccountPage:
    """The page behind the links in messages about another account to be credited."""

    def __init__(self, services: Services) -> None:
        self._ctx = services.ctx
        self._trusted_proxies = services.trusted_proxies
        self._uses = Throttle(services.ctx, services.keys, TryName.LINK_USES)
        self._guesses = Throttle(services.ctx, services.keys, TryName.LINK_GUESSES)
        self._pages = Pages(TEMPLATES, styles=[PUBLIC], filters={}, names={"leaves": False})

    def router(self) -> APIRouter:
        """Return the routes of the page."""
        router = APIRouter(prefix=CREDIT_PATH, include_in_schema=False)
        router.add_api_route("/{token}", self.show, methods=["GET", "HEAD"])
        router.add_api_route("/{token}", self.act, methods=["POST"])
        return router

    async def show(self, request: Request, token: str, lang: Lang = None) -> Response:
        """Return the page of an account. Changes nothing."""
        shown = await self._look(request, token)
        return self._page(request, lang, shown) if shown else self._unknown(request, lang)

    async def act(self, request: Request, services: TheServices, token: str, lang: Lang = None) -> Response:
        """Record the victim's objection, and return the page. The same objection again changes nothing."""
        shown = await self._look(request, token)
        if shown is None:
            return self._unknown(request, lang)
        if (await typed(request, FIELDS_MAX)).get("step") == "object":
            with suppress(CreditAccountOver):
                await credit_accounts.object_to(self._ctx, shown.ack_no, shown.account_id, OBJECTION, VICTIM)
            shown = await credit_accounts.look(self._ctx, token) or shown
        return self._page(request, lang, shown)

    async def _look(self, request: Request, token: str) -> CreditAccountShown | None:
        """Return the account of a link, or None. Raises a 429 for too many tries."""
        shown = await credit_accounts.look(self._ctx, token)
        if shown is None:
            await self._guesses.take(address_of(request, self._trusted_proxies))
        else:
            await self._uses.take(token)
        return shown

    def _page(self, request: Request, lang: Language | None, shown: CreditAccountShown) -> Response:
        until = f"{shown.object_until.astimezone(IST):%d-%m-%Y %H:%M}" if shown.object_until else ""
        return self._shown(request, lang, "account", shown=shown, until=until)

    def _unknown(self, request: Request, lang: Language | None) -> Response:
        return self._shown(request, lang, "unknown", 404)

    def _shown(self, request: Request, lang: Language | None, name: str, status: int = 200, **values: Any) -> Response:
        first = self._ctx.policy.messages.holder_languages[0]
        language = lang or preferred(request.headers.get("accept-language", "")) or first
        look = Look(language, request.query_params.get("size") == LARGE)
        told = {"errors": {}, "notice": "", **values}
        return self._pages.page(f"credit/{name}", status, look=look, say=TEXTS[language], **told)
