"""Sessions of officers in a browser: the cookie, the check against forged requests, and the lookup.

The answers to ASVS 5: V3.3 (cookie), V3.5 (requests of other sites), V7.2 (random tokens, new at each sign-in), V7.3
(idle and longest time), V7.4 (ends).
"""

import base64
import hashlib
import hmac
import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import asyncpg
from fastapi import Request
from fastapi.security import APIKeyCookie
from starlette.requests import HTTPConnection
from starlette.responses import Response

from activities.context import Context
from activities.officers.sign_in import is_signed
from activities.secrets import Keys, Purpose
from activities.sessions import KINDS, TOKEN_CHARS, token_digest
from api.officers.tokens import BadToken, Officer
from db.officers import callers, sessions
from db.officers.sessions import LiveSession
from db.pool import Connection
from db.sessions import SessionKind
from domain.errors.officers import CrossSiteRequest
from schemas.enums import Role

log = logging.getLogger("goldenhour.api")

COOKIE: Final = "__Host-goldenhour"
DISPLAY_COOKIE: Final = "__Host-goldenhour-display"
CSRF_HEADER: Final = "X-CSRF-Token"
CACHED_MAX: Final = 2_000
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""methods that change nothing"""
_SITE_HEADER: Final = "sec-fetch-site"
_SESSION: Final = "goldenhour.session"
"""where a request keeps its session, so that it is read once"""

SESSION_SCHEME: Final = "OfficerSession"
session_cookie = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    scheme_name=SESSION_SCHEME,
    description="The session of an officer in a browser: `POST /api/v1/session`.",
)
"""This scheme is for the OpenAPI description only. `Sessions` reads the cookie."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A session as it was read, and until when that may be relied on."""

    session: LiveSession
    roles: frozenset[Role]
    until: datetime


class Sessions:
    """Sessions as this process knows them. What it knows is at most `cached_seconds` old."""

    def __init__(self, ctx: Context, keys: Keys) -> None:
        self._ctx = ctx
        self._public_key = keys.derive_key(Purpose.SESSION_CHECKS)
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    @property
    def idle(self) -> timedelta:
        """Return the time without a request after which a session is over."""
        return KINDS[SessionKind.OFFICER](self._ctx.policy).idle

    @property
    def proof_lasts(self) -> timedelta:
        """Return the time after a sign-in or a code in which acts that need a fresh proof are taken."""
        return timedelta(seconds=self._ctx.policy.sessions.proof_seconds)

    async def of(self, request: Request) -> LiveSession:
        """Return the session of a request. Raises `BadToken`, and `CrossSiteRequest` for a forged change."""
        session = (await self._of(request)).session
        refuse_forged(request)
        return session

    async def officer(self, connection: HTTPConnection) -> Officer:
        """Return the officer of the session of a request, with the roles that are live. Raises `BadToken`."""
        known = await self._of(connection)
        session = known.session
        return Officer(session.officer_id, known.roles, session.ends_at.timestamp(), session.session_id)

    async def find(self, token: str) -> LiveSession | None:
        """Return the session with this token, and note its use; None if there is none or it is over."""
        known = await self._find(token)
        return known.session if known else None

    def forget(self) -> None:
        """Forget what this process knows, because a session was ended here."""
        self._known.clear()

    async def _of(self, connection: HTTPConnection) -> _Known:
        if _SESSION not in connection.scope:
            connection.scope[_SESSION] = await self._find(cookie_of(connection))
        known: _Known | None = connection.scope[_SESSION]
        if known is None:
            raise BadToken(BadToken.__doc__)
        return known

    async def _find(self, token: str) -> _Known | None:
        if len(token) != TOKEN_CHARS or not token.isascii():
            return None
        digest, now = token_digest(token), self._ctx.now()
        known = self._known.get(digest)
        if known is not None and now < known.until:
            return known
        async with self._ctx.pool.acquire() as connection:
            session = await sessions.find(connection, digest, self.idle)
            if session and not is_signed(self._public_key, session.officer_id, digest, session.signature):
                session = None
            roles = await callers.roles_of(connection, session.officer_id) if session else None
            if session is not None:
                await self._note_use(connection, session)
        self._known.pop(digest, None)
        if session is None or roles is None:
            return None
        until = min(now + timedelta(seconds=self._ctx.policy.sessions.cached_seconds), session.ends_at)
        known = self._known[digest] = _Known(session, roles, until)
        if len(self._known) > CACHED_MAX:
            self._known.popitem(last=False)
        return known

    async def _note_use(self, connection: Connection, session: LiveSession) -> None:
        if session.now - session.last_seen_at >= timedelta(seconds=self._ctx.policy.sessions.seen_every_seconds):
            try:
                await sessions.note_use(connection, session.session_id)
            except asyncpg.PostgresError as error:
                # A database that takes no writes is still read. The session then ends after its idle time.
                log.warning("the use of a session is not written: %s", type(error).__name__)


async def session_of(known: Sessions, request: Request) -> LiveSession:
    """Return the session of a request. The type of `known` names the errors for `api.route_errors`."""
    return await known.of(request)


def cookie_of(connection: HTTPConnection) -> str:
    """Return the token in the session cookie, or an empty text."""
    return connection.cookies.get(COOKIE, "")


def refuse_forged(request: Request) -> None:
    """Check that a change in a session was not sent by another site. Raises `CrossSiteRequest`."""
    if request.method not in SAFE:
        refuse_other_sites(request)
        if not csrf_matches(cookie_of(request), request.headers.get(CSRF_HEADER, "")):
            raise CrossSiteRequest


def csrf_token(token: str) -> str:
    """Return what a request must send beside the cookie. Other sites can read neither."""
    digest = hashlib.sha256(f"csrf\0{token}".encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def csrf_matches(token: str, sent: str) -> bool:
    """Return whether a request sent what belongs to the token of its session."""
    return hmac.compare_digest(csrf_token(token).encode(), sent.encode())


def refuse_other_sites(request: Request, *, must_say: bool = False) -> None:
    """Check that no other site sent a request. Raises `CrossSiteRequest`.

    Browsers name the site in `Sec-Fetch-Site`, or in `Origin`. A program may send neither, unless it `must_say`.
    """
    site, origin = request.headers.get(_SITE_HEADER), request.headers.get("origin")
    if site is None and origin is None:
        same = not must_say
    elif site is not None:
        same = site == "same-origin"
    else:
        same = urlsplit(origin or "").netloc.lower() == request.headers.get("host", "").lower()
    if not same:
        raise CrossSiteRequest


def display_cookie_of(connection: HTTPConnection) -> str:
    """Return the secret in the cookie of a display, or an empty text."""
    return connection.cookies.get(DISPLAY_COOKIE, "")


def set_display_cookie(response: Response, secret: str, seconds: int) -> None:
    """Set the cookie of a display. It stays when the browser starts again."""
    response.set_cookie(
        DISPLAY_COOKIE, secret, max_age=seconds, path="/", secure=True, httponly=True, samesite="strict"
    )


def set_cookie(response: Response, token: str) -> None:
    """Set the session cookie. It ends with the browser, and the session's own limits hold before that."""
    response.set_cookie(COOKIE, token, path="/", secure=True, httponly=True, samesite="strict")


def delete_cookie(response: Response) -> None:
    """Delete the session cookie."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
