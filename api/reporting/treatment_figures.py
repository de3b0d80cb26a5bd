"""Figures of what victims say of how they were treated."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from activities.reporting import treatment
from api.caches import TOO_MUCH_TO_COUNT
from api.problems import IN_THE_DESCRIPTION, says
from api.reporting.stage_figures import District, From, Reader, To, asked_days, asked_districts
from api.reports import TABLE_CONTENT, as_file, wants_file
from api.services import TheServices
from schemas.people.my_case import TreatmentGroup, TreatmentReport

treatment_figures_router = APIRouter(prefix="/api/v1/figures/treatment", tags=["figures"], responses=IN_THE_DESCRIPTION)


_RESPONSES_OF_TREATMENT_FIGURES = {
    200: {"content": TABLE_CONTENT, "description": "The report, or its table if the caller accepts CSV or a workbook."},
    **says(TOO_MUCH_TO_COUNT),
}


@treatment_figures_router.get("", response_model=TreatmentReport, responses=_RESPONSES_OF_TREATMENT_FIGURES)
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
    report = await services.stage_cache.computed(partial(treatment.read, services.ctx, asked, by, districts))
    if wants_file(request):
        return await as_file(request, treatment.table(report), "treatment")
    return Response(report.model_dump_json(), media_type="application/json")
