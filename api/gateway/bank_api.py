"""Orders, documents, grievances and reconciliations that a bank's software reads."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from activities.recovery import bank_replies, grievance_decisions
from activities.recovery.cancellations import acknowledge_cancellation
from activities.recovery.confirmations import NotItsLine
from api.gateway.auth import COUNTED, RATE_LIMITED, TheBank, body_of, keep_evidence, take, takes
from api.officers.auth import may
from api.officers.jurisdiction import within_of
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, PAGE_DEFAULT, PDF, After, Cursor, Key, Limit, PageLimit, ReconciliationId
from api.problems import IN_THE_DESCRIPTION, KEY_REUSED, NOT_FOUND, NOT_NOW, Kind, Refused, says
from api.recovery.documents import not_its_line
from api.roles import Action
from api.services import TheServices
from db.gateway import comparisons, lien_standings
from db.recovery import document_register, grievance_views
from domain.errors.recovery import NoDocument, NotCancelled, OrderOver
from domain.policy.callers import LimitName
from schemas.case.answers import Acknowledge
from schemas.gateway.liens import ReconciliationDetail, ReconciliationPage, ReconciliationStatePage
from schemas.identifiers import ACK_NO_PATTERN
from schemas.recovery.due_documents import BankDocumentPage
from schemas.recovery.grievances import BankGrievances, GrievanceDone, GrievanceReport
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
from schemas.text import Code

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


documents_router = APIRouter(prefix="/api/v1/bank/documents", tags=["bank"], responses=IN_THE_DESCRIPTION)

OfCase = Annotated[
    str | None,
    Query(
        alias="case",
        pattern=ACK_NO_PATTERN.pattern,
        description="Only documents of the case with this acknowledgement number.",
    ),
]
DocumentId = Annotated[UUID, Path(description="`document_id` of the document.")]


@documents_router.get("", name="read_bank_documents", responses={**says(RATE_LIMITED), 200: COUNTED})
async def read_documents(
    response: Response,
    services: TheServices,
    bank: TheBank,
    ack_no: OfCase = None,
    limit: PageLimit = PAGE_DEFAULT,
    cursor: Cursor = None,
) -> BankDocumentPage:
    """List the documents that were issued to the bank, the newest first. `digest` is the SHA-256 of the PDF."""
    await take(services.ctx, bank.code, LimitName.FEED_READS, response)
    async with services.ctx.pool.acquire() as connection:
        return await document_register.page_of_bank(connection, bank.code, ack_no, cursor, limit)


@documents_router.get(
    "/{document_id}",
    name="read_bank_document",
    response_class=Response,
    responses={**says(RATE_LIMITED), 200: {**COUNTED, "content": {PDF: {}}}},
)
async def read_document_for_bank(
    response: Response, services: TheServices, bank: TheBank, document_id: DocumentId
) -> Response:
    """Return the PDF of one document, byte for byte as issued."""
    await take(services.ctx, bank.code, LimitName.FEED_READS, response)
    async with services.ctx.pool.acquire() as connection:
        pdf = await document_register.read_of_bank(connection, bank.code, document_id, services.ctx.opens)
    return Response(pdf, headers=dict(response.headers), media_type=PDF)


@documents_router.get(
    "/{document_id}/fir",
    name="read_bank_document_fir",
    response_class=Response,
    responses={**says(RATE_LIMITED), 200: {**COUNTED, "content": {PDF: {}}}},
)
async def read_fir(response: Response, services: TheServices, bank: TheBank, document_id: DocumentId) -> Response:
    """Return the copy of the FIR that belongs to the document. The document states its SHA-256."""
    await take(services.ctx, bank.code, LimitName.FEED_READS, response)
    async with services.ctx.pool.acquire() as connection:
        document = await document_register.fir_of_bank(connection, bank.code, document_id, services.ctx.opens)
    return Response(document, headers=dict(response.headers), media_type=PDF)


grievances_router = APIRouter(prefix="/api/v1/bank/grievances", tags=["bank"], responses=IN_THE_DESCRIPTION)


@grievances_router.get("", responses={**says(RATE_LIMITED), 200: COUNTED})
async def read_grievances_of_bank(
    response: Response,
    services: TheServices,
    bank: TheBank,
    limit: PageLimit = PAGE_DEFAULT,
    cursor: Cursor = None,
) -> BankGrievances:
    """List the grievances that wait for the bank's report about its customer, the oldest first."""
    await take(services.ctx, bank.code, LimitName.FEED_READS, response)
    async with services.ctx.pool.acquire() as connection:
        return await grievance_views.of_bank(connection, bank.code, cursor, limit, services.ctx.persons.open_stored)


@grievances_router.post(
    "/{grievance_id}/report",
    openapi_extra=takes(GrievanceReport),
    responses={**says(RATE_LIMITED, NOT_NOW), 200: COUNTED},
)
async def report_on_grievance(
    request: Request, response: Response, services: TheServices, bank: TheBank, grievance_id: UUID
) -> GrievanceDone:
    """Take the bank's report about its customer. The investigating officer decides next.

    A repeated report counts once.
    """
    await take(services.ctx, bank.code, LimitName.ANSWERS, response)
    await keep_evidence(services, request, bank)
    stated = body_of(bank, GrievanceReport)
    actor = f"bank:{bank.code}"
    return await grievance_decisions.report(services.ctx, grievance_id, stated, actor, institution=bank.code)


reconciliation_router = APIRouter(
    prefix="/api/v1/reconciliations", tags=["reconciliations"], responses=IN_THE_DESCRIPTION
)

Reader = Annotated[Officer, may(Action.READ_BANKS)]


@reconciliation_router.get("")
async def read_reconciliations(
    services: TheServices,
    officer: Reader,
    institution: Annotated[Code | None, Query(description="Only this institution.")] = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> ReconciliationPage:
    """List comparisons of banks' lists with the ledger, the newest last."""
    async with services.ctx.pool.acquire() as connection:
        return await comparisons.page(connection, institution, after, limit)


@reconciliation_router.get("/by-institution")
async def read_standings(
    services: TheServices, officer: Reader, after: After = None, limit: Limit = LIMIT_DEFAULT
) -> ReconciliationStatePage:
    """List each institution that was asked for a list or sent one: last request, last list, differences."""
    async with services.ctx.pool.acquire() as connection, connection.transaction(readonly=True):
        return await lien_standings.page(connection, after, limit)


@reconciliation_router.get("/{reconciliation_id}")
async def read_reconciliation(
    services: TheServices, officer: Reader, reconciliation_id: ReconciliationId
) -> ReconciliationDetail:
    """Return one comparison, with every row that differs and every lien that is missing from the list.

    Marked cases that the officer does not read are left out.
    """
    within = await within_of(services, officer, Action.READ_BANKS)
    async with services.ctx.pool.acquire() as connection, connection.transaction(readonly=True):
        return await comparisons.get(connection, reconciliation_id, within)
