"""Acts of the desk about a case: answers by telephone, discrepancies, inquiries.

Actions of the desk on hops and hold requests. Each action has a reason. The case log records the officer and the time.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from activities.case import desk, payer_inquiries
from activities.case.call_backs import list_telephone_answers, take_telephone_answer
from activities.case.claims import NotItsHop
from activities.case.desk import DeskDone
from activities.case.discrepancies import ResolvingOfficer, resolve
from api.officers.auth import may, may_also
from api.officers.tokens import Officer
from api.params import AckNo, DiscrepancyId, HopNo, IdempotencyKey
from api.problems import (
    IN_THE_DESCRIPTION,
    INVALID,
    KEY_REUSED,
    LIMIT_EXCEEDED,
    NOT_FOUND,
    NOT_NOW,
    Refused,
    Violation,
    says,
)
from api.roles import Action
from api.services import Services, TheServices
from db.case import discrepancies
from schemas.base import FrozenModel, WithReason
from schemas.case.discrepancies import BankDoubtsList, HopCorrection, NewHopByDesk, NewResolution, ResolutionDone
from schemas.case.hold_requests import NewTelephoneAnswer, TelephoneAnswers, TelephoneAnswerTaken
from schemas.case.payer_inquiries import FoundTransferDecision, PayerInquiries

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


discrepancies_router = APIRouter(prefix="/api/v1/discrepancies", tags=["discrepancies"], responses=IN_THE_DESCRIPTION)


@discrepancies_router.get("/by-bank")
async def read_by_bank(services: TheServices, officer: Annotated[Officer, may(Action.READ_BANKS)]) -> BankDoubtsList:
    """Return the number of discrepancies of each bank, by kind, and how many of them wait for a person."""
    async with services.ctx.pool.acquire() as connection:
        return await discrepancies.by_bank(connection)


@discrepancies_router.post(
    "/{discrepancy_id}/settle",
    responses={
        **says(NOT_NOW),
        202: {"description": "The resolution is proposed. A supervisor must agree.", "model": ResolutionDone},
    },
)
async def resolve_discrepancy(
    services: TheServices,
    officer: Annotated[Officer, may(Action.RESOLVE_DISCREPANCY)],
    discrepancy_id: DiscrepancyId,
    resolution: NewResolution,
    response: Response,
) -> ResolutionDone:
    """Resolve a discrepancy.

    A resolution that takes money out of `held` is only a proposal until a supervisor, as a second officer, gives the
    same resolution.
    """
    by = ResolvingOfficer(officer.actor, supervises=await may_also(services, officer, Action.TAKE_FROM_HELD))
    done, follow_up = await resolve(services.ctx, discrepancy_id, resolution, by)
    if follow_up is not None:
        services.notifier.soon(follow_up)
    response.status_code = 200 if done.settled else 202
    return done


payer_inquiries_router = APIRouter(prefix="/api/v1/cases/{ack_no}", tags=["desk"], responses=IN_THE_DESCRIPTION)

FoundId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@payer_inquiries_router.get("/payer-inquiries", name="read_payer_inquiries", responses=says(NOT_FOUND))
async def read(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_TRAIL)], ack_no: AckNo
) -> PayerInquiries:
    """List the questions to the victims' banks, with their statements and the other transfers that they name."""
    return await payer_inquiries.of_case(services.ctx, ack_no)


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
    return notified(services, await payer_inquiries.decide(services.ctx, ack_no, found_id, decided, officer.actor))


telephone_answers_router = APIRouter(prefix="/api/v1/cases/{ack_no}", tags=["desk"], responses=IN_THE_DESCRIPTION)


@telephone_answers_router.get("/telephone-answers", name="read_telephone_answers", responses=says(NOT_FOUND))
async def read_call(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_TRAIL)], ack_no: AckNo
) -> TelephoneAnswers:
    """List what banks said by telephone about the case: who spoke, when, on which number, and who entered it.

    The lines stand in the answers of the case. At most the 200 newest are returned.
    """
    return await list_telephone_answers(services.ctx, ack_no)


@telephone_answers_router.post(
    "/requests/{request_id}/telephone-answers",
    name="enter_telephone_answer",
    status_code=201,
    responses=says(NOT_NOW, NOT_FOUND, KEY_REUSED),
)
async def enter_call(
    services: TheServices,
    officer: Annotated[Officer, may(Action.CHANGE_REQUEST)],
    ack_no: AckNo,
    request_id: UUID,
    idempotency_key: IdempotencyKey,
    answer: NewTelephoneAnswer,
) -> TelephoneAnswerTaken:
    """Enter what a bank said by telephone about a hold request, line by line, or when it calls back.

    It counts as an answer over a channel does: what moved on is asked about at once. A line that contradicts money on
    hold moves nothing before a second officer agrees.
    """
    try:
        taken, follow_up = await take_telephone_answer(
            services.ctx, ack_no, request_id, answer, idempotency_key, officer.actor
        )
    except NotItsHop as error:
        violation = Violation(f"lines[{error.line_index}].hop", "is no hop of this hold request", error.hop_no)
        raise Refused(INVALID, violations=[violation]) from None
    if follow_up is not None:
        services.notifier.soon(follow_up)
    return taken
