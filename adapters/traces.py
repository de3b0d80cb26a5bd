"""Traces of hold requests, for a receiver of OpenTelemetry over OTLP/HTTP.

A thread sends them. A slow or dead receiver loses traces, and delays nothing.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import set_span_in_context

from schemas.case.hold_requests import RequestStages

log = logging.getLogger(__name__)

PATH: Final = "/v1/traces"
SERVICE: Final = "goldenhour"
ROOT: Final = "hold_request"
"""name of the span of a whole request; each stage has a span below it, from the stage before"""
QUEUE_MAX: Final = 4_096
"""spans that wait for the receiver; more are dropped, the oldest first"""
BATCH_MAX: Final = 512
SEND_SECONDS: Final = 2.0
"""time between two sendings, and the limit of each with its repetitions"""
CLOSE_SECONDS: Final = 2.0
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class RequestTraces:
    """Sends each delivered request as one trace: a root span, and one span a stage."""

    def __init__(self, url: str) -> None:
        # Every failed attempt would log a line, with the address. The exporter below logs one for all.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._exporter = _NotingExporter(url)
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=Resource({"service.name": SERVICE}), shutdown_on_exit=False
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                self._exporter,
                max_queue_size=QUEUE_MAX,
                schedule_delay_millis=SEND_SECONDS * 1_000,
                max_export_batch_size=BATCH_MAX,
            )
        )
        self._tracer = self._provider.get_tracer(SERVICE)

    def send(self, stages: RequestStages) -> None:
        """Give the stages of a request to the thread that sends them."""
        moments = sorted(stages.moments.values())
        root = self._tracer.start_span(
            ROOT,
            context=Context(),
            start_time=_nanoseconds(moments[0]),
            attributes={
                "goldenhour.request_id": str(stages.request_id),
                "goldenhour.kind": stages.kind.value,
                "goldenhour.institution": stages.institution,
                "goldenhour.channel": stages.channel.value,
            },
        )
        below = set_span_in_context(root, Context())
        for stage, began, ended in stages.steps():
            span = self._tracer.start_span(stage.value, context=below, start_time=_nanoseconds(began))
            # Two clocks may differ slightly.
            span.end(_nanoseconds(max(began, ended)))
        root.end(_nanoseconds(moments[-1]))

    async def close(self) -> None:
        """Send what waits, within a limit."""
        closing = asyncio.create_task(asyncio.to_thread(self._provider.shutdown))
        await asyncio.wait([closing], timeout=CLOSE_SECONDS)
        self._exporter.shutdown()
        await closing


class _NotingExporter(SpanExporter):
    """Sends spans, and logs when the receiver fails and when it works again."""

    def __init__(self, url: str) -> None:
        session = requests.Session()
        # A proxy of the environment is for other calls.
        session.trust_env = False
        self._exporter = OTLPSpanExporter(
            f"{url}{PATH}", timeout=SEND_SECONDS, compression=Compression.Gzip, session=session
        )
        self._failing = False
        self._closed = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send the spans; return whether the receiver has taken them."""
        if self._closed:
            return SpanExportResult.FAILURE
        result = self._exporter.export(spans)
        failing = result is not SpanExportResult.SUCCESS
        if failing and not self._failing:
            log.warning("the receiver of traces takes none; traces are lost until it does")
        elif self._failing and not failing:
            log.info("the receiver of traces takes them again")
        self._failing = failing
        return result

    def shutdown(self) -> None:
        """End the sending."""
        if not self._closed:
            self._closed = True
            self._exporter.shutdown()  # type: ignore[no-untyped-call]


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000
