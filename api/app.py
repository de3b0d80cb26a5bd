"""The application: its routes, its edge, and nothing decided."""

from fastapi import FastAPI

from activities.reporting.outcomes import HomeWatch
from activities.reporting.scorecards import ScoreWatch
from activities.tracing.answer_links import PATH as ANSWER_PATH
from api import (
    accounts,
    answer_pages,
    appeals,
    bank_feed,
    bank_grievances,
    bank_liens,
    bank_orders,
    bank_papers,
    banking,
    cases,
    complaints,
    contradictions,
    credit_accounts,
    desk,
    events,
    evidence,
    grievance_officers,
    grievances,
    holds,
    home_figures,
    messages,
    ops,
    order_pages,
    orders,
    papers,
    police,
    reconciliation,
    restorations,
    scorecards,
    verbs,
)
from api.answer_pages import AnswerDoor
from api.appeals import AppealGate
from api.bank_auth import BankDoor
from api.description import Described, operation_id
from api.edge import Edge
from api.evidence import PackingRoom
from api.home_figures import CountingRoom
from api.logins import BankLogins
from api.ops import Stock
from api.parts import Parts
from api.problems import add_handlers
from api.scorecards import ReadingRoom
from api.streams import EventHub
from api.tokens import Tokens
from db.bank_gateway import CHANGED

BODY_LIMITS_BYTES = {
    complaints.PATH: complaints.BODY_MAX_BYTES,
    banking.STATUS_UPDATE_PATH: banking.STATUS_UPDATE_MAX_BYTES,
    ANSWER_PATH: answer_pages.FORM_BODY_MAX_BYTES,
    bank_feed.HOLDS_PATH: bank_feed.ANSWER_MAX_BYTES,
    bank_liens.LIENS_PATH: bank_liens.PAGE_MAX_BYTES,
    bank_orders.ORDERS_PATH: bank_orders.CONFIRMATION_MAX_BYTES,
    police.COURT_ORDERS: police.DOCUMENT_BODY_MAX_BYTES,
    police.FIRS: police.DOCUMENT_BODY_MAX_BYTES,
    police.FIR_COPIES: police.DOCUMENT_BODY_MAX_BYTES,
    police.ORDER_COPIES: police.DOCUMENT_BODY_MAX_BYTES,
}


def create_app(parts: Parts) -> FastAPI:
    """The application over `parts`. Whoever made it closes `app.state.hub` and `app.state.bank_hub` when it stops."""
    app = Described(
        title="goldenhour",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
    )
    app.state.parts = parts
    app.state.tokens = Tokens(parts.vault)
    app.state.hub = EventHub(parts.hands.pool)
    app.state.bank_hub = EventHub(parts.hands.pool, CHANGED)
    app.state.bank_door = BankDoor(parts.hands, app.state.tokens, parts.public_url)
    app.state.logins = BankLogins(parts.hands, parts.vault)
    app.state.answer_door = AnswerDoor(parts)
    app.state.appeal_gate = AppealGate(parts)
    app.state.packing_room = PackingRoom()
    app.state.stock = Stock()
    app.state.reading_room = ReadingRoom(parts.hands)
    app.state.score_watch = ScoreWatch(parts.hands)
    app.state.counting_room = CountingRoom(parts.hands)
    app.state.home_watch = HomeWatch(parts.hands)
    for resource in (complaints, cases, contradictions, accounts, events, verbs, desk, scorecards, reconciliation):
        app.include_router(resource.router)
    # Before the restorations: `figures` is the id of none.
    for resource in (home_figures, restorations, credit_accounts, papers, police, messages):
        app.include_router(resource.router)
    app.include_router(police.wide_router)
    for resource in (orders, bank_orders, bank_papers, order_pages):
        app.include_router(resource.router)
    for resource in (holds, grievances, grievance_officers, bank_grievances, appeals):
        app.include_router(resource.router)
    app.include_router(evidence.router)
    for resource in (banking, bank_feed, bank_liens, answer_pages, ops):
        app.include_router(resource.router)
    add_handlers(app)
    app.add_middleware(Edge, limits=BODY_LIMITS_BYTES, body_seconds=parts.hands.policy.doors.body_seconds)
    return app
