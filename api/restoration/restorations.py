"""Restorations: reading them, and what officers do to them. Each verb says which step and turn the officer saw."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from activities.restoration import decisions, refusals
from api.auth import acting, may
from api.dependencies import TheParts
from api.params import LIMIT_DEFAULT, AckNoFilter, After, Limit
from api.problems import FOUR_EYES, IN_THE_DESCRIPTION, NOT_NOW, says
from api.roles import Action
from api.tokens import Officer
from db.restoration import exclusions, restoration_views, restorations
from domain.errors.restoration import RestorationNotFound
from domain.restoration.authority import verbs_now
from schemas.restoration.restorations import (
    NewObjection,
    NoticeWaived,
    ObjectionDecided,
    OrderTaken,
    ReopenReason,
    RestorationAct,
    RestorationDone,
    RestorationPage,
    RestorationReason,
    RestorationVerb,
    RestorationView,
    SendBack,
)
from schemas.restoration_enums import RestorationState, Route, Step

router = APIRouter(prefix="/api/v1/restorations", tags=["restorations"], responses=IN_THE_DESCRIPTION)

Reader = Annotated[Officer, may(Action.READ_RESTORATION)]


@router.get("")
async def list_restorations(
    parts: TheParts,
    officer: Reader,
    state: Annotated[RestorationState | None, Query()] = None,
    step: Annotated[Step | None, Query()] = None,
    route: Annotated[Route | None, Query()] = None,
    overdue: Annotated[bool | None, Query(description="Whether the step is past its time.")] = None,
    ack_no: AckNoFilter = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> RestorationPage:
    """Restorations, the longest on hold first."""
    async with parts.ctx.pool.acquire() as connection:
        return await restoration_views.page(
            connection,
            parts.ctx.now(),
            after,
            limit,
            state=state,
            step=step,
            route=route,
            overdue=overdue,
            ack_no=ack_no,
        )


@router.get("/{restoration_id}")
async def read_restoration(parts: TheParts, officer: Reader, restoration_id: UUID) -> RestorationView:
    """One restoration: its steps with their clocks, its money with the shares, why this route; who objects or appeals,
    whether the holders had notice, the orders, and what is on hold and restored of the victim over all rounds."""
    async with (
        parts.ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        row = await restorations.find(connection, restoration_id)
        if row is None:
            raise RestorationNotFound(restoration_id)
        leaves_out = bool(await exclusions.of_restoration(connection, restoration_id))
        verbs = verbs_now(officer.role, row.state, row.step, leaves_out=leaves_out)
        return await restoration_views.get(connection, restoration_id, parts.ctx.now(), verbs)


@router.post("/{restoration_id}/receive-application", responses=says(NOT_NOW))
async def receive_application(
    parts: TheParts,
    officer: Annotated[Officer, may(Action.RECEIVE_APPLICATION)],
    restoration_id: UUID,
    act: RestorationAct,
) -> RestorationDone:
    """The victim's signed application is there."""
    verb = RestorationVerb.RECEIVE_APPLICATION
    return await decisions.end_step(parts.ctx, restoration_id, verb, act, acting(officer))


@router.post("/{restoration_id}/verify", responses=says(NOT_NOW))
async def verify(
    parts: TheParts,
    officer: Annotated[Officer, may(Action.VERIFY_RESTORATION)],
    restoration_id: UUID,
    act: RestorationAct,
) -> RestorationDone:
    """The investigating officer has verified it."""
    return await decisions.end_step(parts.ctx, restoration_id, RestorationVerb.VERIFY, act, acting(officer))


@router.post("/{restoration_id}/send-back", responses=says(NOT_NOW))
async def send_back(
    parts: TheParts,
    officer: Annotated[Officer, may(Action.SEND_RESTORATION_BACK)],
    restoration_id: UUID,
    back: SendBack,
) -> RestorationDone:
    """Send it back to an earlier step; without `to` from the verification to the victim, from elsewhere to the IO."""
    return await decisions.send_back(parts.ctx, restoration_id, back, acting(officer))


@router.post("/{restoration_id}/object", responses=says(NOT_NOW))
async def receive_objection(
    parts: TheParts,
    officer: Annotated[Officer, may(Action.RECEIVE_OBJECTION)],
    restoration_id: UUID,
    new: NewObjection,
) -> RestorationDone:
    """Somebody objects: what it could change waits until it is decided."""
    return await decisions.receive_objection(parts.ctx, restoration_id, new, acting(officer))


@router.post("/{restoration_id}/decide-objection", responses=says(NOT_NOW))
async def decide_objection(
    parts: TheParts,
    officer: Annotated[Officer, may(Action.DECIDE_OBJECTION)],
    restoration_id: UUID,
    decided: ObjectionDecided,
) -> RestorationDone:
    """Decide an objection; what one of a holder or bank is about is let go, by one of others it is sent back."""
    return await decisions.decide_objection(parts.ctx, restoration_id, decided, acting(officer))


@router.post("/{restoration_id}/waive-notice", responses=says(NOT_NOW))
async def waive_notice(
    parts: TheParts,
    officer: Annotated[Officer, may(Action.WAIVE_NOTICE)],
    restoration_id: UUID,
    waived: NoticeWaived,
) -> RestorationDone:
    """No account holder objects, after notice or `in_writing`: the days of the notice need not run out."""
    return await decisions.waive_notice(parts.ctx, restoration_id, waived, acting(officer))


@router.post("/{restoration_id}/take-order", responses=says(NOT_NOW))
async def take_order(
    parts: TheParts,
    officer: Annotated[Officer, may(Action.TAKE_ORDER)],
    restoration_id: UUID,
    taken: OrderTaken,
) -> RestorationDone:
    """Go on under an order of the court, the Lok Adalat or the District Magistrate, or end as it says."""
    return await decisions.take_order(parts.ctx, restoration_id, taken, acting(officer))


@router.post("/{restoration_id}/prepare", responses=says(NOT_NOW))
async def prepare(
    parts: TheParts,
    officer: Annotated[Officer, may(Action.PREPARE_RESTORATION)],
    restoration_id: UUID,
    act: RestorationAct,
) -> RestorationDone:
    """Make it ready for approval: what goes home of each account is fixed."""
    return await decisions.prepare(parts.ctx, restoration_id, act, acting(officer))


@router.post("/{restoration_id}/approve", responses=says(NOT_NOW, FOUR_EYES))
async def approve(
    parts: TheParts,
    officer: Annotated[Officer, may(Action.APPROVE_RESTORATION)],
    restoration_id: UUID,
    act: RestorationAct,
) -> RestorationDone:
    """Order the banks to give back what was made ready. Never by whoever made it ready."""
    return await decisions.approve(parts.ctx, restoration_id, act, acting(officer))


@router.post("/{restoration_id}/refuse", responses=says(NOT_NOW, FOUR_EYES))
async def refuse(
    parts: TheParts,
    officer: Annotated[Officer, may(Action.REFUSE_RESTORATION)],
    restoration_id: UUID,
    why: RestorationReason,
) -> RestorationDone:
    """Refuse it: nothing goes home by it."""
    verb = RestorationVerb.REFUSE
    return await decisions.end_step(parts.ctx, restoration_id, verb, why, acting(officer), why.reason)


@router.post("/{restoration_id}/receive-bond", responses=says(NOT_NOW))
async def receive_bond(
    parts: TheParts,
    officer: Annotated[Officer, may(Action.RECEIVE_BOND)],
    restoration_id: UUID,
    act: RestorationAct,
) -> RestorationDone:
    """The victim's indemnity bond is there: the restoration closes."""
    verb = RestorationVerb.RECEIVE_BOND
    return await decisions.end_step(parts.ctx, restoration_id, verb, act, acting(officer))


@router.post("/{restoration_id}/cancel", responses=says(NOT_NOW))
async def cancel(
    parts: TheParts,
    officer: Annotated[Officer, may(Action.CANCEL_RESTORATION)],
    restoration_id: UUID,
    why: RestorationReason,
) -> RestorationDone:
    """End it: begun in error, or not wanted. Orders that are with banks are cancelled one by one before."""
    verb = RestorationVerb.CANCEL
    return await decisions.end_step(parts.ctx, restoration_id, verb, why, acting(officer), why.reason)


@router.post("/{restoration_id}/reopen", responses=says(NOT_NOW))
async def reopen(
    parts: TheParts,
    officer: Annotated[Officer, may(Action.REOPEN_RESTORATION)],
    restoration_id: UUID,
    why: ReopenReason,
) -> RestorationDone:
    """Have what was refused or cancelled begin anew: what is on hold of it is the next round."""
    return await refusals.reopen(parts.ctx, restoration_id, why, acting(officer))
