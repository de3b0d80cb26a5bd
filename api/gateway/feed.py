"""The feed of a bank: its hold requests, and its statements on them (docs/banks/bank-api.md)."""

import time
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from activities.case.claims import NotItsHop
from activities.gateway import feed
from activities.gateway.feed import Wanted
from activities.recovery import bank_replies
from api.gateway.auth import COUNTED, RATE_LIMITED, TheBank, body_of, keep_evidence, policies_of, take, takes
from api.params import PAGE_DEFAULT, Cursor, Key, PageLimit
from api.problems import IN_THE_DESCRIPTION, INVALID, KEY_REUSED, TOO_MANY, Kind, Refused, Violation, says
from api.request_places import leave_place
from api.services import Services, TheServices
from api.streams import Subscription
from domain.errors.recovery import HoldOver, NoReleaseOrder
from domain.policy.callers import LimitName
from schemas.base import UtcDatetime, WrittenOut
from schemas.case.answers import Acknowledge, BankAnswer, ReleaseConfirm
from schemas.enums import FeedStatus
from schemas.gateway.liens import Acknowledged, AnswerTaken, FeedHold, FeedPage, Policies

router = APIRouter(prefix="/api/v1/bank", tags=["bank"], responses=IN_THE_DESCRIPTION)

HOLDS_PATH: Final = "/api/v1/bank/holds/"
ANSWER_MAX_BYTES: Final = 512 * 1024
WAIT_MAX_SECONDS: Final = 30
REREAD_SECONDS: Final = 5.0
"""interval at which a waiting call reads the feed without a wake, because a notification may be lost"""
DISCONNECT_CHECK_SECONDS: Final = 1.0
"""interval at which a waiting call checks whether the caller has disconnected"""

HOLD_OVER: Final = Kind("hold-over", 409, "No answer is waited for any more")
NO_RELEASE_ORDER: Final = Kind("no-release-order", 409, "Nothing was ordered to be released")

HoldId = Annotated[UUID, Path(description="`hold_id` of the request.")]
Status = Annotated[FeedStatus | None, Query(description="Only hold requests in this state.")]
ChangedAfter = Annotated[
    UtcDatetime | None,
    WrittenOut,
    Query(description="Only hold requests changed after this time. Use the cursor to miss no change."),
]
WaitSeconds = Annotated[
    int, Query(ge=0, le=WAIT_MAX_SECONDS, description="Seconds to wait for a change if the page is empty.")
]


@router.get("/holds", responses={**says(RATE_LIMITED, TOO_MANY), 200: COUNTED})
async def read_holds(
    request: Request,
    response: Response,
    services: TheServices,
    bank: TheBank,
    status: Status = None,
    changed_after: ChangedAfter = None,
    limit: PageLimit = PAGE_DEFAULT,
    cursor: Cursor = None,
    wait_seconds: WaitSeconds = 0,
) -> FeedPage:
    """List the bank's hold requests in the order of their last change. An empty page waits for a change."""
    await take(services.ctx, bank.code, LimitName.FEED_READS, response)
    wanted = Wanted(limit, cursor, status, changed_after)
    if not wait_seconds:
        return await feed.read_feed(services.ctx, bank.code, wanted)
    await services.bank_hub.listening()
    with services.bank_hub.subscribed(bank.code, bank.code) as subscription:
        leave_place(request.scope)
        until = time.monotonic() + wait_seconds
        return await _next_change(request, services, bank.code, wanted, subscription, until)


@router.get("/holds/{hold_id}", responses={**says(RATE_LIMITED), 200: COUNTED})
async def read_hold(response: Response, services: TheServices, bank: TheBank, hold_id: HoldId) -> FeedHold:
    """Return one hold request in its current state."""
    await take(services.ctx, bank.code, LimitName.FEED_READS, response)
    return await feed.read_hold(services.ctx, bank.code, hold_id)


@router.post(
    "/holds/{hold_id}/acknowledge",
    name="acknowledge_hold",
    openapi_extra=takes(Acknowledge),
    responses={**says(RATE_LIMITED, HOLD_OVER), 200: COUNTED},
)
async def acknowledge(
    request: Request, response: Response, services: TheServices, bank: TheBank, hold_id: HoldId
) -> Acknowledged:
    """Acknowledge that the bank has the hold request. A repeated call gives the same receipt.

    A request that ended without an acknowledgement is refused with `hold-over`.
    """
    await take(services.ctx, bank.code, LimitName.ACKNOWLEDGES, response)
    await keep_evidence(services, request, bank)
    body_of(bank, Acknowledge)
    try:
        return await feed.acknowledge(services.ctx, bank.code, hold_id)
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
    services: TheServices,
    bank: TheBank,
    hold_id: HoldId,
    idempotency_key: Key = None,
) -> AnswerTaken:
    """Take the bank's answer about all or some hops of the hold request.

    The same body again gets the same reply.
    """
    await take(services.ctx, bank.code, LimitName.ANSWERS, response)
    await keep_evidence(services, request, bank)
    stated = body_of(bank, BankAnswer)
    try:
        taken, follow_up = await feed.take_answer(services.ctx, bank.code, hold_id, stated, idempotency_key)
    except NotItsHop as error:
        violation = Violation(f"lines[{error.line_index}].hop", "is no hop of this hold", error.hop_no)
        raise Refused(INVALID, violations=[violation]) from None
    if follow_up is not None:
        services.notifier.soon(follow_up)
    return taken


@router.post(
    "/holds/{hold_id}/release-confirm",
    status_code=204,
    openapi_extra=takes(ReleaseConfirm),
    responses={**says(RATE_LIMITED, NO_RELEASE_ORDER), 204: COUNTED},
)
async def confirm_release(
    request: Request, response: Response, services: TheServices, bank: TheBank, hold_id: HoldId
) -> None:
    """Confirm that the bank released everything that release orders name of this hold.

    Without a release order the call is refused with `no-release-order`.
    """
    await take(services.ctx, bank.code, LimitName.ACKNOWLEDGES, response)
    await keep_evidence(services, request, bank)
    body_of(bank, ReleaseConfirm)
    try:
        await bank_replies.confirm_release(services.ctx, bank.code, hold_id)
    except NoReleaseOrder as error:
        raise Refused(NO_RELEASE_ORDER, error) from None


@router.get("/policies")
async def read_policies(services: TheServices, bank: TheBank) -> Policies:
    """Return the bank's rate limits and the calls left. This call is not counted."""
    return await policies_of(services.ctx, bank.code)


async def _next_change(
    request: Request, services: Services, code: str, wanted: Wanted, subscription: Subscription, until: float
) -> FeedPage:
    """Return the first page with a new hold request or a newly waiting order, or the empty page at `until`.

    The empty page is also returned if the caller disconnects or this process stops.
    """
    orders_before: int | None = None
    while True:
        page = await feed.read_feed(services.ctx, code, wanted)
        if orders_before is not None and page.orders_waiting > orders_before:
            return page
        orders_before = page.orders_waiting
        reread_at = min(until, time.monotonic() + REREAD_SECONDS)
        if page.items or services.bank_hub.closing or time.monotonic() >= until:
            return page
        while (left := reread_at - time.monotonic()) > 0:
            if await subscription.woken(min(left, DISCONNECT_CHECK_SECONDS)):
                break
            if await request.is_disconnected():
                return page
