"""The FIR register of a police station: it registers reports, refuses some, is slow, or is down.

A plain ASGI application beside the banks' endpoints. An e-Zero FIR that is not signed in time lapses here too.
"""

import asyncio
import hashlib
import hmac
import math
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulator.clock import wall_clock
from simulator.config import HOUR_SECONDS, Rate
from simulator.net.http_client import body_of, json_reply
from simulator.people.court import one_page_pdf
from simulator.seeds import chance

FIRS_PATH = "/v1/firs"
MAX_BODY_BYTES = 256 * 1024
SIGNATURE_SECONDS = 300.0
SIGN_WITHIN_SECONDS = 72 * HOUR_SECONDS
E_ZERO = "e_zero_fir"


class StationHabits(BaseModel):
    """Behaviour of the station. Rates are per report; a refused report stays refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    refuses: Rate = 0.0
    fails: Rate = 0.0
    """share of calls with HTTP 503"""
    slow_wall_seconds: float = Field(default=0.0, ge=0)
    down: bool = False
    """every call gets HTTP 503, with a retry after one second"""


@dataclass(slots=True)
class Report:
    """A report in the register."""

    fir_id: str
    fir_no: str
    kind: str
    ack_no: str
    registered_at: datetime
    sign_by: datetime | None
    signed_at: datetime | None = None
    body: dict[str, Any] = field(default_factory=dict, repr=False)

    def state(self, now: datetime) -> str:
        """Return registered, signed or lapsed."""
        if self.signed_at is not None:
            return "signed"
        return "lapsed" if self.sign_by is not None and now >= self.sign_by else "registered"


class PoliceStation:
    """The register and its endpoint. `key` signs the callers' requests; `clock` returns the time in UTC."""

    def __init__(
        self,
        client_id: str,
        key: bytes,
        *,
        seed: int = 7,
        name: str = "Cyber Crime Police Station, Lucknow",
        clock_factor: float = 1.0,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        """`clock_factor` divides the time in which an e-Zero FIR must be signed."""
        self.habits = StationHabits()
        self.reports: dict[str, Report] = {}
        self.refused: set[str] = set()
        self.calls = 0
        self._client_id = client_id
        self._key = key
        self._seed = seed
        self._name = name
        self._sign_within = timedelta(seconds=SIGN_WITHIN_SECONDS / clock_factor)
        self._clock = clock

    def sign(self, fir_id: str) -> bool:
        """Sign as the complainant; return False if nothing can be signed any more."""
        report = self.reports.get(fir_id)
        if report is None or report.sign_by is None or report.state(self._clock()) != "registered":
            return False
        report.signed_at = self._clock()
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            request = Request(scope, receive)
            response = await self._serve(request, await body_of(request, MAX_BODY_BYTES))
            await response(scope, receive, send)

    async def _serve(self, request: Request, body: bytes | None) -> Response:
        self.calls += 1
        await asyncio.sleep(self.habits.slow_wall_seconds)
        if self.habits.down or chance(self._seed, self.habits.fails, "station fails", self.calls):
            return json_reply(503, {"code": "DOWN", "message": "the register is down"}, {"retry-after": "1"})
        if not request.url.path.endswith(FIRS_PATH) or request.method != "POST":
            return json_reply(404, {"code": "NO-DOOR", "message": "no such endpoint"})
        if body is None:
            return json_reply(413, {"code": "TOO-LARGE", "message": "too large"})
        if not self._is_signed(request, body):
            return json_reply(401, {"code": "SIGNATURE", "message": "unknown client, old time or wrong signature"})
        return self._register(request.headers.get("idempotency-key", ""), body)

    def _is_signed(self, request: Request, body: bytes) -> bool:
        headers = request.headers
        timestamp = headers.get("x-timestamp", "")
        try:
            age = abs(self._clock().timestamp() - float(timestamp))
        except ValueError:
            return False
        said = f"{timestamp}\nPOST\n{request.url.path}\n{hashlib.sha256(body).hexdigest()}".encode()
        expected = hmac.new(self._key, said, hashlib.sha256).hexdigest()
        return (
            math.isfinite(age)
            and age <= SIGNATURE_SECONDS
            and headers.get("x-client-id", "") == self._client_id
            and hmac.compare_digest(expected.encode(), headers.get("x-signature", "").encode())
        )

    def _register(self, key: str, body: bytes) -> Response:
        try:
            content = orjson.loads(body)
            fir_id, kind, ack_no = str(content["fir_id"]), str(content["kind"]), str(content["acknowledgement_no"])
            complete = bool(content["complainant"]["name"] and content["transfers"] and content["sections"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return json_reply(422, {"code": "INCOMPLETE", "message": "fields of the report are missing"})
        if key != fir_id or not complete:
            return json_reply(422, {"code": "INCOMPLETE", "message": "fields of the report or its key are missing"})
        known = self.reports.get(fir_id)
        if known is None:
            if chance(self._seed, self.habits.refuses, "station refuses", fir_id):
                self.refused.add(fir_id)
                return json_reply(422, {"code": "JURISDICTION", "message": "not of this station"})
            known = self._new(fir_id, kind, ack_no, content)
        return json_reply(201, _registration(known, self._name))

    def _new(self, fir_id: str, kind: str, ack_no: str, content: dict[str, Any]) -> Report:
        now = self._clock()
        prefix = {"zero_fir": "Z", E_ZERO: "EZ"}.get(kind, "")
        fir_no = f"{prefix}{len(self.reports) + 1:04d}/{now.year}"
        sign_by = now + self._sign_within if kind == E_ZERO else None
        report = self.reports[fir_id] = Report(fir_id, fir_no, kind, ack_no, now, sign_by, body=content)
        return report


def _registration(report: Report, station: str) -> dict[str, Any]:
    return {
        "fir_no": report.fir_no,
        "police_station": station,
        "registered_at": report.registered_at.isoformat(),
        "sign_by": report.sign_by.isoformat() if report.sign_by else None,
        "document": b64encode(one_page_pdf(f"{station}: FIR {report.fir_no} on {report.ack_no}")).decode(),
    }
