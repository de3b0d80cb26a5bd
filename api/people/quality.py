"""Reports of victims on how they were treated, for supervisors."""

from typing import Annotated

from fastapi import APIRouter

from activities.people import my_case
from api.officers.auth import may
from api.officers.tokens import Officer
from api.params import AckNo
from api.problems import IN_THE_DESCRIPTION, NOT_FOUND, says
from api.roles import Action
from api.services import TheServices
from schemas.people.my_case import TreatmentView

quality_router = APIRouter(
    prefix="/api/v1/complaints/{ack_no}/treatment-report", tags=["desk"], responses=IN_THE_DESCRIPTION
)


@quality_router.get("", name="read_treatment_report", responses=says(NOT_FOUND))
async def read_treatment_report(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_TREATMENT)], ack_no: AckNo
) -> TreatmentView:
    """Return what the victim of a complaint wrote of how the police acted."""
    return await my_case.read(services.ctx, ack_no)
