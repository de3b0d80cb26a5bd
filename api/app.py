"""The FastAPI application: its routes and its ASGI edge. Rules are decided in other rooms."""

from collections.abc import Callable, Iterator
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Route

from activities.case.reply_links import PATH as REPLY_PATH
from activities.officers.enrolment import FIRST_PATH, SIGN_IN_PATH
from api import console, ops
from api.banks import administration, banks
from api.case import cases, desk_actions, intake
from api.description import Described, operation_id
from api.edge import Edge
from api.evidence import evidence
from api.gateway import (
    bank_api,
    debit_inquiries,
    feed,
    i4c,
    inbox,
    inbox_answers,
    inbox_checks,
    inbox_keys,
    inbox_orders,
    inbox_people,
    inbox_statements,
    inbox_table,
    liens,
)
from api.gateway import bank_api as bank_documents
from api.gateway import bank_api as bank_grievances
from api.gateway import bank_api as bank_orders
from api.gateway.answer_pages import AnswerPages
from api.gateway.inbox_pages import INBOX_BODY_MAX_BYTES
from api.gateway.reply_pages import FORM_BODY_MAX_BYTES, OrderPages
from api.officers import displays, first_pages, officer_routes, policy, readers, session_routes, sign_in_pages
from api.officers.callers import DESCRIPTION_PATH, DISPLAY_PATH, SIGN_IN_API_PATH
from api.parts import Part
from api.people import complaint_opening, complaint_sending, complaint_steps, doors, drafts, victims
from api.people.my_case_pages import MyCasePages
from api.problems import INBOX_PATH, Elsewhere, add_handlers
from api.recovery import (
    appeal_page,
    case_merges,
    documents,
    grievances,
    holds,
    notifications,
    police,
    restorations,
    withdrawals,
)
from api.recovery import documents as case_documents
from api.recovery.case_merges import CreditAccountPage
from api.reporting import outcomes, scorecards, search, stage_figures, stream, wall
from api.route_errors import RouteSearch
from api.services import Services
from api.work_items import task_owners, tasks

BODY_LIMITS_BYTES = {
    intake.PATH: intake.BODY_MAX_BYTES,
    drafts.PATH: intake.BODY_MAX_BYTES,
    f"{drafts.PATH}/": intake.BODY_MAX_BYTES,
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
    restorations.WAIVERS: police.DOCUMENT_BODY_MAX_BYTES,
    SIGN_IN_API_PATH: session_routes.SIGN_IN_BODY_MAX_BYTES,
    f"{SIGN_IN_API_PATH}/": session_routes.SIGN_IN_BODY_MAX_BYTES,
    f"{INBOX_PATH}/": INBOX_BODY_MAX_BYTES,
    DISPLAY_PATH: displays.PLACE_BODY_MAX_BYTES,
    SIGN_IN_PATH: session_routes.SIGN_IN_BODY_MAX_BYTES,
    FIRST_PATH: session_routes.SIGN_IN_BODY_MAX_BYTES,
}

ROUTERS: Final[tuple[tuple[Part | None, APIRouter], ...]] = (
    (Part.INTAKE, intake.router),
    (Part.INTAKE, drafts.router),
    (Part.INTAKE, drafts.calls_router),
    (Part.OFFICERS, cases.cases_router),
    (Part.OFFICERS, desk_actions.discrepancies_router),
    (Part.OFFICERS, desk_actions.payer_inquiries_router),
    (Part.OFFICERS, search.router),
    (Part.OFFICERS, desk_actions.telephone_answers_router),
    (Part.OFFICERS, cases.accounts_router),
    (Part.OFFICERS, victims.victims_router),
    (Part.OFFICERS, victims.case_router),
    (Part.OFFICERS, victims.corrections_router),
    (Part.OFFICERS, victims.stories_router),
    (Part.OFFICERS, victims.quality_router),
    (Part.OFFICERS, cases.events_router),
    (Part.OFFICERS, desk_actions.desk_actions_router),
    (Part.OFFICERS, tasks.tasks_router),
    (Part.OFFICERS, task_owners.router),
    (Part.OFFICERS, stream.router),
    (Part.OFFICERS, tasks.task_notices_router),
    (Part.OFFICERS, tasks.admin_router),
    (Part.OFFICERS, tasks.shift_handovers_router),
    (Part.OFFICERS, readers.router),
    (Part.OFFICERS, scorecards.router),
    (Part.OFFICERS, stage_figures.stage_figures_router),
    (Part.OFFICERS, stage_figures.money_cases_router),
    (Part.OFFICERS, stage_figures.treatment_figures_router),
    (Part.OFFICERS, wall.router),
    (Part.OFFICERS, bank_api.reconciliation_router),
    # The outcomes come before the restorations, because else `figures` would be read as the id of a restoration.
    (Part.OFFICERS, outcomes.router),
    (Part.OFFICERS, restorations.router),
    (Part.OFFICERS, case_merges.court_day_router),
    (Part.OFFICERS, case_merges.credit_accounts_router),
    (Part.OFFICERS, holds.payer_decisions_router),
    (Part.OFFICERS, withdrawals.router),
    (Part.OFFICERS, case_merges.case_merges_router),
    (Part.OFFICERS, case_documents.documents_router),
    (Part.OFFICERS, police.router),
    (Part.OFFICERS, notifications.router),
    (Part.OFFICERS, police.wide_router),
    (Part.OFFICERS, documents.orders_router),
    (Part.INTAKE, bank_orders.orders_router),
    (Part.INTAKE, bank_documents.documents_router),
    (Part.OFFICERS, holds.holds_router),
    (Part.OFFICERS, holds.release_brake_router),
    (Part.OFFICERS, grievances.grievances_router),
    (Part.OFFICERS, grievances.grievance_officers_router),
    (Part.INTAKE, bank_grievances.grievances_router),
    (Part.OFFICERS, appeal_page.router),
    (Part.OFFICERS, evidence.router),
    (Part.OFFICERS, session_routes.router),
    (Part.OFFICERS, sign_in_pages.router),
    (Part.OFFICERS, first_pages.router),
    (Part.OFFICERS, console.router),
    (Part.OFFICERS, displays.router),
    (Part.OFFICERS, officer_routes.router),
    (Part.OFFICERS, administration.router),
    (Part.OFFICERS, banks.router),
    (Part.OFFICERS, policy.router),
    (Part.INTAKE, i4c.router),
    (Part.INTAKE, feed.router),
    (Part.INTAKE, debit_inquiries.router),
    (Part.INTAKE, liens.router),
    (Part.OFFICERS, complaint_steps.router),
    # Its last path takes every name, so the questions come before it.
    (Part.OFFICERS, complaint_sending.router),
    (Part.OFFICERS, complaint_opening.router),
    (Part.OFFICERS, doors.router),
    (None, doors.doors_router),
    (Part.INTAKE, inbox.router),
    (Part.INTAKE, inbox_answers.router),
    (Part.INTAKE, inbox_statements.router),
    (Part.INTAKE, inbox_table.router),
    (Part.INTAKE, inbox_orders.router),
    (Part.INTAKE, inbox_keys.router),
    (Part.INTAKE, inbox_people.inbox_logins_router),
    (Part.INTAKE, inbox_checks.router),
    (Part.INTAKE, inbox_people.inbox_people_router),
    (Part.INTAKE, inbox_people.inbox_tests_router),
    (None, ops.router),
)
"""Routers, each with the part that serves it; both parts serve a router without a part. The description of the API
names the routes in this order."""
PAGES: Final[tuple[Callable[[Services], APIRouter], ...]] = (
    lambda services: AnswerPages(services).router(),
    lambda services: OrderPages(services).router(),
    lambda services: CreditAccountPage(services).router(),
    lambda services: MyCasePages(services).router(),
)
"""makers of the routers of pages, which the officers process serves"""


def create_app(services: Services, part: Part | None = None) -> FastAPI:
    """Return the application over `services`. The caller ends their streams when it stops.

    A process serves one part. Without `part` the application has the routes of both, for tests and for the description
    of the API, which is one for both.
    """
    app = Described(
        title="goldenhour",
        version="1",
        openapi_url=None if part is Part.INTAKE else DESCRIPTION_PATH,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
    )
    app.state.services = services
    app.router.routes.append(RouteSearch(app.router.routes))
    for router in _routers(services, part):
        app.include_router(router)
    if part is None:
        app.parts = {
            route.name: its for its in Part for route in _routes_of(services, its) if isinstance(route, APIRoute)
        }
    else:
        app.whole = lambda: create_app(services)
        app.state.elsewhere = Elsewhere(part.other, tuple(_routes_of(services, part.other)))
    add_handlers(app)
    app.add_middleware(Edge, services=services, part=part, limits=BODY_LIMITS_BYTES)
    return app


def _routes_of(services: Services, part: Part) -> Iterator[BaseRoute]:
    """Yield the routes that only this part serves. They are for matching."""
    shared = {id(router) for served_by, router in ROUTERS if served_by is None}
    for router in _routers(services, part):
        if id(router) not in shared:
            yield from router.routes
    if part is Part.OFFICERS:
        yield Route(DESCRIPTION_PATH, endpoint=Described.openapi)


def _routers(services: Services, part: Part | None) -> Iterator[APIRouter]:
    yield from (router for served_by, router in ROUTERS if part in {None, served_by} or served_by is None)
    if part is not Part.INTAKE:
        yield from (pages(services) for pages in PAGES)
