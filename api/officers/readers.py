"""Lists of who has read a case, of reads outside the reader's jurisdiction, and of refused acts."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from api.officers.auth import may
from api.officers.jurisdiction import within_of
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, AckNo, After, Limit
from api.problems import IN_THE_DESCRIPTION
from api.roles import Action
from api.services import TheServices
from db.officers import changes
from db.privacy import jurisdiction
from schemas.base import Storable
from schemas.officers.sign_in import RefusedActPage
from schemas.privacy.personal_data import ReadPage

router = APIRouter(prefix="/api/v1", tags=["officers"], responses=IN_THE_DESCRIPTION)

Reader = Annotated[Officer, may(Action.READ_READERS)]


@router.get("/cases/{ack_no}/readers", name="read_readers_of_case")
async def read_readers(
    services: TheServices, officer: Reader, ack_no: AckNo, after: After = None, limit: Limit = LIMIT_DEFAULT
) -> ReadPage:
    """List who has read a case, its parts and its documents, the newest first.

    The same read of the same caller within a few minutes is one line.
    """
    async with services.ctx.pool.acquire() as connection:
        return await jurisdiction.of_case(connection, ack_no, after, limit)


@router.get("/outside-reads", name="read_outside_reads")
async def read_outside_reads(
    services: TheServices,
    officer: Annotated[Officer, may(Action.READ_OUTSIDE_READS)],
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> ReadPage:
    """List reads by officers who were not responsible for the case, with their reasons, the newest first.

    A Superintendent sees those of the own districts.
    """
    within = await within_of(services, officer, Action.READ_OUTSIDE_READS)
    async with services.ctx.pool.acquire() as connection:
        return await jurisdiction.reads_outside(connection, within, after, limit)


@router.get("/refused-acts")
async def read_refused_acts(
    services: TheServices,
    _: Annotated[Officer, may(Action.READ_REFUSED_ACTS)],
    caller: Annotated[
        Annotated[str, StringConstraints(max_length=200), Storable] | None,
        Query(description="`officer:<id>`, `script:<name>` or `bank:<code>`; all callers without it."),
    ] = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> RefusedActPage:
    """List what officers, scripts and banks were refused, the newest first.

    The same acts of one caller within a minute are one line with their number.
    """
    async with services.ctx.pool.acquire() as connection:
        return await changes.refused_page(connection, caller, after, limit)
