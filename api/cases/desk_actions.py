"""What the desk does to hops and requests. Each verb says why; the case log keeps who and when."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from activities.cases import desk
from activities.cases.desk import DeskDone
from api.auth import may
from api.dependencies import Parts, TheParts
from api.params import AckNo, HopNo
from api.problems import IN_THE_DESCRIPTION, LIMIT_EXCEEDED, NOT_NOW, says
from api.roles import Action
from api.tokens import Officer
from schemas.base import FrozenModel, WithReason
from schemas.tracing.desk_actions import HopCorrection, NewHopByDesk

router = APIRouter(prefix="/api/v1", tags=["desk"], responses=IN_THE_DESCRIPTION)

HopChanger = Annotated[Officer, may(Action.CHANGE_HOP)]
RequestChanger = Annotated[Officer, may(Action.CHANGE_REQUEST)]


class Done(FrozenModel):
    """What a verb was done to: the case, and the hop where there is one."""

    case_ack_no: str
    hop_no: int | None


@router.post("/cases/{ack_no}/hops", status_code=201, responses=says(NOT_NOW, LIMIT_EXCEEDED))
async def add_hop(parts: TheParts, officer: HopChanger, ack_no: AckNo, new: NewHopByDesk) -> Done:
    """Add a hop below a hop that has that much left, and ask about it."""
    return told(parts, await desk.add_hop(parts.ctx, ack_no, new, officer.actor))


@router.post("/cases/{ack_no}/hops/{hop_no}/correct", responses=says(NOT_NOW))
async def correct_hop(
    parts: TheParts, officer: HopChanger, ack_no: AckNo, hop_no: HopNo, correction: HopCorrection
) -> Done:
    """Put a hop right; it goes out again under its next revision."""
    return told(parts, await desk.correct_hop(parts.ctx, ack_no, hop_no, correction, officer.actor))


@router.post("/cases/{ack_no}/requests/{request_id}/escalate", responses=says(NOT_NOW))
async def escalate_request(
    parts: TheParts, officer: RequestChanger, ack_no: AckNo, request_id: UUID, why: WithReason
) -> Done:
    """Let a request climb its next rung now."""
    done = await desk.escalate_request(parts.ctx, ack_no, request_id, why.reason, officer.actor)
    return told(parts, done)


@router.post("/cases/{ack_no}/requests/{request_id}/send-again", responses=says(NOT_NOW))
async def send_again(
    parts: TheParts, officer: RequestChanger, ack_no: AckNo, request_id: UUID, why: WithReason
) -> Done:
    """Send the hops of a request that the bank refused, or never got, out anew: what was wrong is mended."""
    done = await desk.send_again(parts.ctx, ack_no, request_id, why.reason, officer.actor)
    return told(parts, done)


@router.post("/cases/{ack_no}/requests/{request_id}/stop", responses=says(NOT_NOW))
async def stop_request(
    parts: TheParts, officer: RequestChanger, ack_no: AckNo, request_id: UUID, why: WithReason
) -> Done:
    """Withdraw a request; what of its hops is in play is untraced from then on."""
    done = await desk.stop_request(parts.ctx, ack_no, request_id, why.reason, officer.actor)
    return told(parts, done)


def told(parts: Parts, done: DeskDone) -> Done:
    """Tell the case what was committed; what the caller is told of it."""
    if done.follow_up is not None:
        parts.notifier.soon(done.follow_up)
    return Done(case_ack_no=done.case_no, hop_no=done.hop_no)
