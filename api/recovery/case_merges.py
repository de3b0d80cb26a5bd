"""Merges of cases, the court's day, and accounts to credit.

The public page on which a victim reads which other account is to be credited, and objects to it. The link stands in the
message to the victim. Its token is the only credential. Reading changes nothing, because mail scanners fetch every
link.
"""

from contextlib import suppress
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from activities.recovery import case_merges, credit_accounts
from activities.recovery.case_merges import Done
from activities.recovery.credit_accounts import CREDIT_PATH, VICTIM, NoSuchAccount, credit_address
from activities.recovery.hearings import court_day_table
from api.addresses import address_of
from api.forms import preferred, typed
from api.officers.auth import may
from api.officers.jurisdiction import refuse_outside, within_of
from api.officers.reads import ReadReason, note_cases
from api.officers.tokens import Officer
from api.pages import TEMPLATES, Pages
from api.params import INT64_MAX, LIMIT_DEFAULT, AckNo, After, Limit
from api.problems import (
    FOUR_EYES,
    IN_THE_DESCRIPTION,
    INVALID,
    LIMIT_EXCEEDED,
    NOT_FOUND,
    NOT_NOW,
    Refused,
    Violation,
    says,
)
from api.public_pages import LARGE, PUBLIC, Look, texts_of
from api.reports import TABLE_CONTENT, as_file, wants_file
from api.roles import Action
from api.services import Services, TheServices
from api.throttle import Throttle
from db.recovery import court_hearings
from domain.errors.restoration import CreditAccountOver
from domain.officers.jurisdiction import district_key
from domain.policy.callers import TryName
from domain.recovery.procedure import ROUTES_OF_COURTS
from schemas.base import Storable, WithReason
from schemas.enums import Language
from schemas.recovery.case_merges import CaseMerge, CaseMerges, MergePreview, MergeQuestion, NewMerge
from schemas.recovery.court_orders import COURT_NAME_MAX_CHARS, CourtDayPage, CourtRoute, WaitingCourtOrders
from schemas.recovery.credit_accounts import (
    CreditAccount,
    CreditAccounts,
    CreditAccountShown,
    NewCreditAccount,
    SeenAccount,
)
from schemas.restoration_enums import Route
from schemas.text import IST

case_merges_router = APIRouter(prefix="/api/v1/cases/{ack_no}/merges", tags=["desk"], responses=IN_THE_DESCRIPTION)

MergeId = Annotated[int, Path(ge=1, le=INT64_MAX)]
Merger = Annotated[Officer, may(Action.MERGE_CASES)]
Decider = Annotated[Officer, may(Action.DECIDE_MERGE)]


@case_merges_router.get("", name="read_merges", responses=says(NOT_FOUND))
async def read(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_RESTORATION)], ack_no: AckNo
) -> CaseMerges:
    """List the merges of a case, the newest first, and the sums over all cases of them.

    Merges with cases that the officer does not read are left out. While one of them is in force, the sums are empty.
    """
    within = await within_of(services, officer, Action.READ_RESTORATION)
    return await case_merges.told_for(services.ctx, ack_no, within)


@case_merges_router.post("/preview", name="preview_merge", responses=says(NOT_NOW, NOT_FOUND))
async def preview(
    request: Request,
    services: TheServices,
    officer: Merger,
    ack_no: AckNo,
    asked: MergeQuestion,
    reason: ReadReason = None,
) -> MergePreview:
    """Return what a merge would be: sums, transfers that both cases tell, and what forbids it. Nothing is written."""
    await refuse_outside(services, officer, Action.MERGE_CASES, [asked.other_ack_no])
    shown = await case_merges.preview(services.ctx, ack_no, asked)
    await note_cases(request, services, officer, [shown.primary_case_no, shown.merged_case_no], reason or "")
    return shown


@case_merges_router.post("", name="merge_cases", status_code=201, responses=says(NOT_NOW, NOT_FOUND, LIMIT_EXCEEDED))
async def merge(services: TheServices, officer: Merger, ack_no: AckNo, new: NewMerge) -> CaseMerge:
    """Merge another case into this one.

    It is in force at once. Where the preview says so, a second officer has to agree first.
    """
    await refuse_outside(services, officer, Action.MERGE_CASES, [new.other_ack_no])
    return _told(services, await case_merges.merge(services.ctx, ack_no, new, officer.actor))


@case_merges_router.post(
    "/{merge_id}/agree", name="agree_to_merge", responses=says(FOUR_EYES, NOT_NOW, NOT_FOUND, LIMIT_EXCEEDED)
)
async def agree(
    services: TheServices, officer: Decider, ack_no: AckNo, merge_id: MergeId, why: WithReason
) -> CaseMerge:
    """Agree to a merge that another officer has proposed. It is checked again and is then in force."""
    await _refuse_outside(services, officer, Action.DECIDE_MERGE, ack_no, merge_id)
    return _told(services, await case_merges.agree(services.ctx, ack_no, merge_id, why.reason, officer.actor))


@case_merges_router.post("/{merge_id}/reject", name="reject_merge", responses=says(NOT_NOW, NOT_FOUND))
async def reject(
    services: TheServices, officer: Decider, ack_no: AckNo, merge_id: MergeId, why: WithReason
) -> CaseMerge:
    """Reject a merge that another officer has proposed. It then has no effect."""
    await _refuse_outside(services, officer, Action.DECIDE_MERGE, ack_no, merge_id)
    return _told(services, await case_merges.reject(services.ctx, ack_no, merge_id, why.reason, officer.actor))


@case_merges_router.post("/{merge_id}/undo", name="propose_merge_undo", responses=says(NOT_NOW, NOT_FOUND))
async def propose_undo(
    services: TheServices, officer: Merger, ack_no: AckNo, merge_id: MergeId, why: WithReason
) -> CaseMerge:
    """Propose to undo a merge. It stays in force until a second officer has agreed."""
    await _refuse_outside(services, officer, Action.MERGE_CASES, ack_no, merge_id)
    return _told(services, await case_merges.propose_undo(services.ctx, ack_no, merge_id, why.reason, officer.actor))


@case_merges_router.post(
    "/{merge_id}/undo/agree", name="agree_to_merge_undo", responses=says(FOUR_EYES, NOT_NOW, NOT_FOUND)
)
async def agree_to_undo(
    services: TheServices, officer: Decider, ack_no: AckNo, merge_id: MergeId, why: WithReason
) -> CaseMerge:
    """Undo a merge that another officer has proposed to undo. Each case counts its own transfers again."""
    await _refuse_outside(services, officer, Action.DECIDE_MERGE, ack_no, merge_id)
    return _told(services, await case_merges.agree_to_undo(services.ctx, ack_no, merge_id, why.reason, officer.actor))


@case_merges_router.post("/{merge_id}/undo/reject", name="reject_merge_undo", responses=says(NOT_NOW, NOT_FOUND))
async def reject_undo(
    services: TheServices, officer: Decider, ack_no: AckNo, merge_id: MergeId, why: WithReason
) -> CaseMerge:
    """Reject the undo of a merge, which stays in force."""
    await _refuse_outside(services, officer, Action.DECIDE_MERGE, ack_no, merge_id)
    return _told(services, await case_merges.reject_undo(services.ctx, ack_no, merge_id, why.reason, officer.actor))


async def _refuse_outside(services: Services, officer: Officer, action: Action, ack_no: str, merge_id: int) -> None:
    """Check that the officer may act in both cases of a merge. Raises `OutsideJurisdiction` and `NotFound`."""
    both = await case_merges.cases_of(services.ctx, ack_no, merge_id)
    await refuse_outside(services, officer, action, both)


def _told(services: Services, done: Done) -> CaseMerge:
    """Return the merge, and notify the workflows of its cases."""
    merged, follow_ups = done
    for follow_up in follow_ups:
        services.notifier.soon(follow_up)
    return merged


court_day_router = APIRouter(prefix="/api/v1", tags=["restorations"], responses=IN_THE_DESCRIPTION)

LINES_MAX: Final = 2_000
"""most lines of the list as a table"""


@court_day_router.get("/court-day", response_model=CourtDayPage, responses={200: {"content": TABLE_CONTENT}})
async def read_court_day(
    request: Request,
    services: TheServices,
    officer: Annotated[Officer, may(Action.READ_RESTORATION)],
    route: Annotated[CourtRoute | None, Query(description="Without it, every route with an order.")] = None,
    district: Annotated[
        Annotated[str, Storable] | None, Query(max_length=100, description="District of the case's first victim.")
    ] = None,
    on: Annotated[date | None, Query(description="Day on which the orders are made.")] = None,
    hearing_on: Annotated[date | None, Query(description="Only those that a court hears on this day.")] = None,
    court: Annotated[
        Annotated[str, Storable] | None,
        Query(max_length=COURT_NAME_MAX_CHARS, description="Court as its orders name it."),
    ] = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Response:
    """List restorations that wait for an order of a court, Lok Adalat or District Magistrate, by complaint number.

    With a day, those that went on or ended by an order of that day follow too. Of those with an order or a hearing,
    only the ones of that court are listed. A table, as CSV or a workbook, has at most 2,000 lines.
    """
    as_table = wants_file(request)
    within = await within_of(services, officer, Action.READ_RESTORATION)
    async with (
        services.ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        page = await court_hearings.page(
            connection,
            services.ctx.now(),
            None if as_table else after,
            LINES_MAX if as_table else limit,
            routes=ROUTES_OF_COURTS if route is None else (Route(route),),
            district=district_key(district) if district else None,
            made_on=on,
            hearing_on=hearing_on,
            court=court,
            within=within,
        )
    if as_table:
        return await as_file(request, court_day_table(page.items), "court-day")
    return Response(page.model_dump_json(), media_type="application/json")


@court_day_router.get("/court-orders/waiting")
async def list_waiting_court_orders(
    services: TheServices,
    officer: Annotated[Officer, may(Action.READ_POLICE)],
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> WaitingCourtOrders:
    """List orders of courts that wait for a second officer: to be confirmed, or to be withdrawn. The oldest first."""
    within = await within_of(services, officer, Action.READ_POLICE)
    async with services.ctx.pool.acquire() as connection:
        return await court_hearings.waiting_orders(connection, after, limit, reader=officer.actor, within=within)


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
        page_values = {"errors": {}, "notice": "", **values}
        return self._pages.page(f"credit/{name}", status, look=look, say=TEXTS[language], **page_values)
