"""Figures of what victims say of how they were treated."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query

from activities.reporting import treatment
from api.caches import TOO_MUCH_TO_COUNT
from api.problems import IN_THE_DESCRIPTION, says
from api.reporting.stage_figures import District, From, Reader, To, asked_days, asked_districts
from api.services import TheServices
from schemas.quality import TreatmentGroup, TreatmentReport

router = APIRouter(prefix="/api/v1/figures/treatment", tags=["figures"], responses=IN_THE_DESCRIPTION)


@router.get("", responses=says(TOO_MUCH_TO_COUNT))
async def read_treatment_figures(
    services: TheServices,
    officer: Reader,
    by: Annotated[TreatmentGroup | None, Query(description="One row for each value of this.")] = None,
    district: District = None,
    begins: From = None,
    ends: To = None,
) -> TreatmentReport:
    """Return what victims answered in a period, with intervals. The counts of few answers are left out."""
    asked = asked_days(services, begins, ends)
    districts = await asked_districts(services, officer, district)
    return await services.stage_cache.computed(partial(treatment.read, services.ctx, asked, by, districts))
