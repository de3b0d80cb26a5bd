"""The cases behind the sums of the wall and of the supervisor's page."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from activities.reporting.stage_figures import money_table
from api.caches import TOO_MUCH_TO_COUNT
from api.officers.jurisdiction import within_of
from api.params import LIMIT_DEFAULT, After, Limit
from api.problems import IN_THE_DESCRIPTION, says
from api.reporting.stage_figures import CASES_MAX, District, From, Reader, To, asked_days, asked_districts
from api.reports import TABLE_CONTENT, as_file, wants_file
from api.roles import Action
from api.services import TheServices
from db.reporting import wall
from db.reporting.stage_counts import midnight
from db.reporting.wall import BehindSum
from schemas.reporting.wall import MoneyCasePage, MoneyFigure

money_cases_router = APIRouter(prefix="/api/v1/figures", tags=["figures"], responses=IN_THE_DESCRIPTION)

_RESPONSES_OF_MONEY_CASES = {
    200: {"content": TABLE_CONTENT, "description": "A page, or a table of up to 5,000 rows for CSV or a workbook."},
    **says(TOO_MUCH_TO_COUNT),
}


@money_cases_router.get("/money-cases", response_model=MoneyCasePage, responses=_RESPONSES_OF_MONEY_CASES)
async def list_cases_behind_a_sum(
    request: Request,
    services: TheServices,
    officer: Reader,
    figure: Annotated[MoneyFigure, Query(description="The sum.")] = MoneyFigure.ALL,
    district: District = None,
    begins: From = None,
    ends: To = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Response:
    """List the cases behind a sum of money of a period, those with the most money first.

    Marked cases that the officer does not read are left out, although the sum counts them.
    """
    days = asked_days(services, begins, ends)
    asked = BehindSum(
        figure=figure,
        begins_at=midnight(days.first_day),
        ends_at=midnight(days.end_day),
        districts=await asked_districts(services, officer, district),
        within=await within_of(services, officer, Action.READ_FIGURES),
    )

    async def read(at_most: int) -> MoneyCasePage:
        async with services.ctx.pool.acquire() as connection:
            return await wall.page(connection, asked, days.as_of, after, at_most)

    as_table = wants_file(request)
    page = await services.stage_cache.computed(partial(read, CASES_MAX if as_table else limit))
    if as_table:
        return await as_file(request, money_table(figure.value, page.items), f"cases-{figure.value}")
    return Response(page.model_dump_json(), media_type="application/json")
