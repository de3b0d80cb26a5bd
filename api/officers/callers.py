"""Callers of requests, known from the headers before a body is read.

A credential is read once for each request. What it says is kept with the request, so the route need not read it again.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from starlette.requests import HTTPConnection
from starlette.types import Scope

from activities.officers.enrolment import FIRST_PATH, SIGN_IN_PATH
from api.addresses import address_of
from api.officers.sessions import cookie_of, display_cookie_of
from api.officers.tokens import BadToken, BankDoor, Officer, bearer
from api.parts import Part
from api.problems import BANK_API_PATH, BANK_PATH, INBOX_PATH
from api.request_places import Counted
from api.services import Services
from domain.policy.callers import DoorName

LOGIN_PATH: Final = "/banking/login"
DESCRIPTION_PATH: Final = "/api/v1/openapi.json"
EVIDENCE_KEYS_PATH: Final = "/api/v1/evidence-keys"
SIGN_IN_API_PATH: Final = "/api/v1/session"
"""officers come there without a session, to begin one"""
DISPLAY_PATH: Final = "/api/v1/displays/place"
"""a display comes there with its token in the body"""
OPEN_PATHS: Final = frozenset({LOGIN_PATH, DESCRIPTION_PATH, EVIDENCE_KEYS_PATH, SIGN_IN_API_PATH, DISPLAY_PATH})
"""paths of banks and officers whose routes need no credential"""
SIGN_IN_PATHS: Final = frozenset(
    {LOGIN_PATH, SIGN_IN_API_PATH, SIGN_IN_PATH, f"{INBOX_PATH}/sign-in", f"{INBOX_PATH}/first"}
)
SIGN_IN_BELOW: Final = (f"{SIGN_IN_PATH}/", FIRST_PATH, f"{INBOX_PATH}/password/")
"""beginnings of further paths of those who sign in, whose tries are counted"""
SIGNATURE_FIELDS: Final = ("signature", "signature-input")

_OFFICER: Final = "goldenhour.officer"
_BANK: Final = "goldenhour.bank"
_NAMED: Final = "goldenhour.named"


@dataclass(frozen=True, slots=True)
class KnownCaller:
    """Caller of a request, for the log of refused acts."""

    name: str | None
    """None for the login of an e-mail that no bank has"""
    is_proven: bool
    """whether the credential was genuine; else anybody may have named this caller"""
    session_id: UUID | None = None
    token_id: int | None = None


def known_caller(scope: Scope) -> KnownCaller | None:
    """Return the caller of a request as its route or the edge has read it; None if none was known."""
    officer: Officer | None = scope.get(_OFFICER)
    if officer is not None:
        return KnownCaller(officer.actor, True, officer.session_id, officer.token_id)
    for door in BankDoor:
        if code := scope.get(f"{_BANK}.{door.value}"):
            return KnownCaller(f"bank:{code}", is_proven=True)
    named: KnownCaller | None = scope.get(_NAMED)
    return named


def name_bank(scope: Scope, code: str | None, *, is_proven: bool) -> None:
    """Note which bank a request names by a signature or a login; None for an e-mail that no bank has."""
    scope[_NAMED] = KnownCaller(f"bank:{code}" if code else None, is_proven)


def door_of(path: str) -> DoorName:
    """Return who may call a path: banks, officers, who signs in, or the public.

    A path of the API that is not named here is of officers.
    """
    if path in SIGN_IN_PATHS or path.startswith(SIGN_IN_BELOW):
        return DoorName.SIGN_IN
    if path in OPEN_PATHS:
        return DoorName.PUBLIC
    if path.startswith((BANK_PATH, BANK_API_PATH)):
        return DoorName.BANKS
    return DoorName.OFFICERS if path.startswith("/api/") else DoorName.PUBLIC


async def officer_of(connection: HTTPConnection, services: Services) -> Officer:
    """Return the officer or display of the cookie of a request, or the script of its token. Raises `BadToken`."""
    scope = connection.scope
    if _OFFICER not in scope:
        try:
            scope[_OFFICER] = await _read_officer(connection, services)
        except BadToken:
            scope[_OFFICER] = None
    officer: Officer = _known(scope, _OFFICER)
    return officer


async def _read_officer(connection: HTTPConnection, services: Services) -> Officer:
    header = connection.headers.get("authorization")
    if header is None and cookie_of(connection):
        return await services.sessions.officer(connection)
    if header is None and (secret := display_cookie_of(connection)):
        return await services.scripts.display(secret)
    return await services.scripts.of(bearer(header))


async def bank_of(connection: HTTPConnection, services: Services, door: BankDoor) -> str:
    """Return the code of the bank whose token a request has, if the token opens `door`. Raises `BadToken`.

    A token ends with the login that it was made by. Each process learns of another login within about a second.
    """
    scope, key = connection.scope, f"{_BANK}.{door.value}"
    if key not in scope:
        try:
            code, login_no = services.tokens.bank(bearer(connection.headers.get("authorization")), door)
            known = services.ctx.directory.current.get(code)
            is_over = known is not None and login_no is not None and login_no < known.login_no
            scope[key] = None if is_over else code
        except BadToken:
            scope[key] = None
    bank_code: str = _known(scope, key)
    return bank_code


def _known(scope: Scope, key: str) -> Any:
    entry = scope[key]
    if entry is None:
        raise BadToken(BadToken.__doc__)
    return entry


def is_signed(connection: HTTPConnection) -> bool:
    """Return whether a request claims the signature of a bank."""
    return any(name in connection.headers for name in SIGNATURE_FIELDS)


async def counted(connection: HTTPConnection, services: Services, part: Part | None) -> Counted:
    """Return the caller by whom a request is counted.

    A caller without the credential of its path is counted by its address, among the public. A caller with a signature
    is counted by its address among the banks. Its route verifies the signature before it reads the body.
    """
    door = door_of(connection.scope["path"])
    try:
        if door is DoorName.OFFICERS:
            return Counted(door, (await officer_of(connection, services)).actor)
        # The officers process has no key for the tokens of banks.
        if door is DoorName.BANKS and part is not Part.OFFICERS:
            if is_signed(connection):
                return Counted(door, address_of(connection, services.trusted_proxies))
            is_wire = connection.scope["path"].startswith(BANK_PATH)
            return Counted(door, await bank_of(connection, services, BankDoor.I4C if is_wire else BankDoor.API))
    except BadToken:
        """The request is counted among the public."""
    stranger = DoorName.SIGN_IN if door is DoorName.SIGN_IN else DoorName.PUBLIC
    return Counted(stranger, address_of(connection, services.trusted_proxies))
