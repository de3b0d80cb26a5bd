"""The stream of an officer, and who looks at what."""

import asyncio
import hashlib
from functools import partial
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.officers.auth import may, refuse_unless
from api.officers.caller_streams import Watched
from api.officers.jurisdiction import check_read, within_of
from api.officers.reads import ReadReason, note_case
from api.officers.tokens import Officer
from api.problems import IN_THE_DESCRIPTION, LIMIT_EXCEEDED, NOT_FOUND, TOO_MANY, says
from api.reporting.officer_streams import Asked, OfficerStream
from api.reporting.open_items import View
from api.reporting.stream_events import CASE, Sent, Viewer, encoded
from api.roles import Action
from api.services import Services, TheServices
from api.streams import EVENT_STREAM, StreamResponse, send_part
from db.case import cases
from db.privacy import jurisdiction
from db.work_items import notice_settings, work_item_lines
from domain.errors.case import TooManyCasesFollowed
from domain.work_items.task_owners import acts_of
from schemas.privacy.personal_data import Within
from schemas.work_items.officer_streams import (
    POSITION_PATTERN,
    TOPICS_PATTERN,
    ClockEvent,
    EndEvent,
    LooksAt,
    PresenceNoted,
    ServerClock,
    StreamEnd,
    StreamPage,
    StreamTopic,
)

router = APIRouter(prefix="/api/v1", tags=["desk"], responses=IN_THE_DESCRIPTION)

READ_BY: Final = {
    StreamTopic.QUEUE: Action.READ_TASKS,
    StreamTopic.DRAFTS: Action.READ_DRAFTS,
    StreamTopic.BREACHES: Action.READ_FIGURES,
    StreamTopic.CASE: Action.READ_TASKS,
}
"""the read that shows the same as a topic; a caller needs it too"""

Reader = Annotated[Officer, may(Action.READ_STREAM)]
Topics = Annotated[
    str | None,
    Query(
        pattern=TOPICS_PATTERN,
        description="What the stream carries, with commas between: `queue`, `drafts`, `breaches`, and `case:` with the"
        " number of a case, for several cases. Without it, only the server's time.",
    ),
]
After = Annotated[
    str | None,
    Query(pattern=POSITION_PATTERN, description="Position that the caller has. `Last-Event-ID` comes first."),
]
LastEventId = Annotated[
    str | None,
    Header(pattern=POSITION_PATTERN, description="Last id that the caller got before its stream broke."),
]


@router.get(
    "/stream",
    response_model=StreamPage,
    responses={
        **says(TOO_MANY, NOT_FOUND, LIMIT_EXCEEDED),
        200: {
            "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
            "description": "A stream if the caller accepts one; else what it would begin with.",
        },
    },
)
async def read_stream(
    request: Request,
    services: TheServices,
    officer: Reader,
    topics: Topics = None,
    after: After = None,
    last_event_id: LastEventId = None,
    reason: ReadReason = None,
) -> Response:
    """Follow the officer's queue, drafts, cases and deadlines in one stream of events, each a `StreamEvent`.

    `Accept: text/event-stream` gives a stream. An event has a kind, an id and a version: keep the newest of each kind
    and id. `Last-Event-ID` resumes a stream; a reset event says that it cannot be resumed, so read the lists again.
    """
    wanted = dict.fromkeys((topics or "").split(",")) if topics else {}
    viewer, asked = await _viewer(request, services, officer, tuple(wanted), last_event_id or after, reason or "")
    await services.officer_streams.listening()
    if EVENT_STREAM in request.headers.get("accept", ""):
        return OfficerStreamResponse(services, officer, viewer, asked)
    with services.officer_streams.opened(viewer, asked) as stream:
        sent = await stream.waiting.take(0)
    position = next((event.number for event in reversed(sent) if event.number is not None), 0)
    items = b",".join(event.body for event in sent)
    place = orjson.dumps(services.officer_streams.position(viewer, position))
    return Response(b'{"items":[' + items + b'],"next":' + place + b"}", media_type="application/json")


@router.put("/presence", name="note_presence", responses=says(NOT_FOUND))
async def note_presence(
    services: TheServices, officer: Reader, looked: LooksAt, reason: ReadReason = None
) -> PresenceNoted:
    """Say which cases and work items the officer looks at now.

    Call it again in time, because it counts only a while. Each call replaces the one before of the same session.
    Nothing of it is stored.
    """
    named = str(officer.session_id or officer.token_id)
    session = hashlib.sha256(named.encode()).hexdigest()[:16]
    subjects = [await _looked(services, officer, session, subject, reason or "") for subject in looked.subjects]
    async with services.ctx.pool.acquire() as connection:
        await notice_settings.announce(connection, officer.subject, session, subjects)
    return PresenceNoted(until=services.officer_streams.counts_until())


async def _looked(services: Services, officer: Officer, session: str, subject: str, reason: str) -> str:
    """Return a subject under the case's own number. Raises `RoleNotAllowed`, `ReadReasonNeeded` and `NotFound`."""
    if services.officer_streams.looks(session, subject):
        return subject
    refuse_unless(officer, Action.READ_TASKS)
    kind, _, number = subject.partition(":")
    reference = ("ack_no" if kind == "case" else "task_id", number)
    await check_read(services, officer, Action.READ_TASKS, reference, reason)
    if kind != "case":
        return subject
    async with services.ctx.pool.acquire() as connection:
        return CASE + await cases.case_no_of(connection, number)


async def _viewer(
    request: Request, services: Services, officer: Officer, topics: tuple[str, ...], position: str | None, reason: str
) -> tuple[Viewer, Asked]:
    """Return what the caller may see of the topics. Raises as the reads of the topics do."""
    kinds = {StreamTopic(topic.partition(":")[0]) for topic in topics}
    for kind in kinds:
        refuse_unless(officer, READ_BY[kind])
    numbers = [topic.removeprefix(CASE) for topic in topics if topic.startswith(CASE)]
    followed = await _followed(request, services, officer, numbers, reason)
    log_ends: dict[str, int] = {}
    within = figures_within = districts = None
    if kinds & {StreamTopic.QUEUE, StreamTopic.CASE}:
        within = await within_of(services, officer, Action.READ_TASKS)
    if StreamTopic.BREACHES in kinds:
        figures_within = await within_of(services, officer, Action.READ_FIGURES)
    async with services.ctx.pool.acquire() as connection:
        if within is not None or figures_within is not None:
            districts = frozenset(await jurisdiction.districts_of(connection, officer.subject))
        if followed:
            log_ends = await work_item_lines.log_ends(connection, [number for number, _ in followed.values()])
    viewer = Viewer(
        officer_id=officer.subject,
        view=View(acts_of(officer.roles), within),
        queue=StreamTopic.QUEUE in kinds,
        drafts=StreamTopic.DRAFTS in kinds,
        breaches=StreamTopic.BREACHES in kinds,
        figures_within=figures_within,
        cases=frozenset(case_no for case_no, _ in followed.values()),
        outside=frozenset(case_no for case_no, outside in followed.values() if outside),
        districts=districts,
        rights=_mark(officer, within, figures_within),
    )
    own = tuple(
        CASE + followed[number][0] if (number := topic.removeprefix(CASE)) in followed else topic for topic in topics
    )
    return viewer, Asked(own, position, log_ends)


async def _followed(
    request: Request, services: Services, officer: Officer, numbers: list[str], reason: str
) -> dict[str, tuple[str, bool]]:
    """Return of each number the case, and whether the caller reads it with a reason. The read log has each."""
    most = services.ctx.policy.officer_streams.cases_max
    if len(numbers) > most:
        raise TooManyCasesFollowed(most)
    followed: dict[str, tuple[str, bool]] = {}
    for ack_no in numbers:
        outside = await check_read(services, officer, Action.READ_TASKS, ("ack_no", ack_no), reason)
        async with services.ctx.pool.acquire() as connection:
            case_no = await cases.case_no_of(connection, ack_no)
        await note_case(request, services, officer, ack_no, reason, outside=outside)
        followed[ack_no] = case_no, outside
    return followed


def _mark(officer: Officer, *within: Within | None) -> str:
    """Return a mark of the rights of a caller."""
    rights = [sorted(officer.roles), *(reach and [reach.officer_id, *sorted(reach.districts)] for reach in within)]
    return hashlib.sha256(orjson.dumps([officer.subject, rights])).hexdigest()[:8]


class OfficerStreamResponse(StreamResponse):
    """The stream of an officer, until the caller goes, or may not read it any more, or is too slow."""

    def __init__(self, services: Services, officer: Officer, viewer: Viewer, asked: Asked) -> None:
        super().__init__()
        self._services = services
        self._officer = officer
        self._viewer = viewer
        self._asked = asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the stream ends."""
        allowed, services = Action.READ_STREAM.rule.roles, self._services
        with (
            services.officer_streams.opened(self._viewer, self._asked) as stream,
            services.caller_watch.watched(self._officer, allowed, stream.waiting.wake) as watched,
        ):
            await self.stream(scope, receive, send, partial(self._send_events, stream, watched))

    async def _send_events(self, stream: OfficerStream, watched: Watched, send: Send) -> None:
        loop = asyncio.get_running_loop()
        clock_seconds = self._services.ctx.policy.officer_streams.clock_seconds
        clock_at = loop.time() + clock_seconds
        while (why := self._ended_as(stream, watched)) is None:
            parts = [self._part(event) for event in await stream.waiting.take(max(0.0, clock_at - loop.time()))]
            if loop.time() >= clock_at:
                clock_at = loop.time() + clock_seconds
                parts.append(self._clock())
            if parts:
                await send_part(send, b"".join(parts))
        await send_part(send, _event("end", encoded(EndEvent(id="", version=0, data=why))))

    def _ended_as(self, stream: OfficerStream, watched: Watched) -> StreamEnd | None:
        if stream.waiting.ended_as is not None:
            return stream.waiting.ended_as
        if watched.is_over or self._services.ctx.now().timestamp() >= self._officer.expires_at:
            return StreamEnd.SESSION
        return StreamEnd.RIGHTS if watched.has_other_roles else None

    def _part(self, sent: Sent) -> bytes:
        position = None if sent.number is None else self._services.officer_streams.position(self._viewer, sent.number)
        return _event(sent.kind, sent.body, position)

    def _clock(self) -> bytes:
        now = self._services.ctx.now()
        data = ServerClock(server_time=now)
        return _event("clock", encoded(ClockEvent(id="", version=int(now.timestamp() * 1_000_000), data=data)))


def _event(kind: str, body: bytes, position: str | None = None) -> bytes:
    """Return an event as bytes. JSON has no line breaks."""
    place = b"" if position is None else f"id: {position}\n".encode()
    return b"event: " + kind.encode() + b"\n" + place + b"data: " + body + b"\n\n"
