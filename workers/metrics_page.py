"""The `/metrics` page of a worker: its own metrics and the Temporal SDK's."""

import asyncio
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from activities.metrics import CONTENT_TYPE, METRICS, joined

SDK_PAGE_TIMEOUT_SECONDS = 2.0
MAX_PAGE_BYTES = 16 * 1024 * 1024


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
async def served(host: str, port: int, sdk_port: int) -> AsyncIterator[None]:
    """Serve the page on `host:port` in a thread while the block runs. Raises OSError if the port is taken."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/metrics":
                self.send_error(HTTPStatus.NOT_FOUND)
                return
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
