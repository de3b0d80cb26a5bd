"""Inquiries to victims' banks: what the banks said, and decisions on other transfers that they name."""

from typing import Annotated

from fastapi import APIRouter, Path

from activities.case import payer_transfers
from api.case.desk_actions import Done, notified
from api.officers.auth import may
from api.officers.tokens import Officer
from api.params import AckNo
from api.problems import IN_THE_DESCRIPTION, LIMIT_EXCEEDED, NOT_FOUND, NOT_NOW, says
from api.roles import Action
from api.services import TheServices
from schemas.case.payer_inquiries import FoundTransferDecision, PayerInquiries

payer_inquiries_router = APIRouter(prefix="/api/v1/cases/{ack_no}", tags=["desk"], responses=IN_THE_DESCRIPTION)

FoundId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@payer_inquiries_router.get("/payer-inquiries", name="read_payer_inquiries", responses=says(NOT_FOUND))
async def read(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_TRAIL)], ack_no: AckNo
) -> PayerInquiries:
    """List the questions to the victims' banks, with their statements and the other transfers that they name."""
    return await payer_transfers.of_case(services.ctx, ack_no)


@payer_inquiries_router.post(
    "/found-transfers/{found_id}/decide",
    name="decide_found_transfer",
    responses=says(NOT_NOW, NOT_FOUND, LIMIT_EXCEEDED),
)
async def decide(
    services: TheServices,
    officer: Annotated[Officer, may(Action.CHANGE_HOP)],
    ack_no: AckNo,
    found_id: FoundId,
    decided: FoundTransferDecision,
) -> Done:
    """Take a transfer that the victim's bank names into the case, or dismiss it, after the victim was asked.

    A transfer that is taken counts as lost, and its bank is asked at once. One that a hop follows already is dismissed
    by a withdrawal of that hop, with `found_transfer_followed` until then.
    """
    return notified(services, await payer_transfers.decide(services.ctx, ack_no, found_id, decided, officer.actor))
