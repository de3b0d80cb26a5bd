"""Intake of complaints: a complaint is committed before the receipt goes back, then its case is notified at once."""

from typing import Annotated, Final

from fastapi import APIRouter
from fastapi.responses import Response

from activities.case.intake import take_complaint
from api.officers.auth import may
from api.officers.tokens import Officer
from api.params import IdempotencyKey, OutsideRoute
from api.problems import ACK_NO_TAKEN, IN_THE_DESCRIPTION, KEY_REUSED, says
from api.roles import Action
from api.services import TheServices
from schemas.case.intake import Complaint, ComplaintReceipt

router = APIRouter(prefix="/api/v1", tags=["complaints"], responses=IN_THE_DESCRIPTION, route_class=OutsideRoute)

PATH: Final = "/api/v1/complaints"
BODY_MAX_BYTES: Final = 256 * 1024


@router.post(
    "/complaints",
    name="take_complaint",
    status_code=201,
    response_model=ComplaintReceipt,
    responses={
        **says(ACK_NO_TAKEN, KEY_REUSED),
        201: {"headers": {"Location": {"description": "The case.", "schema": {"type": "string"}}}},
    },
)
async def take(
    complaint: Complaint,
    idempotency_key: IdempotencyKey,
    services: TheServices,
    officer: Annotated[Officer, may(Action.TAKE_COMPLAINT)],
) -> Response:
    """Take a complaint. An unusual but possible complaint is taken and flagged."""
    taken = await take_complaint(services.ctx, complaint, idempotency_key=idempotency_key, taken_by=officer.actor)
    if taken.follow_up is not None:
        services.notifier.soon(taken.follow_up)
    return Response(
        taken.receipt.model_dump_json(),
        status_code=201,
        headers={"Location": f"/api/v1/cases/{taken.receipt.case_ack_no}"},
        media_type="application/json",
    )
