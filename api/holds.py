"""Account holds: reading them, deciding on small-value holds, and preparing an account holder's appeal."""

from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query

from activities.documents.issuing import appeal_address
from activities.grievances import decisions
from activities.holds.holder_contacts import take_contact
from activities.holds.small_holds import record_small_hold_decision
from api.auth import acting, may
from api.params import LIMIT_DEFAULT, AckNoFilter, After, BankFilter, Limit
from api.problems import IN_THE_DESCRIPTION, NOT_NOW, says
from api.roles import Action
from api.services import TheAppealThrottle, TheServices
from api.tokens import Officer
from db.holds import hold_views
from schemas.base import WithReason
from schemas.grievances.grievances import GrievanceDone, NewGrievance
from schemas.holds import (
    AppealCode,
    HolderContactTaken,
    HoldPage,
    HoldView,
    NewHolderContact,
    NewSmallHoldDecision,
    SmallHoldDone,
)

router = APIRouter(prefix="/api/v1/holds", tags=["holds"], responses=IN_THE_DESCRIPTION)

DAYS_MAX: Final = 3_660

Reader = Annotated[Officer, may(Action.READ_HOLD)]


@router.get("")
async def list_holds(
    services: TheServices,
    officer: Reader,
    ack_no: AckNoFilter = None,
    institution: BankFilter = None,
    held: Annotated[bool | None, Query(description="Whether any money is still on hold.")] = None,
    small: Annotated[bool | None, Query(description="Whether a small-value hold waits for its quick decision.")] = None,
    ends_within_days: Annotated[
        int | None, Query(ge=0, le=DAYS_MAX, description="Only holds that lapse within this number of days.")
    ] = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> HoldPage:
    """List account holds, the earliest to lapse first."""
    now = services.ctx.now()
    before = None if ends_within_days is None else now + timedelta(days=ends_within_days)
    async with services.ctx.pool.acquire() as connection:
        return await hold_views.page(
            connection,
            after,
            limit,
            ack_no=ack_no,
            institution=institution,
            held=held,
            small=small,
            lapses_before=before,
        )


@router.get("/{account_hold_id}")
async def read_hold_of_account(services: TheServices, officer: Reader, account_hold_id: UUID) -> HoldView:
    """Return one account hold, with its deadlines."""
    async with services.ctx.pool.acquire() as connection:
        return await hold_views.get(connection, account_hold_id)


@router.post("/{account_hold_id}/decide-small", responses=says(NOT_NOW))
async def decide_small_hold(
    services: TheServices,
    officer: Annotated[Officer, may(Action.DECIDE_SMALL_HOLD)],
    account_hold_id: UUID,
    decided: NewSmallHoldDecision,
) -> SmallHoldDone:
    """Decide a small-value hold: release it in full, or keep it."""
    return await record_small_hold_decision(services.ctx, account_hold_id, decided, acting(officer))


@router.post("/{account_hold_id}/grievances", status_code=201, responses=says(NOT_NOW))
async def file_grievance(
    services: TheServices,
    officer: Annotated[Officer, may(Action.FILE_GRIEVANCE)],
    account_hold_id: UUID,
    new: NewGrievance,
) -> GrievanceDone:
    """Record the appeal of an account holder who has come in person."""
    return await decisions.file_grievance(services.ctx, account_hold_id, new, officer.actor)


@router.put("/{account_hold_id}/holder-contact", responses=says(NOT_NOW))
async def take_holder_contact(
    services: TheServices,
    officer: Annotated[Officer, may(Action.TAKE_HOLDER_CONTACT)],
    account_hold_id: UUID,
    contact: NewHolderContact,
) -> HolderContactTaken:
    """Record the contact of the account holder, as given by the bank or the holder.

    The contact takes precedence over the one in the bank's answers. The notification of the hold and the codes for the
    appeal go to it.
    """
    return await take_contact(
        services.ctx, account_hold_id, contact, officer.actor, appeal_address(services.public_url)
    )


@router.post("/{account_hold_id}/appeal-code", status_code=201, responses=says(NOT_NOW))
async def make_appeal_code(
    throttle: TheAppealThrottle,
    officer: Annotated[Officer, may(Action.MAKE_APPEAL_CODE)],
    account_hold_id: UUID,
    why: WithReason,
) -> AppealCode:
    """Send a new one-time code for the appeal page to the holder's contact, or without one to the bank.

    No officer sees the code.
    """
    return await throttle.door.make_code(account_hold_id, officer.actor, why.reason)
