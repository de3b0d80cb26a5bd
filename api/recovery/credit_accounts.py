"""Accounts that victims are credited at, and the page behind the link about one."""

from contextlib import suppress
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from activities.recovery import credit_accounts
from activities.recovery.credit_accounts import CREDIT_PATH, VICTIM, NoSuchAccount, credit_address
from api.addresses import address_of
from api.forms import preferred, typed
from api.officers.auth import may
from api.officers.tokens import Officer
from api.pages import TEMPLATES, Pages
from api.params import AckNo
from api.problems import FOUR_EYES, IN_THE_DESCRIPTION, INVALID, NOT_FOUND, NOT_NOW, Refused, Violation, says
from api.public_pages import LARGE, PUBLIC, Look, texts_of
from api.roles import Action
from api.services import Services, TheServices
from api.throttle import Throttle
from domain.errors.restoration import CreditAccountOver
from domain.policy.callers import TryName
from schemas.base import WithReason
from schemas.enums import Language
from schemas.recovery.credit_accounts import (
    CreditAccount,
    CreditAccounts,
    CreditAccountShown,
    NewCreditAccount,
    SeenAccount,
)
from schemas.text import IST

credit_accounts_router = APIRouter(
    prefix="/api/v1/complaints/{ack_no}/credit-accounts", tags=["restorations"], responses=IN_THE_DESCRIPTION
)

AccountId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@credit_accounts_router.get("", name="read_credit_accounts", responses=says(NOT_FOUND))
async def read_accounts(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_RESTORATION)], ack_no: AckNo
) -> CreditAccounts:
    """List the accounts that were proposed in place of the one that paid, the newest first."""
    return await credit_accounts.told_for(services.ctx, ack_no)


@credit_accounts_router.post("", name="tell_credit_account", responses=says(NOT_NOW, NOT_FOUND))
async def tell(
    services: TheServices,
    officer: Annotated[Officer, may(Action.TELL_CREDIT_ACCOUNT)],
    ack_no: AckNo,
    new: NewCreditAccount,
) -> CreditAccount:
    """Propose another account with its proof, and tell the victim.

    It is credited only after a second officer has confirmed it, and after the victim's time to object.
    """
    page = credit_address(services.public_url)
    try:
        return await credit_accounts.propose(services.ctx, ack_no, new, officer.actor, page=page)
    except NoSuchAccount as error:
        field = error.flag.field.removeprefix("account.")
        raise Refused(INVALID, violations=[Violation(field, error.flag.message, "")]) from None


@credit_accounts_router.post(
    "/{account_id}/confirm", name="confirm_credit_account", responses=says(FOUR_EYES, NOT_NOW, NOT_FOUND)
)
async def confirm(
    services: TheServices,
    officer: Annotated[Officer, may(Action.CONFIRM_CREDIT_ACCOUNT)],
    ack_no: AckNo,
    account_id: AccountId,
    seen: SeenAccount,
) -> CreditAccount:
    """Confirm an account that another officer has proposed, and tell the victim.

    Each restoration under way needs a new application, and none is approved before the victim's time to object is over.
    """
    page = credit_address(services.public_url)
    return await credit_accounts.confirm(services.ctx, ack_no, account_id, seen, officer.actor, page=page)


@credit_accounts_router.post(
    "/{account_id}/object", name="object_to_credit_account", responses=says(NOT_NOW, NOT_FOUND)
)
async def object_to(
    services: TheServices,
    officer: Annotated[Officer, may(Action.OBJECT_TO_CREDIT_ACCOUNT)],
    ack_no: AckNo,
    account_id: AccountId,
    why: WithReason,
) -> CreditAccount:
    """Record that the victim does not want an account to be credited. This ends the account at once."""
    return await credit_accounts.object_to(services.ctx, ack_no, account_id, why.reason, officer.actor)


@credit_accounts_router.post(
    "/{account_id}/withdraw", name="withdraw_credit_account", responses=says(NOT_NOW, NOT_FOUND)
)
async def withdraw(
    services: TheServices,
    officer: Annotated[Officer, may(Action.WITHDRAW_CREDIT_ACCOUNT)],
    ack_no: AckNo,
    account_id: AccountId,
    why: WithReason,
) -> CreditAccount:
    """Withdraw an account that is wrong, and tell the victim."""
    return await credit_accounts.withdraw(services.ctx, ack_no, account_id, why.reason, officer.actor)


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
