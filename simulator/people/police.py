"""The police and the court of the simulator.

The FIR register of a police station: it registers reports, refuses some, is slow, or is down. A plain ASGI application
beside the banks' endpoints. An e-Zero FIR that is not signed in time lapses here too.
"""

import asyncio
import hashlib
import hmac
import math
from base64 import b64encode
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulator.clock import IST, chance, unit, wall_clock
from simulator.config import HOUR_SECONDS, Rate
from simulator.net.http_client import HttpClientError, body_of, json_reply
from simulator.people.callers import Json, Person
from simulator.people.officers import HTTP_BAD_REQUEST, PAGE_ITEMS, Officers

SEES_ALL: Final = "supervisor"
"""role that reads every case"""
OF_STATE: Final = frozenset({SEES_ALL, "state_gro"})
"""roles that act in every case"""
_ROLE_OF_DUTY: Final = {"io": "io", "supervising": "sp"}
TRIES: Final = 200
"""looks for the officers of a case, at most; the engine assigns them soon after the complaint"""


@dataclass(slots=True)
class CasePolice:
    """The officers by role, and for each case those whom the engine assigned and those of the same districts."""

    officers: Officers
    people: Mapping[str, Sequence[Person]]
    poll_wall_seconds: float
    _of_case: dict[str, Mapping[str, Person]] = field(default_factory=dict)

    async def post(self, role: str, case: str, path: str, body: Json) -> tuple[int, Json]:
        """Send a request as the officer of this role in a case, until it is answered."""
        person = await self._person(role, case)
        if person is None:
            return HTTP_BAD_REQUEST, {"detail": f"the case has no {role}"}
        return await self.officers.call_until_answered("POST", path, person, body)

    async def get(self, role: str, case: str, path: str) -> tuple[int, Json]:
        """Read as the officer of this role in a case; the status is 400 if nothing could be read."""
        person = await self._person(role, case)
        if person is None:
            return HTTP_BAD_REQUEST, {"detail": f"the case has no {role}"}
        return await self._read(person, path)

    async def read(self, path: str) -> tuple[int, Json]:
        """Read as the officer who sees every case; the status is 400 if nothing could be read."""
        return await self._read(self.people[SEES_ALL][0], path)

    async def _read(self, person: Person, path: str) -> tuple[int, Json]:
        try:
            return await self.officers.call("GET", path, person)
        except HttpClientError:
            return HTTP_BAD_REQUEST, {}

    async def _person(self, role: str, case: str) -> Person | None:
        if role in OF_STATE:
            return self.people[role][0]
        for _ in range(TRIES):
            officers = self._of_case.get(case) or await self._look(case)
            if officers:
                return officers.get(role)
            await asyncio.sleep(self.poll_wall_seconds)
        return None

    async def _look(self, case: str) -> Mapping[str, Person]:
        """Return the officers of a case by role; {} while one of its duties has no officer."""
        _, view = await self.read(f"/api/v1/cases/{case}/police")
        assigned = view.get("officers")
        officers: dict[str, Person] = {}
        # The newest assignment of a duty comes first.
        for assignment in assigned if isinstance(assigned, list) else []:
            role = _ROLE_OF_DUTY.get(str(assignment["duty"]))
            named = next((p for p in self.people.get(role or "", ()) if p.officer_id == assignment["subject"]), None)
            if role is not None and named is not None:
                officers.setdefault(role, named)
        if len(officers) < len(_ROLE_OF_DUTY):
            return {}
        near = set(officers["io"].districts)
        for role, people in self.people.items():
            same = [person for person in people if near & set(person.districts)]
            if same:
                officers.setdefault(role, same[0])
        self._of_case[case] = officers
        return officers


WORK_TRIES: Final = 8
"""number of tries, because missing fields may be supplied soon: the officer's name, the FIR and its copy"""
REPORT, FOLLOW_UP = "magistrate_report", "follow_up"

Post = Callable[[str, str, str, Json, str], Awaitable[Json]]
"""posts this body to a path as a role in a case, counted under a name; returns {} if refused"""


@dataclass(slots=True)
class StatutoryWork:
    """An investigating officer who works from the open tasks."""

    post: Post
    police: CasePolice
    poll_wall_seconds: float
    _seen: set[str] = field(default_factory=set)
    _reports: Counter[str] = field(default_factory=Counter)
    """number of reports to the magistrate, by case"""

    async def start_new_tasks(self, group: asyncio.TaskGroup) -> None:
        """Start on every task that is new."""
        _, page = await self.police.read(f"/api/v1/desk/tasks?kind=duty&limit={PAGE_ITEMS}")
        items = page.get("items")
        actions = {
            ("duty", REPORT): self._report,
            ("duty_to_hand_in", REPORT): self._hand_in,
            ("duty", FOLLOW_UP): self._follow_up,
        }
        for task in items if isinstance(items, list) else []:
            action = actions.get((str(task["cause"]), str(task["subject"]["id"])))
            if action is not None and str(task["task_id"]) not in self._seen:
                self._seen.add(str(task["task_id"]))
                group.create_task(action(str(task["case_ack_no"])))

    async def _report(self, case: str) -> None:
        self._reports[case] += 1
        body: Json = {"kind": REPORT, "language": "hi", "revision": self._reports[case]}
        await self._issue(case, body, "reports_issued")

    async def _hand_in(self, case: str) -> None:
        now = wall_clock()
        diary_no = f"{self._reports[case]}/{case}/{now.year}"
        body: Json = {"handed_in": {"diary_no": diary_no, "at": now.isoformat()}}
        await self.post("io", case, f"/api/v1/cases/{case}/duties/{REPORT}/done", body, "reports_handed_in")

    async def _follow_up(self, case: str) -> None:
        """Send a follow-up with the FIR to each bank; without an FIR the seizure order goes by post."""
        answer: set[str] = set()
        while banks := await self._banks(case) - answer:
            for bank in sorted(banks):
                body: Json = {"kind": FOLLOW_UP, "language": "en", "subject": bank}
                if not await self._issue(case, body, "follow_ups_issued"):
                    why: Json = {"reason": "the banks have the seizure order by registered post"}
                    path = f"/api/v1/cases/{case}/duties/{FOLLOW_UP}/done"
                    await self.post("io", case, path, why, "follow_ups_by_post")
                    return
            answer |= banks

    async def _banks(self, case: str) -> set[str]:
        """Return the banks that hold money of the case."""
        _, page = await self.police.get("io", case, f"/api/v1/holds?ack_no={case}&held=true&limit={PAGE_ITEMS}")
        items = page.get("items")
        return {str(hold["institution"]) for hold in items} if isinstance(items, list) else set()

    async def _issue(self, case: str, body: Json, what: str) -> bool:
        """Issue a document when no field is missing; return False if that does not happen in time."""
        lacking = f"/api/v1/cases/{case}/documents/{body['kind']}/lacking?subject={body.get('subject', '')}"
        for _ in range(WORK_TRIES):
            status, answer = await self.police.get("io", case, lacking)
            if status < HTTP_BAD_REQUEST and answer.get("can_be_issued"):
                return bool(await self.post("io", case, f"/api/v1/cases/{case}/documents", body, what))
            await asyncio.sleep(self.poll_wall_seconds)
        return False


Effect = Literal["restore", "release", "keep_hold", "refuse"]
_COURTS = {
    "bnss_497": "Chief Judicial Magistrate, Lucknow",
    "bnss_503": "Chief Judicial Magistrate, Lucknow",
    "bnss_106": "Chief Judicial Magistrate, Lucknow",
    "bnss_107": "District Magistrate, Lucknow",
    "lok_adalat": "Permanent Lok Adalat, Lucknow",
    "writ": "High Court of Judicature at Allahabad, Lucknow Bench",
}


@dataclass(slots=True)
class Court:
    """Makes orders; the same case and law give the same order. `refuses` is the share of refused applications."""

    seed: int = 7
    refuses: float = 0.0

    def order(self, ack_no: str, kind: str, effect: Effect = "restore", *, on: date | None = None) -> dict[str, Any]:
        """Return the body of `POST /api/v1/cases/{ack_no}/court-orders`. Raises KeyError for an unknown law."""
        turned_down = effect == "restore" and chance(self.seed, self.refuses, "court refuses", ack_no, kind)
        effect = "refuse" if turned_down else effect
        number = f"{1 + int(unit(self.seed, 'court order', ack_no, kind) * 9_999)}/{ack_no[-4:]}"
        made_on = on or wall_clock().astimezone(IST).date()
        words = f"{_COURTS[kind]}: order {number} of {made_on:%d-%m-%Y} on acknowledgement {ack_no}: {effect}"
        return {
            "kind": kind,
            "effect": effect,
            "court": _COURTS[kind],
            "order_no": number,
            "made_on": made_on.isoformat(),
            "document": b64encode(one_page_pdf(words)).decode(),
        }


def one_page_pdf(words: str) -> bytes:
    """Return a PDF of one page with one line of ASCII; the same text gives the same bytes."""
    line = words.encode("ascii", "replace").decode().translate({ord(c): f"\\{c}" for c in "\\()"})
    stream = f"BT /F1 11 Tf 40 780 Td ({line}) Tj ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 842 842] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    return (
        f"{body}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    ).encode("ascii")


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
        signed_text = f"{timestamp}\nPOST\n{request.url.path}\n{hashlib.sha256(body).hexdigest()}".encode()
        expected = hmac.new(self._key, signed_text, hashlib.sha256).hexdigest()
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
