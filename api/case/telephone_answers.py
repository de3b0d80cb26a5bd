"""Answers of banks by telephone: an officer enters them line by line."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from activities.case.call_backs import list_telephone_answers, take_telephone_answer
from activities.case.claims import NotItsHop
from api.officers.auth import may
from api.officers.tokens import Officer
from api.params import AckNo, IdempotencyKey
from api.problems import IN_THE_DESCRIPTION, INVALID, KEY_REUSED, NOT_FOUND, NOT_NOW, Refused, Violation, says
from api.roles import Action
from api.services import TheServices
from schemas.case.hold_requests import NewTelephoneAnswer, TelephoneAnswers, TelephoneAnswerTaken

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
    told: NewTelephoneAnswer,
) -> TelephoneAnswerTaken:
    """Enter what a bank said by telephone about a hold request, line by line, or when it calls back.

    It counts as an answer over a channel does: what moved on is asked about at once. A line that contradicts money on
    hold moves nothing before a second officer agrees.
    """
    try:
        taken, follow_up = await take_telephone_answer(
            services.ctx, ack_no, request_id, told, idempotency_key, officer.actor
        )
    except NotItsHop as error:
        violation = Violation(f"lines[{error.line_index}].hop", "is no hop of this hold request", error.hop_no)
        raise Refused(INVALID, violations=[violation]) from None
    if follow_up is not None:
        services.notifier.soon(follow_up)
    return taken
