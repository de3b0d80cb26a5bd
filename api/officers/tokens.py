"""Bearer tokens of banks, and who an officers' route is called by."""

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

TTL_SECONDS: Final = 3600
TOKEN_MAX_CHARS: Final = 2_000
SCRIPT: Final = "script:"
"""beginning of a script's name in the case log; no officer's id has a colon"""
_ISSUER: Final = "goldenhour"
_BANKS: Final = "goldenhour/banks"
"""audience of a token that opens both doors"""
_LOGIN_NO: Final = "login_no"
_ALGORITHM: Final = "HS256"
_LEEWAY_SECONDS: Final = 5
_OPTIONS: Final[Options] = {
    "require": ["iss", "aud", "exp", "iat", "sub"],
    "verify_exp": False,
    "verify_iat": False,
}
_ANY_DOOR: Final[Options] = {**_OPTIONS, "verify_aud": False}


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
class Officer:
    """Officer who calls, or a script, with the roles that are live now.

    `expires_at` is the end of the token or session, in seconds since 1970.
    """

    subject: str
    """id of the officer, or `script:<name>`"""
    roles: frozenset[Role]
    expires_at: float
    session_id: UUID | None = None
    """the session in which the officer calls, or None for a script"""
    token_id: int | None = None
    """number of the token with which a script calls, or None for an officer"""

    @property
    def actor(self) -> str:
        """Return the caller's name in the case log."""
        return self.subject if self.subject.startswith(SCRIPT) else f"officer:{self.subject}"


class Tokens:
    """Makes and reads tokens of banks."""

    def __init__(self, keys: Keys, clock: Callable[[], datetime] = wall_clock) -> None:
        self._clock = clock
        self._keys = keys

    @cached_property
    def _banks_key(self) -> bytes:
        # The officers process has no such key.
        return self._keys.derive_key(Purpose.BANK_TOKENS)

    def for_bank(self, code: str, door: BankDoor | None = None, login_no: int | None = None) -> str:
        """Return a token for the institution with this code, valid for `TTL_SECONDS`; without a door it opens both.

        It ends before, as soon as the institution has another login than the one with this number. Without a number
        it is of no login.
        """
        audience = door.audience if door else _BANKS
        made_at = int(self._clock().timestamp())
        claims = {"iss": _ISSUER, "aud": audience, "sub": code, "iat": made_at, "exp": made_at + TTL_SECONDS}
        if login_no is not None:
            claims[_LOGIN_NO] = login_no
        return jwt.encode(claims, self._banks_key, _ALGORITHM)

    def owner(self, token: str) -> str:
        """Return the code of the institution of a token that we made, also if it is over. Raises `BadToken`."""
        try:
            claims = jwt.decode(token, self._banks_key, algorithms=[_ALGORITHM], issuer=_ISSUER, options=_ANY_DOOR)
        except (jwt.InvalidTokenError, TypeError, ValueError):
            raise BadToken(BadToken.__doc__) from None
        return str(claims["sub"])

    def bank(self, token: str, door: BankDoor) -> tuple[str, int | None]:
        """Return the code and the login of the institution of a token that opens `door`. Raises `BadToken`.

        The login is None for a token of no login. The caller compares it with the login of now.
        """
        claims = _read(self._banks_key, (_BANKS, door.audience), token, self._clock())
        return claims["sub"], claims.get(_LOGIN_NO)


def bearer(authorization: str | None) -> str:
    """Return the token of an Authorization header. Raises `BadToken` if it has none."""
    scheme, _, token = (authorization or "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > TOKEN_MAX_CHARS:
        raise BadToken(BadToken.__doc__)
    return token


def _read(key: bytes, audience: tuple[str, ...], token: str, now: datetime) -> dict[str, Any]:
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
