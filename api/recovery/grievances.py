"""Grievances and their officers."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from activities.recovery import grievance_decisions
from activities.recovery.document_issuing import appeal_address
from activities.recovery.grievance_decisions import name_officer
from api.officers.auth import acting, may
from api.officers.jurisdiction import within_of
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, AckNoFilter, After, Limit
from api.problems import FOUR_EYES, IN_THE_DESCRIPTION, NOT_NOW, says
from api.roles import Action
from api.services import TheServices
from db.recovery import appeals, free_amounts, grievance_views
from db.recovery import grievances as rows
from db.recovery.grievance_views import WaitsFor
from domain.errors.recovery import GrievanceNotFound
from domain.recovery.grievances import GrievanceAtLevel, levels_for, verbs_of
from schemas.recovery.grievances import (
    AppealOn,
    GrievanceDecided,
    GrievanceDone,
    GrievanceOfficer,
    GrievanceOfficers,
    GrievancePage,
    GrievanceReason,
    GrievanceReport,
    GrievanceView,
    NewGrievanceOfficer,
    WithdrawGrievance,
)
from schemas.restoration_enums import GrievanceLevel, GrievanceState

grievances_router = APIRouter(prefix="/api/v1/grievances", tags=["grievances"], responses=IN_THE_DESCRIPTION)

Reader = Annotated[Officer, may(Action.READ_GRIEVANCE)]


@grievances_router.get("")
async def list_grievances(
    services: TheServices,
    officer: Reader,
    state: Annotated[GrievanceState | None, Query()] = None,
    level: Annotated[GrievanceLevel | None, Query()] = None,
    overdue: Annotated[bool | None, Query(description="Whether the deadline of the level has passed.")] = None,
    ack_no: AckNoFilter = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> GrievancePage:
    """List grievances, the oldest first."""
    within = await within_of(services, officer, Action.READ_GRIEVANCE, ack_no)
    async with services.ctx.pool.acquire() as connection:
        return await grievance_views.page(
            connection,
            services.ctx.now(),
            after,
            limit,
            state=state,
            level=level,
            overdue=overdue,
            ack_no=ack_no,
            within=within,
        )


@grievances_router.get("/waiting")
async def list_waiting_grievances(
    services: TheServices,
    officer: Reader,
    everybody: Annotated[bool, Query(description="All open grievances, and not only those that wait for you.")] = False,
    level: Annotated[GrievanceLevel | None, Query()] = None,
    overdue: Annotated[bool | None, Query(description="Whether the deadline of the level has passed.")] = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> GrievancePage:
    """List open grievances that wait for an act of the officer who asks, by deadline.

    The officer's roles enter the report of the bank, decide at a level, or confirm a proposed release. A release that
    needs another officer does not wait for the one who proposed it.
    """
    within = await within_of(services, officer, Action.READ_GRIEVANCE)
    confirms = bool(officer.roles & Action.CONFIRM_RELEASE.rule.roles)
    waits_for = WaitsFor(officer.actor, levels_for(officer.roles), confirms)
    async with services.ctx.pool.acquire() as connection:
        return await grievance_views.waiting(
            connection,
            services.ctx.now(),
            after,
            limit,
            officer=None if everybody else waits_for,
            level=level,
            overdue=overdue,
            within=within,
        )


@grievances_router.get("/{grievance_id}")
async def read_grievance(services: TheServices, officer: Reader, grievance_id: UUID) -> GrievanceView:
    """Return one grievance: the holder's text, its levels with their deadlines, and the releases that it caused."""
    async with (
        services.ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        row = await rows.find(connection, grievance_id)
        if row is None:
            raise GrievanceNotFound(grievance_id)
        free_paise = sum(hop.free_paise for hop in await free_amounts.not_ordered(connection, row.hold_id))
        verbs = verbs_of(officer.roles, GrievanceAtLevel(state=row.state, level=row.level))
        ctx = services.ctx
        return await grievance_views.get(
            connection, grievance_id, ctx.now(), free_paise, verbs, ctx.persons.open_stored
        )


@grievances_router.post("/{grievance_id}/report", responses=says(NOT_NOW))
async def report(
    services: TheServices,
    officer: Annotated[Officer, may(Action.REPORT_ON_GRIEVANCE)],
    grievance_id: UUID,
    stated: GrievanceReport,
) -> GrievanceDone:
    """Record the bank's report about its customer. The investigating officer decides next."""
    return await grievance_decisions.report(services.ctx, grievance_id, stated, acting(officer))


@grievances_router.post("/{grievance_id}/decide", responses=says(NOT_NOW, FOUR_EYES))
async def decide(
    services: TheServices,
    officer: Annotated[Officer, may(Action.DECIDE_GRIEVANCE)],
    grievance_id: UUID,
    decided: GrievanceDecided,
) -> GrievanceDone:
    """Decide a grievance at the officer's level: uphold the hold, or propose to release money of it.

    A release waits until the victims are heard and it is confirmed.
    """
    address = appeal_address(services.public_url)
    return await grievance_decisions.decide(
        services.ctx, grievance_id, decided, acting(officer), appeal_address=address
    )


@grievances_router.post("/{grievance_id}/escalate", responses=says(NOT_NOW))
async def escalate(
    services: TheServices,
    officer: Annotated[Officer, may(Action.ESCALATE_GRIEVANCE)],
    grievance_id: UUID,
    why: GrievanceReason,
) -> GrievanceDone:
    """Escalate a grievance to the next level before the deadline of this level."""
    return await grievance_decisions.escalate(services.ctx, grievance_id, why, acting(officer))


@grievances_router.post("/{grievance_id}/appeal-on", responses=says(NOT_NOW))
async def appeal_on(
    services: TheServices,
    officer: Annotated[Officer, may(Action.FILE_GRIEVANCE)],
    grievance_id: UUID,
    more: AppealOn,
) -> GrievanceDone:
    """Take a decided grievance to the next level, for an account holder who has come in person."""
    return await grievance_decisions.appeal_on(services.ctx, grievance_id, more, acting(officer))


@grievances_router.post("/{grievance_id}/withdraw", responses=says(NOT_NOW))
async def withdraw(
    services: TheServices,
    officer: Annotated[Officer, may(Action.WITHDRAW_GRIEVANCE)],
    grievance_id: UUID,
    withdrawal: WithdrawGrievance,
) -> GrievanceDone:
    """Withdraw a grievance, for an account holder who has come in person. The holder is notified of it."""
    return await grievance_decisions.withdraw(services.ctx, grievance_id, withdrawal, acting(officer))


grievance_officers_router = APIRouter(
    prefix="/api/v1/grievance-officers", tags=["grievances"], responses=IN_THE_DESCRIPTION
)


@grievance_officers_router.get("")
async def list_grievance_officers(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_GRIEVANCE)]
) -> GrievanceOfficers:
    """List the officers who are notified of appeals that no officer of the case decides."""
    async with services.ctx.pool.acquire() as connection:
        return GrievanceOfficers(items=await appeals.every(connection))


@grievance_officers_router.put("")
async def name_grievance_officer(
    services: TheServices,
    officer: Annotated[Officer, may(Action.NAME_GRIEVANCE_OFFICER)],
    new: NewGrievanceOfficer,
) -> GrievanceOfficer:
    """Name the officer of a level for a district or for the State. The officer is notified of waiting appeals."""
    return await name_officer(services.ctx, new, officer.actor)
