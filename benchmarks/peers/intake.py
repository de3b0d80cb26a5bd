"""The peers' intake: takes complaints and banks' answers over HTTP. Runs in the peers' environment.

A reply of 200 means that the rows and the next batch are durable. Who gets none sends the same again.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from benchmarks.peers.flow import Flow

Carry = Callable[[str, list[str]], Awaitable[None]]
"""makes a batch durable, with a key of its own, and has its banks asked"""
Take = Callable[[Mapping[str, Any]], Awaitable[list[str]]]


def application(flow: Flow, carry: Carry) -> web.Application:
    """Return the application."""

    def taking(take: Take, key_of: Callable[[Mapping[str, Any]], str]) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.Response:
            body = await request.json()
            planned = await take(body)
            if planned:
                await carry(key_of(body), planned)
            return web.json_response({"planned": len(planned)})

        return handle

    app = web.Application()
    app.router.add_post("/complaints", taking(flow.take_complaint, lambda body: f"c{body['complaint']}"))
    app.router.add_post("/answers", taking(flow.take_answer, lambda body: f"a{body['request']}"))
    return app


async def serve(served: web.Application, host: str, port: int) -> None:
    """Serve until SIGTERM. Several processes may share the port."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    runner = web.AppRunner(served, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port, reuse_port=True).start()
    await stopped.wait()
    await runner.cleanup()
