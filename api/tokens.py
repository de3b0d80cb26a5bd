"""Bearer tokens of officers and of banks.

A token of an officer is never valid for a bank, and the reverse, because the keys differ and the audience is checked.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Final
from uuid import UUID

import jwt
from jwt.types import Options

from activities.secrets import Keys, Purpose
from adapters.clock import wall_clock
from schemas.enums import Role
from schemas.officers import folded

TTL_SECONDS: Final = 3600
OFFICER_TTL_MAX_SECONDS: Final = 30 * 86_400
TOKEN_MAX_CHARS: Final = 2_000
SCRIPT: Final = "script:"
"""beginning of a script's name in the case log; no officer's id has a colon"""
_SUBJECT: Final = re.compile(r"[a-z0-9._@-]{1,64}", re.ASCII)
_ISSUER: Final = "goldenhour"
_OFFICERS: Final = "goldenhour/officers"
_BANKS: Final = "goldenhour/banks"
"""audience of a token that opens both doors"""
_ALGORITHM: Final = "HS256"
_LEEWAY_SECONDS: Final = 5
_OPTIONS: Final[Options] = {
    "require": ["iss", "aud", "exp", "iat", "sub"],
    "verify_exp": False,
    "verify_iat": False,
}


class BankDoor(StrEnum):
    """Interface that a bank's token opens."""

    I4C = "i4c"
    API = "api"

    @property
    def audience(self) -> str:
        """Return the audience of a token for this interface alone."""
        return f"{_BANKS}/{self.value}"


class BadToken(Exception):
    """The token is missing, expired, or not one of ours."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Content of an officer's token: officer, role, and its times in seconds since 1970."""

    subject: str
    role: Role
    issued_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Officer:
    """Officer who calls, or a script, with the roles that are live now.

    `expires_at` is the end of the token or session, in seconds since 1970.
    """

    subject: str
    """id of the officer, or `script:<name>`"""
    roles: frozenset[Role]
    expires_at: float
    session_id: UUID | None = None
    """the session in which the officer calls, or None for a token"""
    token_id: int | None = None
    """number of the token with which a script calls, or None for an officer"""

    @property
    def actor(self) -> str:
        """Return the caller's name in the case log."""
        return self.subject if self.subject.startswith(SCRIPT) else f"officer:{self.subject}"


class Tokens:
    """Makes and reads tokens under the engine's secret key."""

    def __init__(self, keys: Keys, clock: Callable[[], datetime] = wall_clock) -> None:
        self._clock = clock
        self._keys = keys
        self._officers_key = keys.derive_key(Purpose.OFFICER_TOKENS)

    @cached_property
    def _banks_key(self) -> bytes:
        # The officers process has no such key.
        return self._keys.derive_key(Purpose.BANK_TOKENS)

    def for_officer(self, subject: str, role: Role, ttl_seconds: int = TTL_SECONDS) -> str:
        """Return a token for an officer. Raises ValueError for an invalid name, or a lifetime above 30 days."""
        if not _SUBJECT.fullmatch(folded(subject)):
            raise ValueError("an officer's name has 1 to 64 letters, digits, or any of . _ @ -")
        if not 0 < ttl_seconds <= OFFICER_TTL_MAX_SECONDS:
            raise ValueError(f"a token lives between 1 and {OFFICER_TTL_MAX_SECONDS} seconds")
        name = folded(subject)
        return _make(self._officers_key, _OFFICERS, name, self._clock(), ttl_seconds, {"role": role.value})

    def officer(self, token: str) -> Claim:
        """Return what an officer's token says. Raises `BadToken`."""
        claims = _read(self._officers_key, _OFFICERS, token, self._clock())
        name = folded(claims["sub"])
        if not _SUBJECT.fullmatch(name):
            raise BadToken(BadToken.__doc__)
        try:
            return Claim(name, Role(claims["role"]), claims["iat"], claims["exp"])
        except (KeyError, ValueError):
            raise BadToken(BadToken.__doc__) from None

    def for_bank(self, code: str, door: BankDoor | None = None) -> str:
        """Return a token for the institution with this code, valid for `TTL_SECONDS`; without a door it opens both."""
        audience = door.audience if door else _BANKS
        return _make(self._banks_key, audience, code, self._clock(), TTL_SECONDS, {})

    def bank(self, token: str, door: BankDoor) -> str:
        """Return the code of the institution of a token that opens `door`. Raises `BadToken`."""
        code: str = _read(self._banks_key, (_BANKS, door.audience), token, self._clock())["sub"]
        return code


def bearer(authorization: str | None) -> str:
    """Return the token of an Authorization header. Raises `BadToken` if it has none."""
    scheme, _, token = (authorization or "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > TOKEN_MAX_CHARS:
        raise BadToken(BadToken.__doc__)
    return token


def _make(key: bytes, audience: str, subject: str, now: datetime, ttl_seconds: int, more: dict[str, str]) -> str:
    made_at = int(now.timestamp())
    claims = {"iss": _ISSUER, "aud": audience, "sub": subject, "iat": made_at, "exp": made_at + ttl_seconds, **more}
    return jwt.encode(claims, key, _ALGORITHM)


def _read(key: bytes, audience: str | tuple[str, ...], token: str, now: datetime) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=[_ALGORITHM], audience=audience, issuer=_ISSUER, options=_OPTIONS
        )
        live = _is_live(claims, now.timestamp())
    except (jwt.InvalidTokenError, TypeError, ValueError):
        raise BadToken(BadToken.__doc__) from None
    if not live:
        raise BadToken(BadToken.__doc__)
    return claims


def _is_live(claims: dict[str, Any], now: float) -> bool:
    """Return whether the token's times allow its use now. The library reads the wall clock, so it does not check."""
    return int(claims["iat"]) <= now + _LEEWAY_SECONDS and now - _LEEWAY_SECONDS < int(claims["exp"])
