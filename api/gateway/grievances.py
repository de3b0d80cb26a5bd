"""Grievances that wait for a bank: the customers who appeal, and the bank's reports about them."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from activities.recovery import grievance_decisions
from api.gateway.auth import COUNTED, RATE_LIMITED, TheBank, body_of, keep_evidence, take, takes
from api.params import PAGE_DEFAULT, Cursor, PageLimit
from api.problems import IN_THE_DESCRIPTION, NOT_NOW, says
from api.services import TheServices
from db.recovery import grievance_views
from domain.policy.callers import LimitName
from schemas.recovery.grievances import BankGrievances, GrievanceDone, GrievanceReport

grievances_router = APIRouter(prefix="/api/v1/bank/grievances", tags=["bank"], responses=IN_THE_DESCRIPTION)


@grievances_router.get("", responses={**says(RATE_LIMITED), 200: COUNTED})
async def read_grievances_of_bank(
    response: Response,
    services: TheServices,
    bank: TheBank,
    limit: PageLimit = PAGE_DEFAULT,
    cursor: Cursor = None,
) -> BankGrievances:
    """List the grievances that wait for the bank's report about its customer, the oldest first."""
    await take(services.ctx, bank.code, LimitName.FEED_READS, response)
    async with services.ctx.pool.acquire() as connection:
        return await grievance_views.of_bank(connection, bank.code, cursor, limit, services.ctx.persons.open_stored)


@grievances_router.post(
    "/{grievance_id}/report",
    openapi_extra=takes(GrievanceReport),
    responses={**says(RATE_LIMITED, NOT_NOW), 200: COUNTED},
)
async def report_on_grievance(
    request: Request, response: Response, services: TheServices, bank: TheBank, grievance_id: UUID
) -> GrievanceDone:
    """Take the bank's report about its customer. The investigating officer decides next.

    A repeated report counts once.
    """
    await take(services.ctx, bank.code, LimitName.ANSWERS, response)
    await keep_evidence(services, request, bank)
    stated = body_of(bank, GrievanceReport)
    actor = f"bank:{bank.code}"
    return await grievance_decisions.report(services.ctx, grievance_id, stated, actor, institution=bank.code)
