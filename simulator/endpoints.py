"""HTTP endpoints: `/banks/{code}/…` for the banks, `/sim/…` for demos, benchmarks and tests.

The police's FIR register and the SMS gateway have their own endpoints beside them.

A plain ASGI application, for two reasons. The simulator shares two cores with the product. A bank that drops a
connection needs the transport, which frameworks hide.
"""

import asyncio
import hmac
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from math import ceil
from types import MappingProxyType

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator.banks.banks import Banks
from simulator.banks.faults import Reply
from simulator.banks.messages import ScriptedReply
from simulator.banks.orders import read_cancelled, read_order
from simulator.banks.paying import BackOffices
from simulator.clock import chance
from simulator.control import Control
from simulator.envelope import EnvelopeError
from simulator.figures import FaultyReply, drop, until_disconnected
from simulator.institutions import WEBHOOK_ENDPOINT, Institution
from simulator.net.http_client import body_of, json_reply
from simulator.wires.i4c import FraudReport, TicketError, read_report
from simulator.wires.json_api import (
    DEBIT_ASKED,
    ORDER_CANCELLED,
    ORDER_ISSUED,
    WebhookError,
    open_event,
    read_debit_inquiry,
    read_hold_request,
)
from simulator.world.bank_model import OK, Outage

MAX_BODY_BYTES = 1 << 20
HANG_WALL_SECONDS = 15.0
HTTP_OK, HTTP_ACCEPTED = 200, 202
REPORT_ENDPOINT = "transaction-fraud"
ENDPOINTS: dict[str, tuple[str, ...]] = {"i4c": ("login", REPORT_ENDPOINT), "push": (WEBHOOK_ENDPOINT,)}
"""endpoints of a bank, by its channel"""
BAD_TICKET = "01"
UNREADABLE = "98"
NOT_LOGGED_IN = "97"


class Endpoints:
    """The ASGI application."""

    def __init__(
        self, banks: Banks, offices: BackOffices, control: Control, others: Mapping[str, ASGIApp] = MappingProxyType({})
    ) -> None:
        """`others` are applications with their own endpoint here, by the first part of their path."""
        self._others = others
        self._banks = banks
        self._offices = offices
        self._control = control
        self._tokens: dict[str, tuple[str, float]] = {}
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        parts = scope["path"].strip("/").split("/")
        if (other := self._others.get(parts[0])) is not None:
            await other(scope, receive, send)
            return
        match parts:
            case ["banks", code, endpoint] if scope["method"] == "POST" and code in self._banks.by_code:
                response = await self._bank(self._banks.by_code[code], endpoint, Request(scope, receive))
            case ["sim", name]:
                response = await self._sim(name, Request(scope, receive))
            case _:
                response = _reply(404, BAD_TICKET, "no such endpoint")
        if response is None:
            drop(send)
        else:
            await response(scope, receive, send)

    async def _sim(self, name: str, request: Request) -> Response:
        body = await body_of(request, MAX_BODY_BYTES)
        if body is None:
            return _reply(413, BAD_TICKET, "too large")
        status, content = await self._control.handle(name, request.method, body)
        return json_reply(status, content)

    async def _bank(self, bank: Institution, endpoint: str, request: Request) -> ASGIApp | None:
        """Handle one request to a bank; None drops the connection."""
        handlers: dict[str, Callable[[Institution, Request, bytes], Awaitable[Response | None]]] = {
            "login": self._login,
            REPORT_ENDPOINT: self._report,
            WEBHOOK_ENDPOINT: self._hook,
        }
        body = await body_of(request, MAX_BODY_BYTES)
        outage = self._banks.desk.outage(bank.code, self._banks.clock.now()) if self._banks.clock.running else None
        if outage is not None:
            return await self._outage(outage)
        if endpoint not in ENDPOINTS.get(bank.channel, ()):
            return _reply(404, BAD_TICKET, "no such endpoint")
        if body is None:
            return _reply(413, BAD_TICKET, "too large")
        fault = self._banks.faults.of_call(bank.code) if endpoint in {REPORT_ENDPOINT, WEBHOOK_ENDPOINT} else None
        if fault is Reply.HALF_OPEN:
            await until_disconnected(request, self._banks.faults.by_bank[bank.code].half_open_wall_seconds)
            return None
        response = await handlers[endpoint](bank, request, body)
        if fault is None or response is None:
            return response
        return FaultyReply(response, fault, self._banks.faults.by_bank[bank.code])

    async def _outage(self, outage: Outage) -> Response | None:
        left = self._banks.clock.wall_seconds(outage.end - self._banks.clock.now())
        if outage.manner == "unavailable":
            return _reply(503, UNREADABLE, "down for maintenance", {"retry-after": str(max(1, ceil(left)))})
        if outage.manner == "hang":
            await asyncio.sleep(min(left, HANG_WALL_SECONDS))
        return None

    async def _login(self, bank: Institution, _: Request, body: bytes) -> Response:
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError:
            return _reply(400, UNREADABLE, "not JSON")
        if not isinstance(content, dict) or not _same(content, {"email": bank.email, "password": bank.password}):
            return _reply(401, NOT_LOGGED_IN, "unknown e-mail or password")
        ttl = self._banks.config.token_ttl_seconds
        token = secrets.token_urlsafe(24)
        self._tokens[bank.code] = (token, time.monotonic() + ttl)
        return _reply(200, "00", "ok", data={"token": token, "expires_in": ttl})

    def _logged_in(self, bank: Institution, request: Request) -> bool:
        self._requests += 1
        config = self._banks.config
        if chance(config.seed, config.knobs.token_loss, "token loss", bank.code, self._requests):
            self._tokens.pop(bank.code, None)
        token, until = self._tokens.get(bank.code, ("", 0.0))
        authorization = request.headers.get("authorization", "")
        return (
            bool(token)
            and time.monotonic() < until
            and hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode())
        )

    async def _report(self, bank: Institution, request: Request, body: bytes) -> Response | None:
        if not self._logged_in(bank, request):
            return _reply(401, NOT_LOGGED_IN, "log in first")
        try:
            report = read_report(bank.envelope.open(body, request.headers))
        except EnvelopeError as error:
            return _reply(400, UNREADABLE, str(error))
        except TicketError as error:
            return _reply(422, BAD_TICKET, str(error))
        key = request.headers.get("idempotency-key", "")
        return await self._answered(bank, key, report, lambda job_id: _job(report, job_id))

    async def _hook(self, bank: Institution, request: Request, body: bytes) -> Response | None:
        try:
            kind, content = open_event(bank.webhook_secret, body, request.headers)
            if kind == ORDER_ISSUED:
                return json_reply(HTTP_ACCEPTED, {"job_id": self._offices.take(bank, read_order(content), "push")})
            if kind == ORDER_CANCELLED:
                return json_reply(HTTP_ACCEPTED, {"job_id": self._offices.stop(bank, read_cancelled(content), "push")})
            key, report = read_debit_inquiry(content) if kind == DEBIT_ASKED else read_hold_request(content)
        except WebhookError as error:
            return json_reply(401, {"code": NOT_LOGGED_IN, "message": str(error)})
        except TicketError as error:
            return json_reply(422, {"code": BAD_TICKET, "message": str(error)})
        return await self._answered(bank, key, report, lambda job_id: json_reply(HTTP_ACCEPTED, {"job_id": job_id}))

    async def _answered(
        self, bank: Institution, key: str, report: FraudReport, make_reply: Callable[[str], Response]
    ) -> Response | None:
        """Return the reply to a readable request; `make_reply` makes it from the job id."""
        rrns = [incident.rrn for incident in report.incidents]
        script = self._banks.scripted(bank.code, rrns)
        if script is not None and script.reply is not None and script.replied < script.reply.times:
            script.replied += 1
            return await self._scripted(bank, key, report, script.reply, make_reply)
        record = await self._banks.receive(bank, key, report, bank.channel)
        first = self._banks.book.first_time(bank, key)
        return None if first and self._banks.desk.loses_reply(bank, rrns) else make_reply(record.job_id)

    async def _scripted(
        self,
        bank: Institution,
        key: str,
        report: FraudReport,
        reply: ScriptedReply,
        make_reply: Callable[[str], Response],
    ) -> Response | None:
        """Reply as a test's script says; a ticket is accepted only with status 200 and code 00."""
        taken = reply.status == HTTP_OK and reply.code == OK
        response = make_reply((await self._banks.receive(bank, key, report, bank.channel)).job_id) if taken else None
        await asyncio.sleep(reply.hang_wall_seconds)
        if reply.reset:
            return None
        headers = {} if reply.retry_after_seconds is None else {"retry-after": str(reply.retry_after_seconds)}
        return response or _reply(reply.status, reply.code, reply.message, headers)


def _job(report: FraudReport, job_id: str) -> Response:
    return _reply(200, "00", "ok", data={"acknowledgement_no": report.ack_no, "job_id": job_id})


def _same(content: dict[str, object], expected: dict[str, str]) -> bool:
    return all(
        hmac.compare_digest(str(content.get(name, "")).encode(), text.encode()) for name, text in expected.items()
    )


def _reply(
    status: int,
    code: str,
    message: str,
    headers: dict[str, str] | None = None,
    data: dict[str, object] | None = None,
) -> Response:
    content = {"meta": {"response_code": code, "response_message": message}, "data": data or {}}
    return json_reply(status, content, headers)
