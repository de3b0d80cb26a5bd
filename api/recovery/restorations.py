"""Restorations: reading them, and the actions of officers.

Each action names the step and the visit of the step that the officer saw.
"""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query

from activities.recovery import hearings, objections, restoration_deadlines, restoration_decisions, signatures
from activities.recovery.document_issuing import appeal_address
from api.officers.auth import acting, may
from api.officers.jurisdiction import within_of
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, AckNoFilter, After, Limit
from api.problems import FOUR_EYES, IN_THE_DESCRIPTION, NOT_NOW, says
from api.roles import Action
from api.services import TheServices
from db.recovery import court_hearings, officer_steps, openings, restoration_facts, restoration_views, restorations
from db.recovery.officer_steps import WantedSteps
from domain.errors.restoration import RestorationNotFound
from domain.recovery.authority import verbs_now
from domain.recovery.officer_steps import acts_of
from schemas.recovery.court_orders import CourtHearings, NewCourtHearing
from schemas.recovery.officer_steps import Awaited, CreditedAccounts, OfficerAct, OfficerSteps, RestorationFile
from schemas.recovery.restorations import (
    NewObjection,
    NoticeWaived,
    ObjectionDecided,
    OrderTaken,
    ReopenReason,
    RestorationAct,
    RestorationApproval,
    RestorationDone,
    RestorationPage,
    RestorationReason,
    RestorationView,
    SendBack,
)
from schemas.restoration_enums import RestorationState, RestorationVerb, Route, Step

router = APIRouter(prefix="/api/v1/restorations", tags=["restorations"], responses=IN_THE_DESCRIPTION)

Reader = Annotated[Officer, may(Action.READ_RESTORATION)]
WAIVERS: Final = "*/waive-notice"


@router.get("")
async def list_restorations(
    services: TheServices,
    officer: Reader,
    state: Annotated[RestorationState | None, Query()] = None,
    step: Annotated[Step | None, Query()] = None,
    route: Annotated[Route | None, Query()] = None,
    overdue: Annotated[bool | None, Query(description="Whether the deadline of the step has passed.")] = None,
    ack_no: AckNoFilter = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> RestorationPage:
    """List restorations, the longest on hold first."""
    within = await within_of(services, officer, Action.READ_RESTORATION, ack_no)
    async with services.ctx.pool.acquire() as connection:
        return await restoration_views.page(
            connection,
            services.ctx.now(),
            after,
            limit,
            state=state,
            step=step,
            route=route,
            overdue=overdue,
            ack_no=ack_no,
            within=within,
        )


@router.get("/officer-steps")
async def list_officer_steps(
    services: TheServices,
    officer: Reader,
    act: Annotated[OfficerAct | None, Query(description="Only steps that wait for this act.")] = None,
    awaits: Annotated[Awaited | None, Query(description="Only restorations in which they have to act.")] = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> OfficerSteps:
    """List the steps of restorations that wait for an officer with the caller's roles, the first deadline first."""
    asked = WantedSteps(officer=officer.subject, acts=acts_of(officer.roles), act=act, awaits=awaits)
    within = await within_of(services, officer, Action.READ_RESTORATION)
    async with services.ctx.pool.acquire() as connection:
        return await officer_steps.page(connection, services.ctx.now(), after, limit, asked, within=within)


@router.get("/{restoration_id}/file")
async def read_restoration_file(services: TheServices, officer: Reader, restoration_id: UUID) -> RestorationFile:
    """Return the accounts of a restoration with what the banks said, and what others claim of them.

    It has the discrepancies with who settled them, the waivers, and who entered and confirmed another account.
    """
    async with (
        services.ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await restoration_facts.get(connection, restoration_id)


@router.get("/{restoration_id}/credited-accounts")
async def read_credited_accounts(services: TheServices, officer: Reader, restoration_id: UUID) -> CreditedAccounts:
    """Return in full the accounts that an approval would credit.

    The read log has it as a read of the person.
    """
    return await signatures.credited(services.ctx, restoration_id)


@router.get("/{restoration_id}")
async def read_restoration(services: TheServices, officer: Reader, restoration_id: UUID) -> RestorationView:
    """Return one restoration.

    The view has its steps with their deadlines, its money with the shares, the reason for its route, objections and
    appeals, notices to the holders, and orders. It also has the victim's amounts on hold and restored over all rounds.
    """
    async with (
        services.ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        row = await restorations.find(connection, restoration_id)
        if row is None:
            raise RestorationNotFound(restoration_id)
        has_exclusions = bool(await openings.of_restoration(connection, restoration_id))
        verbs = verbs_now(officer.roles, row.state, row.step, has_excluded=has_exclusions)
        return await restoration_views.get(
            connection, restoration_id, services.ctx.now(), verbs, services.ctx.persons.open_stored
        )


@router.get("/{restoration_id}/court-hearings")
async def list_court_hearings(services: TheServices, officer: Reader, restoration_id: UUID) -> CourtHearings:
    """List the hearings of a restoration before a court, the newest first.

    Each has who recorded it, and who ended it and why.
    """
    async with services.ctx.pool.acquire() as connection:
        return await court_hearings.listed(connection, restoration_id)


@router.post("/{restoration_id}/court-hearings", responses=says(NOT_NOW))
async def record_court_hearing(
    services: TheServices,
    officer: Annotated[Officer, may(Action.RECORD_COURT_HEARING)],
    restoration_id: UUID,
    new: NewCourtHearing,
) -> CourtHearings:
    """Record the day on which a court hears a restoration.

    It takes the place of the one that stands. Without a day, the court has named none.
    """
    return await hearings.record(services.ctx, restoration_id, new, officer.actor)


@router.post("/{restoration_id}/receive-application", responses=says(NOT_NOW))
async def receive_application(
    services: TheServices,
    officer: Annotated[Officer, may(Action.RECEIVE_APPLICATION)],
    restoration_id: UUID,
    act: RestorationAct,
) -> RestorationDone:
    """Record that the victim's signed application is received."""
    verb = RestorationVerb.RECEIVE_APPLICATION
    return await restoration_decisions.end_step(services.ctx, restoration_id, verb, act, acting(officer))


@router.post("/{restoration_id}/verify", responses=says(NOT_NOW))
async def verify(
    services: TheServices,
    officer: Annotated[Officer, may(Action.VERIFY_RESTORATION)],
    restoration_id: UUID,
    act: RestorationAct,
) -> RestorationDone:
    """Record that the investigating officer has verified the restoration."""
    return await restoration_decisions.end_step(
        services.ctx, restoration_id, RestorationVerb.VERIFY, act, acting(officer)
    )


@router.post("/{restoration_id}/send-back", responses=says(NOT_NOW))
async def send_back(
    services: TheServices,
    officer: Annotated[Officer, may(Action.SEND_RESTORATION_BACK)],
    restoration_id: UUID,
    back: SendBack,
) -> RestorationDone:
    """Send a restoration back to an earlier step.

    Without `to` it goes from the verification to the victim, and from other steps to the investigating officer.
    """
    return await restoration_decisions.send_back(services.ctx, restoration_id, back, acting(officer))


@router.post("/{restoration_id}/object", responses=says(NOT_NOW))
async def receive_objection(
    services: TheServices,
    officer: Annotated[Officer, may(Action.RECEIVE_OBJECTION)],
    restoration_id: UUID,
    new: NewObjection,
) -> RestorationDone:
    """Record an objection. Everything that it could change waits for its decision."""
    return await objections.receive_objection(services.ctx, restoration_id, new, acting(officer))


@router.post("/{restoration_id}/decide-objection", responses=says(NOT_NOW, FOUR_EYES))
async def decide_objection(
    services: TheServices,
    officer: Annotated[Officer, may(Action.DECIDE_OBJECTION)],
    restoration_id: UUID,
    decided: ObjectionDecided,
) -> RestorationDone:
    """Decide an objection.

    An upheld objection of a holder or bank releases the money that it concerns. An upheld objection of others sends the
    restoration back.
    """
    return await objections.decide_objection(services.ctx, restoration_id, decided, acting(officer))


@router.post("/{restoration_id}/waive-notice", responses=says(NOT_NOW))
async def waive_notice(
    services: TheServices,
    officer: Annotated[Officer, may(Action.WAIVE_NOTICE)],
    restoration_id: UUID,
    waived: NoticeWaived,
) -> RestorationDone:
    """Record that the holder of one hold, who has had notice, waives the rest of the time to object.

    The request has the holder's signed document. The holder is told and can contradict. When every holder has waived,
    the time to object ends with the last time to contradict.
    """
    return await hearings.waive_notice(
        services.ctx, restoration_id, waived, acting(officer), appeal_address(services.public_url)
    )


@router.post("/{restoration_id}/take-order", responses=says(NOT_NOW))
async def take_order(
    services: TheServices,
    officer: Annotated[Officer, may(Action.TAKE_ORDER)],
    restoration_id: UUID,
    taken: OrderTaken,
) -> RestorationDone:
    """Continue under an order of the court, Lok Adalat or District Magistrate, or end as the order says."""
    return await restoration_decisions.take_order(services.ctx, restoration_id, taken, acting(officer))


@router.post("/{restoration_id}/prepare", responses=says(NOT_NOW))
async def prepare(
    services: TheServices,
    officer: Annotated[Officer, may(Action.PREPARE_RESTORATION)],
    restoration_id: UUID,
    act: RestorationAct,
) -> RestorationDone:
    """Prepare a restoration for approval. This fixes the amount to restore from each account."""
    return await restoration_decisions.prepare(services.ctx, restoration_id, act, acting(officer))


@router.post("/{restoration_id}/approve", responses=says(NOT_NOW, FOUR_EYES))
async def approve(
    services: TheServices,
    officer: Annotated[Officer, may(Action.APPROVE_RESTORATION)],
    restoration_id: UUID,
    act: RestorationApproval,
) -> RestorationDone:
    """Approve a restoration that another officer has prepared, and order the banks to restore the money.

    `due_paise` repeats the amount that the officer saw. If another account is credited than the one that paid,
    `account_end` repeats its last four digits.
    """
    return await restoration_decisions.approve(services.ctx, restoration_id, act, acting(officer))


@router.post("/{restoration_id}/refuse", responses=says(NOT_NOW, FOUR_EYES))
async def refuse(
    services: TheServices,
    officer: Annotated[Officer, may(Action.REFUSE_RESTORATION)],
    restoration_id: UUID,
    why: RestorationReason,
) -> RestorationDone:
    """Refuse a restoration. No money is restored by it."""
    verb = RestorationVerb.REFUSE
    return await restoration_decisions.end_step(services.ctx, restoration_id, verb, why, acting(officer), why.reason)


@router.post("/{restoration_id}/receive-bond", responses=says(NOT_NOW))
async def receive_bond(
    services: TheServices,
    officer: Annotated[Officer, may(Action.RECEIVE_BOND)],
    restoration_id: UUID,
    act: RestorationAct,
) -> RestorationDone:
    """Record that the victim's indemnity bond is received. The restoration closes."""
    verb = RestorationVerb.RECEIVE_BOND
    return await restoration_decisions.end_step(services.ctx, restoration_id, verb, act, acting(officer))


@router.post("/{restoration_id}/cancel", responses=says(NOT_NOW))
async def cancel(
    services: TheServices,
    officer: Annotated[Officer, may(Action.CANCEL_RESTORATION)],
    restoration_id: UUID,
    why: RestorationReason,
) -> RestorationDone:
    """Cancel a restoration that is an error or not wanted.

    Orders that banks already have must be cancelled before, one by one.
    """
    verb = RestorationVerb.CANCEL
    return await restoration_decisions.end_step(services.ctx, restoration_id, verb, why, acting(officer), why.reason)


@router.post("/{restoration_id}/reopen", responses=says(NOT_NOW))
async def reopen(
    services: TheServices,
    officer: Annotated[Officer, may(Action.REOPEN_RESTORATION)],
    restoration_id: UUID,
    why: ReopenReason,
) -> RestorationDone:
    """Reopen a refused or cancelled restoration. Its money on hold goes into the next round."""
    return await restoration_deadlines.reopen(services.ctx, restoration_id, why, acting(officer))
