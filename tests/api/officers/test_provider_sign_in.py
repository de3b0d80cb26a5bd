"""Sign-in with an identity provider that runs as a process of its own on loopback."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import orjson
import pytest
from pydantic import SecretStr

from activities.officers.enrolment import disable_officer, import_officers, reset_officer
from adapters.officers.identity_provider import ProviderSettings
from api.officers.sessions import COOKIE
from api.officers.sign_in_pages import BACK_PATH, BEGUN_COOKIE
from api.services import Services
from schemas.enums import Role
from schemas.officers import OfficerEntry
from tests.api.conftest import new_app
from workers.embedded.ports import free_port

DESK = "https://desk.test"
START_SECONDS = 120.0
USERS = [
    {"sub": "ravi", "email": "Ravi@police.example", "email_verified": True, "amr": ["pwd", "mfa"]},
    {"sub": "weak", "email": "ravi@police.example", "email_verified": True, "amr": ["pwd"]},
    {"sub": "successor", "email": "ravi@police.example", "email_verified": True, "amr": ["pwd", "mfa"]},
    {"sub": "stranger", "email": "stranger@police.example", "email_verified": True, "amr": ["mfa"]},
]


@pytest.fixture(scope="module")
async def issuer() -> AsyncIterator[str]:
    """The address of the provider."""
    port = free_port()
    users = [part for user in USERS for part in ("--user-claims", orjson.dumps(user).decode())]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true", *users),
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(START_SECONDS), httpx.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    await client.get(f"{url}/jwks")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
        yield url
    finally:
        process.kill()
        await process.wait()


@pytest.fixture
async def desk(services: Services, issuer: str) -> AsyncIterator[tuple[httpx.AsyncClient, Services]]:
    provider = ProviderSettings(
        issuer=issuer,
        client_id="goldenhour",
        client_secret=SecretStr("any"),
        redirect_url=f"{DESK}{BACK_PATH}",
        name_claim="email",
        amr=services.ctx.policy.sessions.provider_amr,
    )
    services = replace(services, provider=provider)
    entry = OfficerEntry(officer_id="ravi@police.example", name="R. Verma", roles=(Role.DESK,))
    await import_officers(services.ctx.pool, [entry], "command:test")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(new_app(services)), base_url=DESK) as client:
        yield client, services
    await services.end_streams()


async def back_from_provider(client: httpx.AsyncClient, sub: str) -> str:
    """Go to the provider, sign in there, and return the address to which it sends the browser back."""
    begun = await client.get("/sign-in/provider")
    assert begun.status_code == 303, begun.text
    attributes = begun.headers["set-cookie"].lower()
    assert all(part in attributes for part in ("secure", "httponly", "samesite=lax", "path=/"))
    async with httpx.AsyncClient(trust_env=False, timeout=60) as browser:
        there = await browser.post(begun.headers["location"], data={"sub": sub})
    assert there.status_code == 302, there.text
    back = urlsplit(there.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == f"{DESK}{BACK_PATH}"
    return f"{back.path}?{back.query}"


async def outcomes(services: Services) -> list[tuple[str, str]]:
    rows = await services.ctx.pool.fetch("SELECT way, outcome FROM sign_in_entry ORDER BY entry_id")
    return [(row["way"], row["outcome"]) for row in rows]


async def test_an_officer_signs_in_with_the_provider(desk: tuple[httpx.AsyncClient, Services]) -> None:
    client, services = desk
    assert "/sign-in/provider" in (await client.get("/sign-in")).text
    back = await back_from_provider(client, "ravi")
    welcome = await client.get(back)
    assert (welcome.status_code, "Signed in as ravi@police.example" in welcome.text) == (200, True)
    assert COOKIE in client.cookies
    assert BEGUN_COOKIE not in client.cookies
    assert (await client.get("/api/v1/session")).json()["officer_id"] == "ravi@police.example"
    assert (await client.get("/api/v1/cases")).status_code == 200
    assert await outcomes(services) == [("provider", "signed_in")]


async def test_what_came_back_works_once_and_in_one_browser(desk: tuple[httpx.AsyncClient, Services]) -> None:
    client, services = desk
    back = await back_from_provider(client, "ravi")
    begun = client.cookies[BEGUN_COOKIE]
    client.cookies.clear()
    assert (await client.get(back)).status_code == 401, "another browser"
    client.cookies.set(BEGUN_COOKIE, begun, domain="desk.test", path="/")
    assert (await client.get(back)).status_code == 200
    client.cookies.clear()
    client.cookies.set(BEGUN_COOKIE, begun, domain="desk.test", path="/")
    assert (await client.get(back)).status_code == 401, "a code is good once"
    assert await outcomes(services) == [("provider", "signed_in")]


async def test_a_sign_in_without_a_second_factor_is_refused(desk: tuple[httpx.AsyncClient, Services]) -> None:
    client, _ = desk
    refused = await client.get(await back_from_provider(client, "weak"))
    assert (refused.status_code, "was not proven" in refused.text) == (401, True)
    assert COOKIE not in client.cookies


async def test_who_is_no_officer_comes_not_in(desk: tuple[httpx.AsyncClient, Services]) -> None:
    client, services = desk
    refused = await client.get(await back_from_provider(client, "stranger"))
    assert (refused.status_code, "no officer" in refused.text) == (401, True)
    await disable_officer(services.ctx.pool, "ravi@police.example", "command:test")
    assert (await client.get(await back_from_provider(client, "ravi"))).status_code == 401
    assert await outcomes(services) == [("provider", "unknown_name"), ("provider", "disabled")]


async def test_asvs_10_5_2_a_name_that_is_given_to_another_person_opens_nothing(
    desk: tuple[httpx.AsyncClient, Services],
) -> None:
    client, services = desk
    assert (await client.get(await back_from_provider(client, "ravi"))).status_code == 200
    client.cookies.clear()
    assert (await client.get(await back_from_provider(client, "successor"))).status_code == 401
    assert (await client.get(await back_from_provider(client, "ravi"))).status_code == 200
    assert await outcomes(services) == [
        ("provider", "signed_in"),
        ("provider", "no_credentials"),
        ("provider", "signed_in"),
    ]
    await reset_officer(services.ctx.pool, "ravi@police.example", "command:test")
    client.cookies.clear()
    assert (await client.get(await back_from_provider(client, "successor"))).status_code == 200, "an admin says so"
    client.cookies.clear()
    assert (await client.get(await back_from_provider(client, "ravi"))).status_code == 401


async def test_a_provider_that_is_down_is_told(services: Services, desk: tuple[httpx.AsyncClient, Services]) -> None:
    _, there = desk
    assert there.provider is not None
    lost = replace(services, provider=replace(there.provider, issuer=f"http://127.0.0.1:{free_port()}"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(new_app(lost)), base_url=DESK) as client:
        assert (await client.get("/sign-in/provider")).status_code == 503
    await lost.end_streams()


async def test_without_a_provider_there_is_no_such_page(services: Services) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(new_app(services)), base_url=DESK) as client:
        assert [(await client.get(path)).status_code for path in ("/sign-in/provider", BACK_PATH)] == [404, 404]
        assert "/sign-in/provider" not in (await client.get("/sign-in")).text
