"""Officers of tests in their sessions: those who sign in with a password and an authenticator, and those who are in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from activities.context import Context
from activities.officers.enrolment import Wish, import_officers, make_link
from activities.officers.sign_in import STEP_SECONDS, code_at, sign_session, step_at
from activities.secrets import Keys, Purpose
from activities.sessions import new_token, token_digest
from api.officers.sessions import COOKIE, CSRF_HEADER, Sessions, cookie_of, csrf_token
from api.officers.tokens import Officer
from api.services import Services
from db.officers import sessions
from db.pool import Pool
from schemas.enums import Role
from schemas.officers.officers import OfficerEntry, folded
from tests.clock import Clock, at_clock

PASSWORD = "correct horse battery staple"
SHIFT: Final = timedelta(hours=12)


def headers_of(token: str) -> dict[str, str]:
    """The headers of a request in the session with this token."""
    return {"Cookie": f"{COOKIE}={token}", CSRF_HEADER: csrf_token(token)}


async def begin_sessions(
    pool: Pool,
    keys: Keys,
    officers: Mapping[str, str],
    longest: timedelta = SHIFT,
    *,
    begun: timedelta = timedelta(),
) -> None:
    """Write sessions by their tokens, for officers who are in the database, as if they had signed in so long ago."""
    key = keys.derive_key(Purpose.SESSIONS)
    async with pool.acquire() as connection, connection.transaction():
        for token, officer_id in officers.items():
            digest = token_digest(token)
            await connection.execute(
                "INSERT INTO session (session_id, kind, token_digest, subject, began_at, last_seen_at, ends_at,"
                " address, browser, way, signature) SELECT $1, 'officer', $2, $3, m.now - $5::interval,"
                " m.now, m.now - $5 + $4::interval, '192.0.2.1', 'test', 'code', $6"
                " FROM (SELECT present_moment() AS now) AS m",
                uuid4(),
                digest,
                folded(officer_id),
                longest,
                begun,
                sign_session(key, folded(officer_id), digest),
            )


async def is_live(services: Services, token: str) -> bool:
    """Whether the session with this token is not over, by the clock of the database."""
    digest = token_digest(token)
    async with services.ctx.pool.acquire() as connection:
        return await sessions.find(connection, digest, services.sessions.idle) is not None


class SessionsInOneRole(Sessions):
    """Sessions in which an officer comes in one role, whatever other roles the officer has."""

    def __init__(self, ctx: Context, keys: Keys) -> None:
        super().__init__(ctx, keys)
        self.roles: dict[str, Role] = {}
        """by the token of the session"""

    async def officer(self, connection: HTTPConnection) -> Officer:
        """The officer of a session, with the role in which the officer comes."""
        officer = await super().officer(connection)
        role = self.roles.get(cookie_of(connection))
        return officer if role is None else replace(officer, roles=officer.roles & {role})

    def come(self, role: Role) -> str:
        """The token of a session that comes in this role, when it is written."""
        token = new_token()
        self.roles[token] = role
        return token


@dataclass
class Equipped:
    """An officer with a password and an authenticator."""

    officer_id: str
    secret: str = field(repr=False)
    recovery_codes: tuple[str, ...] = field(repr=False)
    clock: Clock
    password: str = PASSWORD

    def code(self, steps: int = 0) -> str:
        """The code that the authenticator shows, this many steps from now."""
        return code_at(self.secret, step_at(self.clock.at) + steps)

    def next_code(self) -> str:
        """The next code: wait for it, as a person does."""
        self.clock.at += timedelta(seconds=STEP_SECONDS)
        return self.code()

    def form(self, **changes: str) -> dict[str, str]:
        """What the officer types now."""
        typed = {"officer_id": self.officer_id, "password": self.password, "code": self.next_code()}
        return {name: value for name, value in {**typed, **changes}.items() if value}


def with_clock(services: Services, at: datetime) -> tuple[Services, Clock]:
    """Services whose time stands still until it is moved."""
    clock = Clock(at)
    return replace(services, ctx=at_clock(services.ctx, clock)), clock


async def equip(services: Services, clock: Clock, officer_id: str, *roles: Role, steps: int = 0) -> Equipped:
    """Write an officer, and set password and authenticator by a link, with the code this many steps from now."""
    await import_officers(
        services.ctx.pool,
        [OfficerEntry(officer_id=officer_id, name=f"Officer {officer_id}", roles=roles)],
        "command:test",
    )
    async with services.ctx.pool.acquire() as connection, connection.transaction():
        link = await make_link(connection, officer_id, "command:test", timedelta(minutes=15))
    token = link.path.rpartition("/")[2]
    setup = await services.sign_in_links.look(token)
    assert setup is not None
    wish = Wish(SecretStr(PASSWORD), SecretStr(PASSWORD), code_at(setup.secret, step_at(clock.at) + steps))
    codes = await services.sign_in_links.put(token, setup, wish, "192.0.2.1")
    assert codes is not None
    return Equipped(officer_id, setup.secret, codes, clock)


@dataclass
class Browser:
    """A browser at the API, with the cookie of its session."""

    client: httpx.AsyncClient
    cookie: str = ""
    csrf_token: str = ""

    async def sign_in(self, officer: Equipped, address: str = "203.0.113.1", **changes: str) -> httpx.Response:
        """Try to sign in from an address, and keep the cookie."""
        response = await self.try_in(officer.form(**changes), address)
        if response.status_code == 201:
            self.cookie = response.cookies[COOKIE]
            self.csrf_token = response.json()["csrf_token"]
        return response

    async def try_in(self, form: dict[str, str], address: str) -> httpx.Response:
        """Try to sign in with these fields, without keeping a cookie."""
        headers = {"X-Forwarded-For": address, **self._cookies()}
        self.client.cookies.clear()
        response = await self.client.post("/api/v1/session", json=form, headers=headers)
        self.client.cookies.clear()
        return response

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Send a request with the cookie and the token beside it."""
        sent = {**self._cookies(), CSRF_HEADER: self.csrf_token, **headers}
        return await self.client.request(method, path, json=body, headers=sent)

    async def is_in(self) -> bool:
        """Whether the session is alive."""
        return (await self.ask("GET", "/api/v1/session")).status_code == 200

    def _cookies(self) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}
