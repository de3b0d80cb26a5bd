"""Cases: lists, one case, the accounts of its trail, and its events."""

import asyncio
import gzip
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, Final

import asyncpg
from fastapi import APIRouter, Header, Query, Request
from fastapi.sse import format_sse_event
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from activities.banks.bodies import line_opener
from activities.case import case_tables
from activities.context import Context
from api.officers.auth import may
from api.officers.caller_streams import CallerWatch, Watched
from api.officers.jurisdiction import check_read, within_of
from api.officers.reads import ReadReason, note_account
from api.officers.tokens import Officer
from api.params import INT32_MAX, INT64_MAX, LIMIT_DEFAULT, AckNo, After, Limit
from api.problems import IN_THE_DESCRIPTION, NOT_FOUND, TOO_MANY, says
from api.reports import TABLE_CONTENT, as_file, wants_file
from api.roles import Action
from api.services import TheServices
from api.streams import EVENT_STREAM, EventHub, StreamResponse, Subscription, send_part
from db.case import answers, case_views, cases, discrepancies, ledger, told_transfers
from db.case import events as event_log
from db.case.cases import case_no_of
from documents.event_texts import sentence
from domain.errors.officers import ReadReasonNeeded
from schemas.case.discrepancies import AccountQuestion, AccountView
from schemas.case.intake import ToldTransferPage
from schemas.case.request_views import (
    AnswerPage,
    CasePage,
    CaseView,
    DiscrepancyPage,
    EventPage,
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
        return await case_views.trail_page(connection, ack_no, after, limit, layer)


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
        return await case_views.request_page(connection, ack_no, after, limit)


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
    entries = tuple(
        TimelineEntry(
            seq=event.seq,
            kind=event.kind,
            at=event.at,
            actor=event.actor,
            text=sentence(event.kind.value, event.data, language, name_of),
        )
        for event in events
    )
    return TimelinePage(case_ack_no=case_no, items=entries, next=entries[-1].seq if more else None)


@cases_router.get("/{ack_no}/discrepancies")
async def read_discrepancies(
    services: TheServices, officer: Reader, ack_no: AckNo, after: After = None, limit: Limit = LIMIT_DEFAULT
) -> DiscrepancyPage:
    """List the discrepancies of a case: claims of banks that do not agree with other claims."""
    async with services.ctx.pool.acquire() as connection:
        return await discrepancies.page(connection, ack_no, after, limit)


accounts_router = APIRouter(prefix="/api/v1/accounts", tags=["accounts"], responses=IN_THE_DESCRIPTION)


@accounts_router.post("/search", name="search_account", responses=says(NOT_FOUND))
async def search(
    request: Request,
    services: TheServices,
    officer: Annotated[Officer, may(Action.READ_BANKS)],
    asked: AccountQuestion,
    reason: ReadReason = None,
) -> AccountView:
    """Return the amounts of every case at one account (in play, held, claimed) and its last known balance.

    The sums count every case. Marked cases that the officer does not read are left out of the list.
    """
    await note_account(request, services, officer, f"{asked.institution}/{asked.account}", reason or "")
    within = await within_of(services, officer, Action.READ_BANKS)
    async with services.ctx.pool.acquire() as connection:
        return await ledger.view(connection, asked, within)


events_router = APIRouter(prefix="/api/v1/cases", tags=["events"], responses=IN_THE_DESCRIPTION)
log = logging.getLogger("goldenhour.api")

KEEP_ALIVE_SECONDS: Final = 15.0
READ_AT_ONCE: Final = 100

Seq = Annotated[int, Query(ge=0, le=INT64_MAX, description="The last `seq` that the caller has.")]
LastEventId = Annotated[
    int | None, Header(ge=0, le=INT64_MAX, description="Last `seq` that the caller got before its stream broke.")
]


@events_router.get(
    "/{ack_no}/events",
    response_model=EventPage,
    responses={
        **says(TOO_MANY),
        200: {
            "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
            "description": "A page, or a stream if the caller accepts one.",
        },
    },
)
async def read_events(
    request: Request,
    services: TheServices,
    officer: Annotated[Officer, may(Action.READ_TRAIL)],
    ack_no: AckNo,
    last_event_id: LastEventId = None,
    after: Seq = 0,
    limit: Limit = LIMIT_DEFAULT,
    reason: ReadReason = None,
) -> Response:
    """Return the events after `after`.

    `Accept: text/event-stream` gives a stream that also has later events. `Last-Event-ID` resumes a stream.
    """
    pool = services.ctx.pool
    if EVENT_STREAM not in request.headers.get("accept", ""):
        async with pool.acquire() as connection:
            page = await event_log.page(connection, ack_no, after, limit)
        return Response(page.model_dump_json(), media_type="application/json")
    async with pool.acquire() as connection:
        case_no = await cases.case_no_of(connection, ack_no)
    await services.case_hub.listening()
    seq = after if last_event_id is None else last_event_id
    may_read = partial(check_read, services, officer, Action.READ_TRAIL, ("ack_no", case_no), reason or "")
    return EventStream(services.case_hub, services.caller_watch, services.ctx, case_no, seq, officer, may_read)


class EventStream(StreamResponse):
    """Stream of events that ends when the caller disconnects or may not read it any more, or this process stops."""

    def __init__(
        self,
        hub: EventHub,
        watch: CallerWatch,
        ctx: Context,
        case_no: str,
        after_seq: int,
        officer: Officer,
        check: Callable[[], Awaitable[bool]],
    ) -> None:
        super().__init__()
        self._hub = hub
        self._watch = watch
        self._ctx = ctx
        self._case_no = case_no
        self._seq = after_seq
        self._officer = officer
        self._check = check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the stream ends."""
        with (
            self._hub.subscribed(self._case_no, self._officer.actor) as subscription,
            self._watch.watched(self._officer, Action.READ_TRAIL.rule.roles, subscription.wake) as watched,
        ):
            await self.stream(scope, receive, send, partial(self._send_events, subscription, watched))

    async def _send_events(self, subscription: Subscription, watched: Watched, send: Send) -> None:
        try:
            await self._follow_the_log(subscription, watched, send)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # The caller connects again with its last id, and then gets the events or a 503.
            log.warning("a stream ended: %s", type(error).__name__)
        except ReadReasonNeeded:
            # The case has another officer now, or is of another district.
            log.info("a stream ended: its caller is not responsible for the case any more")

    async def _follow_the_log(self, subscription: Subscription, watched: Watched, send: Send) -> None:
        while not self._is_over(watched):
            async with self._ctx.pool.acquire() as connection:
                events = await event_log.of_case(connection, self._case_no, self._seq, READ_AT_ONCE)
            if events:
                await self._check()
                self._seq = events[-1].seq
                parts = (
                    format_sse_event(event=event.kind.value, data_str=event.model_dump_json(), id=str(event.seq))
                    for event in events
                )
                await send_part(send, b"".join(parts))
            elif not await subscription.woken(KEEP_ALIVE_SECONDS):
                # The comment keeps the connection open. The loop reads again, because a notification may be lost.
                await send_part(send, format_sse_event(comment="keep-alive"))

    def _is_over(self, watched: Watched) -> bool:
        is_expired = self._ctx.now().timestamp() >= self._officer.expires_at
        return self._hub.closing or watched.is_over or is_expired
