"""Actions of the desk on hops and hold requests.

Each action has a reason. The case log records the officer and the time.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from activities.case import desk
from activities.case.desk import DeskDone
from api.officers.auth import may
from api.officers.tokens import Officer
from api.params import AckNo, HopNo
from api.problems import IN_THE_DESCRIPTION, LIMIT_EXCEEDED, NOT_NOW, says
from api.roles import Action
from api.services import Services, TheServices
from schemas.base import FrozenModel, WithReason
from schemas.case.discrepancies import HopCorrection, NewHopByDesk

desk_actions_router = APIRouter(prefix="/api/v1", tags=["desk"], responses=IN_THE_DESCRIPTION)

HopChanger = Annotated[Officer, may(Action.CHANGE_HOP)]
RequestChanger = Annotated[Officer, may(Action.CHANGE_REQUEST)]


class Done(FrozenModel):
    """Subject of an action: the case, and the hop if there is one."""

    case_ack_no: str
    hop_no: int | None


@desk_actions_router.post("/cases/{ack_no}/hops", status_code=201, responses=says(NOT_NOW, LIMIT_EXCEEDED))
async def add_hop(services: TheServices, officer: HopChanger, ack_no: AckNo, new: NewHopByDesk) -> Done:
    """Add a hop below a hop with enough money left, and send a hold request for it."""
    return notified(services, await desk.add_hop(services.ctx, ack_no, new, officer.actor))


@desk_actions_router.post("/cases/{ack_no}/hops/{hop_no}/correct", responses=says(NOT_NOW))
async def correct_hop(
    services: TheServices, officer: HopChanger, ack_no: AckNo, hop_no: HopNo, correction: HopCorrection
) -> Done:
    """Correct a hop. Its next revision is sent in a new hold request."""
    return notified(services, await desk.correct_hop(services.ctx, ack_no, hop_no, correction, officer.actor))


@desk_actions_router.post("/cases/{ack_no}/requests/{request_id}/escalate", responses=says(NOT_NOW))
async def escalate_request(
    services: TheServices, officer: RequestChanger, ack_no: AckNo, request_id: UUID, why: WithReason
) -> Done:
    """Escalate a hold request to its next level now."""
    done = await desk.escalate_request(services.ctx, ack_no, request_id, why.reason, officer.actor)
    return notified(services, done)


@desk_actions_router.post("/cases/{ack_no}/requests/{request_id}/send-again", responses=says(NOT_NOW))
async def send_again(
    services: TheServices, officer: RequestChanger, ack_no: AckNo, request_id: UUID, why: WithReason
) -> Done:
    """Send the hops of a refused or undelivered request again, after the cause is removed."""
    done = await desk.send_again(services.ctx, ack_no, request_id, why.reason, officer.actor)
    return notified(services, done)


@desk_actions_router.post("/cases/{ack_no}/requests/{request_id}/stop", responses=says(NOT_NOW))
async def stop_request(
    services: TheServices, officer: RequestChanger, ack_no: AckNo, request_id: UUID, why: WithReason
) -> Done:
    """Withdraw a request. The money of its hops in play becomes untraced."""
    done = await desk.stop_request(services.ctx, ack_no, request_id, why.reason, officer.actor)
    return notified(services, done)


def notified(services: Services, done: DeskDone) -> Done:
    """Notify the case workflow of the commit, and return the response to the caller."""
    if done.follow_up is not None:
        services.notifier.soon(done.follow_up)
    return Done(case_ack_no=done.case_no, hop_no=done.hop_no)
