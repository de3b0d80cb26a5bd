"""Sessions of visitors: their tokens, and how long they last.

A kind is one entry of `KINDS`. Only the digest of a token is stored.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from db.sessions import SessionKind
from domain.policy.model import Policy
from domain.policy.officers import SessionRules
from domain.policy.people import MyCaseRules, PublicFormRules
from domain.policy.restoration import GrievanceRules

TOKEN_BYTES: Final = 32
TOKEN_CHARS: Final = 43


@dataclass(frozen=True, slots=True)
class Times:
    """Times of the sessions of a kind."""

    idle: timedelta
    """without a request, after which a session is over"""
    longest: timedelta
    """after which it is over in any case"""


@dataclass(frozen=True, slots=True)
class Entered:
    """A new session. `token` identifies it."""

    token: str = field(repr=False)
    until: datetime


def _of_page(rules: GrievanceRules | MyCaseRules | PublicFormRules) -> Times:
    return Times(timedelta(seconds=rules.visit_seconds), timedelta(seconds=rules.visit_max_seconds))


def _of_sign_in(rules: SessionRules) -> Times:
    return Times(timedelta(seconds=rules.idle_seconds), timedelta(seconds=rules.longest_seconds))


KINDS: Final[Mapping[SessionKind, Callable[[Policy], Times]]] = {
    SessionKind.APPEAL: lambda policy: _of_page(policy.grievance),
    SessionKind.MY_CASE: lambda policy: _of_page(policy.my_case),
    SessionKind.PUBLIC_FORM: lambda policy: _of_page(policy.public_form),
    SessionKind.BANK: lambda policy: _of_sign_in(policy.sessions),
    SessionKind.OFFICER: lambda policy: _of_sign_in(policy.sessions),
}


def new_token() -> str:
    """Return a random token, which stands in a cookie only."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_digest(token: str) -> bytes:
    """Return the digest under which the database knows a token."""
    return hashlib.sha256(token.encode()).digest()


def digest_of_sent(token: str, prefix: str = "") -> bytes | None:
    """Return the digest of a token that somebody sent; None for a text that is no token after a prefix."""
    return token_digest(token) if len(token) == len(prefix) + TOKEN_CHARS and token.isascii() else None
