"""The measures of the way home, as JSON and as a table for a spreadsheet."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from activities.context import Context
from activities.reporting import outcomes
from activities.reporting.outcomes import DAYS_DEFAULT, DAYS_MAX, period_of, to_csv
from api.auth import may
from api.dependencies import TheParts
from api.problems import IN_THE_DESCRIPTION, Kind, Refused, says
from api.reports import CSV_CONTENT, period, table, wants_table
from api.roles import Action
from api.tokens import Officer
from db.reporting.outcomes import Period
from schemas.reporting.outcomes import HomeBy, HomeReport
from schemas.text import LocalDatetime

router = APIRouter(prefix="/api/v1/restorations", tags=["restorations"], responses=IN_THE_DESCRIPTION)

READS_MAX: Final = 1
"""reports counted at once in a process; the next waits. The work of the day needs the database more."""

TOO_MUCH_TO_COUNT: Final = Kind("too-much-to-count", 503, "Counting took too long; ask for a shorter time")

Reader = Annotated[Officer, may(Action.READ_RESTORATION)]
By = Annotated[HomeBy | None, Query(description="A row for each of these; without it only the total.")]
From = Annotated[
    LocalDatetime | None, Query(alias="from", description="Cases opened from then on; a year before `to` by default.")
]
To = Annotated[LocalDatetime | None, Query(alias="to", description="Cases opened before then; now by default.")]


class OutcomeCache:
    """Counts for one reader at a time."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._seats = asyncio.Semaphore(READS_MAX)

    async def report(self, period: Period, by: HomeBy | None) -> HomeReport:
        """The figures, all of one snapshot. Raises `Refused` where there is too much to count."""
        async with self._seats:
            try:
                return await outcomes.read(self._ctx, period, by)
            except TimeoutError:
                raise Refused(TOO_MUCH_TO_COUNT) from None


@router.get(
    "/figures",
    name="read_home_figures",
    response_model=HomeReport,
    responses={
        200: {"content": CSV_CONTENT, "description": "The report, or its table to whoever accepts a CSV."},
        **says(TOO_MUCH_TO_COUNT),
    },
)
async def read_figures(
    request: Request,
    parts: TheParts,
    officer: Reader,
    by: By = None,
    opened_from: From = None,
    opened_to: To = None,
) -> Response:
    """What is held, restored, released and lost, by stage, with the time it took and what is overdue."""
    cache: OutcomeCache = request.app.state.outcome_cache
    report = await cache.report(_period(parts.ctx, opened_from, opened_to), by)
    if wants_table(request):
        return table(to_csv(report), "way-home.csv")
    return Response(report.model_dump_json(), media_type="application/json")


def _period(ctx: Context, opened_from: datetime | None, opened_to: datetime | None) -> Period:
    """The period that is asked for. Raises `Refused`."""
    now = datetime.now(UTC)
    # A case that is opened this very moment is counted too.
    until = now + timedelta(seconds=1)
    start, end = period(opened_from, opened_to, until=until, days=DAYS_DEFAULT, days_max=DAYS_MAX)
    return period_of(ctx, start, end, now)
