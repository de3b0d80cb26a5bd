"""How every bank answers, as JSON and as a table for a spreadsheet, and whom the desk calls first."""

import asyncio
import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from activities.context import Context
from activities.reporting.scorecards import CallDesk, span
from api.auth import may
from api.dependencies import TheParts
from api.params import LIMIT_DEFAULT, After, Limit
from api.problems import IN_THE_DESCRIPTION
from api.reports import CSV_CONTENT, period, table, wants_table
from api.roles import Action
from api.tokens import Officer
from db.reporting import scorecards
from db.reporting.scorecards import Span
from domain.spreadsheet_cells import as_plain_text
from schemas.banks.institutions import Code
from schemas.enums import AnswerClass, ContradictionKind, Rung
from schemas.reporting.scorecards import CallList, Scorecard, ScorecardBy, ScorecardPage
from schemas.text import LocalDatetime

router = APIRouter(prefix="/api/v1", tags=["scorecards"], responses=IN_THE_DESCRIPTION)

DAYS_DEFAULT: Final = 30
DAYS_MAX: Final = 366
BANKS_AT_ONCE: Final = 500
READS_MAX: Final = 2
"""Scorecards computed at once in a process; the next waits. Banks' answers need the database more."""

Reader = Annotated[Officer, may(Action.READ_TRAIL)]
From = Annotated[
    LocalDatetime | None, Query(alias="from", description="Requests sent from then on; 30 days before `to` by default.")
]
To = Annotated[LocalDatetime | None, Query(alias="to", description="Requests sent before then; now by default.")]
By = Annotated[ScorecardBy | None, Query(description="`hour`: a row for each hour of the day, Indian time.")]
Institution = Annotated[Code | None, Query(description="This institution alone.")]


class ScorecardCache:
    """Lets a few in at a time to read scorecards; the call list waits for none of them."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._seats = asyncio.Semaphore(READS_MAX)
        self.desk = CallDesk(ctx)

    async def page(
        self, over: Span, by: ScorecardBy | None, institution: str | None, after: str | None, limit: int
    ) -> ScorecardPage:
        """A page of scorecards, all of one snapshot."""
        async with (
            self._seats,
            self._ctx.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await scorecards.page(connection, over, by, institution, after, limit)


@router.get(
    "/scorecards",
    response_model=ScorecardPage,
    responses={200: {"content": CSV_CONTENT, "description": "A page, or the whole table to whoever accepts a CSV."}},
)
async def read_scorecards(
    request: Request,
    parts: TheParts,
    officer: Reader,
    sent_from: From = None,
    sent_to: To = None,
    by: By = None,
    institution: Institution = None,
    after: After = None,
    limit: Limit = BANKS_AT_ONCE,
) -> Response:
    """How each bank that was asked in the period answers; `limit` counts banks."""
    over = _span(parts.ctx, sent_from, sent_to)
    cache: ScorecardCache = request.app.state.scorecard_cache
    if wants_table(request):
        return await _table(cache, over, by, institution)
    page = await cache.page(over, by, institution, after, limit)
    return Response(page.model_dump_json(), media_type="application/json")


@router.get("/scorecards.csv", response_class=Response, responses={200: {"content": CSV_CONTENT}})
async def read_scorecards_as_csv(
    request: Request,
    parts: TheParts,
    officer: Reader,
    sent_from: From = None,
    sent_to: To = None,
    by: By = None,
    institution: Institution = None,
) -> Response:
    """The same as a table, every bank in it."""
    return await _table(request.app.state.scorecard_cache, _span(parts.ctx, sent_from, sent_to), by, institution)


@router.get("/desk/call-list")
async def read_call_list(request: Request, officer: Reader, limit: Limit = LIMIT_DEFAULT) -> CallList:
    """The unanswered requests, those first where a call now likely saves the most."""
    cache: ScorecardCache = request.app.state.scorecard_cache
    return await cache.desk.calls(limit)


def _span(ctx: Context, sent_from: datetime | None, sent_to: datetime | None) -> Span:
    """The period that is asked for. Raises `Refused`."""
    now = datetime.now(UTC)
    start, end = period(sent_from, sent_to, until=now, days=DAYS_DEFAULT, days_max=DAYS_MAX)
    return span(ctx, start, end, now)


async def _table(cache: ScorecardCache, over: Span, by: ScorecardBy | None, institution: str | None) -> Response:
    items: list[Scorecard] = []
    after = None
    while True:
        page = await cache.page(over, by, institution, after, BANKS_AT_ONCE)
        items += page.items
        after = page.next
        if after is None:
            break
    return table(to_csv(items), "scorecards.csv")


def to_csv(items: Iterable[Scorecard]) -> str:
    """The rows as a table with a head; what is None is empty."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(name for name, _ in _cells(_NOBODY))
    table.writerows((value for _, value in _cells(item)) for item in items)
    return text.getvalue()


_NOBODY: Final = Scorecard(
    institution="",
    name="",
    answer_class=AnswerClass.MAIL,
    rungs=dict.fromkeys(Rung, 0),
    contradictions=dict.fromkeys(ContradictionKind, 0),
)


def _cells(item: Scorecard) -> list[tuple[str, object]]:
    """Name and value of every cell of a row."""
    told = item.model_dump(mode="json")
    first = ("institution", "name", "answer_class", "hour")
    cells: list[tuple[str, object]] = [(name, _plain(told.pop(name))) for name in first]
    for name, value in told.items():
        if isinstance(value, dict):
            cells += [(f"{name}_{inner}", inner_value) for inner, inner_value in value.items()]
        else:
            cells.append((name, value))
    return cells


def _plain(value: object) -> object:
    return as_plain_text(value) if isinstance(value, str) else value
