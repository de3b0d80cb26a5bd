"""Officers of tests who sign in with a password and an authenticator."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from activities.officers.authenticators import STEP_SECONDS, code_at, step_at
from activities.officers.enrolment import import_officers
from activities.officers.sign_in import SignInChecks
from activities.officers.sign_in_links import Wish, make_link
from api.officers.sessions import COOKIE, CSRF_HEADER, csrf_token
from api.services import Services
from schemas.enums import Role
from schemas.officers import OfficerEntry
from schemas.sign_in import SignInWay
from tests.clock import Clock, at_clock

PASSWORD = "correct horse battery staple"


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


async def equip(services: Services, clock: Clock, officer_id: str, *roles: Role) -> Equipped:
    """Write an officer, and set password and authenticator by a link."""
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
    wish = Wish(SecretStr(PASSWORD), SecretStr(PASSWORD), code_at(setup.secret, step_at(clock.at)))
    codes = await services.sign_in_links.put(token, setup, wish, "192.0.2.1")
    assert codes is not None
    return Equipped(officer_id, setup.secret, codes, clock)


async def session_headers(services: Services, officer_id: str) -> dict[str, str]:
    """Begin a session of an officer who is in the database, and return what its requests carry."""
    begun = await SignInChecks(services.ctx, services.keys).begin(officer_id, "", "", SignInWay.CODE)
    assert begun is not None, "the officer is in the database"
    return {"Cookie": f"{COOKIE}={begun.token}", CSRF_HEADER: csrf_token(begun.token)}


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
