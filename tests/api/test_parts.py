"""The two parts of the API, intake and officers, and what each says of a path of the other."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from activities.secrets import Process, ProcessKeys, SecretBox
from api.app import create_app
from api.parts import Part
from api.problems import BANK_PATH
from api.route_errors import RouteSearch
from api.services import Services
from schemas.enums import Role
from tests.api.conftest import SECRET, Doors, complaint
from tests.api.openapi_world import published
from tests.api.role_matrix import ENTRIES, NUMBERS, of_banks, routes_of
from tests.api.test_error_reference import codes_of
from workers.reference.routes import proxy_rules

OF_BOTH = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/"), ("HEAD", "/")}
DESCRIPTION = {("GET", "/api/v1/openapi.json"), ("HEAD", "/api/v1/openapi.json")}


def with_keys(services: Services, part: Part) -> Services:
    """The services of one process, with the keys that it has."""
    its = Process(part)
    return replace(services, keys=ProcessKeys(SecretBox(SECRET).process_key(its), its))


@asynccontextmanager
async def process(services: Services, part: Part) -> AsyncIterator[httpx.AsyncClient]:
    """The application of one process, with the keys that it has."""
    if not isinstance(services.keys, ProcessKeys):
        services = with_keys(services, part)
    transport = httpx.ASGITransport(create_app(services, part))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    await services.end_streams()


def paths(routes: Iterable[tuple[str, str]]) -> set[str]:
    """Paths with their parameters filled in."""
    return {path.format_map(NUMBERS | {"token": "t"}) for _, path in routes}


def test_every_route_is_in_exactly_one_part(services: Services) -> None:
    whole = set(routes_of(create_app(services)))
    intake, officers = (set(routes_of(create_app(services, part))) for part in Part)
    assert intake | officers == whole
    assert intake & officers == OF_BOTH
    assert officers >= DESCRIPTION


def test_what_banks_call_complaints_and_their_drafts_are_all_of_intake(services: Services) -> None:
    for_banks = {route for route, entry in ENTRIES.items() if of_banks(entry)}
    of_intake = set(routes_of(create_app(services, Part.INTAKE))) - OF_BOTH
    of_drafts = {route for route in of_intake if route[1].startswith(("/api/v1/drafts", "/api/v1/missed-calls"))}
    of_inbox = {route for route in of_intake if f"{route[1]}/".startswith("/inbox/")}
    assert of_intake == for_banks | of_drafts | of_inbox | {("POST", "/api/v1/complaints")}


def test_the_route_of_a_request_is_the_one_that_all_routes_in_turn_would_give(services: Services) -> None:
    app = create_app(services)
    (search,) = (route for route in app.routes if isinstance(route, RouteSearch))
    others = [route for route in app.routes if route is not search]
    asked = {*routes_of(app), ("GET", "/nothing"), ("GET", "/api/v1/nothing"), ("PATCH", "/api/v1/cases/{ack_no}")}
    for method, path in asked:
        here = path.format_map(NUMBERS | {"token": "t"})
        scope: Scope = {"type": "http", "method": method, "path": here, "root_path": "", "headers": []}
        full = [route for route in others if route.matches(scope)[0] is Match.FULL]
        match, found = search.matches(scope)
        assert (match is Match.FULL, [*found.values()][-1:]) == (bool(full), full[:1]), (method, path)


@pytest.mark.parametrize("part", Part)
def test_no_path_of_a_part_is_taken_for_one_of_the_other(services: Services, part: Part) -> None:
    elsewhere: Iterable[BaseRoute] = create_app(services, part).state.elsewhere.routes
    for path in paths(set(routes_of(create_app(services, part))) - OF_BOTH):
        scope = {"type": "http", "method": "GET", "path": path, "headers": [], "root_path": ""}
        assert [route for route in elsewhere if route.matches(scope)[0] is not Match.NONE] == [], path


async def test_officers_says_which_process_serves_a_path_of_intake(services: Services, doors: Doors) -> None:
    headers = {**doors.officer(Role.INTAKE), "Idempotency-Key": "parts"}
    await doors.come()
    async with process(services, Part.OFFICERS) as client:
        answers = [
            await client.post("/api/v1/complaints", json=complaint(), headers=headers),
            await client.get("/api/v1/bank/policies"),
        ]
        for answer in answers:
            told = answer.json()
            assert (answer.status_code, told["code"]) == (404, "served_by_intake")
            assert told["type"] == "urn:goldenhour:problem:served-by-intake"
        on_the_wire = await client.post("/banking/login", json={"email": "a@b.example", "password": "x"})
        assert (on_the_wire.status_code, on_the_wire.json()["meta"]["response_message"]) == (
            404,
            "The intake process serves this path",
        )
        assert (await client.get("/api/v1/nothing")).json()["code"] == "not_found"


async def test_intake_says_which_process_serves_a_path_of_officers(services: Services) -> None:
    async with process(services, Part.INTAKE) as client:
        for path in ("/api/v1/cases", "/api/v1/openapi.json", "/api/v1/evidence-keys"):
            assert (await client.get(path)).json()["code"] == "served_by_officers"
        page = await client.get("/appeal")
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "no such page" in page.text
        assert (await client.get("/api/v1/nothing")).json()["code"] == "not_found"


@pytest.mark.parametrize(("part", "path"), [(Part.INTAKE, "/complain"), (Part.OFFICERS, "/inbox")])
async def test_d587_a_page_of_the_other_process_is_no_page_here(services: Services, part: Part, path: str) -> None:
    async with process(services, part) as client:
        page = await client.get(path)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is no such page." in page.text
    assert '<a href="/">' in page.text


def test_d587_the_description_names_the_refusal_of_the_other_process(services: Services) -> None:
    codes = {Part.INTAKE: "served_by_officers", Part.OFFICERS: "served_by_intake"}
    others = {asked: set(routes_of(create_app(services, asked.other))) - OF_BOTH for asked in Part}
    document = published()
    for path, operations in document["paths"].items():
        # The wire has its own replies.
        for method, operation in () if path.startswith(BANK_PATH) else operations.items():
            expected = {codes[asked] for asked in Part if (method.upper(), path) in others[asked]}
            told = codes_of(document, operation["responses"].get("404", {}))
            assert set(codes.values()) & set(told) == expected, (method, path)


async def test_officers_describes_the_whole_api(services: Services) -> None:
    async with process(services, Part.OFFICERS) as client:
        described = (await client.get("/api/v1/openapi.json")).json()
    assert described == published()


async def test_officers_serves_officers_with_its_own_keys(services: Services, doors: Doors) -> None:
    ack_no = (await doors.complain())["ack_no"]
    headers = doors.officer(Role.DESK)
    await doors.come()
    async with process(services, Part.OFFICERS) as client:
        found = await client.get(f"/api/v1/cases/{ack_no}", headers=headers)
        assert (found.status_code, found.json()["state"]) == (200, "open")
        assert (await client.get("/api/v1/evidence-keys")).status_code == 200


async def test_only_officers_shows_the_figures_of_the_database(services: Services, doors: Doors) -> None:
    await doors.complain()
    for shows_gauges in (False, True):
        asked = with_keys(replace(services, shows_gauges=shows_gauges), Part.INTAKE)
        async with process(asked, Part.INTAKE) as client:
            assert (await client.get("/metrics")).status_code == 200
        assert ("metrics_cache" in vars(asked)) is shows_gauges


def test_a_proxy_that_follows_the_table_sends_every_path_to_its_process(services: Services) -> None:
    of_intake, of_officers = (
        {path for _, path in set(routes_of(create_app(services, part))) - OF_BOTH} for part in Part
    )
    rules = proxy_rules(of_intake, of_officers)
    of_drafts = ["/api/v1/drafts", "/api/v1/drafts/", "/api/v1/missed-calls"]
    assert rules == ["/api/v1/bank/", "/api/v1/complaints", *of_drafts, "/banking/", "/inbox", "/inbox/"]
    for path in of_intake | of_officers:
        goes_to_intake = any(path == rule or (rule.endswith("/") and path.startswith(rule)) for rule in rules)
        assert goes_to_intake is (path in of_intake), path
