"""The orders to a bank, and the bank's statements on them (docs/explanation/orders.md)."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from activities.recovery import bank_replies
from activities.recovery.cancellations import acknowledge_cancellation
from activities.recovery.confirmations import NotItsLine
from api.gateway.auth import COUNTED, RATE_LIMITED, TheBank, body_of, keep_evidence, take, takes
from api.params import PAGE_DEFAULT, PDF, Cursor, Key, PageLimit
from api.problems import IN_THE_DESCRIPTION, KEY_REUSED, NOT_FOUND, Kind, Refused, says
from api.recovery.orders import not_its_line
from api.services import TheServices
from domain.errors.recovery import NoDocument, NotCancelled, OrderOver
from domain.policy.callers import LimitName
from schemas.case.answers import Acknowledge
from schemas.recovery.orders import (
    BankOrder,
    BankOrderPage,
    CancellationAcknowledged,
    ConfirmationTaken,
    OrderAcknowledged,
    OrderConfirmation,
    OrderRefusal,
    OrderRefused,
)
from schemas.restoration_enums import OrderState

orders_router = APIRouter(prefix="/api/v1/bank/orders", tags=["bank"], responses=IN_THE_DESCRIPTION)

ORDERS_PATH: Final = "/api/v1/bank/orders/"
CONFIRMATION_MAX_BYTES: Final = 512 * 1024

ORDER_OVER: Final = Kind("order-over", 409, "The order is confirmed or cancelled")
NO_DOCUMENT: Final = Kind("no-document", 409, "No document was issued with the order")

OrderId = Annotated[UUID, Path(description="`order_id` of the order.")]
NOT_CANCELLED: Final = Kind("not-cancelled", 409, "The order is not cancelled")

State = Annotated[OrderState | None, Query(description="Only orders in this state.")]
Waiting = Annotated[
    bool, Query(description="Only orders that wait for the bank: orders to carry out, and cancelled ones.")
]


@orders_router.get("", name="read_bank_orders", responses={**says(RATE_LIMITED), 200: COUNTED})
async def read_orders(
    response: Response,
    services: TheServices,
    bank: TheBank,
    state: State = None,
    waiting: Waiting = False,
    limit: PageLimit = PAGE_DEFAULT,
    cursor: Cursor = None,
) -> BankOrderPage:
    """List the orders to the bank in their current state, the oldest first."""
    await take(services.ctx, bank.code, LimitName.FEED_READS, response)
    return await bank_replies.read_orders(services.ctx, bank.code, limit, cursor, state, waiting=waiting)


@orders_router.get("/{order_id}", name="read_bank_order", responses={**says(RATE_LIMITED), 200: COUNTED})
async def read_order(response: Response, services: TheServices, bank: TheBank, order_id: OrderId) -> BankOrder:
    """Return one order in its current state."""
    await take(services.ctx, bank.code, LimitName.FEED_READS, response)
    return await bank_replies.read_order(services.ctx, bank.code, order_id)


@orders_router.get(
    "/{order_id}/document",
    name="read_document_of_bank_order",
    response_class=Response,
    responses={**says(RATE_LIMITED, NO_DOCUMENT), 200: {**COUNTED, "content": {PDF: {}}}},
)
async def read_document(response: Response, services: TheServices, bank: TheBank, order_id: OrderId) -> Response:
    """Return the document of the order as a PDF."""
    await take(services.ctx, bank.code, LimitName.FEED_READS, response)
    try:
        pdf = await bank_replies.read_document(services.ctx, bank.code, order_id)
    except NoDocument as error:
        raise Refused(NO_DOCUMENT, error) from None
    return Response(pdf, headers=dict(response.headers), media_type=PDF)


@orders_router.post(
    "/{order_id}/acknowledge",
    name="acknowledge_bank_order",
    openapi_extra=takes(Acknowledge),
    responses={**says(RATE_LIMITED, ORDER_OVER, NOT_FOUND), 200: COUNTED},
)
async def acknowledge(
    request: Request, response: Response, services: TheServices, bank: TheBank, order_id: OrderId
) -> OrderAcknowledged:
    """Acknowledge that the bank has the order. A repeated call gives the same receipt.

    An order that ended without an acknowledgement is refused with `order-over`.
    """
    await take(services.ctx, bank.code, LimitName.ACKNOWLEDGES, response)
    await keep_evidence(services, request, bank)
    body_of(bank, Acknowledge)
    try:
        return await bank_replies.acknowledge(services.ctx, bank.code, order_id)
    except OrderOver as error:
        raise Refused(ORDER_OVER, error) from None


@orders_router.post(
    "/{order_id}/acknowledge-cancellation",
    name="acknowledge_cancellation_of_bank_order",
    openapi_extra=takes(Acknowledge),
    responses={**says(RATE_LIMITED, NOT_CANCELLED, NOT_FOUND), 200: COUNTED},
)
async def acknowledge_cancelled(
    request: Request, response: Response, services: TheServices, bank: TheBank, order_id: OrderId
) -> CancellationAcknowledged:
    """Acknowledge that the bank does not carry out a cancelled order. A repeated call gives the same receipt."""
    await take(services.ctx, bank.code, LimitName.ACKNOWLEDGES, response)
    await keep_evidence(services, request, bank)
    body_of(bank, Acknowledge)
    try:
        at = await acknowledge_cancellation(services.ctx, bank.code, order_id)
    except NotCancelled as error:
        raise Refused(NOT_CANCELLED, error) from None
    return CancellationAcknowledged(order_id=order_id, acknowledged_at=at)


@orders_router.post(
    "/{order_id}/confirm",
    name="confirm_bank_order",
    openapi_extra=takes(OrderConfirmation),
    responses={**says(RATE_LIMITED, KEY_REUSED, NOT_FOUND), 200: COUNTED},
)
async def confirm(
    request: Request,
    response: Response,
    services: TheServices,
    bank: TheBank,
    order_id: OrderId,
    idempotency_key: Key = None,
) -> ConfirmationTaken:
    """Take the bank's statement of what it has done under the order, in full or in part.

    The same body again gets the same reply.
    """
    await take(services.ctx, bank.code, LimitName.ANSWERS, response)
    await keep_evidence(services, request, bank)
    statement = body_of(bank, OrderConfirmation)
    try:
        return await bank_replies.confirm(services.ctx, bank.code, order_id, statement, idempotency_key)
    except NotItsLine as error:
        raise not_its_line(error) from None


@orders_router.post(
    "/{order_id}/refuse",
    name="refuse_bank_order",
    openapi_extra=takes(OrderRefusal),
    responses={**says(RATE_LIMITED, ORDER_OVER, NOT_FOUND), 200: COUNTED},
)
async def refuse(
    request: Request, response: Response, services: TheServices, bank: TheBank, order_id: OrderId
) -> OrderRefused:
    """Refuse the order in its present form. A person at the desk checks the reason. A repeated call changes nothing."""
    await take(services.ctx, bank.code, LimitName.ACKNOWLEDGES, response)
    await keep_evidence(services, request, bank)
    refusal = body_of(bank, OrderRefusal)
    try:
        return await bank_replies.refuse(services.ctx, bank.code, order_id, refusal, f"bank:{bank.code}")
    except OrderOver as error:
        raise Refused(ORDER_OVER, error) from None
