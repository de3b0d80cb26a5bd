"""What every request passes: limits on bodies, problems for whatever is wrong, an id and a date on every response."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import asyncpg
import httpx
import pytest

from activities.case.intake import arrived_at
from adapters.clock import wall_clock
from api import edge
from api.app import BODY_LIMITS_BYTES
from api.services import Services
from db.pool import set_codecs
from schemas.case.case_workflow import FollowUp
from schemas.enums import Role
from tests.api.conftest import Doors, NotingNotifier, complaint, opened
from tests.each import each

COMPLAINTS = "/api/v1/complaints"
JSON = {"Content-Type": "application/json", "Idempotency-Key": "k1"}


async def post(doors: Doors, content: bytes | AsyncIterator[bytes], **headers: str) -> httpx.Response:
    return await doors.client.post(
        COMPLAINTS, content=content, headers={**doors.officer(Role.INTAKE), **JSON, **headers}
    )


def is_problem(response: httpx.Response, status: int, name: str) -> bool:
    problem = response.json()
    return (
        response.status_code == status == problem["status"]
        and response.headers["content-type"] == "application/problem+json"
        and problem["type"] == f"urn:goldenhour:problem:{name}"
        and bool(problem["title"] and problem["detail"])
        and problem["request_id"] == response.headers["x-request-id"]
    )


@dataclass
class ArrivalsNotifier(NotingNotifier):
    """Notes when the message arrived that caused a notification."""

    seen: list[datetime | None] = field(default_factory=list)

    def soon(self, follow_up: FollowUp) -> None:
        super().soon(follow_up)
        self.seen.append(arrived_at())


async def test_the_arrival_of_a_message_is_known_after_its_commit(services: Services) -> None:
    notifier = ArrivalsNotifier()
    async with opened(replace(services, notifier=notifier)) as doors:
        before = wall_clock()
        received_at = datetime.fromisoformat((await doors.complain())["received_at"])
    (seen,) = notifier.seen
    assert seen is not None
    assert before <= seen <= received_at


GARBAGE: Final = {
    "half": b"{",
    "binary": b"\x00\xff\xfe",
    "cut": b'{"channel": "portal"',
    "half a character": b'{"a": \xed\xa0\x80}',
    "deep list": b"[" * 100_000,
    "deep object": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "long number": b'{"amount_paise": ' + b"9" * 5_000 + b"}",
}


async def test_asvs_3_4_3_a_response_without_a_policy_gets_one_that_loads_nothing(doors: Doors) -> None:
    nothing = "default-src 'none'; frame-ancestors 'none'"
    desk = doors.officer(Role.DESK)
    for path, headers, status in (
        ("/healthz", {}, 200),
        ("/api/v1/cases", desk, 200),
        ("/api/v1/scorecards.csv", desk, 200),
        ("/api/v1/cases", {}, 401),
        ("/no/such/path", {}, 404),
        ("/a/no-such-letter/form", {}, 404),
    ):
        response = await doors.client.get(path, headers=headers)
        assert (response.status_code, response.headers.get_list("content-security-policy")) == (status, [nothing]), path
    page = await doors.client.get("/sign-in")
    (own,) = page.headers.get_list("content-security-policy")
    assert "style-src" in own


async def test_garbage_is_a_problem(doors: Doors, subtests: pytest.Subtests) -> None:
    for name, garbage in GARBAGE.items():
        with subtests.test(name):
            assert is_problem(await post(doors, garbage), 400, "not-json")


async def test_json_that_is_no_complaint_is_a_problem(doors: Doors, subtests: pytest.Subtests) -> None:
    for body in (b"", b"null", b"[]", b'"text"', b"1", b"NaN"):
        with subtests.test(body.decode()):
            response = await post(doors, body)
            assert is_problem(response, 422, "invalid-request")
            assert response.json()["violations"][0]["field"] == "body"


async def test_a_body_is_measured_by_its_header(doors: Doors) -> None:
    limit = BODY_LIMITS_BYTES[COMPLAINTS]
    assert is_problem(await post(doors, b" " * (limit + 1)), 413, "too-large")
    assert is_problem(await post(doors, b" " * limit), 400, "not-json")


async def test_a_body_without_a_length_is_measured_as_it_comes(doors: Doors) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 16_384
            yield b" " * 16_384

    assert is_problem(await post(doors, endless()), 413, "too-large")
    assert sent <= BODY_LIMITS_BYTES[COMPLAINTS] + 2 * 16_384


async def test_other_doors_take_less(doors: Doors) -> None:
    body = b" " * (edge.BODY_MAX_BYTES + 1)
    response = await doors.client.post(
        "/api/v1/desk/tasks/1/close", content=body, headers={**doors.officer(Role.DESK), **JSON}
    )
    assert is_problem(response, 413, "too-large")


async def test_only_json_is_read(doors: Doors) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"):
        response = await post(doors, b"{}", **{"Content-Type": media_type})
        assert is_problem(response, 415, "unsupported-media-type"), media_type
    for media_type in ("application/json; charset=utf-8", "application/vnd.up.complaint+json"):
        response = await post(doors, b"{}", **{"Content-Type": media_type})
        assert is_problem(response, 422, "invalid-request"), media_type


WRONG_TURNS: Final[list[tuple[str, str, int, str]]] = [
    ("GET", "/nothing", 404, "not-found"),
    ("GET", "/api/v1/secrets", 404, "not-found"),
    ("GET", "/api/v1/cases/", 404, "not-found"),
    ("DELETE", COMPLAINTS, 405, "method-not-allowed"),
    ("GET", COMPLAINTS, 405, "method-not-allowed"),
    ("PUT", "/metrics", 405, "method-not-allowed"),
    ("GET", "/api/v1/cases/29999999999999", 404, "not-found"),
    ("GET", "/api/v1/cases/1", 422, "invalid-request"),
    ("GET", "/api/v1/cases?limit=0", 422, "invalid-request"),
    ("GET", "/api/v1/cases?limit=501", 422, "invalid-request"),
    ("GET", "/api/v1/cases?limit=many", 422, "invalid-request"),
    ("GET", "/api/v1/cases?state=odd", 422, "invalid-request"),
    ("GET", "/api/v1/cases?after=!!", 422, "invalid-request"),
    ("GET", "/api/v1/cases?after=WzFd", 422, "invalid-request"),
    ("GET", "/api/v1/desk/tasks?after=Wy0xXQ", 422, "invalid-request"),
    ("GET", "/api/v1/cases/29999999999999/events?after=-1", 422, "invalid-request"),
    ("GET", f"/api/v1/cases/29999999999999/events?after={2**63}", 422, "invalid-request"),
    ("GET", "/api/v1/cases/%00", 422, "invalid-request"),
]


async def test_wrong_turns_are_problems(doors: Doors, subtests: pytest.Subtests) -> None:
    for method, path, status, name in WRONG_TURNS:
        with subtests.test(f"{method} {path}"):
            response = await doors.client.request(method, path, headers={**doors.officer(Role.DESK), **JSON})
            assert is_problem(response, status, name), response.text


@each(
    ("method", "path", "allowed"),
    [
        ("GET", COMPLAINTS, "POST"),
        ("DELETE", "/api/v1/bank/liens/wanted", "GET"),
        ("PATCH", "/a/0", "GET, HEAD, POST"),
        ("OPTIONS", "/banking/login", "POST"),
        ("HEAD", "/healthz", "GET"),
    ],
)
async def test_a_refused_method_names_all_that_the_path_has(doors: Doors, method: str, path: str, allowed: str) -> None:
    response = await doors.client.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)


async def test_what_cannot_be_a_number_of_ours_is_no_failure(doors: Doors) -> None:
    ack_no = (await doors.complain())["ack_no"]
    for path in (f"/api/v1/cases/{ack_no}/hops/{2**31}/correct", f"/api/v1/desk/tasks/{2**63}/close"):
        response = await doors.post(path, {"reason": "testing", "rrn": "712345678901"})
        assert is_problem(response, 422, "invalid-request")


async def test_every_response_has_an_id_and_a_date(doors: Doors) -> None:
    for path in ("/healthz", "/nothing", "/metrics", "/banking/nothing"):
        response = await doors.client.get(path)
        assert len(response.headers.get_list("x-request-id")) == 1
        assert parsedate_to_datetime(response.headers["date"]).tzinfo is not None
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
    given = await doors.client.get("/healthz", headers={"X-Request-Id": "abc-12345678"})
    assert given.headers["x-request-id"] == "abc-12345678"
    odd = await doors.client.get("/healthz", headers={"X-Request-Id": 'x" injected=1'})
    assert odd.headers["x-request-id"] not in {'x" injected=1', ""}


async def test_a_failure_shows_nothing_of_itself(
    doors: Doors, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise LookupError("Asha Devi of account 30000000001")

    monkeypatch.setattr("api.case.intake.take_complaint", fail)
    with caplog.at_level(logging.INFO):
        response = await doors.client.post(
            COMPLAINTS, json=complaint(), headers={**doors.officer(Role.INTAKE), "Idempotency-Key": "k1"}
        )
    assert is_problem(response, 500, "internal")
    assert "LookupError" in caplog.text
    assert response.headers["x-request-id"] in caplog.text
    for told in (response.text, caplog.text):
        assert "Asha" not in told
        assert "Traceback" not in told


async def test_logs_hold_no_personal_data_and_no_secret(doors: Doors, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        receipt = await doors.complain()
        await doors.client.get(f"/api/v1/cases/{receipt['ack_no']}?mobile=9876543210", headers=doors.officer(Role.DESK))
        await doors.client.get("/api/v1/accounts/30000000001?name=Asha")
        await doors.client.post("/banking/login", json={"email": "sbin@banks.example", "password": "wrong-secret"})
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("goldenhour"))
    assert "route=/api/v1/cases/{ack_no} status=200" in ours
    assert "route=- status=404" in ours
    for secret in ("Asha", "9876543210", "30000000001", "wrong-secret", "sbin@banks.example", "Bearer", "eyJ"):
        assert secret not in ours
    assert all("\n" not in record.getMessage() for record in caplog.records)


@pytest.fixture
async def dead_services(services: Services) -> AsyncIterator[Services]:
    """The same services over a database that is down."""
    pool: Any = await asyncpg.create_pool("postgresql://x:y@127.0.0.1:9/gone", min_size=0, init=set_codecs)
    yield replace(services, ctx=replace(services.ctx, pool=pool))
    await pool.close()


async def test_with_the_database_down_the_caller_is_told_to_come_back(dead_services: Services) -> None:
    async with opened(dead_services) as doors:
        response = await doors.client.post(
            COMPLAINTS, json=complaint(), headers={**doors.officer(Role.INTAKE), "Idempotency-Key": "k1"}
        )
        assert is_problem(response, 503, "database-unavailable")
        assert response.headers["retry-after"] == "1"
        assert doors.notifier.told == []
        ready = await doors.client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "not_ready")
        assert ready.json()["parts"]["database"] == "down"
        assert (await doors.client.get("/healthz")).status_code == 200
        assert (await doors.client.get("/metrics")).status_code == 200
        login = await doors.client.post("/banking/login", json={"email": "sbin@banks.example", "password": "x"})
        assert login.status_code == 503
        assert login.json()["meta"]["response_code"] == "500"
