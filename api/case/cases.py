"""Reading cases: the list of cases, and all views of one case."""

import asyncio
import gzip
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from activities.banks.bodies import line_opener
from activities.case import case_tables
from api.officers.auth import may
from api.officers.jurisdiction import within_of
from api.officers.tokens import Officer
from api.params import INT32_MAX, INT64_MAX, LIMIT_DEFAULT, AckNo, After, Limit
from api.problems import IN_THE_DESCRIPTION
from api.reports import TABLE_CONTENT, as_file, wants_file
from api.roles import Action
from api.services import TheServices
from db.case import answers, case_views, discrepancies, ledger, request_views, told_transfers, trail_views
from db.case import events as event_log
from db.case.cases import case_no_of
from documents.event_texts import sentence
from schemas.case.intake import ToldTransferPage
from schemas.case.request_views import (
    AnswerPage,
    CasePage,
    CaseView,
    DiscrepancyPage,
    LedgerView,
    RequestPage,
    TimelineEntry,
    TimelinePage,
    TrailView,
)
from schemas.case.trail_layout import LEGS_DEFAULT, LEGS_MAX, TrailDetail, TrailLayoutView
from schemas.enums import CaseState, Language

cases_router = APIRouter(prefix="/api/v1/cases", tags=["cases"], responses=IN_THE_DESCRIPTION)

Reader = Annotated[Officer, may(Action.READ_TRAIL)]
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": TABLE_CONTENT, "description": "A page, or every row if the caller accepts CSV or a workbook."}
}


@cases_router.get("")
async def list_cases(
    services: TheServices,
    officer: Reader,
    state: Annotated[CaseState | None, Query()] = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> CasePage:
    """List cases, the newest first. Marked cases that the officer does not read are left out."""
    within = await within_of(services, officer, Action.READ_TRAIL)
    async with services.ctx.pool.acquire() as connection:
        return await case_views.page(connection, state, after, limit, within)


@cases_router.get("/{ack_no}")
async def read_case(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_CASE)], ack_no: AckNo
) -> CaseView:
    """Return a case by any of its numbers: state, bucket of every rupee, and durations."""
    within = await within_of(services, officer, Action.READ_CASE)
    async with services.ctx.pool.acquire() as connection:
        return await case_views.get(connection, ack_no, within)


@cases_router.get("/{ack_no}/trail", response_model=TrailView, responses=_RESPONSES)
async def read_trail(
    request: Request,
    services: TheServices,
    officer: Reader,
    ack_no: AckNo,
    layer: Annotated[int | None, Query(ge=1, le=INT32_MAX, description="Only the hops of this layer.")] = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> TrailView | Response:
    """Return the money trail, with hops as edges and accounts as nodes."""
    if wants_file(request):
        async with services.table_jobs.place(officer.actor):
            rows = await case_tables.hop_table(services.ctx, ack_no, layer)
            return await as_file(request, rows, f"transfers-{ack_no}")
    async with services.ctx.pool.acquire() as connection:
        return await trail_views.trail_page(connection, ack_no, after, limit, layer)


@cases_router.get("/{ack_no}/trail/layout", response_model=TrailLayoutView)
async def read_trail_layout(
    request: Request,
    services: TheServices,
    officer: Reader,
    ack_no: AckNo,
    detail: Annotated[TrailDetail, Query(description="What one bar stands for.")] = TrailDetail.ACCOUNT,
    legs: Annotated[
        int, Query(ge=1, le=LEGS_MAX, description="Ribbons of a layer above which its smallest bars are one bar.")
    ] = LEGS_DEFAULT,
) -> Response:
    """Return the money trail as a picture: layers of bars, with ribbons by rupees between them.

    The buckets say where the money of a ribbon is now. The same hops are in the pages of the trail. A bar's `node_id`
    is its layer, a colon, and the `node_id` of its account there.
    """
    async with services.ctx.pool.acquire() as connection:
        case_no = await case_no_of(connection, ack_no)
    body = await services.trail_cache.body(case_no, detail, legs)
    headers = {"Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    else:
        body = await asyncio.to_thread(gzip.decompress, body)
    return Response(body, headers=headers, media_type="application/json")


@cases_router.get("/{ack_no}/told-transfers")
async def read_told_transfers(
    services: TheServices, officer: Reader, ack_no: AckNo, after: After = None, limit: Limit = LIMIT_DEFAULT
) -> ToldTransferPage:
    """List the transfers as each complaint of the case states them, with what differs from the case."""
    async with services.ctx.pool.acquire() as connection:
        return await told_transfers.page(connection, ack_no, after, limit)


@cases_router.get("/{ack_no}/ledger")
async def read_ledger(
    services: TheServices, officer: Reader, ack_no: AckNo, after: After = None, limit: Limit = LIMIT_DEFAULT
) -> LedgerView:
    """Return the postings with their entries, and the present buckets of their hops."""
    async with services.ctx.pool.acquire() as connection:
        return await ledger.page(connection, ack_no, after, limit)


@cases_router.get("/{ack_no}/requests")
async def read_requests(
    services: TheServices, officer: Reader, ack_no: AckNo, after: After = None, limit: Limit = LIMIT_DEFAULT
) -> RequestPage:
    """List the hold requests, by batch and institution."""
    async with services.ctx.pool.acquire() as connection:
        return await request_views.request_page(connection, ack_no, after, limit)


@cases_router.get("/{ack_no}/answers")
async def read_answers(
    services: TheServices, officer: Reader, ack_no: AckNo, after: After = None, limit: Limit = LIMIT_DEFAULT
) -> AnswerPage:
    """List every line of every answer, as sent by the bank and as judged. Unknown codes are included."""
    async with services.ctx.pool.acquire() as connection:
        return await answers.page(connection, ack_no, after, limit, line_opener(services.ctx.persons))


@cases_router.get("/{ack_no}/timeline", response_model=TimelinePage, responses=_RESPONSES)
async def read_timeline(
    request: Request,
    services: TheServices,
    officer: Reader,
    ack_no: AckNo,
    before: Annotated[
        int | None, Query(ge=1, le=INT64_MAX, description="Only events with a smaller `seq`; without it the newest.")
    ] = None,
    language: Annotated[Language, Query(description="Language of the sentences.")] = Language.EN,
    limit: Limit = LIMIT_DEFAULT,
) -> TimelinePage | Response:
    """Return the case log as sentences, the newest first. The timeline in an evidence pack has them too.

    A table has at most the newest 20,000 events.
    """
    if wants_file(request):
        async with services.table_jobs.place(officer.actor):
            rows = await case_tables.timeline_table(services.ctx, ack_no, language)
            return await as_file(request, rows, f"timeline-{ack_no}")
    async with services.ctx.pool.acquire() as connection:
        case_no = await case_no_of(connection, ack_no)
        events, more = await event_log.before(connection, case_no, before, limit)
    name_of = services.ctx.directory.current.name_of
    told = tuple(
        TimelineEntry(
            seq=event.seq,
            kind=event.kind,
            at=event.at,
            actor=event.actor,
            text=sentence(event.kind.value, event.data, language, name_of),
        )
        for event in events
    )
    return TimelinePage(case_ack_no=case_no, items=told, next=told[-1].seq if more else None)


@cases_router.get("/{ack_no}/discrepancies")
async def read_discrepancies(
    services: TheServices, officer: Reader, ack_no: AckNo, after: After = None, limit: Limit = LIMIT_DEFAULT
) -> DiscrepancyPage:
    """List the discrepancies of a case: claims of banks that do not agree with other claims."""
    async with services.ctx.pool.acquire() as connection:
        return await discrepancies.page(connection, ack_no, after, limit)
