"""Orders to banks: reading them, and the actions of officers on them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from activities.recovery import bank_replies
from activities.recovery.cancellations import record_attestation
from activities.recovery.confirmations import NotItsLine, record_statement
from activities.recovery.orders import cancel_order
from api.officers.auth import may
from api.officers.jurisdiction import within_of
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, AckNoFilter, After, BankFilter, Limit
from api.problems import FOUR_EYES, IN_THE_DESCRIPTION, INVALID, NOT_FOUND, NOT_NOW, Refused, Violation, says
from api.roles import Action
from api.services import TheServices
from db.recovery import order_views
from schemas.recovery.order_views import (
    CancellationAttestationTaken,
    CancellationAttested,
    OrderDecision,
    OrderDone,
    OrderPage,
    OrderView,
    RecordedStatement,
)
from schemas.recovery.orders import OrderConfirmation, RecordedStatementTaken
from schemas.restoration_enums import OrderState

orders_router = APIRouter(prefix="/api/v1/orders", tags=["orders"], responses=IN_THE_DESCRIPTION)

ReaderOfOrders = Annotated[Officer, may(Action.READ_ORDERS)]


@orders_router.get("")
async def list_orders(
    services: TheServices,
    officer: ReaderOfOrders,
    state: Annotated[OrderState | None, Query()] = None,
    overdue: Annotated[bool | None, Query(description="Whether the order is past its deadline and still open.")] = None,
    institution: BankFilter = None,
    ack_no: AckNoFilter = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> OrderPage:
    """List orders to banks, the earliest deadline first."""
    within = await within_of(services, officer, Action.READ_ORDERS, ack_no)
    async with services.ctx.pool.acquire() as connection:
        return await order_views.page(
            connection,
            services.ctx.now(),
            after,
            limit,
            state=state,
            overdue=overdue,
            institution=institution,
            ack_no=ack_no,
            within=within,
        )


@orders_router.get("/{order_id}")
async def read_order(services: TheServices, officer: ReaderOfOrders, order_id: UUID) -> OrderView:
    """Return one order: its lines, delivery attempts, the bank's statements, and its escalation levels."""
    async with (
        services.ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await order_views.get(connection, order_id, services.ctx.now())


@orders_router.post("/{order_id}/send-again", name="send_order_again", responses=says(NOT_NOW, NOT_FOUND))
async def send_again(
    services: TheServices, officer: Annotated[Officer, may(Action.SEND_ORDER)], order_id: UUID, why: OrderDecision
) -> OrderDone:
    """Send an order to the bank again, after the cause of the failure is removed."""
    state = await bank_replies.send_again(services.ctx, order_id, why.reason, officer.actor)
    return OrderDone(order_id=order_id, state=state)


@orders_router.post("/{order_id}/cancel", name="cancel_order", responses=says(NOT_NOW, NOT_FOUND))
async def cancel(
    services: TheServices, officer: Annotated[Officer, may(Action.CANCEL_ORDER)], order_id: UUID, why: OrderDecision
) -> OrderDone:
    """Cancel an order, except for the part that the bank has already carried out."""
    await cancel_order(services.ctx, order_id, why.reason, officer.actor)
    return OrderDone(order_id=order_id, state=OrderState.CANCELLED)


@orders_router.post(
    "/{order_id}/cancellation-told",
    name="attest_cancellation_of_order",
    responses=says(NOT_NOW, FOUR_EYES, NOT_FOUND),
)
async def attest_cancellation(
    services: TheServices,
    officer: Annotated[Officer, may(Action.CANCEL_ORDER)],
    order_id: UUID,
    attested: CancellationAttested,
) -> CancellationAttestationTaken:
    """Attest that the bank was notified of a cancellation. Replacement orders that wait for it are then sent.

    For an order to restore money a second officer attests it too.
    """
    at, waits = await record_attestation(services.ctx, order_id, attested.note, officer.actor)
    return CancellationAttestationTaken(order_id=order_id, acknowledged_at=at, waits_for_second=waits)


@orders_router.post("/{order_id}/confirm", name="write_down_confirmation", responses=says(NOT_FOUND))
async def confirm(
    services: TheServices,
    officer: Annotated[Officer, may(Action.CONFIRM_ORDER)],
    order_id: UUID,
    written: RecordedStatement,
) -> RecordedStatementTaken:
    """Record a bank's statement under an order, made by telephone or letter.

    The statement is booked after a second officer, who may take money out of `held`, has recorded the same.
    """
    statement = OrderConfirmation(lines=written.lines)
    supervises = bool(officer.roles & Action.TAKE_FROM_HELD.rule.roles)
    try:
        return await record_statement(
            services.ctx, order_id, statement, written.note, officer.actor, supervises=supervises
        )
    except NotItsLine as error:
        raise not_its_line(error) from None


def not_its_line(error: NotItsLine) -> Refused:
    """Return the refusal of a statement on a line that the order does not have."""
    violation = Violation(f"lines[{error.index}].line_no", "is no line of this order", error.line_no)
    return Refused(INVALID, violations=[violation])
