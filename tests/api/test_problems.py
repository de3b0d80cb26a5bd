"""Refusals: what a caller without a credential reads, and a browser at an unknown address."""

from typing import Final

import httpx
import pytest

from api.officers.sessions import COOKIE
from api.officers.tokens import BankDoor
from api.services import Services
from tests.api.conftest import Doors, new_app
from tests.each import each

SIGN_IN = "Sign in first. A script sends its token in the header `Authorization`."
AGAIN = "The session is over. Sign in again."
ANOTHER = "The token is unknown, revoked or over. An admin issues another one."
LOG_IN, OR_SIGN = "Log in at POST /banking/login", ", or sign the request"
OVER = "The token is over, or opens another interface. Log in again at POST /banking/login"
CASES, WIRE, FEED = "/api/v1/cases", "/banking/FraudReportStatusUpdate", "/api/v1/bank/holds"


@each(
    ("method", "path", "credential", "detail"),
    [
        ("GET", CASES, "", SIGN_IN),
        ("GET", CASES, "cookie", AGAIN),
        ("GET", CASES, "token", ANOTHER),
        ("GET", CASES, "wire", ANOTHER),
        ("GET", "/api/v1/session", "", SIGN_IN),
        ("GET", "/api/v1/session", "cookie", AGAIN),
        ("GET", "/api/v1/openapi.json", "cookie", AGAIN),
        # Refused at the edge, before the body is read.
        ("POST", "/api/v1/complaints", "cookie", AGAIN),
        ("POST", "/api/v1/complaints", "token", ANOTHER),
        ("GET", FEED, "", f"{LOG_IN}{OR_SIGN}."),
        ("GET", FEED, "wire", f"{OVER}{OR_SIGN}."),
        ("GET", FEED, "cookie", f"{LOG_IN}{OR_SIGN}."),
        ("POST", WIRE, "", f"{LOG_IN}."),
        ("POST", WIRE, "api", f"{OVER}."),
    ],
)
async def test_low_a_401_says_what_the_door_takes(
    services: Services, method: str, path: str, credential: str, detail: str
) -> None:
    tokens = {door.value: services.tokens.for_bank("SBIN", door) for door in BankDoor} | {"token": "x"}
    tokens["wire"] = tokens.pop(BankDoor.I4C.value)
    headers = {"Authorization": f"Bearer {tokens[credential]}"} if credential in tokens else {}
    if credential == "cookie":
        headers["Cookie"] = f"{COOKIE}={'x' * 43}"
    transport = httpx.ASGITransport(new_app(services), client=("203.0.113.9", 40_000))
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.test") as client:
        response = await client.request(method, path, headers=headers, json={} if method == "POST" else None)
    told = response.json()
    assert response.status_code == 401, response.text
    if path == WIRE:
        assert told["meta"]["response_message"] == detail
    else:
        assert (told["code"], told["detail"]) == ("not_logged_in", detail)


BROWSER: Final = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/wp-login.php", 404), ("DELETE", "/", 405), ("GET", "/leave", 405)],
)
async def test_d587_a_browser_at_an_unknown_address_gets_a_page_that_leads_on(
    doors: Doors, method: str, path: str, status: int
) -> None:
    page = await doors.client.request(method, path, headers={"Accept": BROWSER})
    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    for language, reason in (("en", "There is no such page."), ("hi", "ऐसा कोई पृष्ठ नहीं है।")):
        _, _, section = page.text.partition(f'<section lang="{language}">')
        section, _, _ = section.partition("</section>")
        assert reason in section
        assert '<a href="/">' in section


@pytest.mark.parametrize(
    ("path", "accept"),
    [("/nothing", "application/json"), ("/nothing", "*/*"), ("/api/v1/nothing", BROWSER), ("/api/v1/cases", BROWSER)],
)
async def test_d587_a_program_and_the_paths_of_programs_get_problems(doors: Doors, path: str, accept: str) -> None:
    told = await doors.client.get(path, headers={"Accept": accept})
    assert told.headers["content-type"] == "application/problem+json"


async def test_d587_a_form_that_waits_to_be_sent_again_has_no_link_away(doors: Doors) -> None:
    refused = await doors.client.post(
        "/appeal", content=b"x" * 200_000, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert (refused.status_code, "<a " in refused.text) == (413, False)
