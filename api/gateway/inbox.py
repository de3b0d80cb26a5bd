"""First pages of a bank's inbox, without scripts: sign-in, hold requests and orders that wait, and own figures.

Another site cannot post a form here: the cookie is strict, and a post names the site that it comes from.
"""

from datetime import timedelta
from typing import Final
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import SecretStr
from starlette.responses import Response

from activities.gateway import inbox
from activities.reporting.scorecards import span
from api.forms import FIELDS_MAX, tidy
from api.gateway.inbox_pages import KEPT, TheVisit, Visit
from api.gateway.inbox_sessions import delete_cookie, set_cookie, sign_in, sign_out
from api.gateway.inbox_table import COLUMNS, FACTS
from api.officers.sessions import refuse_other_sites
from api.problems import INBOX_PATH, NOT_LOGGED_IN, TOO_MANY, UNREADABLE_FORM, Refused
from api.public_pages import SHOW, keep_language
from api.reports import as_csv, as_workbook
from db.banks.bank_logins import BankSession
from documents.spreadsheet import Table
from domain.reporting.figures import interval
from schemas.text import IST

router = APIRouter(prefix=INBOX_PATH, include_in_schema=False)

SCORE_DAYS: Final = 30


# -- sign-in -----------------------------------------------------------------------------------------------------------


@router.post("/sign-in")
async def begin(request: Request, visit: TheVisit) -> Response:
    """Sign in with the bank's login."""
    refuse_other_sites(request, must_say=True)
    try:
        sent = dict(parse_qsl((await request.body()).decode("ascii"), max_num_fields=FIELDS_MAX, errors="strict"))
    except ValueError:
        raise Refused(UNREADABLE_FORM) from None
    email = tidy(sent.get("email", ""))[:200]
    # The step is that of a button, and never of a form that is kept.
    kept = {name: text for name, text in sent.items() if name.startswith(KEPT) and name != f"{KEPT}step"}
    if sent.get("step") == SHOW:
        response = visit.closed(visit.say["session_over_kept"] if kept else "", email=email, kept=kept)
        keep_language(request, response)
        return response
    try:
        token = await sign_in(request, visit.services, email, SecretStr(sent.get("password", "")))
    except Refused as refused:
        if refused.kind is TOO_MANY:
            response = visit.closed(visit.say["too_many"], 429, email, kept)
            response.headers.update(refused.headers or {})
            return response
        if refused.kind is NOT_LOGGED_IN:
            return visit.closed(visit.say["no_login"], 401, email, kept)
        raise
    fields = {name.removeprefix(KEPT): text for name, text in kept.items()}
    path = fields.pop("path", "")
    response = visit.page("kept", path=path, fields=fields) if _is_form(path) else visit.to(INBOX_PATH)
    set_cookie(response, token)
    return response


def _is_form(path: str) -> bool:
    """Return whether a path is that of a form about one request or order."""
    beginning, _, subject_id = path.rpartition("/")
    try:
        UUID(subject_id)
    except ValueError:
        return False
    return beginning in {f"{INBOX_PATH}/{name}" for name in ("holds", "answered", "orders")}


@router.get("/sign-in")
@router.get("/sign-out")
@router.get("/table")
async def go_on(visit: TheVisit) -> Response:
    """Lead to what waits. The links to the other language and size of a page that was posted come here."""
    return visit.to(INBOX_PATH)


@router.post("/sign-out")
async def leave(request: Request, visit: TheVisit) -> Response:
    """End the session."""
    refuse_other_sites(request, must_say=True)
    if visit.maybe_session is not None:
        await sign_out(visit.services, visit.maybe_session)
    response = visit.to(INBOX_PATH)
    delete_cookie(response)
    return response


# -- what waits --------------------------------------------------------------------------------------------------------


@router.api_route("", methods=["GET", "HEAD"])
async def show(request: Request, visit: TheVisit) -> Response:
    """Return the form to sign in, or the hold requests that wait for the bank, and its figures.

    The language in the address is kept for the next visit.
    """
    response = visit.closed() if visit.maybe_session is None else await _list(visit, "waiting")
    keep_language(request, response)
    return response


@router.get("/orders")
async def show_orders(visit: TheVisit) -> Response:
    """Return the orders that wait for the bank."""
    if visit.maybe_session is None:
        return visit.to(INBOX_PATH)
    return visit.page("orders", waiting=await inbox.read(visit.services.ctx, visit.session))


async def _list(visit: Visit, name: str) -> Response:
    ctx, cache = visit.services.ctx, visit.services.scorecard_cache
    waiting = await inbox.read(ctx, visit.session)
    now = ctx.now()
    over = span(ctx, now - timedelta(days=SCORE_DAYS), now, now)
    score_page = await cache.page(over, None, visit.code, None, 1)
    score = score_page.items[0] if score_page.items else None
    mean = await cache.mean(over) if score else None
    low, high = (interval(score.due - score.silent, score.due) if score else None) or (None, None)
    return visit.page(
        name,
        waiting=waiting,
        score=score,
        score_days=SCORE_DAYS,
        low=low,
        high=high,
        mean=mean.answered_of_due if mean else None,
        mean_held=mean.held_of_reachable if mean else None,
    )


@router.get("/waiting.csv")
async def waiting_table(visit: TheVisit) -> Response:
    """Return what waits as a CSV table, with a row for each transfer, to be filled in and sent back."""
    if visit.maybe_session is None:
        return visit.to(INBOX_PATH)
    return _private(await as_csv(await _waiting(visit, visit.session), "waiting"))


@router.get("/waiting.xlsx")
async def waiting_workbook(visit: TheVisit) -> Response:
    """Return the same table as a workbook."""
    if visit.maybe_session is None:
        return visit.to(INBOX_PATH)
    return _private(await as_workbook(await _waiting(visit, visit.session), "waiting"))


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


async def _waiting(visit: Visit, session: BankSession) -> Table:
    """Return a row for each transfer that waits, with the sum that is asked about.

    The last columns say of which account, time and case it is.
    """
    ctx, rows = visit.services.ctx, []
    for hold in (await inbox.read(ctx, session)).holds:
        view = await inbox.look(ctx, session.institution, hold.request_id)
        accounts = await inbox.accounts_of(ctx, hold.request_id) if view else {}
        for transfer in view.items.values() if view else ():
            rupees_text = f"{transfer.disputed_paise // 100}.{transfer.disputed_paise % 100:02d}"
            asked = (str(hold.request_id), transfer.rrn, "", rupees_text, *[""] * (len(COLUMNS) - 4))
            came_at = f"{transfer.at.astimezone(IST):%d-%m-%Y %H:%M:%S}"
            rows.append((*asked, accounts[transfer.no], came_at, hold.case_no))
    return Table(title="waiting", header=(*COLUMNS, *FACTS), rows=tuple(rows))
