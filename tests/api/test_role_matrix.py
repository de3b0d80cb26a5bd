"""Every route by every caller. The table is the test's own: a route or a role that is not in it fails."""

from collections.abc import Mapping, Sequence
from typing import Final

import httpx
import pytest

from activities.officers import enrolment, script_tokens
from activities.sessions import new_token
from api.officers import sign_in
from api.officers.sessions import DISPLAY_COOKIE
from api.officers.tokens import BankDoor, Tokens
from api.recovery import appeal_page
from api.services import Services
from schemas.enums import Role
from schemas.officers.officers import DISPLAY_ROLES, SCRIPT_ROLES, NewScriptToken, OfficerEntry
from tests.api.conftest import new_app
from tests.api.role_matrix import CALLERS, ENTRIES, NUMBERS, By, Caller, Entry, Who, routes_of
from tests.deep import sample
from tests.signed_in import begin_sessions, headers_of
from workers.reference.routes import described_app

ADMIN: Final = "command:test"
DESK: Final = "https://desk.test"
KINDS: Final = {401: "not-logged-in", 403: "not-allowed"}
OPEN_STRIDE: Final = sample(5)


def test_every_route_is_in_the_table_and_nothing_else() -> None:
    app = described_app()
    assert set(routes_of(app)) == set(ENTRIES)
    published = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    assert published <= set(ENTRIES)


def test_every_role_is_a_caller_by_itself() -> None:
    assert {caller.name for caller in CALLERS if caller.roles == {caller.name} and not caller.state} == set(Role)
    scripts = {caller.roles for caller in CALLERS if caller.by is By.SCRIPT}
    assert scripts == {frozenset({role}) for role in SCRIPT_ROLES}
    assert [caller.roles for caller in CALLERS if caller.by is By.DISPLAY] == [DISPLAY_ROLES]


def test_every_caller_is_there() -> None:
    assert {caller.by for caller in CALLERS} == set(By)
    assert {caller.opens for caller in CALLERS} >= {frozenset({door}) for door in BankDoor}
    assert len({caller.name for caller in CALLERS}) == len(CALLERS)


def test_every_parameter_of_a_path_has_a_value() -> None:
    """And no value is left over."""
    named = {part.strip("{}") for _, path in ENTRIES for part in path.split("/") if part.startswith("{")}
    assert named == set(NUMBERS)


class Visits:
    """Callers who come to the API from outside, with what the database has of them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._pool = services.ctx.pool
        self._tokens = Tokens(services.keys)
        self._transport = httpx.ASGITransport(new_app(services))
        self._client = httpx.AsyncClient(transport=self._transport, base_url=DESK)
        self._headers: dict[str, Mapping[str, str]] = {}

    async def begin(self) -> None:
        """Write the officers and scripts, give each caller its credential, and then let happen what its state says."""
        for caller in CALLERS:
            if caller.by is By.SESSION and caller.state != "unknown":
                await self._enrol(caller)
            self._headers[caller.name] = await self._credential(caller)
            await self._change(caller)

    async def call(self, entry: Entry, caller: Caller) -> httpx.Response:
        """Call a route. A route about one's own session gets a new session each time, because it may end it."""
        if entry.who is Who.SESSIONS and entry.allows(caller):
            self._headers[caller.name] = await self._credential(caller)
        # Each caller has an address of its own, which is neither of this machine nor of an operator.
        self._transport.client = (f"203.0.113.{CALLERS.index(caller)}", 40_000)
        self._client.cookies.clear()
        return await self._client.request(
            entry.method,
            entry.url,
            params=entry.query,
            json=entry.body,
            data=entry.form,
            headers={"Idempotency-Key": "matrix", "Origin": DESK, **self._headers[caller.name]},
        )

    async def _credential(self, caller: Caller) -> Mapping[str, str]:
        match caller.by:
            case By.NOTHING:
                return {}
            case By.TEXT:
                return {"Authorization": caller.text}
            case By.BANK:
                door = next(iter(caller.opens)) if len(caller.opens) == 1 else None
                return _bearer(self._tokens.for_bank("SBIN", door))
            case By.SCRIPT:
                new = NewScriptToken(name=caller.name, roles=tuple(caller.roles), days=1)
                return _bearer((await script_tokens.issue(self._pool, new, ADMIN))[1])
            case By.DISPLAY:
                new = NewScriptToken(name=caller.name, roles=tuple(caller.roles), days=1)
                placed = await script_tokens.place(self._pool, (await script_tokens.issue(self._pool, new, ADMIN))[1])
                assert placed is not None
                return {"Cookie": f"{DISPLAY_COOKIE}={placed[1]}"}
            case By.SESSION:
                token = new_token()
                await begin_sessions(self._pool, self._services.keys, {token: caller.name})
                return headers_of(token)

    async def _enrol(self, caller: Caller) -> None:
        # Of a unit of the State: the cases of the table do not exist, and other officers would be outside all of them.
        entry = OfficerEntry(
            officer_id=caller.name, name=f"Officer {caller.name}", roles=tuple(caller.roles), districts=("*",)
        )
        await enrolment.import_officers(self._pool, [entry], ADMIN)

    async def _change(self, caller: Caller) -> None:
        match caller.state:
            case "role ended":
                await enrolment.end_role(self._pool, caller.name, Role.ADMIN, ADMIN)
            case "disabled":
                await enrolment.disable_officer(self._pool, caller.name, ADMIN)
            case "reset":
                await enrolment.reset_officer(self._pool, caller.name, ADMIN)
            case state:
                assert state in {"", "unknown"}, f"{caller.name}: no such state"


def _bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}


def callers_of(entry: Entry, number: int) -> Sequence[Caller]:
    """Return who calls a route: every caller; a route that looks at no credential, a fifth of them in turn.

    The next four such routes have the others, so each caller comes to many of them.
    """
    return CALLERS[number % OPEN_STRIDE :: OPEN_STRIDE] if entry.is_open else CALLERS


def says_why(response: httpx.Response) -> bool:
    """Return whether a refusal of the caller has its own type of problem. A page and an answer to HEAD have none."""
    kind = KINDS.get(response.status_code)
    is_problem = bool(response.content) and response.headers.get("content-type") == "application/problem+json"
    return kind is None or not is_problem or response.json()["type"] == f"urn:goldenhour:problem:{kind}"


async def test_every_route_by_every_caller(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "ANSWERS_AFTER_SECONDS", 0)
    monkeypatch.setattr(appeal_page, "ANSWERS_AFTER_SECONDS", 0)
    wrong = []
    visits = Visits(services)
    await visits.begin()
    for number, entry in enumerate(ENTRIES.values()):
        for caller in callers_of(entry, number):
            response = await visits.call(entry, caller)
            if not entry.cell(caller).fits(response.status_code) or not says_why(response):
                wrong.append((entry.method, entry.path, caller.name, response.status_code, response.text[:200]))
    await services.end_streams()
    assert not wrong, "\n".join(map(str, wrong))
