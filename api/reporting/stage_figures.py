"""Figures of stages, of money and of treatment."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from activities.reporting import scorecards, stage_figures
from activities.reporting.stage_figures import (
    DAYS_DEFAULT,
    DAYS_MAX,
    Days,
    case_table,
    is_exact,
    load_table,
    money_table,
    stage_table,
    targets,
    team_labels,
)
from api.caches import TOO_MUCH_TO_COUNT
from api.officers.auth import may
from api.officers.jurisdiction import districts_within, within_of
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, LIMIT_MAX, After, BankFilter, Limit
from api.problems import IN_THE_DESCRIPTION, says
from api.reports import TABLE_CONTENT, as_file, days, refused, wants_file
from api.roles import Action
from api.services import Services, TheServices
from db.reporting import stage_cases, wall
from db.reporting.stage_cases import BehindFigure, Overdue
from db.reporting.stage_counts import EVERY_KEY, midnight
from db.reporting.stage_times import WAITING, Targets
from db.reporting.wall import BehindSum
from documents.spreadsheet import Table
from domain.officers.jurisdiction import district_key
from schemas.base import Storable
from schemas.enums import LateBy, TimedStage
from schemas.people.my_case import TreatmentGroup, TreatmentReport
from schemas.reporting.figures import (
    BreachPage,
    LoadReport,
    StageCase,
    StageCasePage,
    StageCases,
    StageGroup,
    StageReport,
)
from schemas.reporting.wall import MoneyCasePage, MoneyFigure
from schemas.text import Line, LocalDatetime

CASES_MAX: Final = 5_000
"""rows of a table of cases; a page of JSON leads on without end"""

stage_figures_router = APIRouter(prefix="/api/v1/figures", tags=["figures"], responses=IN_THE_DESCRIPTION)

Reader = Annotated[Officer, may(Action.READ_FIGURES)]
From = Annotated[
    LocalDatetime | None, Query(alias="from", description="First day, Indian time. Default: 30 days before `to`.")
]
To = Annotated[
    LocalDatetime | None, Query(alias="to", description="The day after the last one, Indian time. Default: tomorrow.")
]
By = Annotated[StageGroup | None, Query(description="One row for each value of this. Without it, only the total.")]
District = Annotated[Line | None, Query(description="Only the cases of this district, by any of its names.")]
_RESPONSES = {
    200: {"content": TABLE_CONTENT, "description": "The report, or its table if the caller accepts CSV or a workbook."},
    **says(TOO_MUCH_TO_COUNT),
}
_CASE_RESPONSES = {
    200: {"content": TABLE_CONTENT, "description": "A page, or a table of up to 5,000 rows for CSV or a workbook."},
    **says(TOO_MUCH_TO_COUNT),
}


@stage_figures_router.get("/stages", response_model=StageReport, responses=_RESPONSES)
async def read_stage_figures(
    request: Request,
    services: TheServices,
    officer: Reader,
    by: By = None,
    district: District = None,
    begins: From = None,
    ends: To = None,
) -> Response:
    """Return how long each stage of a case took in a period: percentiles, shares within the targets, who is late."""
    asked = asked_days(services, begins, ends)
    districts = await asked_districts(services, officer, district)
    longest = services.ctx.policy.figures.within_days_max
    if asked.count > longest and is_exact(services.ctx, asked, by, districts):
        raise refused("from", f"is more than {longest} days before `to`, for some districts by another grouping")
    report = await services.stage_cache.computed(partial(stage_figures.read, services.ctx, asked, by, districts))
    return await _shown(request, report, stage_table(report))


@stage_figures_router.get("/cases", response_model=StageCasePage, responses=_CASE_RESPONSES)
async def list_cases_behind_a_figure(
    request: Request,
    services: TheServices,
    officer: Reader,
    stage: Annotated[TimedStage, Query(description="The stage of the figure.")] = TimedStage.COMPLAINT_TO_HELD,
    only: Annotated[StageCases, Query(description="Which of them.")] = StageCases.ALL,
    by: By = None,
    about: Annotated[str, Storable, Query(max_length=200, description="Key of the row, with `by`.")] = "",
    district: District = None,
    begins: From = None,
    ends: To = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Response:
    """List the cases behind a figure, the newest first.

    Marked cases that the officer does not read are left out, although the figure counts them.
    """
    known = targets(services.ctx)
    asked = BehindFigure(
        stage=stage,
        late_by=services.ctx.policy.figures.stages[stage].late_by,
        only=only,
        by=by,
        about=about,
        districts=await _of_team(services, by, about, await asked_districts(services, officer, district)),
        within=await within_of(services, officer, Action.READ_FIGURES),
    )
    span = asked_days(services, begins, ends).span(known)

    async def read(begins_after: str | None, at_most: int) -> StageCasePage:
        async with services.ctx.pool.acquire() as connection:
            return await stage_cases.behind(connection, span, asked, begins_after, at_most)

    return await _cases_shown(request, services, "cases", read, after, limit)


@stage_figures_router.get("/breaches", response_model=BreachPage, responses=_CASE_RESPONSES)
async def list_breaches(
    request: Request,
    services: TheServices,
    officer: Reader,
    stage: Annotated[TimedStage | None, Query(description="Only this stage.")] = None,
    late_by: Annotated[LateBy | None, Query(description="Only what this party is late with.")] = None,
    bank: BankFilter = None,
    district: District = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Response:
    """List what waits now and is past its target, the longest first, with since when and by whom."""
    rules = services.ctx.policy.figures.stages
    stages: dict[TimedStage, LateBy] = {
        timed_stage: rules[timed_stage].late_by
        for timed_stage in WAITING
        if stage in {None, timed_stage} and late_by in {None, rules[timed_stage].late_by}
    }
    asked = Overdue(
        late_by=stages,
        bank=bank,
        districts=await asked_districts(services, officer, district),
        within=await within_of(services, officer, Action.READ_FIGURES),
    )
    known = Targets.of(targets(services.ctx))

    async def read(begins_after: str | None, at_most: int) -> BreachPage:
        if not stages:
            return BreachPage(as_of=services.ctx.now(), items=(), next=None)
        async with services.ctx.pool.acquire() as connection:
            return await stage_cases.breaches(connection, services.ctx.now(), known, asked, begins_after, at_most)

    return await _cases_shown(request, services, "breaches", read, after, limit)


@stage_figures_router.get("/load", response_model=LoadReport, responses=_RESPONSES)
async def read_load_of_officers(
    request: Request,
    services: TheServices,
    officer: Reader,
    district: District = None,
    begins: From = None,
    ends: To = None,
) -> Response:
    """Return what each officer has open now and since when, and what each closed in a period."""
    asked = asked_days(services, begins, ends)
    districts = await asked_districts(services, officer, district)
    report = await services.stage_cache.computed(partial(stage_figures.load, services.ctx, asked, districts))
    return await _shown(request, report, load_table(report))


def asked_days(services: Services, begins: LocalDatetime | None, ends: LocalDatetime | None) -> Days:
    """Return the period of the report. Raises `Refused`."""
    now = services.ctx.now()
    first_day, end_day = days(begins, ends, now=now, default=DAYS_DEFAULT, longest=DAYS_MAX)
    return Days(first_day=first_day, end_day=end_day, as_of=now)


async def asked_districts(services: Services, officer: Officer, asked: str | None) -> tuple[str, ...] | None:
    """Return the keys of the districts that an officer reads, and asks for; None for the whole State."""
    own = await districts_within(services, officer, Action.READ_FIGURES)
    if asked is None:
        return own
    key = district_key(asked)
    return (key,) if own is None or key in own else ()


async def _of_team(
    services: Services, by: StageGroup | None, about: str, districts: tuple[str, ...] | None
) -> tuple[str, ...] | None:
    """Return the districts that a figure of a team counts, of these; other figures count all of these."""
    if by is not StageGroup.TEAM:
        return districts
    async with services.ctx.pool.acquire() as connection:
        labels = await team_labels(connection)
    keys = [key for team, key in zip(labels.abouts, labels.keys, strict=True) if team == about]
    if EVERY_KEY in keys:
        return districts
    return tuple(key for key in keys if districts is None or key in districts)


async def _cases_shown(
    request: Request,
    services: Services,
    title: str,
    read: Callable[[str | None, int], Awaitable[StageCasePage | BreachPage]],
    after: str | None,
    limit: int,
) -> Response:
    """Return a page of cases, or a table of all that come after, up to the limit of a table."""
    if not wants_file(request):
        page = await services.stage_cache.computed(partial(read, after, limit))
        return Response(page.model_dump_json(), media_type="application/json")
    cases: list[StageCase] = []
    while len(cases) < CASES_MAX:
        page = await services.stage_cache.computed(partial(read, after, LIMIT_MAX))
        cases += page.items
        after = page.next
        if after is None:
            break
    return await as_file(request, case_table(title, cases), title)


async def _shown(request: Request, report: StageReport | LoadReport, rows: Table) -> Response:
    if wants_file(request):
        return await as_file(request, rows, rows.title)
    return Response(report.model_dump_json(), media_type="application/json")


money_cases_router = APIRouter(prefix="/api/v1/figures", tags=["figures"], responses=IN_THE_DESCRIPTION)

_MONEY_RESPONSES = {
    200: {"content": TABLE_CONTENT, "description": "A page, or a table of up to 5,000 rows for CSV or a workbook."},
    **says(TOO_MUCH_TO_COUNT),
}


@money_cases_router.get("/money-cases", response_model=MoneyCasePage, responses=_MONEY_RESPONSES)
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


treatment_figures_router = APIRouter(prefix="/api/v1/figures/treatment", tags=["figures"], responses=IN_THE_DESCRIPTION)


_TREATMENT_RESPONSES = {
    200: {"content": TABLE_CONTENT, "description": "The report, or its table if the caller accepts CSV or a workbook."},
    **says(TOO_MUCH_TO_COUNT),
}


@treatment_figures_router.get("", response_model=TreatmentReport, responses=_TREATMENT_RESPONSES)
async def read_treatment_figures(
    request: Request,
    services: TheServices,
    officer: Reader,
    by: Annotated[TreatmentGroup | None, Query(description="One row for each value of this.")] = None,
    district: District = None,
    begins: From = None,
    ends: To = None,
) -> Response:
    """Return what victims answered in a period, with intervals. The counts of few answers are left out."""
    asked = asked_days(services, begins, ends)
    districts = await asked_districts(services, officer, district)
    report = await services.stage_cache.computed(partial(scorecards.read, services.ctx, asked, by, districts))
    if wants_file(request):
        return await as_file(request, scorecards.table(report), "treatment")
    return Response(report.model_dump_json(), media_type="application/json")
