"""Sign-in by OpenID Connect: authorization code with PKCE, and the check of the ID token.

The provider says who signs in and how. What the officer may do stands in our own tables.
"""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import httpx
import jwt
import orjson
from jwt.types import Options
from pydantic import SecretStr

from adapters.calling import checked_address

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
"""of ID tokens; none of them takes a shared secret as its key"""
CALL_SECONDS: Final = 10.0
REPLY_MAX_BYTES: Final = 256 * 1024
CLOCK_SLACK_SECONDS: Final = 60
TOKEN_AGE_MAX_SECONDS: Final = 600
PROOF_AGE_MAX_SECONDS: Final = 10 * 365 * 86_400
SUBJECT_MAX_CHARS: Final = 255
AGAIN: Final = {"prompt": "login", "max_age": "0"}
"""parameters by which the provider asks the officer at once; by `max_age` the ID token must have `auth_time`"""
KEPT_SECONDS: Final = 3_600.0
"""time for which the provider's addresses and keys are used without another reading"""
KEYS_AGAIN_SECONDS: Final = 60.0
"""least time between two readings of the provider's keys that do not have the key of a token"""
_OPTIONS: Final[Options] = {
    "require": ["iss", "aud", "exp", "iat", "sub", "nonce"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


class ProviderFailed(Exception):
    """The provider cannot be reached, or its reply cannot be used."""


class NotProven(Exception):
    """The provider's statement does not prove who signs in."""


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """Settings that an installation agreed with its provider."""

    issuer: str
    client_id: str
    client_secret: SecretStr | None
    redirect_url: str
    name_claim: str
    """claim that has the officer's id"""
    acr: Sequence[str] = ()
    """authentication classes of which the provider must state one; none is demanded if empty"""
    amr: Sequence[str] = ()
    """methods of which the provider must state one; none is demanded if empty"""
    longest_seconds: float | None = None
    """longest time since the officer gave the proof at the provider; None demands no time"""


@dataclass(frozen=True, slots=True)
class ProvenPerson:
    """Who has signed in at the provider."""

    name: str
    """the officer's id, by the claim of the settings"""
    subject: str = field(repr=False)
    """the provider's own name for the person, which it never gives to another (`sub`)"""
    proved_at: datetime | None = None
    """when the officer gave the proof at the provider; None if the provider does not state it"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Secrets of one sign-in, between its begin and its return. They follow from a random token in the browser."""

    token: str = field(repr=False)

    @property
    def state(self) -> str:
        """Return what the browser must bring back."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Return what the ID token must have."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Return what proves at the provider that we began the sign-in."""
        return self._derived("verifier")

    def _derived(self, use: str) -> str:
        return _base64(hashlib.sha256(f"{use}\0{self.token}".encode()).digest())


@dataclass(frozen=True, slots=True)
class _Endpoints:
    issuer: str
    """exactly as the provider spells it"""
    authorization: str
    token: str
    keys: str
    tells_issuer: bool
    takes_claims: bool
    """whether the provider takes a request for single claims"""


class IdentityProvider:
    """Client of one provider."""

    def __init__(self, settings: ProviderSettings, client: httpx.AsyncClient | None = None) -> None:
        """Use `client`, if given, instead of one that trusts the system's certificates."""
        self.settings = settings
        self._client = client or httpx.AsyncClient(timeout=CALL_SECONDS, follow_redirects=False, trust_env=False)
        self._endpoints: _Endpoints | None = None
        self._keys: jwt.PyJWKSet | None = None
        self._endpoints_until = self._keys_until = self._keys_again_from = 0.0

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def address(self, attempt: Attempt, *, again: bool = False) -> str:
        """Return the address at the provider to which the browser goes. Raises `ProviderFailed`.

        With `again` the provider asks the officer for the proof, although it has a session of its own.
        """
        endpoints = await self._known_endpoints()
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.settings.redirect_url,
            "scope": "openid profile email",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": _challenge(attempt.verifier),
            "code_challenge_method": "S256",
            **self._demands(endpoints),
            **(AGAIN if again else {}),
        }
        joint = "&" if "?" in endpoints.authorization else "?"
        return f"{endpoints.authorization}{joint}{urlencode(query)}"

    def _demands(self, endpoints: _Endpoints) -> dict[str, str]:
        """Return the parameters that say what the ID token must state."""
        settings, demands = self.settings, dict[str, str]()
        if settings.acr:
            demands["acr_values"] = " ".join(settings.acr)
        if settings.longest_seconds is not None:
            demands["max_age"] = str(int(settings.longest_seconds))
        wanted = [settings.name_claim, *(["amr"] if settings.amr else [])]
        if settings.name_claim == "email":
            wanted.append("email_verified")
        if endpoints.takes_claims:
            # By the specification a claim of a scope need not stand in the ID token unless it is asked for there.
            asked = {"id_token": {name: {"essential": True} for name in wanted}}
            demands["claims"] = orjson.dumps(asked).decode()
        return demands

    async def person(self, attempt: Attempt, returned: Mapping[str, str], now: datetime) -> ProvenPerson:
        """Return who signed in, by what the browser brought back. Raises `NotProven` and `ProviderFailed`."""
        if not hmac.compare_digest(returned.get("state", "").encode(), attempt.state.encode()):
            raise NotProven("another sign-in was begun")
        endpoints = await self._known_endpoints()
        issuer = returned.get("iss", None if endpoints.tells_issuer else endpoints.issuer)
        if issuer != endpoints.issuer:
            raise NotProven("another provider replied")
        if not returned.get("code"):
            raise NotProven("the provider did not sign the officer in")
        token = await self._token(endpoints, returned["code"], attempt.verifier)
        claims = await self._claims(endpoints, token, now)
        self._check(claims, attempt.nonce, now)
        name = claims.get(self.settings.name_claim)
        if not isinstance(name, str) or not name:
            raise NotProven("the provider did not state the officer's name")
        if self.settings.name_claim == "email" and claims.get("email_verified") is not True:
            raise NotProven("the provider did not verify the e-mail address")
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_MAX_CHARS or "\0" in subject:
            raise NotProven("the provider did not state its own name for the person")
        return ProvenPerson(name, subject, _proved_at(claims, now))

    def _check(self, claims: Mapping[str, Any], nonce: str, now: datetime) -> None:
        seconds = now.timestamp()
        issued, ends, begins = (_number(claims.get(name, 0)) for name in ("iat", "exp", "nbf"))
        if not (
            begins - CLOCK_SLACK_SECONDS <= seconds < ends + CLOCK_SLACK_SECONDS
            and -CLOCK_SLACK_SECONDS <= seconds - issued <= TOKEN_AGE_MAX_SECONDS
        ):
            raise NotProven("the token is not of now")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise NotProven("the token is of another sign-in")
        if claims.get("azp", self.settings.client_id) != self.settings.client_id:
            raise NotProven("the token is for another client")
        if self.settings.acr and claims.get("acr") not in self.settings.acr:
            raise NotProven("the provider did not state an authentication class that the policy demands")
        methods = claims.get("amr")
        if self.settings.amr and not (isinstance(methods, list) and set(self.settings.amr) & set(map(str, methods))):
            raise NotProven("the provider did not state a method that the policy demands")
        if self.settings.longest_seconds is not None:
            age_seconds = seconds - _number(claims.get("auth_time"))
            if not -CLOCK_SLACK_SECONDS <= age_seconds <= self.settings.longest_seconds + CLOCK_SLACK_SECONDS:
                raise NotProven("the officer gave the proof at the provider too long ago")

    async def _token(self, endpoints: _Endpoints, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.settings.redirect_url,
            "code_verifier": verifier,
        }
        secret = self.settings.client_secret
        if secret is None:
            form["client_id"] = self.settings.client_id
        auth = _basic_auth(self.settings.client_id, secret.get_secret_value()) if secret else None
        reply = await self._call("POST", endpoints.token, data=form, **({"auth": auth} if auth else {}))
        if reply.get("error") == "invalid_client":
            raise ProviderFailed("the provider refuses our client id or secret")
        token = reply.get("id_token")
        if not isinstance(token, str):
            raise NotProven("the provider gave no token for this code")
        return token

    async def _claims(self, endpoints: _Endpoints, token: str, now: datetime) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(endpoints, header.get("kid"))
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[header["alg"]] if header.get("alg") in ALGORITHMS else [],
                audience=self.settings.client_id,
                issuer=endpoints.issuer,
                options=_OPTIONS,
            )
        except (jwt.InvalidTokenError, jwt.PyJWKError, TypeError, ValueError):
            raise NotProven("the token is not the provider's, or not for us") from None
        return claims

    async def _key(self, endpoints: _Endpoints, key_id: str | None) -> jwt.PyJWK:
        """Return the provider's key with this id; without an id its only key. Raises `NotProven`."""
        clock = asyncio.get_running_loop().time()
        is_fresh = clock >= self._keys_until
        if is_fresh:
            await self._read_keys(endpoints)
        key = self._found_key(key_id)
        if key is None and not is_fresh and clock >= self._keys_again_from:
            is_fresh = True
            await self._read_keys(endpoints)
            key = self._found_key(key_id)
        if key is None:
            if is_fresh:
                self._keys_again_from = clock + KEYS_AGAIN_SECONDS
            raise NotProven("the token is signed by a key that the provider does not publish")
        return key

    async def _read_keys(self, endpoints: _Endpoints) -> None:
        try:
            self._keys = jwt.PyJWKSet.from_dict(await self._call("GET", endpoints.keys))
        except (jwt.PyJWKSetError, jwt.PyJWKError, ValueError):
            raise ProviderFailed("the provider's keys cannot be used") from None
        self._keys_until = asyncio.get_running_loop().time() + KEPT_SECONDS

    def _found_key(self, key_id: str | None) -> jwt.PyJWK | None:
        keys = self._keys.keys if self._keys else []
        if key_id is None:
            return keys[0] if len(keys) == 1 else None
        return next((key for key in keys if key.key_id == key_id), None)

    async def _known_endpoints(self) -> _Endpoints:
        clock = asyncio.get_running_loop().time()
        if self._endpoints is None or clock >= self._endpoints_until:
            reply = await self._call("GET", f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
            issuer = str(reply.get("issuer", ""))
            if issuer != self.settings.issuer:
                raise ProviderFailed("the provider names another issuer than the settings, which spell it exactly")
            try:
                self._endpoints = _Endpoints(
                    issuer=issuer,
                    authorization=_address(reply, "authorization_endpoint"),
                    token=_address(reply, "token_endpoint"),
                    keys=_address(reply, "jwks_uri"),
                    tells_issuer=reply.get("authorization_response_iss_parameter_supported") is True,
                    takes_claims=reply.get("claims_parameter_supported") is True,
                )
            except (KeyError, ValueError):
                raise ProviderFailed("the provider's addresses cannot be used") from None
            self._endpoints_until = clock + KEPT_SECONDS
        return self._endpoints

    async def _call(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        """Return the JSON object of a reply, also if it is a refusal of the provider. Raises `ProviderFailed`."""
        try:
            async with asyncio.timeout(CALL_SECONDS), self._client.stream(method, url, **more) as response:
                if response.status_code not in {200, 400, 401, 403}:
                    raise ProviderFailed(f"the provider replied with status {response.status_code}")
                body = b""
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > REPLY_MAX_BYTES:
                        raise ProviderFailed("the provider's reply is too long")
                reply = httpx.Response(200, content=body).json()
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            raise ProviderFailed("the provider cannot be reached") from None
        except ValueError:
            raise ProviderFailed("the provider's reply is not JSON") from None
        if not isinstance(reply, dict):
            raise ProviderFailed("the provider's reply is no JSON object")
        return reply


def _basic_auth(client_id: str, secret: str) -> httpx.BasicAuth:
    # RFC 6749, section 2.3.1: both are encoded as in a form first, so that they may have any signs.
    return httpx.BasicAuth(quote_plus(client_id), quote_plus(secret))


def _address(reply: Mapping[str, Any], name: str) -> str:
    address = str(reply[name])
    checked_address(address.partition("?")[0])
    return address


def _proved_at(claims: Mapping[str, Any], now: datetime) -> datetime | None:
    """Return when the officer gave the proof, at most now; None if it is not stated. Raises `NotProven`."""
    if (stated := claims.get("auth_time")) is None:
        return None
    age_seconds = now.timestamp() - _number(stated)
    if not -CLOCK_SLACK_SECONDS <= age_seconds <= PROOF_AGE_MAX_SECONDS:
        raise NotProven("the time of the proof is impossible")
    return now - timedelta(seconds=max(0.0, age_seconds))


def _number(claim: object) -> float:
    if not isinstance(claim, int | float):
        raise NotProven("a time of the token is no number")
    return float(claim)


def _challenge(verifier: str) -> str:
    return _base64(hashlib.sha256(verifier.encode()).digest())


def _base64(plain: bytes) -> str:
    return base64.urlsafe_b64encode(plain).rstrip(b"=").decode()
