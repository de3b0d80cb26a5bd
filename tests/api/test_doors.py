"""H6: strangers cannot close the doors. Their bodies are not read, and their places are not those of others."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from activities.officers.enrolment import FIRST_PATH, SIGN_IN_PATH
from api.app import create_app
from api.gateway.auth import TheBank, bank_token
from api.officers import sign_in
from api.officers.callers import DISPLAY_PATH, OPEN_PATHS, SIGN_IN_API_PATH, SIGN_IN_BELOW, SIGN_IN_PATHS, door_of
from api.officers.session_routes import SIGN_IN_BODY_MAX_BYTES
from api.officers.sessions import Sessions, session_cookie
from api.services import Services
from domain.policy.callers import DoorName, Places
from schemas.enums import Role
from tests.api.conftest import Doors, new_app, opened
from tests.api.feed import HOLDS, POLICIES, Feed, feed, waiters
from tests.api.listening import Server, listening, one_place, with_doors
from tests.api.role_matrix import ENTRIES, Who
from tests.api.signed import sign
from tests.api.test_streams import Running, running
from workers.setting_checks import networks_of

__all__ = ["feed", "running"]

PATIENCE_SECONDS = 20.0
ATTACKER, OTHER = "127.0.0.2", "127.0.0.3"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class Body:
    """A body that notes whether a byte of it was asked for."""

    def __init__(self) -> None:
        self.is_read = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.is_read = True
        yield b"{}"


# -- the credential before the body ------------------------------------------------------------------------------------


async def test_h6_a_body_without_a_credential_is_not_read(doors: Doors) -> None:
    for (method, path), entry in ENTRIES.items():
        if entry.is_open or entry.body is None:
            continue
        wrong_door = doors.officer(Role.ADMIN) if entry.who is Who.BANKS else doors.bank("SBIN")
        for headers in ({}, {"Authorization": "Bearer x.y.z"}, wrong_door):
            sent = Body()
            response = await doors.client.request(
                method, entry.url, content=sent, headers={**headers, "Content-Type": JSON}
            )
            assert response.status_code == 401, (method, path, response.text)
            assert response.headers["www-authenticate"].startswith("Bearer")
            assert not sent.is_read, (method, path)


async def test_h6_a_body_under_a_signature_of_no_key_is_not_read(feed: Feed) -> None:
    sent = Body()
    url = f"http://test{HOLDS}/{uuid4()}/answer"
    headers = sign(b"{}", url, key_id="of-no-bank") | {"Content-Type": JSON}
    response = await feed.doors.client.post(url, content=sent, headers=headers)
    assert (response.status_code, response.json()["code"]) == (401, "signature_wrong")
    assert not sent.is_read


async def test_h6_a_form_behind_no_link_is_not_read(doors: Doors) -> None:
    sent = Body()
    response = await doors.client.post(f"/a/{'x' * 43}", content=sent, headers={"Content-Type": FORM})
    assert response.status_code == 404
    assert not sent.is_read


async def test_h6_sign_in_takes_a_password_and_no_large_body(doors: Doors, subtests: pytest.Subtests) -> None:
    for path, media_type in (
        (SIGN_IN_API_PATH, JSON),
        (f"{SIGN_IN_API_PATH}/password", JSON),
        (SIGN_IN_PATH, FORM),
        (f"{FIRST_PATH}{'x' * 43}", FORM),
    ):
        with subtests.test(path=path):
            headers = {**doors.officer(Role.ADMIN), "Content-Type": media_type}
            response = await doors.client.post(path, content=b"x" * (SIGN_IN_BODY_MAX_BYTES + 1), headers=headers)
            assert response.status_code == 413
            longest = {"officer_id": "x" * 64, "password": "\U0001f5dd" * 200, "code": "0" * 40}
            for body in (json.dumps(longest), urlencode({**longest, "again": longest["password"]})):
                assert len(body) <= SIGN_IN_BODY_MAX_BYTES


async def test_h6_a_credential_is_read_once(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0
    once = Sessions._find

    async def counted(self: Sessions, token: str) -> Any:
        nonlocal read
        read += 1
        return await once(self, token)

    monkeypatch.setattr(Sessions, "_find", counted)
    await doors.complain()
    assert read == 1


def routes(app: FastAPI) -> Iterator[APIRoute]:
    """Every route, those of included routers too."""
    waiting: list[BaseRoute] = list(app.routes)
    while waiting:
        route = waiting.pop()
        if isinstance(route, APIRoute):
            yield route
        waiting += getattr(getattr(route, "original_router", None), "routes", [])


def calls(dependant: Dependant) -> Iterator[Any]:
    """Everything that a route depends on."""
    for below in dependant.dependencies:
        yield below.call
        yield from calls(below)


def test_h6_every_route_stands_at_the_door_of_its_callers(services: Services) -> None:
    (the_bank,) = (found.dependency for found in TheBank.__metadata__)  # type: ignore[attr-defined]
    found: dict[DoorName, set[str]] = {door: set() for door in DoorName}
    for route in routes(create_app(services)):
        needed = list(calls(route.dependant))
        if route.path in SIGN_IN_PATHS or route.path.startswith(SIGN_IN_BELOW):
            door = DoorName.SIGN_IN
        elif route.path in OPEN_PATHS:
            door = DoorName.PUBLIC
        elif session_cookie in needed:
            door = DoorName.OFFICERS
        elif the_bank in needed or bank_token in needed:
            door = DoorName.BANKS
        else:
            door = DoorName.PUBLIC
        assert door_of(route.path) is door, route.path
        # FastAPI reads such a body before it looks at the credential, so the edge must do that.
        assert (
            route.body_field is None or door is DoorName.OFFICERS or route.path in {SIGN_IN_API_PATH, DISPLAY_PATH}
        ), route.path
        found[door].add(route.path)
    assert found[DoorName.PUBLIC] >= OPEN_PATHS - SIGN_IN_PATHS - {"/api/v1/openapi.json"}


# -- places ------------------------------------------------------------------------------------------------------------


async def connected(told: Server, source: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(told.host, told.port, local_addr=(source, 0))


@asynccontextmanager
async def slow(told: Server, path: str, media_type: str, count: int) -> AsyncIterator[list[asyncio.StreamReader]]:
    """Connections of one address that send a head, and no body."""
    lines = []
    for _ in range(count):
        reader, writer = await connected(told, ATTACKER)
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {media_type}\r\nContent-Length: 5000\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()
        lines.append((reader, writer))
    try:
        yield [reader for reader, _ in lines]
    finally:
        for _, writer in lines:
            writer.close()


async def status(told: Server, path: str, source: str = "127.0.0.1", **headers: str) -> int:
    reader, writer = await connected(told, source)
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n".encode())
    async with asyncio.timeout(PATIENCE_SECONDS):
        answer = await reader.read()
    writer.close()
    return int(answer.split(b" ", 2)[1])


async def until(told: Server, path: str, wanted: int, source: str) -> None:
    """Come back when an address gets this status: a connection may still be on its way."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await status(told, path, source) != wanted:  # noqa: ASYNC110 - the server sets no event
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("path", "media_type", "page"), [("/appeal", FORM, "/appeal"), (SIGN_IN_API_PATH, JSON, SIGN_IN_PATH)]
)
async def test_h6_slow_bodies_of_one_address_close_no_door_of_others(
    services: Services, path: str, media_type: str, page: str
) -> None:
    places = one_place(services, DoorName.OFFICERS, DoorName.BANKS)
    few = Places(requests=3, of_one=2, of_one_crowded=2, source="the test")
    places |= {DoorName.PUBLIC: few, DoorName.SIGN_IN: few}
    async with listening(with_doors(services, places=places), PATIENCE_SECONDS) as told:
        async with slow(told, path, media_type, 17):
            await until(told, page, 503, ATTACKER)
            assert await status(told, page, OTHER) == 200
            for _ in range(3):
                assert await status(told, "/api/v1/cases", Authorization=f"Bearer {told.officer}") == 200
                assert await status(told, POLICIES, Authorization=f"Bearer {told.bank}") == 200
        await until(told, page, 200, ATTACKER)


async def test_n4_sign_ins_close_no_public_page_and_wait_without_a_place(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "ANSWERS_AFTER_SECONDS", PATIENCE_SECONDS)
    asked = b'{"officer_id": "nobody", "password": "x", "code": "123456"}'
    async with listening(with_doors(services, places=one_place(services)), PATIENCE_SECONDS) as told:
        head = f"POST {SIGN_IN_API_PATH} HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\nContent-Type: {JSON}"
        tries = [await connected(told, ATTACKER) for _ in range(3)]
        for _, writer in tries:
            writer.write(f"{head}\r\nContent-Length: {len(asked)}\r\n\r\n".encode() + asked)
            await writer.drain()
            await until(told, SIGN_IN_PATH, 200, OTHER)
        async with slow(told, SIGN_IN_API_PATH, JSON, 1):
            await until(told, SIGN_IN_PATH, 503, OTHER)
            assert await status(told, "/appeal", OTHER) == 200
        for _, writer in tries:
            writer.close()


async def test_n4_an_address_has_few_places_while_half_of_the_door_is_taken(services: Services) -> None:
    places = one_place(services)
    places[DoorName.PUBLIC] = Places(requests=6, of_one=5, of_one_crowded=1, source="the test")
    async with (
        listening(with_doors(services, places=places), PATIENCE_SECONDS) as told,
        slow(told, "/appeal", FORM, 5),
    ):
        await until(told, "/appeal", 503, ATTACKER)
        assert [await status(told, "/appeal", OTHER) for _ in range(3)] == [200] * 3


async def test_h6_slow_bodies_of_all_strangers_close_the_public_door_alone(services: Services) -> None:
    async with (
        listening(with_doors(services, places=one_place(services)), PATIENCE_SECONDS) as told,
        slow(told, "/appeal", FORM, 1),
    ):
        await until(told, "/appeal", 503, OTHER)
        assert await status(told, "/healthz", OTHER) == 200
        assert await status(told, "/api/v1/cases", Authorization=f"Bearer {told.officer}") == 200
        assert await status(told, POLICIES, Authorization=f"Bearer {told.bank}") == 200


@pytest.mark.parametrize(
    "path", ["/api/v1/complaints", "/banking/FraudReportStatusUpdate", f"{HOLDS}/{UUID(int=0)}/answer"]
)
async def test_h6_a_slow_body_without_a_credential_takes_no_place(services: Services, path: str) -> None:
    async with (
        listening(with_doors(services, places=one_place(services)), PATIENCE_SECONDS) as told,
        slow(told, path, JSON, 5) as readers,
    ):
        for reader in readers:
            async with asyncio.timeout(PATIENCE_SECONDS):
                assert (await reader.readline()).startswith(b"HTTP/1.1 401 ")
        assert await status(told, "/appeal", OTHER) == 200


async def test_h6_a_caller_without_a_place_is_told_to_come_back(services: Services) -> None:
    places = one_place(services, DoorName.PUBLIC)
    async with (
        listening(with_doors(services, places=places), PATIENCE_SECONDS) as told,
        slow(told, "/appeal", FORM, 1),
    ):
        await until(told, "/appeal", 503, OTHER)
        async with httpx.AsyncClient(base_url=f"http://{told.host}:{told.port}", trust_env=False) as client:
            answer = await client.get("/api/v1/evidence-keys")
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert answer.headers["retry-after"] == "1"


async def test_h6_behind_a_trusted_proxy_the_address_that_it_names_is_counted(services: Services) -> None:
    places = one_place(services, DoorName.OFFICERS)
    places[DoorName.PUBLIC] = Places(requests=3, of_one=1, of_one_crowded=1, source="the test")
    proxied = replace(with_doors(services, places=places), trusted_proxies=networks_of(ATTACKER))
    async with listening(proxied, PATIENCE_SECONDS) as told, slow(told, "/appeal", FORM, 1):
        await until(told, "/appeal", 503, ATTACKER)
        assert await status(told, "/appeal", ATTACKER, X_Forwarded_For="198.51.100.7") == 200
        assert await status(told, "/appeal", ATTACKER, X_Forwarded_For=f"198.51.100.7, {ATTACKER}") == 200
        # The header of one who is no trusted proxy is ignored.
        assert await status(told, "/appeal", OTHER, X_Forwarded_For=ATTACKER) == 200


async def test_h6_an_address_has_so_many_connections_and_a_trusted_proxy_any_number(services: Services) -> None:
    few = with_doors(services, connections_of_address=2)
    async with listening(replace(few, trusted_proxies=networks_of(OTHER)), PATIENCE_SECONDS) as told:
        one, two, three = [await connected(told, ATTACKER) for _ in range(3)]
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await three[0].read() == b""
        assert await status(told, "/healthz") == 200
        one[1].close()
        await asyncio.sleep(0.05)
        assert await status(told, "/healthz", ATTACKER) == 200
        proxied = [await connected(told, OTHER) for _ in range(3)]
        assert await status(told, "/healthz", OTHER) == 200
        for _, writer in (two, three, *proxied):
            writer.close()


# -- streams and waiting calls -----------------------------------------------------------------------------------------


async def test_h6_a_stream_takes_no_place(services: Services) -> None:
    async with listening(with_doors(services, places=one_place(services)), PATIENCE_SECONDS) as told:
        url = f"http://{told.host}:{told.port}"
        headers = {"Authorization": f"Bearer {told.officer}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as client:
            async with opened(services) as doors:
                ack_no = (await doors.complain())["ack_no"]
            path = f"/api/v1/cases/{ack_no}/events"
            streams = [client.stream("GET", path, headers={"Accept": "text/event-stream"}) for _ in range(3)]
            for stream in streams:
                response = await stream.__aenter__()
                assert response.status_code == 200
            assert (await client.get("/api/v1/cases")).status_code == 200
            for stream in streams:
                await stream.__aexit__(None, None, None)


async def test_h6_a_waiting_call_of_a_bank_takes_no_place(services: Services) -> None:
    async with opened(with_doors(services, places=one_place(services))) as doors:
        told = Feed(doors)
        waiting = []
        for number in range(1, 4):
            # Each has the only place until it waits.
            waiting.append(asyncio.create_task(told.get(wait_seconds=30)))
            await waiters(doors.services.bank_hub, number)
        assert (await told.get(POLICIES)).status_code == 200
        await told.hold()
        for answer in await asyncio.gather(*waiting):
            assert answer.status_code == 200


async def test_h6_more_than_two_hundred_calls_of_banks_wait(services: Services) -> None:
    hub = services.bank_hub
    with_all = [hub.subscribed(f"BANK{number}", f"BANK{number}") for number in range(400)]
    for one in with_all:
        one.__enter__()
    assert len(hub._subscriptions) == 400
    for one in with_all:
        one.__exit__(None, None, None)
    assert not hub._by_subject


async def test_h6_banks_that_wait_take_no_stream_of_an_officer(running: Running) -> None:
    hub = running.doors.services.bank_hub
    hub._most = 0
    ack_no = (await running.doors.complain())["ack_no"]
    async with running.stream(ack_no) as reader:
        await reader.opening()


# -- what operators see ------------------------------------------------------------------------------------------------

LOW_PATHS = ("/metrics", "/readyz", "/api/v1/openapi.json")


@asynccontextmanager
async def seen_from(services: Services, address: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose requests come from this address."""
    transport = httpx.ASGITransport(new_app(services), client=(address, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_low_strangers_see_no_page_for_operators(doors: Doors) -> None:
    async with seen_from(doors.services, "203.0.113.7") as client:
        for path, expected in zip(LOW_PATHS, (404, 404, 401), strict=True):
            assert (await client.get(path)).status_code == expected, path
        assert (await client.get("/healthz")).status_code == 200
        headers = doors.officer(Role.AUDITOR)
        await doors.come()
        described = await client.get(LOW_PATHS[2], headers=headers)
        assert described.status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
async def test_low_a_proxy_on_this_machine_opens_no_page_for_operators(doors: Doors, header: str) -> None:
    async with seen_from(doors.services, "127.0.0.1") as client:
        for path, expected in zip(LOW_PATHS, (404, 404, 401), strict=True):
            assert (await client.get(path, headers={header: "127.0.0.1"})).status_code == expected, path


async def test_low_this_machine_sees_them_at_every_address_of_its_own(services: Services) -> None:
    async with seen_from(services, "10.1.2.3") as client:
        assert (await client.get("http://10.1.2.3/readyz")).status_code == 200
        assert (await client.get("http://10.1.2.4/readyz")).status_code == 404


async def test_low_operators_see_their_pages_directly(services: Services) -> None:
    named = replace(services, operators=networks_of("10.9.0.0/24"))
    for address, expected in (("10.9.0.7", 200), ("10.8.0.7", 404), ("127.0.0.1", 404)):
        async with seen_from(named, address) as client:
            assert (await client.get("/metrics")).status_code == expected, address


async def test_low_a_browser_is_told_to_use_https_only(services: Services) -> None:
    for url, expected in (
        ("https://freeze.example", True),
        ("http://127.0.0.1:8080", False),
        (None, False),
        ("https://my.localhost", False),
    ):
        async with seen_from(replace(services, public_url=url), "127.0.0.1") as client:
            for path in ("/appeal", "/nothing", "/healthz"):
                assert ("strict-transport-security" in (await client.get(path)).headers) is expected


async def test_h6_a_signed_request_is_counted_among_the_banks(services: Services) -> None:
    places = one_place(services, DoorName.PUBLIC)
    async with (
        listening(with_doors(services, places=places), PATIENCE_SECONDS) as told,
        slow(told, "/appeal", FORM, 1),
    ):
        await until(told, "/appeal", 503, OTHER)
        async with httpx.AsyncClient(trust_env=False) as client:
            url = f"http://{told.host}:{told.port}{POLICIES}"
            answer = await client.get(url, headers=sign(b"", url, "GET", key_id="of-no-bank"))
    assert (answer.status_code, answer.json()["code"]) == (401, "signature_wrong")
