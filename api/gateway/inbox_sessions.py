"""Sessions of banks' inbox: the cookie, sign-in by the bank's login, and who comes with a request."""

from typing import Annotated, Final

from fastapi import Depends, Request
from pydantic import SecretStr
from starlette.responses import Response

from activities.sessions import KINDS, digest_of_sent, new_token, token_digest
from api.addresses import address_of
from api.officers.callers import name_bank
from api.problems import NOT_LOGGED_IN, Refused
from api.services import Services, TheServices
from db import sessions
from db.banks import bank_logins, bank_people
from db.banks.bank_logins import BankSession
from db.sessions import SessionKind

INBOX_COOKIE: Final = "__Host-goldenhour-bank"
_PREFIX: Final = "ghb_"
SIGNS_ALONE: Final = "this bank is known by its signature alone: use the API, or ask the police for a login"


async def sign_in(request: Request, services: Services, email: str, password: SecretStr) -> str:
    """Begin a session of the bank or the person with this login, and return its token.

    Raises `Refused` as a login at the API does, and for a bank that is known by its signature alone.
    """
    address = address_of(request, services.trusted_proxies)
    login = await services.bank_logins.person_of(email, address)
    if login is None:
        proven = await services.bank_logins.code(
            email, password, address, lambda named: name_bank(request.scope, named, is_proven=False)
        )
        code = proven.code
    else:
        code = login.person.institution
        name_bank(request.scope, code, is_proven=False)
        login = await services.bank_logins.check_person(login, email, password, address)
    if services.ctx.directory.current.get(code) is None:
        await services.ctx.directory.freshen()
    known = services.ctx.directory.current.get(code)
    if known is None or known.signs_only(services.ctx.now()):
        raise Refused(NOT_LOGGED_IN, SIGNS_ALONE)
    token, times = _PREFIX + new_token(), KINDS[SessionKind.BANK](services.ctx.policy)
    async with services.ctx.pool.acquire() as connection, connection.transaction():
        person_id = login.person.person_id if login else None
        if login and not await bank_people.keep_login(connection, login.person.person_id, login.password_hash):
            raise Refused(NOT_LOGGED_IN, "this e-mail and password are no login")
        await bank_logins.begin_session(connection, code, token_digest(token), address, times.longest, person_id)
        if person_id is not None:
            await bank_people.signed_in(connection, person_id, services.ctx.now())
    return token


async def session_of(request: Request, services: TheServices) -> BankSession | None:
    """Return the session of the bank that sent a request, or None."""
    token = request.cookies.get(INBOX_COOKIE, "")
    if (digest := digest_of_sent(token, _PREFIX)) is None:
        return None
    idle = KINDS[SessionKind.BANK](services.ctx.policy).idle
    async with services.ctx.pool.acquire() as connection:
        session = await bank_logins.find_session(connection, digest, idle)
    if session is not None:
        name_bank(request.scope, session.institution, is_proven=True)
    return session


MaybeSession = Annotated[BankSession | None, Depends(session_of)]
"""The dependency of a page of the inbox."""


async def sign_out(services: Services, session: BankSession) -> None:
    """End a session."""
    async with services.ctx.pool.acquire() as connection:
        await sessions.end(connection, SessionKind.BANK, session.session_id)


def set_cookie(response: Response, token: str) -> None:
    """Set the cookie of a session, which ends with the browser at the latest."""
    response.set_cookie(INBOX_COOKIE, token, path="/", secure=True, httponly=True, samesite="strict")


def delete_cookie(response: Response) -> None:
    """Delete the cookie of a session."""
    response.delete_cookie(INBOX_COOKIE, path="/", secure=True, httponly=True, samesite="strict")
