"""Figures of the restoration procedure, as JSON and as a table."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from activities.context import Context
from activities.reporting.outcomes import DAYS_DEFAULT, DAYS_MAX, outcome_table, period_of
from api.caches import TOO_MUCH_TO_COUNT
from api.officers.auth import may
from api.officers.tokens import Officer
from api.problems import IN_THE_DESCRIPTION, says
from api.reports import TABLE_CONTENT, as_file, period, wants_file
from api.roles import Action
from api.services import TheServices
from db.reporting.outcomes import Period
from schemas.reporting.figures import FigureGroup, OutcomeReport
from schemas.text import LocalDatetime

router = APIRouter(prefix="/api/v1/restorations", tags=["restorations"], responses=IN_THE_DESCRIPTION)

Reader = Annotated[Officer, may(Action.READ_RESTORATION)]
By = Annotated[FigureGroup | None, Query(description="One row for each value of this. Without it, only the total.")]
From = Annotated[
    LocalDatetime | None,
    Query(alias="from", description="Cases opened since this time. Default: a year before `to`."),
]
To = Annotated[LocalDatetime | None, Query(alias="to", description="Cases opened before this time. Default: now.")]


@router.get(
    "/figures",
    name="read_home_figures",
    response_model=OutcomeReport,
    responses={
        200: {"content": TABLE_CONTENT, "description": "The report, or its table as CSV or a workbook."},
        **says(TOO_MUCH_TO_COUNT),
    },
)
async def read_figures(
    request: Request,
    services: TheServices,
    officer: Reader,
    by: By = None,
    opened_from: From = None,
    opened_to: To = None,
) -> Response:
    """Return the money held, restored, released and lost, by stage, with durations and overdue steps."""
    report = await services.outcome_cache.report(_period(services.ctx, opened_from, opened_to), by)
    if wants_file(request):
        return await as_file(request, outcome_table(report), "restorations")
    return Response(report.model_dump_json(), media_type="application/json")


def _period(ctx: Context, opened_from: datetime | None, opened_to: datetime | None) -> Period:
    """Return the period of the report. Raises `Refused`."""
    now = ctx.now()
    # The period ends a second from now, so that a case opened at this moment is counted.
    until = now + timedelta(seconds=1)
    start, end = period(opened_from, opened_to, until=until, days=DAYS_DEFAULT, days_max=DAYS_MAX)
    return period_of(ctx, start, end, now)
