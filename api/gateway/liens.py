"""A bank's list of the liens that it holds for us (docs/explanation/reconciliation.md)."""

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from activities.gateway import lien_lists
from activities.gateway.lien_lists import NotYet
from api.gateway.auth import COUNTED, RATE_LIMITED, TheBank, body_of, keep_evidence, take, takes
from api.problems import IN_THE_DESCRIPTION, INVALID, KEY_REUSED, NOT_FOUND, Refused, Violation, says
from api.services import TheServices
from domain.policy.callers import LimitName
from schemas.gateway.liens import BankLiens, LienListPage, LienListTaken

router = APIRouter(prefix="/api/v1/bank", tags=["bank"], responses=IN_THE_DESCRIPTION)

LIENS_PATH: Final = "/api/v1/bank/liens"
PAGE_MAX_BYTES: Final = 512 * 1024


@router.get("/liens/wanted", responses={**says(RATE_LIMITED), 200: COUNTED})
async def read_liens_wanted(response: Response, services: TheServices, bank: TheBank) -> BankLiens:
    """Return whether a list of liens is wanted from the bank, and the state of its last list."""
    await take(services.ctx, bank.code, LimitName.FEED_READS, response)
    return await lien_lists.stands(services.ctx, bank.code)


@router.post(
    "/liens", openapi_extra=takes(LienListPage), responses={**says(RATE_LIMITED, KEY_REUSED, NOT_FOUND), 200: COUNTED}
)
async def hand_in_liens(request: Request, response: Response, services: TheServices, bank: TheBank) -> LienListTaken:
    """Take one page of the bank's list of liens. A repeated page changes nothing.

    The last page starts the comparison of the list with the ledger.
    """
    await take(services.ctx, bank.code, LimitName.LIEN_LISTS, response)
    await keep_evidence(services, request, bank)
    page = body_of(bank, LienListPage)
    try:
        return await lien_lists.take_page(services.ctx, bank.code, page)
    except NotYet:
        raise Refused(INVALID, violations=[Violation("as_of", "lies in the future", str(page.as_of))]) from None
