"""The list of restorations for the day of a court, and the orders that wait for a second officer."""

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from activities.recovery.hearings import court_day_table
from api.officers.auth import may
from api.officers.jurisdiction import within_of
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, After, Limit
from api.problems import IN_THE_DESCRIPTION
from api.reports import TABLE_CONTENT, as_file, wants_file
from api.roles import Action
from api.services import TheServices
from db.recovery import court_day
from domain.officers.jurisdiction import district_key
from domain.recovery.procedure import ROUTES_OF_COURTS
from schemas.base import Storable
from schemas.recovery.court_orders import COURT_MAX_CHARS, CourtDayPage, CourtRoute, WaitingCourtOrders
from schemas.restoration_enums import Route

court_day_router = APIRouter(prefix="/api/v1", tags=["restorations"], responses=IN_THE_DESCRIPTION)

LINES_MAX: Final = 2_000
"""most lines of the list as a table"""


@court_day_router.get("/court-day", response_model=CourtDayPage, responses={200: {"content": TABLE_CONTENT}})
async def read_court_day(
    request: Request,
    services: TheServices,
    officer: Annotated[Officer, may(Action.READ_RESTORATION)],
    route: Annotated[CourtRoute | None, Query(description="Without it, every route with an order.")] = None,
    district: Annotated[
        Annotated[str, Storable] | None, Query(max_length=100, description="District of the case's first victim.")
    ] = None,
    on: Annotated[date | None, Query(description="Day on which the orders are made.")] = None,
    hearing_on: Annotated[date | None, Query(description="Only those that a court hears on this day.")] = None,
    court: Annotated[
        Annotated[str, Storable] | None, Query(max_length=COURT_MAX_CHARS, description="Court as its orders name it.")
    ] = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Response:
    """List restorations that wait for an order of a court, Lok Adalat or District Magistrate, by complaint number.

    With a day, those that went on or ended by an order of that day follow too. Of those with an order or a hearing,
    only the ones of that court are listed. A table, as CSV or a workbook, has at most 2,000 lines.
    """
    as_table = wants_file(request)
    within = await within_of(services, officer, Action.READ_RESTORATION)
    async with (
        services.ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        found = await court_day.page(
            connection,
            services.ctx.now(),
            None if as_table else after,
            LINES_MAX if as_table else limit,
            routes=ROUTES_OF_COURTS if route is None else (Route(route),),
            district=district_key(district) if district else None,
            made_on=on,
            hearing_on=hearing_on,
            court=court,
            within=within,
        )
    if as_table:
        return await as_file(request, court_day_table(found.items), "court-day")
    return Response(found.model_dump_json(), media_type="application/json")


@court_day_router.get("/court-orders/waiting")
async def list_waiting_court_orders(
    services: TheServices,
    officer: Annotated[Officer, may(Action.READ_POLICE)],
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> WaitingCourtOrders:
    """List orders of courts that wait for a second officer: to be confirmed, or to be withdrawn. The oldest first."""
    within = await within_of(services, officer, Action.READ_POLICE)
    async with services.ctx.pool.acquire() as connection:
        return await court_day.waiting_orders(connection, after, limit, reader=officer.actor, within=within)
