"""A bank's own API at our side: its hold requests and its statements on them (docs/banks/bank-api.md)."""

import time
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from activities.bank_gateway import feed
from activities.bank_gateway.feed import NotItsHop, Wanted
from activities.orders import bank_replies
from api.bank_gateway.auth import TheBank, keep_evidence
from api.bank_gateway.bodies import body_of, takes
from api.dependencies import Parts, TheParts
from api.params import PAGE_DEFAULT, Cursor, Key, PageLimit
from api.problems import IN_THE_DESCRIPTION, INVALID, KEY_REUSED, TOO_MANY, Kind, Refused, Violation, says
from api.rate_limits import COUNTED, RATE_LIMITED, policies_of, take
from api.streams import EventHub, Subscription
from domain.errors.holds import HoldOver
from domain.errors.orders import NoReleaseOrder
from domain.policy.model import LimitName
from schemas.bank_gateway import Acknowledged, AnswerTaken, FeedHold, FeedPage, Policies
from schemas.base import UtcDatetime, WrittenOut
from schemas.enums import FeedStatus
from schemas.tracing.bank_answers import Acknowledge, BankAnswer, ReleaseConfirm

router = APIRouter(prefix="/api/v1/bank", tags=["bank"], responses=IN_THE_DESCRIPTION)

HOLDS_PATH: Final = "/api/v1/bank/holds/"
ANSWER_MAX_BYTES: Final = 512 * 1024
WAIT_MAX_SECONDS: Final = 30
LOOK_AGAIN_SECONDS: Final = 5.0
"""a waiting call reads the feed that often though nothing wakes it, in case a notification was lost"""
GONE_SECONDS: Final = 1.0
"""a caller who has gone is found out within that, and waits no more"""

HOLD_OVER: Final = Kind("hold-over", 409, "No answer is waited for any more")
NO_RELEASE_ORDER: Final = Kind("no-release-order", 409, "Nothing was ordered to be released")

HoldId = Annotated[UUID, Path(description="`hold_id` of the request.")]
Status = Annotated[FeedStatus | None, Query(description="Only holds in that state.")]
ChangedAfter = Annotated[
    UtcDatetime | None, WrittenOut, Query(description="A filter; the cursor is what misses nothing.")
]
WaitSeconds = Annotated[int, Query(ge=0, le=WAIT_MAX_SECONDS, description="How long to wait where there is nothing.")]


@router.get("/holds", responses={**says(RATE_LIMITED, TOO_MANY), 200: COUNTED})
async def read_holds(
    request: Request,
    response: Response,
    parts: TheParts,
    bank: TheBank,
    status: Status = None,
    changed_after: ChangedAfter = None,
    limit: PageLimit = PAGE_DEFAULT,
    cursor: Cursor = None,
    wait_seconds: WaitSeconds = 0,
) -> FeedPage:
    """The bank's holds in the order in which they last changed; waits for a change where there is none."""
    await take(parts.ctx, bank.code, LimitName.FEED_READS, response)
    wanted = Wanted(limit, cursor, status, changed_after)
    if not wait_seconds:
        return await feed.read_feed(parts.ctx, bank.code, wanted)
    hub: EventHub = request.app.state.bank_hub
    await hub.listening()
    with hub.subscribed(bank.code, bank.code, parts.ctx.policy.bank_limits.waiting_at_once) as ear:
        return await _when_there_is_one(request, parts, bank.code, wanted, ear, time.monotonic() + wait_seconds)


@router.get("/holds/{hold_id}", responses={**says(RATE_LIMITED), 200: COUNTED})
async def read_hold(response: Response, parts: TheParts, bank: TheBank, hold_id: HoldId) -> FeedHold:
    """One hold as it stands."""
    await take(parts.ctx, bank.code, LimitName.FEED_READS, response)
    return await feed.read_hold(parts.ctx, bank.code, hold_id)


@router.post(
    "/holds/{hold_id}/acknowledge",
    name="acknowledge_hold",
    openapi_extra=takes(Acknowledge),
    responses={**says(RATE_LIMITED, HOLD_OVER), 200: COUNTED},
)
async def acknowledge(
    request: Request, response: Response, parts: TheParts, bank: TheBank, hold_id: HoldId
) -> Acknowledged:
    """The bank has the hold. Said again it is the same receipt; what was over without one is `hold-over`."""
    await take(parts.ctx, bank.code, LimitName.ACKNOWLEDGES, response)
    await keep_evidence(parts, request, bank)
    body_of(bank, Acknowledge)
    try:
        return await feed.acknowledge(parts.ctx, bank.code, hold_id)
    except HoldOver as error:
        raise Refused(HOLD_OVER, error) from None


@router.post(
    "/holds/{hold_id}/answer",
    name="answer_hold",
    openapi_extra=takes(BankAnswer),
    responses={**says(RATE_LIMITED, KEY_REUSED), 200: COUNTED},
)
async def answer(
    request: Request,
    response: Response,
    parts: TheParts,
    bank: TheBank,
    hold_id: HoldId,
    idempotency_key: Key = None,
) -> AnswerTaken:
    """What the bank says of the hold's hops, in whole or in part; the same body again gets the same reply."""
    await take(parts.ctx, bank.code, LimitName.ANSWERS, response)
    await keep_evidence(parts, request, bank)
    said = body_of(bank, BankAnswer)
    try:
        taken, follow_up = await feed.take_answer(parts.ctx, bank.code, hold_id, said, idempotency_key)
    except NotItsHop as error:
        violation = Violation(f"lines[{error.line_index}].hop", "is no hop of this hold", error.hop_no)
        raise Refused(INVALID, violations=[violation]) from None
    if follow_up is not None:
        parts.notifier.soon(follow_up)
    return taken


@router.post(
    "/holds/{hold_id}/release-confirm",
    status_code=204,
    openapi_extra=takes(ReleaseConfirm),
    responses={**says(RATE_LIMITED, NO_RELEASE_ORDER), 204: COUNTED},
)
async def confirm_release(
    request: Request, response: Response, parts: TheParts, bank: TheBank, hold_id: HoldId
) -> None:
    """The bank has let go of all that release orders name of this hold; without an order: `no-release-order`."""
    await take(parts.ctx, bank.code, LimitName.ACKNOWLEDGES, response)
    await keep_evidence(parts, request, bank)
    body_of(bank, ReleaseConfirm)
    try:
        await bank_replies.confirm_release(parts.ctx, bank.code, hold_id)
    except NoReleaseOrder as error:
        raise Refused(NO_RELEASE_ORDER, error) from None


@router.get("/policies")
async def read_policies(parts: TheParts, bank: TheBank) -> Policies:
    """The bank's limits and what is left of them. Asking is free."""
    return await policies_of(parts.ctx, bank.code)


async def _when_there_is_one(
    request: Request, parts: Parts, code: str, wanted: Wanted, ear: Subscription, until: float
) -> FeedPage:
    """The first page with anything new, an order that waits included, or the empty one when the time is up.

    So it is when the caller has gone, or we stop.
    """
    hub: EventHub = request.app.state.bank_hub
    orders_before: int | None = None
    while True:
        found = await feed.read_feed(parts.ctx, code, wanted)
        if orders_before is not None and found.orders_waiting > orders_before:
            return found
        orders_before = found.orders_waiting
        look_again = min(until, time.monotonic() + LOOK_AGAIN_SECONDS)
        if found.items or hub.closing or time.monotonic() >= until:
            return found
        while (left := look_again - time.monotonic()) > 0:
            if await ear.woken(min(left, GONE_SECONDS)):
                break
            if await request.is_disconnected():
                return found
