"""The case log, as pages or as a stream of server-sent events."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Final

import asyncpg
from fastapi import APIRouter, Header, Query, Request
from fastapi.sse import format_sse_event
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from activities.context import Context
from api.officers.auth import may
from api.officers.caller_streams import CallerWatch, Watched
from api.officers.jurisdiction import check_read
from api.officers.reads import ReadReason
from api.officers.tokens import Officer
from api.params import INT64_MAX, LIMIT_DEFAULT, AckNo, Limit
from api.problems import IN_THE_DESCRIPTION, TOO_MANY, says
from api.roles import Action
from api.services import TheServices
from api.streams import EVENT_STREAM, EventHub, StreamResponse, Subscription, send_part
from db.case import cases
from db.case import events as event_log
from domain.errors.officers import ReadReasonNeeded
from schemas.case.request_views import EventPage

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
