"""The `/metrics` page of a worker: its own metrics and the Temporal SDK's."""

import asyncio
import logging
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from activities.metrics import CONTENT_TYPE, METRICS
from activities.metrics_pages import joined

log = logging.getLogger(__name__)

SDK_PAGE_TIMEOUT_SECONDS = 0.5
REFRESH_TIMEOUT_SECONDS = 1.0
"""a page that comes later than that has the gauges of before"""
MAX_PAGE_BYTES = 16 * 1024 * 1024
Refresh = Callable[[], Coroutine[Any, Any, None]]


def page(sdk_port: int) -> str:
    """Return both metric texts joined, or only our own if the SDK's page does not answer."""
    try:
        url = f"http://127.0.0.1:{sdk_port}/metrics"
        with urllib.request.urlopen(url, timeout=SDK_PAGE_TIMEOUT_SECONDS) as answer:
            sdk_text: str = answer.read(MAX_PAGE_BYTES).decode()
    except (OSError, urllib.error.URLError):
        sdk_text = ""
    return joined([METRICS.text(), sdk_text])


@asynccontextmanager
async def served(host: str, port: int, sdk_port: int, refresh: Refresh) -> AsyncIterator[None]:
    """Serve the page on `host:port` in a thread while the block runs. Raises OSError if the port is taken.

    `refresh` updates the gauges, in the event loop of the caller, before each page.
    """
    loop = asyncio.get_running_loop()

    def refresh_gauges() -> None:
        try:
            refreshing = asyncio.run_coroutine_threadsafe(refresh(), loop)
            try:
                refreshing.result(REFRESH_TIMEOUT_SECONDS)
            finally:
                refreshing.cancel()
        except (TimeoutError, RuntimeError, CancelledError) as error:
            log.warning("gauges not refreshed: %s", type(error).__name__)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/metrics":
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            refresh_gauges()
            body = page(sdk_port).encode()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing, because a scrape comes every few seconds."""

    server = await asyncio.to_thread(ThreadingHTTPServer, (host, port), Handler)
    thread = Thread(target=server.serve_forever, name="metrics-page", daemon=True)
    thread.start()
    try:
        yield
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
