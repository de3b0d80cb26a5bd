"""Sign-in with an identity provider that runs as a process of its own on loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from activities.officers.enrolment import disable_officer, import_officers, reset_officer
from adapters.officers.identity_provider import IdentityProvider, ProviderSettings
from api.officers.sessions import COOKIE
from api.officers.sign_in_pages import BACK_PATH, BEGUN_COOKIE, PROVIDER_PATH
from api.services import Services
from schemas.enums import Role
from schemas.officers.officers import OfficerEntry
from tests.api.conftest import new_app
from tests.oidc_provider.process import Browser, OidcProvider, browsing, running
from workers.embedded.temporal import free_port

DESK = "https://desk.test"
BACK = f"{DESK}{BACK_PATH}"
RAVI = "ravi@police.example"
CLIENT, SECRET = "goldenhour", "a secret + 100% of: other signs"
OTHER, OTHER_SECRET = "payroll", "the secret of payroll"
APP = "goldenhour-app"
OLD_SECONDS = 2 * 86_400
ACCOUNTS: dict[str, dict[str, Any]] = {
    "ravi": {"claims": {"email": "Ravi@police.example", "email_verified": True}, "amr": ["pwd", "mfa"]},
    "successor": {"claims": {"email": RAVI, "email_verified": True}, "amr": ["mfa"]},
    "weak": {"claims": {"email": RAVI, "email_verified": True}, "amr": ["pwd"]},
    "unverified": {"claims": {"email": RAVI, "email_verified": False}, "amr": ["mfa"]},
    "nameless": {"claims": {}, "amr": ["mfa"]},
    "stranger": {"claims": {"email": "stranger@police.example", "email_verified": True}, "amr": ["mfa"]},
    "old": {"claims": {"email": RAVI, "email_verified": True}, "amr": ["mfa"], "ageSeconds": OLD_SECONDS},
}


@pytest.fixture(scope="module")
async def running_provider() -> AsyncIterator[OidcProvider]:
    """One provider for all tests of the module."""
    clients = [
        {"client_id": CLIENT, "client_secret": SECRET, "redirect_uris": [BACK]},
        {"client_id": OTHER, "client_secret": OTHER_SECRET, "redirect_uris": [BACK]},
        {"client_id": APP, "token_endpoint_auth_method": "none", "redirect_uris": [BACK]},
    ]
    async with running(clients, ACCOUNTS) as provider:
        yield provider


@pytest.fixture
async def provider(running_provider: OidcProvider) -> AsyncIterator[OidcProvider]:
    yield running_provider
    await running_provider.change(accounts=ACCOUNTS)


@dataclass
class Desk:
    """Our door for officers, a client of it, and a browser at the provider."""

    services: Services
    client: httpx.AsyncClient
    browser: Browser

    @property
    def settings(self) -> ProviderSettings:
        """What the installation agreed with its provider."""
        assert self.services.provider is not None
        return self.services.provider

    async def begin(self, path: str = PROVIDER_PATH, /, **changes: str | None) -> str:
        """Begin a sign-in; return the address at the provider, with changes of its parameters by the browser."""
        begun = await self.client.get(path)
        assert begun.status_code == 303, begun.text
        attributes = begun.headers["set-cookie"].lower()
        assert all(part in attributes for part in ("secure", "httponly", "samesite=lax", "path=/"))
        return changed(begun.headers["location"], **changes)

    async def at_provider(self, account: str, **changes: str | None) -> str:
        """Begin a sign-in and go through the provider's pages; return what the browser brings back."""
        return await self.browser.go(await self.begin(**changes), account)

    async def sign_in(self, account: str, **changes: str | None) -> httpx.Response:
        """Sign in; return our page after it."""
        return await self.client.get(await self.at_provider(account, **changes))

    async def is_proved(self) -> bool:
        """Return whether the session has a proof that is new enough for what needs one."""
        proved_until = (await self.client.get("/api/v1/session")).json()["proved_until"]
        return datetime.fromisoformat(proved_until) > self.services.ctx.now()

    async def outcomes(self) -> list[tuple[str, str]]:
        """Return the sign-in log."""
        rows = await self.services.ctx.pool.fetch("SELECT way, outcome FROM sign_in_entry ORDER BY entry_id")
        return [(row["way"], row["outcome"]) for row in rows]


def changed(address: str, **changes: str | None) -> str:
    """Return an address with other parameters. None removes one."""
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query)) | changes
    return parts._replace(query=urlencode({name: text for name, text in query.items() if text is not None})).geturl()


@asynccontextmanager
async def desk_of(services: Services, **settings: Any) -> AsyncIterator[Desk]:
    """Open a door with these settings of the provider in place of the present ones."""
    assert services.provider is not None
    there = replace(services, provider=replace(services.provider, **settings))
    transport = httpx.ASGITransport(new_app(there))
    english = {"Accept-Language": "en"}
    async with (
        httpx.AsyncClient(transport=transport, base_url=DESK, headers=english) as client,
        browsing(BACK) as browser,
    ):
        yield Desk(there, client, browser)
    await there.end_streams()


@pytest.fixture
async def desk(services: Services, provider: OidcProvider) -> AsyncIterator[Desk]:
    rules = services.ctx.policy.sessions
    settings = ProviderSettings(
        issuer=provider.issuer,
        client_id=CLIENT,
        client_secret=SecretStr(SECRET),
        redirect_url=BACK,
        name_claim="email",
        amr=rules.provider_amr,
        longest_seconds=rules.provider_longest_seconds,
    )
    entry = OfficerEntry(officer_id=RAVI, name="R. Verma", roles=(Role.DESK,))
    await import_officers(services.ctx.pool, [entry], "command:test")
    async with desk_of(replace(services, provider=settings)) as found:
        yield found


def refused(page: httpx.Response, log: pytest.LogCaptureFixture, reason: str) -> bool:
    """Return whether the sign-in was refused for this reason, which stands in our log alone."""
    return (
        page.status_code == 401
        and "was not proven" in page.text
        and reason not in page.text
        and reason in log.messages[-1]
        and COOKIE not in page.cookies
    )


# -- an officer comes in -----------------------------------------------------------------------------------------------


async def test_an_officer_signs_in_with_the_provider(desk: Desk) -> None:
    assert PROVIDER_PATH in (await desk.client.get("/sign-in")).text
    welcome = await desk.sign_in("ravi")
    assert (welcome.status_code, f"Signed in as {RAVI}" in welcome.text) == (200, True)
    assert desk.browser.shown == ["login", "consent"]
    assert COOKIE in desk.client.cookies
    assert BEGUN_COOKIE not in desk.client.cookies
    session = (await desk.client.get("/api/v1/session")).json()
    assert (session["officer_id"], session["way"]) == (RAVI, "provider")
    assert (await desk.client.get("/api/v1/cases")).status_code == 200
    assert await desk.outcomes() == [("provider", "signed_in")]


async def test_a_provider_that_takes_no_request_for_claims_states_them_by_itself(
    desk: Desk, provider: OidcProvider
) -> None:
    await provider.change(takesClaims=False)
    try:
        assert "claims=" not in await desk.begin()
        assert (await desk.sign_in("ravi")).status_code == 200
    finally:
        await provider.change(takesClaims=True)


async def test_a_client_without_a_secret_signs_in_by_the_code_challenge_alone(desk: Desk) -> None:
    async with desk_of(desk.services, client_id=APP, client_secret=None) as app:
        assert (await app.sign_in("ravi")).status_code == 200


async def test_the_settings_name_the_claim_that_has_the_officer(desk: Desk) -> None:
    await import_officers(
        desk.services.ctx.pool, [OfficerEntry(officer_id="ravi", name="R. Verma", roles=(Role.DESK,))], "command:test"
    )
    async with desk_of(desk.services, name_claim="sub") as other:
        assert "Signed in as ravi<" in (await other.sign_in("ravi")).text


async def test_a_provider_may_change_its_key_at_any_time(desk: Desk, provider: OidcProvider) -> None:
    assert (await desk.sign_in("ravi")).status_code == 200
    await provider.new_key()
    assert (await desk.sign_in("ravi")).status_code == 200


# -- what does not prove who signs in ----------------------------------------------------------------------------------


async def test_what_came_back_works_once_and_in_one_browser(desk: Desk) -> None:
    back = await desk.at_provider("ravi")
    begun = desk.client.cookies[BEGUN_COOKIE]
    desk.client.cookies.clear()
    assert (await desk.client.get(back)).status_code == 401, "another browser"
    desk.client.cookies.set(BEGUN_COOKIE, begun, domain="desk.test", path="/")
    assert (await desk.client.get(back)).status_code == 200
    desk.client.cookies.clear()
    desk.client.cookies.set(BEGUN_COOKIE, begun, domain="desk.test", path="/")
    assert (await desk.client.get(back)).status_code == 401, "a code is good once"
    assert await desk.outcomes() == [("provider", "signed_in")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state": "another"}, "another sign-in was begun"),
        ({"state": None}, "another sign-in was begun"),
        ({"iss": "https://another.example"}, "another provider replied"),
        ({"iss": None}, "another provider replied"),
        ({"code": "invented"}, "no token for this code"),
        ({"code": None}, "did not sign the officer in"),
    ],
)
async def test_a_return_that_the_browser_changed_is_refused(
    desk: Desk, caplog: pytest.LogCaptureFixture, changes: dict[str, str | None], reason: str
) -> None:
    back = changed(await desk.at_provider("ravi"), **changes)
    assert refused(await desk.client.get(back), caplog, reason)


async def test_a_token_with_another_nonce_is_refused(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    assert refused(await desk.sign_in("ravi", nonce="another"), caplog, "the token is of another sign-in")


async def test_a_code_of_another_sign_in_is_refused_by_its_challenge(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk_of(desk.services) as thief:
        stolen = dict(parse_qsl(urlsplit(await thief.at_provider("ravi")).query))["code"]
    back = changed(await desk.at_provider("stranger"), code=stolen)
    assert refused(await desk.client.get(back), caplog, "no token for this code")


async def test_a_code_of_another_client_gives_no_token(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    assert refused(await desk.sign_in("ravi", client_id=OTHER), caplog, "no token for this code")


class _AsOtherClient(httpx.AsyncHTTPTransport):
    """Calls the provider in the name of another client."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        auth = httpx.BasicAuth(OTHER, OTHER_SECRET)
        return await super().handle_async_request(next(auth.auth_flow(request)))


async def test_a_token_for_another_client_is_refused(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    calls = httpx.AsyncClient(transport=_AsOtherClient())
    desk.services.__dict__["identity_provider"] = IdentityProvider(desk.settings, calls)
    page = await desk.sign_in("ravi", client_id=OTHER)
    assert refused(page, caplog, "the token is not the provider's, or not for us")


@pytest.mark.parametrize("hours", [-2, 2], ids=["not yet", "no longer"])
async def test_a_token_of_another_time_is_refused(desk: Desk, caplog: pytest.LogCaptureFixture, hours: int) -> None:
    ctx = desk.services.ctx
    moved = replace(ctx, clock=lambda: ctx.now() + timedelta(hours=hours))
    async with desk_of(replace(desk.services, ctx=moved)) as late:
        assert refused(await late.sign_in("ravi"), caplog, "the token is not of now")


# -- what the provider must state --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        ("weak", "did not state a method that the policy demands"),
        ("unverified", "did not verify the e-mail address"),
        ("nameless", "did not state the officer's name"),
    ],
)
async def test_a_statement_that_lacks_what_we_demand_is_refused(
    desk: Desk, caplog: pytest.LogCaptureFixture, account: str, reason: str
) -> None:
    assert refused(await desk.sign_in(account), caplog, reason)


async def test_asvs_7_6_1_a_proof_of_long_ago_is_asked_for_again(desk: Desk, provider: OidcProvider) -> None:
    async with desk_of(desk.services, longest_seconds=None) as lax:
        assert (await lax.sign_in("old")).status_code == 200
        assert (await lax.sign_in("old")).status_code == 200
        assert lax.browser.shown == ["login", "consent"], "the provider's own session is enough"
        assert not await lax.is_proved(), "and it says nothing of a proof"
        await provider.change(accounts=ACCOUNTS | {"old": ACCOUNTS["ravi"]})
        back = await lax.browser.go(await desk.begin(), "old")
        assert lax.browser.shown == ["login", "consent", "login"], "the provider asks for a new proof"
        assert (await desk.client.get(back)).status_code == 200
        assert await desk.is_proved()
        assert (await lax.client.get(await lax.browser.go(await lax.begin(f"{PROVIDER_PATH}?again"), "old"))).is_success
        assert lax.browser.shown == ["login", "consent", "login", "login"], "who must prove it again is asked at once"
        assert await lax.is_proved()


async def test_asvs_7_6_1_a_proof_that_is_too_old_or_without_its_time_is_refused(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    assert refused(await desk.sign_in("old"), caplog, "gave the proof at the provider too long ago")
    assert refused(await desk.sign_in("ravi", max_age=None), caplog, "a time of the token is no number")


async def test_an_officer_who_refuses_at_the_provider_comes_back_without_a_session(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    back = await desk.browser.go(await desk.begin(), "ravi", answer="no")
    assert "error=access_denied" in back
    assert refused(await desk.client.get(back), caplog, "the provider did not sign the officer in")


# -- who is no officer, and no provider --------------------------------------------------------------------------------


async def test_who_is_no_officer_comes_not_in(desk: Desk) -> None:
    page = await desk.sign_in("stranger")
    assert (page.status_code, "no officer" in page.text) == (401, True)
    await disable_officer(desk.services.ctx.pool, RAVI, "command:test")
    async with desk_of(desk.services) as other:
        assert (await other.sign_in("ravi")).status_code == 401
    assert await desk.outcomes() == [("provider", "unknown_name"), ("provider", "disabled")]


async def test_a_wrong_secret_of_ours_is_a_fault_of_the_installation(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk_of(desk.services, client_secret=SecretStr(OTHER_SECRET)) as wrong:
        assert (await wrong.sign_in("ravi")).status_code == 503
    assert "the provider refuses our client id or secret" in caplog.messages[-1]


async def test_asvs_10_5_2_a_name_that_is_given_to_another_person_opens_nothing(desk: Desk) -> None:
    async def status_of(account: str) -> int:
        async with desk_of(desk.services) as own:
            return (await own.sign_in(account)).status_code

    assert [await status_of(account) for account in ("ravi", "successor", "ravi")] == [200, 401, 200]
    outcomes = ["signed_in", "no_credentials", "signed_in"]
    assert await desk.outcomes() == [("provider", outcome) for outcome in outcomes]
    await reset_officer(desk.services.ctx.pool, RAVI, "command:test")
    assert [await status_of(account) for account in ("successor", "ravi")] == [200, 401], "an admin says so"


async def test_a_provider_that_is_down_is_told(desk: Desk) -> None:
    async with desk_of(desk.services, issuer=f"http://127.0.0.1:{free_port()}") as lost:
        assert (await lost.client.get(PROVIDER_PATH)).status_code == 503


async def test_without_a_provider_there_is_no_such_page(services: Services) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(new_app(services)), base_url=DESK) as client:
        assert [(await client.get(path)).status_code for path in (PROVIDER_PATH, BACK_PATH)] == [404, 404]
        assert PROVIDER_PATH not in (await client.get("/sign-in")).text
