"""The client of an identity provider: what it sends, and every token that it must refuse."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from jwt.algorithms import ECAlgorithm
from pydantic import SecretStr

from adapters.officers.identity_provider import (
    KEPT_SECONDS,
    KEYS_AGAIN_SECONDS,
    Attempt,
    IdentityProvider,
    NotProven,
    ProvenPerson,
    ProviderFailed,
    ProviderSettings,
)
from tests.each import each

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
ISSUER = "https://id.police.example"
ATTEMPT = Attempt("a token that only the browser has")
SETTINGS = ProviderSettings(
    issuer=ISSUER,
    client_id="goldenhour",
    client_secret=SecretStr("our:secret + 100%"),
    redirect_url="https://desk.example/sign-in/provider/back",
    name_claim="email",
    amr=("mfa", "hwk"),
)


@dataclass
class World:
    """A provider in this process, whose replies a test bends."""

    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    key_id: str = "k1"
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    token: str | None = None
    asked: list[httpx.Request] = field(default_factory=list)
    reply: Callable[[httpx.Request], httpx.Response] | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.reply is not None:
            return self.reply(request)
        match request.url.path:
            case "/.well-known/openid-configuration":
                return httpx.Response(200, json=self.discovery())
            case "/keys":
                public = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
                return httpx.Response(
                    200, json={"keys": [{**public, "kid": self.key_id, "alg": "ES256", "use": "sig"}]}
                )
            case _:
                return httpx.Response(200, json={"id_token": self.token or self.signed(), "access_token": "x"})

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            **self.told,
        }

    def signed(self, key: Any = None, algorithm: str = "ES256") -> str:
        claims = {
            "iss": ISSUER,
            "aud": "goldenhour",
            "sub": "17",
            "iat": int(NOW.timestamp()),
            "exp": int(NOW.timestamp()) + 300,
            "nonce": ATTEMPT.nonce,
            "email": "ravi@police.example",
            "email_verified": True,
            "amr": ["pwd", "mfa"],
            **self.claims,
        }
        plain = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(
            plain, self.key if key is None else key, algorithm, headers={"kid": self.key_id, **self.header}
        )

    def provider(self, settings: ProviderSettings = SETTINGS) -> IdentityProvider:
        return IdentityProvider(settings, httpx.AsyncClient(transport=httpx.MockTransport(self)))


BACK = {"state": ATTEMPT.state, "code": "c1"}


async def test_the_address_has_state_nonce_and_challenge() -> None:
    world = World()
    url = urlsplit(await world.provider(replace(SETTINGS, acr=("high",))).address(ATTEMPT))
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{ISSUER}/authorize"
    challenge = base64.urlsafe_b64encode(hashlib.sha256(ATTEMPT.verifier.encode()).digest()).decode().rstrip("=")
    assert parse_qs(url.query) == {
        "response_type": ["code"],
        "client_id": ["goldenhour"],
        "redirect_uri": [SETTINGS.redirect_url],
        "scope": ["openid profile email"],
        "state": [ATTEMPT.state],
        "nonce": [ATTEMPT.nonce],
        "code_challenge": [challenge],
        "code_challenge_method": ["S256"],
        "acr_values": ["high"],
    }
    assert len({ATTEMPT.token, ATTEMPT.state, ATTEMPT.nonce, ATTEMPT.verifier}) == 4


async def test_a_good_token_names_the_officer() -> None:
    world = World()
    assert await world.provider().person(ATTEMPT, BACK, NOW) == ProvenPerson("ravi@police.example", "17")
    asked = next(request for request in world.asked if request.url.path == "/token")
    form = parse_qs(asked.content.decode())
    assert form == {
        "grant_type": ["authorization_code"],
        "code": ["c1"],
        "redirect_uri": [SETTINGS.redirect_url],
        "code_verifier": [ATTEMPT.verifier],
    }
    basic = base64.b64decode(asked.headers["authorization"].removeprefix("Basic "))
    assert basic == b"goldenhour:our%3Asecret+%2B+100%25", "encoded as in a form"


async def test_a_public_client_names_itself() -> None:
    world = World()
    await world.provider(replace(SETTINGS, client_secret=None)).person(ATTEMPT, BACK, NOW)
    asked = next(request for request in world.asked if request.url.path == "/token")
    assert parse_qs(asked.content.decode())["client_id"] == ["goldenhour"]
    assert "authorization" not in asked.headers


@each(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"azp": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"exp": int(NOW.timestamp()) - 61},
        {"exp": "soon"},
        {"iat": int(NOW.timestamp()) - 601},
        {"iat": int(NOW.timestamp()) + 61},
        {"nbf": int(NOW.timestamp()) + 61},
        {"email": None},
        {"email": 7},
        {"email_verified": False},
        {"email_verified": None},
        {"amr": ["pwd"]},
        {"amr": "mfa"},
        {"amr": None},
    ],
)
async def test_a_token_that_proves_nothing_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(NotProven):
        await World(claims=claims).provider().person(ATTEMPT, BACK, NOW)


async def test_the_demanded_class_is_checked() -> None:
    provider = World(claims={"acr": "low"}).provider(replace(SETTINGS, acr=("high",)))
    with pytest.raises(NotProven):
        await provider.person(ATTEMPT, BACK, NOW)
    provider = World(claims={"acr": "high"}).provider(replace(SETTINGS, acr=("high",)))
    assert (await provider.person(ATTEMPT, BACK, NOW)).subject


@each(
    "returned",
    [
        {"state": "another", "code": "c1"},
        {"code": "c1"},
        {"state": ATTEMPT.state},
        {"state": ATTEMPT.state, "error": "access_denied"},
        {**BACK, "iss": "https://evil.example"},
    ],
)
async def test_what_the_browser_brings_back_must_fit(returned: dict[str, str]) -> None:
    world = World()
    with pytest.raises(NotProven):
        await world.provider().person(ATTEMPT, returned, NOW)
    assert [request.url.path for request in world.asked if request.url.path == "/token"] == []


async def test_a_provider_that_names_itself_must_do_so() -> None:
    world = World(told={"authorization_response_iss_parameter_supported": True})
    with pytest.raises(NotProven):
        await world.provider().person(ATTEMPT, BACK, NOW)
    assert (await world.provider().person(ATTEMPT, {**BACK, "iss": ISSUER}, NOW)).subject


async def test_no_other_key_and_no_other_algorithm() -> None:
    world = World()
    other = generate_private_key(SECP256R1())
    shared = "a shared secret of more than 32 characters"
    for token in (world.signed(other), world.signed(shared, "HS256"), world.signed("", "none"), "x.y.z", ""):
        bad = World(key=world.key, token=token or " ")
        with pytest.raises(NotProven):
            await bad.provider().person(ATTEMPT, BACK, NOW)


async def test_unknown_keys_are_read_again_once_a_minute_at_most() -> None:
    world = World(header={"kid": "k2"})
    provider = world.provider()
    for _ in range(3):
        with pytest.raises(NotProven):
            await provider.person(ATTEMPT, BACK, NOW)
    assert len([request for request in world.asked if request.url.path == "/keys"]) == 1
    provider._keys_again_from -= KEYS_AGAIN_SECONDS
    with pytest.raises(NotProven):
        await provider.person(ATTEMPT, BACK, NOW)
    assert len([request for request in world.asked if request.url.path == "/keys"]) == 2


async def test_a_new_key_is_read_at_once() -> None:
    world = World()
    provider = world.provider()
    for key_id in ("k1", "k2", "k3"):
        world.key, world.key_id = generate_private_key(SECP256R1()), key_id
        assert (await provider.person(ATTEMPT, BACK, NOW)).subject


async def test_a_withdrawn_key_is_forgotten_after_an_hour() -> None:
    world = World()
    provider = world.provider()
    world.token = world.signed()
    assert (await provider.person(ATTEMPT, BACK, NOW)).subject
    world.key, world.key_id = generate_private_key(SECP256R1()), "k2"
    assert (await provider.person(ATTEMPT, BACK, NOW)).subject, "the old key is remembered"
    provider._keys_until -= KEPT_SECONDS
    with pytest.raises(NotProven):
        await provider.person(ATTEMPT, BACK, NOW)


async def test_a_provider_that_takes_a_request_for_claims_is_asked_for_those_that_are_checked() -> None:
    asked = {}
    for claim in ("email", "employee_no"):
        for told in ({}, {"claims_parameter_supported": True}):
            provider = World(told=told).provider(replace(SETTINGS, name_claim=claim))
            query = parse_qs(urlsplit(await provider.address(ATTEMPT)).query)
            asked[claim, bool(told)] = [*orjson.loads(query["claims"][0])["id_token"]] if "claims" in query else []
    assert asked == {
        ("email", False): [],
        ("email", True): ["email", "amr", "email_verified"],
        ("employee_no", False): [],
        ("employee_no", True): ["employee_no", "amr"],
    }


@each("age_seconds", [-61, 3_661, None, "soon"])
async def test_a_proof_that_is_not_of_the_demanded_time_is_refused(age_seconds: int | str | None) -> None:
    when = int(NOW.timestamp()) - age_seconds if isinstance(age_seconds, int) else age_seconds
    provider = World(claims={"auth_time": when}).provider(replace(SETTINGS, longest_seconds=3_600))
    assert parse_qs(urlsplit(await provider.address(ATTEMPT)).query)["max_age"] == ["3600"]
    with pytest.raises(NotProven):
        await provider.person(ATTEMPT, BACK, NOW)


async def test_a_proof_of_the_demanded_time_is_good() -> None:
    world = World(claims={"auth_time": int(NOW.timestamp()) - 3_600})
    assert (await world.provider(replace(SETTINGS, longest_seconds=3_600)).person(ATTEMPT, BACK, NOW)).subject


async def test_a_refusal_of_our_secret_is_a_failure_of_the_installation() -> None:
    world = World()
    provider = world.provider()
    await provider.address(ATTEMPT)
    world.reply = lambda _: httpx.Response(401, json={"error": "invalid_client"})
    with pytest.raises(ProviderFailed, match="our client id or secret"):
        await provider.person(ATTEMPT, BACK, NOW)


def _down(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


@each(
    "reply",
    [
        _down,
        lambda _: httpx.Response(500),
        lambda _: httpx.Response(302, headers={"Location": "https://evil.example"}),
        lambda _: httpx.Response(200, content=b"not json"),
        lambda _: httpx.Response(200, json=["no object"]),
        lambda _: httpx.Response(200, content=b" " * 300_000),
        lambda _: httpx.Response(200, json={"issuer": "https://evil.example"}),
        lambda _: httpx.Response(200, json={"issuer": ISSUER}),
        lambda _: httpx.Response(200, json=World(told={"token_endpoint": "http://plain.example/token"}).discovery()),
    ],
)
async def test_a_provider_that_fails_is_named_so(reply: Callable[[httpx.Request], httpx.Response]) -> None:
    with pytest.raises(ProviderFailed):
        await World(reply=reply).provider().address(ATTEMPT)


async def test_a_code_that_the_provider_refuses_proves_nothing() -> None:
    world = World()

    def reply(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(400, json={"error": "invalid_grant"})
        world.reply = None
        answer = world(request)
        world.reply = reply
        return answer

    world.reply = reply
    with pytest.raises(NotProven):
        await world.provider().person(ATTEMPT, BACK, NOW)


async def test_asvs_10_5_3_the_issuer_is_compared_exactly() -> None:
    slash = f"{ISSUER}/"
    world = World(claims={"iss": slash}, told={"issuer": slash})
    assert (
        await world.provider(replace(SETTINGS, issuer=slash)).person(ATTEMPT, BACK, NOW + timedelta(seconds=5))
    ).subject
    with pytest.raises(ProviderFailed, match="exactly"):
        await world.provider().person(ATTEMPT, BACK, NOW)
    with pytest.raises(ProviderFailed, match="exactly"):
        await World().provider(replace(SETTINGS, issuer=slash)).person(ATTEMPT, BACK, NOW)
    with pytest.raises(NotProven):
        await World(claims={"iss": slash}).provider().person(ATTEMPT, BACK, NOW)


@each("subject", ["", "x" * 256, "a\0b", 7, None])
async def test_asvs_10_5_2_a_person_without_a_name_of_the_provider_is_not_proven(subject: object) -> None:
    with pytest.raises(NotProven):
        await World(claims={"sub": subject}).provider().person(ATTEMPT, BACK, NOW)
