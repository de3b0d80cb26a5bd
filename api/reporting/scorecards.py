"""Scorecards of banks, as JSON and as tables, and the call list of the desk."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from activities.context import Context
from activities.reporting.scorecards import CALLS_MAX, span
from api.caches import ScorecardCache
from api.officers.auth import may
from api.officers.jurisdiction import within_of
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, After, Limit, TextLanguage
from api.problems import IN_THE_DESCRIPTION
from api.reports import CSV_CONTENT, TABLE_CONTENT, as_csv, as_file, period, wants_file
from api.roles import Action
from api.services import TheServices
from db.privacy import jurisdiction
from db.reporting.scorecards import Span
from documents.spreadsheet import Table, Value
from schemas.enums import AnswerClass, DiscrepancyKind, EscalationLevel, Language
from schemas.reporting.scorecards import CallList, Scorecard, ScorecardBy, ScorecardPage
from schemas.text import Code, LocalDatetime

router = APIRouter(prefix="/api/v1", tags=["scorecards"], responses=IN_THE_DESCRIPTION)

DAYS_DEFAULT: Final = 30
DAYS_MAX: Final = 366
BANKS_AT_ONCE: Final = 500

Reader = Annotated[Officer, may(Action.READ_BANKS)]
From = Annotated[
    LocalDatetime | None,
    Query(alias="from", description="Requests sent since this time. Default: 30 days before `to`."),
]
To = Annotated[LocalDatetime | None, Query(alias="to", description="Requests sent before this time. Default: now.")]
By = Annotated[ScorecardBy | None, Query(description="`hour`: one row for each hour of the day, Indian time.")]
Institution = Annotated[Code | None, Query(description="Only this institution.")]


@router.get(
    "/scorecards",
    response_model=ScorecardPage,
    responses={200: {"content": TABLE_CONTENT, "description": "A page, or the whole table as CSV or a workbook."}},
)
async def read_scorecards(
    request: Request,
    services: TheServices,
    officer: Reader,
    sent_from: From = None,
    sent_to: To = None,
    by: By = None,
    institution: Institution = None,
    after: After = None,
    limit: Limit = BANKS_AT_ONCE,
) -> Response:
    """List the scorecards of the banks that got requests in the period. `limit` counts banks."""
    over = _span(services.ctx, sent_from, sent_to)
    if wants_file(request):
        rows = await _table(services.scorecard_cache, over, by, institution)
        return await as_file(request, rows, "scorecards")
    page = await services.scorecard_cache.page(over, by, institution, after, limit)
    return Response(page.model_dump_json(), media_type="application/json")


@router.get("/scorecards.csv", response_class=Response, responses={200: {"content": CSV_CONTENT}})
async def read_scorecards_as_csv(
    request: Request,
    services: TheServices,
    officer: Reader,
    sent_from: From = None,
    sent_to: To = None,
    by: By = None,
    institution: Institution = None,
) -> Response:
    """Return the scorecards of all banks as a CSV table."""
    rows = await _table(services.scorecard_cache, _span(services.ctx, sent_from, sent_to), by, institution)
    return await as_csv(rows, "scorecards")


@router.get("/desk/call-list")
async def read_call_list(
    services: TheServices, officer: Reader, language: TextLanguage = Language.EN, limit: Limit = LIMIT_DEFAULT
) -> CallList:
    """List the unanswered hold requests, first those where a call now saves the most money.

    A call for a child, an elderly person or a woman counts more. What the officer has comes first, and what others have
    last. Marked cases that the officer does not read are left out.
    """
    within = await within_of(services, officer, Action.READ_BANKS)
    desk = services.scorecard_cache.desk
    if within is None:
        return await desk.calls(limit, officer.subject, language)
    call_list = await desk.calls(CALLS_MAX, officer.subject, language)
    async with services.ctx.pool.acquire() as connection:
        shown = await jurisdiction.those_within(connection, within, {call.case_ack_no for call in call_list.items})
    return call_list.model_copy(
        update={"items": tuple(item for item in call_list.items if item.case_ack_no in shown)[:limit]}
    )


def _span(ctx: Context, sent_from: datetime | None, sent_to: datetime | None) -> Span:
    """Return the period of the scorecards. Raises `Refused`."""
    now = ctx.now()
    start, end = period(sent_from, sent_to, until=now, days=DAYS_DEFAULT, days_max=DAYS_MAX)
    return span(ctx, start, end, now)


async def _table(cache: ScorecardCache, over: Span, by: ScorecardBy | None, institution: str | None) -> Table:
    items: list[Scorecard] = []
    after = None
    while True:
        page = await cache.page(over, by, institution, after, BANKS_AT_ONCE)
        items += page.items
        after = page.next
        if after is None:
            break
    return scorecard_table(items)


def scorecard_table(items: Iterable[Scorecard]) -> Table:
    """Return the scorecards as a table."""
    header = tuple(name for name, _ in _cells(_EMPTY_SCORECARD))
    rows = tuple(tuple(value for _, value in _cells(item)) for item in items)
    return Table(title="scorecards", header=header, rows=rows)


_EMPTY_SCORECARD: Final = Scorecard(
    institution="",
    name="",
    answer_class=AnswerClass.MAIL,
    levels=dict.fromkeys(EscalationLevel, 0),
    discrepancies=dict.fromkeys(DiscrepancyKind, 0),
)


def _cells(item: Scorecard) -> list[tuple[str, Value]]:
    """Return the name and value of every cell of a row."""
    values = item.model_dump(mode="json")
    first = ("institution", "name", "answer_class", "hour")
    cells: list[tuple[str, Value]] = [(name, values.pop(name)) for name in first]
    for name, value in values.items():
        if isinstance(value, dict):
            cells += [(f"{name}_{inner}", inner_value) for inner, inner_value in value.items()]
        else:
            cells.append((name, value))
    return cells
