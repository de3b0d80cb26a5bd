"""Inquiries to a victim's bank about the victim's own transfer (docs/banks/bank-api.md)."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from activities.gateway import debit_inquiries
from api.gateway.auth import COUNTED, RATE_LIMITED, TheBank, body_of, keep_evidence, take, takes
from api.params import PAGE_DEFAULT, Cursor, Key, PageLimit
from api.problems import IN_THE_DESCRIPTION, KEY_REUSED, NOT_FOUND, NOT_NOW, says
from api.services import TheServices
from domain.policy.callers import LimitName
from schemas.case.payer_inquiries import DebitAnswer, DebitAnswerTaken, DebitInquiry, DebitInquiryPage

router = APIRouter(prefix="/api/v1/bank/debit-inquiries", tags=["bank"], responses=IN_THE_DESCRIPTION)

DEBIT_INQUIRIES_PATH: Final = "/api/v1/bank/debit-inquiries/"
ANSWER_MAX_BYTES: Final = 512 * 1024

InquiryId = Annotated[UUID, Path(description="`inquiry_id` of the inquiry.")]


@router.get("", name="read_debit_inquiries", responses={**says(RATE_LIMITED), 200: COUNTED})
async def read_waiting(
    response: Response,
    services: TheServices,
    bank: TheBank,
    limit: PageLimit = PAGE_DEFAULT,
    cursor: Cursor = None,
) -> DebitInquiryPage:
    """List the inquiries that wait for the bank's answer as a victim's bank, the oldest first."""
    await take(services.ctx, bank.code, LimitName.FEED_READS, response)
    return await debit_inquiries.read_waiting(services.ctx, bank.code, limit, cursor)


@router.get(
    "/{inquiry_id}", name="read_debit_inquiry", responses={**says(RATE_LIMITED, NOT_NOW, NOT_FOUND), 200: COUNTED}
)
async def read_one(response: Response, services: TheServices, bank: TheBank, inquiry_id: InquiryId) -> DebitInquiry:
    """Return one inquiry, also one that is over. A corrected transfer has a newer inquiry."""
    await take(services.ctx, bank.code, LimitName.FEED_READS, response)
    return await debit_inquiries.read_one(services.ctx, bank.code, inquiry_id)


@router.post(
    "/{inquiry_id}/answer",
    name="answer_debit_inquiry",
    openapi_extra=takes(DebitAnswer),
    responses={**says(RATE_LIMITED, KEY_REUSED, NOT_NOW, NOT_FOUND), 200: COUNTED},
)
async def answer(
    request: Request,
    response: Response,
    services: TheServices,
    bank: TheBank,
    inquiry_id: InquiryId,
    idempotency_key: Key = None,
) -> DebitAnswerTaken:
    """Take the bank's answer about the victim's transfer and about others that left the same account.

    The same body again gets the same reply. The answer moves no money of the told transfer.
    """
    await take(services.ctx, bank.code, LimitName.ANSWERS, response)
    await keep_evidence(services, request, bank)
    stated = body_of(bank, DebitAnswer)
    taken, follow_up = await debit_inquiries.take_answer(
        services.ctx, bank.code, inquiry_id, stated, idempotency_key, is_signed=bank.key is not None
    )
    if follow_up is not None:
        services.notifier.soon(follow_up)
    return taken
