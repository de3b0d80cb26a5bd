"""Banks on the other side of real HTTP: some behave, some say what a test makes them say, some speak no HTTP at all."""

import asyncio
import itertools
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.banks.i4c.bank_side import FraudReport, decode_fraud_report
from adapters.banks.i4c.values import login_reply, refusal_reply, ticket_reply
from adapters.banks.protocol import BankWire
from tests.adapters.wires import PASSWORD, wire

Answer = Callable[[Request], Awaitable[Response]]
STARTED_POLL_SECONDS = 0.005


@dataclass
class FakeBank:
    """A bank that knows its tokens and its idempotency keys. `odd_*` say first what they are told to."""

    wire: BankWire
    token_life_seconds: Any = 3600
    login_seconds: float = 0.0
    logins_seen: int = 0
    reports_seen: list[FraudReport] = field(default_factory=list)
    headers_seen: list[dict[str, str]] = field(default_factory=list)
    bodies_seen: list[bytes] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    jobs: dict[str, str] = field(default_factory=dict)
    login_path: str = "/login"
    report_path: str = "/transaction-fraud"
    odd_logins: deque[Answer] = field(default_factory=deque)
    odd_reports: deque[Answer] = field(default_factory=deque)

    def forget_tokens(self) -> None:
        self.tokens.clear()

    async def log_in(self, request: Request) -> Response:
        self.logins_seen += 1
        await asyncio.sleep(self.login_seconds)
        if self.odd_logins:
            return await self.odd_logins.popleft()(request)
        if (await request.json()).get("password") != PASSWORD:
            return JSONResponse(refusal_reply("401", "wrong password"), status_code=401)
        token = f"token-{self.logins_seen}"
        self.tokens.add(token)
        return JSONResponse(login_reply(token, self.token_life_seconds))

    async def report(self, request: Request) -> Response:
        self.headers_seen.append(dict(request.headers))
        self.bodies_seen.append(await request.body())
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return JSONResponse(refusal_reply("401", "no such token"), status_code=401)
        if self.odd_reports:
            return await self.odd_reports.popleft()(request)
        report = decode_fraud_report(await request.body(), request.headers, self.wire)
        self.reports_seen.append(report)
        job_id = self.jobs.setdefault(report.request_key or "", f"BANKS-{len(self.jobs) + 1}")
        return JSONResponse(ticket_reply(report.ack_no, job_id))


def says(body: Any, status: int = 200, **headers: str) -> Answer:
    """An answer of fixed content: JSON, or bytes as they are."""

    async def answer(_: Request) -> Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Response(content, status, headers=named, media_type="application/json")

    return answer


def waits(seconds: float) -> Answer:
    async def answer(_: Request) -> Response:
        await asyncio.sleep(seconds)
        return JSONResponse({})

    return answer


class Street:
    """One HTTP server on a free port of loopback, with a path for each bank that opens there."""

    def __init__(self) -> None:
        self._banks: dict[str, FakeBank] = {}
        self._numbers = itertools.count(1)
        routes = [
            Route("/banks/{name}/{path:path}", self._serve, methods=["POST"]),
        ]
        options = uvicorn.Config(
            Starlette(routes=routes), port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(options)

    async def run(self) -> AsyncIterator["Street"]:
        running = asyncio.create_task(self._server._serve())
        while not self._server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(STARTED_POLL_SECONDS)
        yield self
        self._server.should_exit = True
        await running

    @asynccontextmanager
    async def bank(self, kind: type[FakeBank] = FakeBank, **changes: Any) -> AsyncIterator[FakeBank]:
        name = str(next(self._numbers))
        port = self._server.servers[0].sockets[0].getsockname()[1]
        bank = kind(wire(base_url=f"http://127.0.0.1:{port}/banks/{name}", **changes))
        self._banks[name] = bank
        yield bank

    async def _serve(self, request: Request) -> Response:
        bank, path = self._banks[request.path_params["name"]], "/" + request.path_params["path"]
        if path == bank.login_path:
            return await bank.log_in(request)
        if path == bank.report_path:
            return await bank.report(request)
        return JSONResponse({"detail": "Not Found"}, 404)


@asynccontextmanager
async def raw_server(replies: list[bytes | None]) -> AsyncIterator[tuple[BankWire, list[bytes]]]:
    """A listener that reads one request a connection and answers with the next bytes; None closes without a reply."""
    requests: list[bytes] = []
    left = deque(replies)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        reply = left.popleft() if left else None
        if reply is not None:
            writer.write(reply)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield wire(base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"), requests


def http(body: bytes, *, status: str = "200 OK", length: int | None = None) -> bytes:
    stated = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {stated}\r\n\r\n".encode() + body
