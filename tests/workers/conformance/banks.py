"""Banks for the conformance checks: one that follows the interface, and one for each fault."""

import asyncio
import time
from base64 import b64encode
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from adapters.banks.envelope import BODY_MAX_BYTES, EnvelopeError
from adapters.banks.i4c.bank_side import decode_fraud_report
from adapters.banks.i4c.document import ShapeError
from adapters.banks.i4c.values import login_reply, refusal_reply, ticket_reply
from tests.adapters.fake_bank import Answer, FakeBank, says
from tests.adapters.wires import PASSWORD

SECRETS = (bytes(range(32)), bytes(range(32, 64)))


@dataclass
class CarefulBank(FakeBank):
    """A bank that refuses all that it must refuse, except for its `faults`."""

    faults: set[str] = field(default_factory=set)
    answers: int = 0

    async def log_in(self, request: Request) -> Response:
        told = await request.json()
        if told.get("password") != PASSWORD and "any password" not in self.faults:
            return JSONResponse(refusal_reply("401", "wrong password"), 401)
        if "no token" in self.faults:
            return JSONResponse({"meta": {"response_code": "00"}, "data": {}})
        self.logins_seen += 1
        token = f"token-{self.logins_seen}"
        self.tokens.add(token)
        reply: Any = login_reply(token, 3600)
        if "no expires_in" in self.faults:
            del reply["data"]["expires_in"]
        return JSONResponse(reply)

    async def report(self, request: Request) -> Response:
        body = await request.body()
        known = request.headers.get("authorization", "").removeprefix("Bearer ") in self.tokens
        if not known and "no token needed" not in self.faults:
            return JSONResponse(refusal_reply("401", "no such token"), 403 if "403 for 401" in self.faults else 401)
        if len(body) > BODY_MAX_BYTES and "any size" not in self.faults:
            return JSONResponse(refusal_reply("413", "too large"), 413)
        if "maintenance page" in self.faults:
            return Response("<html>soon</html>", media_type="text/html")
        if "redirects" in self.faults:
            return Response(status_code=302, headers={"location": "/elsewhere"})
        if len(body) > BODY_MAX_BYTES:
            return JSONResponse(self._reply("", "large"))
        return self._take(body, request)

    def _take(self, body: bytes, request: Request) -> Response:
        try:
            report = decode_fraud_report(body, request.headers, self._opened_with())
        except EnvelopeError:
            return self._unreadable(body)
        except ShapeError as error:
            if "takes half tickets" in self.faults:
                return JSONResponse(ticket_reply("", "BANKS-0"))
            status = 500 if "500 for half tickets" in self.faults else 422
            return JSONResponse(refusal_reply(str(status), str(error)), status)
        if "refuses the unknown" in self.faults:
            return JSONResponse(refusal_reply("02", "invalid RRN"), 200)
        self.reports_seen.append(report)
        return JSONResponse(self._reply(report.ack_no, report.request_key or ""))

    def _opened_with(self) -> Any:
        return replace(self.wire, hmac_key=None) if "no signature needed" in self.faults else self.wire

    def _unreadable(self, body: bytes) -> Response:
        if "plain text too" in self.faults and body.startswith(b"{"):
            number = orjson.loads(body)["acknowledgement_no"]
            return JSONResponse(ticket_reply(number, "BANKS-0"))
        return JSONResponse(refusal_reply("400", "cannot be opened"), 400)

    def _reply(self, ack_no: str, key: str) -> Any:
        self.answers += 1
        job = self.jobs.setdefault(key, f"BANKS-{len(self.jobs) + 1}")
        if "new job each time" in self.faults:
            job = f"BANKS-{self.answers}"
        if "one job for all" in self.faults:
            job = "BANKS-1"
        reply: Any = ticket_reply("31204260000017" if "another number" in self.faults else ack_no, job)
        for half, name in (("data", "job_id"), ("meta", "response_code"), ("data", "acknowledgement_no")):
            if f"no {name}" in self.faults:
                del reply[half][name]
        return reply


@dataclass
class RefusingBank(CarefulBank):
    """A bank that gives one answer to every ticket under a token of its own."""

    refusal: Answer = field(default_factory=lambda: says({}, 400))

    async def report(self, request: Request) -> Response:
        known = request.headers.get("authorization", "").removeprefix("Bearer ") in self.tokens
        return await self.refusal(request) if known else await super().report(request)


class SealingBank(CarefulBank):
    """A bank that replies to a ticket in the envelope of requests."""

    async def report(self, request: Request) -> Response:
        sealed, member = b64encode(await request.body()), self.wire.ciphertext_member
        return JSONResponse({member: sealed.decode()}) if member else Response(sealed, media_type="text/plain")


class Hook:
    """A webhook: an ASGI application that follows docs/banks/bank-api.md, except for its `faults`."""

    def __init__(self) -> None:
        self.faults: set[str] = set()
        self.jobs: dict[str, str] = {}
        self.answers = 0

    async def take(self, request: Request) -> Response:
        body, headers = await request.body(), dict(request.headers)
        self.answers += 1
        if "hangs" in self.faults:
            await asyncio.sleep(0.5)
        if len(body) > BODY_MAX_BYTES:
            return JSONResponse({"code": "too_large"}, 413)
        if "signs nothing" not in self.faults and not self._is_ours(body, headers):
            return JSONResponse({"code": "signature"}, 410 if "410 for 401" in self.faults else 401)
        try:
            event = orjson.loads(body)
            is_order = event["type"] == "order.issued"
            asked = event["data"]["order_id" if is_order else "hold_id"]
        except (orjson.JSONDecodeError, KeyError):
            return JSONResponse({"code": "shape"}, 500 if "500 for half events" in self.faults else 400)
        if is_order and "knows no orders" in self.faults:
            return JSONResponse({"code": "event"}, 422)
        if "new job each time" in self.faults or (is_order and "new job for an order" in self.faults):
            return JSONResponse({"job_id": f"BANKS-{self.answers}"}, 202)
        return JSONResponse({"job_id": self.jobs.setdefault(asked, f"BANKS-{len(self.jobs) + 1}")}, 202)

    def _is_ours(self, body: bytes, headers: dict[str, str]) -> bool:
        known = SECRETS[:1] if "newest secret only" in self.faults else SECRETS
        if "any age" in self.faults:
            headers["webhook-timestamp"], told = str(int(time.time())), headers.get("webhook-timestamp", "0")
            return any(self._signed_then(secret, told, body, headers) for secret in known)
        for secret in known:
            try:
                Webhook(secret).verify(body, headers)
            except WebhookVerificationError:
                continue
            except ValueError:
                # Signed correctly, but not JSON.
                return True
            return True
        return False

    def _signed_then(self, secret: bytes, told: str, body: bytes, headers: dict[str, str]) -> bool:
        at = datetime.fromtimestamp(int(told), UTC)
        expected = Webhook(secret).sign(headers["webhook-id"], at, body.decode())
        return expected in headers.get("webhook-signature", "").split(" ")
