"""The FastAPI application: its routes and its ASGI edge. Rules are decided in other rooms."""

from fastapi import FastAPI

from activities.banks.reply_links import PATH as REPLY_PATH
from api import documents as case_documents
from api import evidence, holds, intake, notifications, ops, police, reconciliation
from api.bank_gateway import debit_inquiries, feed, i4c, liens
from api.bank_gateway import documents as bank_documents
from api.bank_gateway import grievances as bank_grievances
from api.bank_gateway import orders as bank_orders
from api.cases import accounts, cases, desk_actions, events, tasks
from api.description import Described, operation_id
from api.edge import Edge
from api.grievances import appeal_page, grievances, officers
from api.orders import orders
from api.orders.pages import OrderPages
from api.problems import add_handlers
from api.reply_pages import FORM_BODY_MAX_BYTES
from api.reporting import outcomes, scorecards
from api.restoration import credit_accounts, payer_decisions, restorations, withdrawals
from api.services import Services
from api.tracing import discrepancies, payer_inquiries
from api.tracing.answer_pages import AnswerPages

BODY_LIMITS_BYTES = {
    intake.PATH: intake.BODY_MAX_BYTES,
    i4c.STATUS_UPDATE_PATH: i4c.STATUS_UPDATE_MAX_BYTES,
    REPLY_PATH: FORM_BODY_MAX_BYTES,
    feed.HOLDS_PATH: feed.ANSWER_MAX_BYTES,
    debit_inquiries.DEBIT_INQUIRIES_PATH: debit_inquiries.ANSWER_MAX_BYTES,
    liens.LIENS_PATH: liens.PAGE_MAX_BYTES,
    bank_orders.ORDERS_PATH: bank_orders.CONFIRMATION_MAX_BYTES,
    police.COURT_ORDERS: police.DOCUMENT_BODY_MAX_BYTES,
    police.FIRS: police.DOCUMENT_BODY_MAX_BYTES,
    police.FIR_COPIES: police.DOCUMENT_BODY_MAX_BYTES,
    police.ORDER_COPIES: police.DOCUMENT_BODY_MAX_BYTES,
}


def create_app(services: Services) -> FastAPI:
    """Return the application over `services`. The caller ends their streams when it stops."""
    app = Described(
        title="goldenhour",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
    )
    app.state.services = services
    for resource in (
        intake,
        cases,
        discrepancies,
        payer_inquiries,
        accounts,
        events,
        desk_actions,
        tasks,
        scorecards,
        reconciliation,
    ):
        app.include_router(resource.router)
    # The outcomes come before the restorations, because else `figures` would be read as the id of a restoration.
    for resource in (outcomes, restorations, credit_accounts, payer_decisions, withdrawals, case_documents):
        app.include_router(resource.router)
    for resource in (police, notifications):
        app.include_router(resource.router)
    app.include_router(police.wide_router)
    for resource in (orders, bank_orders, bank_documents):
        app.include_router(resource.router)
    for resource in (holds, grievances, officers, bank_grievances, appeal_page):
        app.include_router(resource.router)
    app.include_router(evidence.router)
    for resource in (i4c, feed, debit_inquiries, liens, ops):
        app.include_router(resource.router)
    for pages in (AnswerPages(services), OrderPages(services)):
        app.include_router(pages.router())
    add_handlers(app)
    app.add_middleware(Edge, limits=BODY_LIMITS_BYTES, body_seconds=services.ctx.policy.doors.body_seconds)
    return app
