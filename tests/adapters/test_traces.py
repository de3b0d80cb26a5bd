"""Traces reach a receiver of OpenTelemetry as one tree a request; a dead receiver slows and breaks nothing."""

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from adapters import traces
from adapters.traces import CLOSE_SECONDS, PATH, QUEUE_MAX, ROOT, SEND_SECONDS, RequestTraces
from schemas.case.hold_requests import RequestStages
from schemas.enums import ChannelKind, HopSource, RequestStage
from tests.waiting import until

AT = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
ALL = dict(zip(RequestStage, (AT + timedelta(milliseconds=ms) for ms in (0, 4, 7, 12, 15, 40)), strict=True))


def stages(moments: dict[RequestStage, datetime], request_id: UUID | None = None) -> RequestStages:
    return RequestStages(
        request_id=request_id or uuid4(),
        kind=HopSource.ANSWER,
        institution="HDFC",
        channel=ChannelKind.I4C,
        moments=moments,
    )


class Receiver:
    """A receiver of OTLP over HTTP, which keeps the spans."""

    def __init__(self) -> None:
        self.services: set[str] = set()
        self.spans: list[Span] = []
        self.hangs = False
        self.refuses = False

    async def take(self, request: web.Request) -> web.Response:
        if self.hangs:
            await asyncio.sleep(60)
        if self.refuses:
            return web.Response(status=400)
        body = await request.read()
        told = ExportTraceServiceRequest.FromString(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
        for resource in told.resource_spans:
            self.services |= {one.value.string_value for one in resource.resource.attributes}
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        return web.Response()


@asynccontextmanager
async def received() -> AsyncIterator[tuple[Receiver, str]]:
    """A receiver on loopback, and its address."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post(PATH, receiver.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield receiver, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def traces_to(url: str) -> AsyncIterator[RequestTraces]:
    sender = await asyncio.to_thread(RequestTraces, url)
    try:
        yield sender
    finally:
        # The last sending may have begun just before the end.
        async with asyncio.timeout(30 * (CLOSE_SECONDS + SEND_SECONDS)):
            await sender.close()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the sender has logged. Servers of other tests, which run in this process too, log as well."""
    return [record.getMessage() for record in caplog.records if record.name == traces.__name__]


def nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9 + moment.microsecond * 1_000


async def test_a_request_is_one_trace_with_a_span_for_each_stage() -> None:
    request_id = UUID(int=7)
    async with received() as (receiver, url):
        async with traces_to(url) as sender:
            sender.send(stages(ALL, request_id))
        (root,) = [span for span in receiver.spans if not span.parent_span_id]
        below = sorted(
            (span for span in receiver.spans if span.parent_span_id), key=lambda one: one.start_time_unix_nano
        )
        assert receiver.services == {"goldenhour"}
        assert (root.name, len(root.trace_id), len(root.span_id)) == (ROOT, 16, 8)
        assert {(span.trace_id, span.parent_span_id) for span in below} == {(root.trace_id, root.span_id)}
        assert [span.name for span in below] == [stage.value for stage in list(RequestStage)[1:]]
        edges = [nanoseconds(moment) for moment in ALL.values()]
        assert [(span.start_time_unix_nano, span.end_time_unix_nano) for span in below] == list(pairwise(edges))
        assert (root.start_time_unix_nano, root.end_time_unix_nano) == (edges[0], edges[-1])
        told = {(one.key, one.value.string_value) for span in receiver.spans for one in span.attributes}
        assert told == {
            ("goldenhour.request_id", str(request_id)),
            ("goldenhour.kind", "answer"),
            ("goldenhour.institution", "HDFC"),
            ("goldenhour.channel", "i4c"),
        }


async def test_unknown_moments_leave_a_gap_and_late_clocks_no_negative_span() -> None:
    known = {
        RequestStage.PLANNED: ALL[RequestStage.SENT],
        RequestStage.COMMITTED: ALL[RequestStage.PLANNED],
        RequestStage.DELIVERED: ALL[RequestStage.DELIVERED],
    }
    async with received() as (receiver, url):
        async with traces_to(url) as sender:
            sender.send(stages(known))
        assert sorted(span.name for span in receiver.spans) == ["committed", ROOT]
        assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in receiver.spans)


async def test_each_request_has_a_trace_of_its_own() -> None:
    async with received() as (receiver, url):
        async with traces_to(url) as sender:
            for _ in range(3):
                sender.send(stages(ALL))
        assert len({span.trace_id for span in receiver.spans}) == 3
        assert len(receiver.spans) == 3 * len(RequestStage)


@pytest.mark.parametrize("dead", ["closed", "hangs", "refuses"])
async def test_a_dead_receiver_loses_traces_and_delays_nothing(dead: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with received() as (receiver, url):
        receiver.hangs, receiver.refuses = dead == "hangs", dead == "refuses"
        async with traces_to("http://127.0.0.1:9" if dead == "closed" else url) as sender:
            # More than may wait: nothing blocks, and the oldest are dropped.
            for _ in range(QUEUE_MAX // len(RequestStage) + 100):
                sender.send(stages(ALL))
            await until(lambda: said(caplog), 30)
        assert receiver.spans == []
    assert said(caplog) == ["the receiver of traces takes none; traces are lost until it does"]


async def test_a_receiver_that_works_again_gets_the_next_traces(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with received() as (receiver, url), traces_to(url) as sender:
        receiver.refuses = True
        sender.send(stages(ALL))
        await until(lambda: said(caplog), 30)
        receiver.refuses = False
        sender.send(stages(ALL))
        await until(lambda: bool(receiver.spans), 30)
        await until(lambda: len(said(caplog)) == 2, 30)
    assert said(caplog)[1] == "the receiver of traces takes them again"
