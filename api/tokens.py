"""Bearer tokens of officers and of banks.

A token of an officer is never valid for a bank, and the reverse, because the keys differ and the audience is checked.
"""

import re
import time
from dataclasses import dataclass
from typing import Any, Final

import jwt

from activities.secrets import SecretBox
from schemas.enums import Role

TTL_SECONDS: Final = 3600
OFFICER_TTL_MAX_SECONDS: Final = 30 * 86_400
TOKEN_MAX_CHARS: Final = 2_000
_SUBJECT: Final = re.compile(r"^[A-Za-z0-9._@-]{1,64}$")
_ISSUER: Final = "goldenhour"
_OFFICERS: Final = "goldenhour/officers"
_BANKS: Final = "goldenhour/banks"
_ALGORITHM: Final = "HS256"
_LEEWAY_SECONDS: Final = 5
_REQUIRED: Final = ["iss", "aud", "exp", "iat", "sub"]


class BadToken(Exception):
    """The token is missing, expired, or not one of ours."""


@dataclass(frozen=True, slots=True)
class Officer:
    """Officer who calls: name on the token, role, and end of the token in seconds since 1970."""

    subject: str
    role: Role
    expires_at: float

    @property
    def actor(self) -> str:
        """Return the officer's name in the case log."""
        return f"officer:{self.subject}"


class Tokens:
    """Makes and reads tokens under the engine's secret key."""

    def __init__(self, secret_box: SecretBox) -> None:
        self._officers_key = secret_box.derive_key("officer tokens")
        self._banks_key = secret_box.derive_key("bank tokens")

    def for_officer(self, subject: str, role: Role, ttl_seconds: int = TTL_SECONDS) -> str:
        """Return a token for an officer. Raises ValueError for an invalid name, or a lifetime above 30 days."""
        if not _SUBJECT.match(subject):
            raise ValueError("an officer's name has 1 to 64 letters, digits, or any of . _ @ -")
        if not 0 < ttl_seconds <= OFFICER_TTL_MAX_SECONDS:
            raise ValueError(f"a token lives between 1 and {OFFICER_TTL_MAX_SECONDS} seconds")
        return _make(self._officers_key, _OFFICERS, subject, ttl_seconds, {"role": role.value})

    def officer(self, token: str) -> Officer:
        """Return the officer of a token. Raises `BadToken`."""
        claims = _read(self._officers_key, _OFFICERS, token)
        try:
            return Officer(claims["sub"], Role(claims["role"]), claims["exp"])
        except (KeyError, ValueError):
            raise BadToken(BadToken.__doc__) from None

    def for_bank(self, code: str) -> str:
        """Return a token for the institution with this code, valid for `TTL_SECONDS`."""
        return _make(self._banks_key, _BANKS, code, TTL_SECONDS, {})

    def bank(self, token: str) -> str:
        """Return the code of the institution of a token. Raises `BadToken`."""
        code: str = _read(self._banks_key, _BANKS, token)["sub"]
        return code


def bearer(authorization: str | None) -> str:
    """Return the token of an Authorization header. Raises `BadToken` if it has none."""
    scheme, _, token = (authorization or "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > TOKEN_MAX_CHARS:
        raise BadToken(BadToken.__doc__)
    return token


def _make(key: bytes, audience: str, subject: str, ttl_seconds: int, more: dict[str, str]) -> str:
    now = int(time.time())
    claims = {"iss": _ISSUER, "aud": audience, "sub": subject, "iat": now, "exp": now + ttl_seconds, **more}
    return jwt.encode(claims, key, _ALGORITHM)


def _read(key: bytes, audience: str, token: str) -> dict[str, Any]:
    try:
        return jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            audience=audience,
            issuer=_ISSUER,
            leeway=_LEEWAY_SECONDS,
            options={"require": _REQUIRED},
        )
    except jwt.InvalidTokenError:
        raise BadToken(BadToken.__doc__) from None
