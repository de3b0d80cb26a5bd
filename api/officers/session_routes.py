"""Routes of sign-in: begin and end a session, list one's own, end another officer's, and read the sign-in log."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.addresses import address_of
from api.officers.auth import may
from api.officers.sessions import (
    cookie_of,
    csrf_token,
    delete_cookie,
    refuse_other_sites,
    session_cookie,
    session_of,
    set_cookie,
)
from api.officers.sign_in import refused_password
from api.officers.tokens import BadToken, Officer
from api.params import LIMIT_DEFAULT, After, Limit
from api.problems import (
    IN_THE_DESCRIPTION,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_LOGGED_IN,
    TOO_MANY,
    says,
)
from api.roles import Action
from api.services import Services, TheServices
from db.officers import callers, officers, sessions
from db.officers.sessions import LiveSession
from domain.errors.officers import OfficerNotFound, SessionNotFound, SignInTooOld
from domain.officers.officers import password_form_fault
from schemas.base import Storable
from schemas.enums import Role
from schemas.officers.officers import folded
from schemas.officers.sign_in import (
    EndSessions,
    OpenSession,
    PasswordChange,
    SecondFactor,
    SessionEnd,
    SessionList,
    SessionProof,
    SessionsEnded,
    SignIn,
    SignInPage,
)

router = APIRouter(prefix="/api/v1", tags=["sign-in"], responses=IN_THE_DESCRIPTION)

BROWSER_MAX_CHARS = 200
SIGN_IN_BODY_MAX_BYTES = 8 * 1024
"""the limit of a body of sign-in, which anybody may send: two passwords and a code, however they are encoded"""
OfOfficer = Annotated[str, Path(max_length=64, description="Id of the officer."), Storable]
OfficerId = Annotated[
    Annotated[str, Storable] | None,
    Query(max_length=64, description="The officer whose lines are read; all without it."),
]


async def _session(
    request: Request, services: TheServices, _: Annotated[str | None, Depends(session_cookie)]
) -> LiveSession:
    """Return the session of the request. Raises `BadToken` and `CrossSiteRequest`."""
    return await session_of(services.sessions, request)


TheSession = Annotated[LiveSession, Depends(_session)]
"""The dependency of a route that every signed-in officer may call for themselves."""


def browser_of(request: Request) -> str:
    """Return the name that the browser gives itself, for the list of sessions."""
    named = request.headers.get("user-agent", "")[:BROWSER_MAX_CHARS]
    return "".join(sign for sign in named if sign.isprintable())


async def _opened(services: Services, session: LiveSession, token: str) -> OpenSession:
    async with services.ctx.pool.acquire() as connection:
        name, roles = await callers.named(connection, session.officer_id)
    return OpenSession(
        session_id=session.session_id,
        officer_id=session.officer_id,
        name=name,
        roles=tuple(role for role in Role if role in roles),
        actions=tuple(action.value for action in Action if action.rule.roles & roles),
        began_at=session.began_at,
        ends_at=session.ends_at,
        proved_until=session.proved_at + services.sessions.proof_lasts,
        way=session.way,
        csrf_token=csrf_token(token),
        is_drill=services.ctx.clock_factor != 1,
    )


async def begin_session(request: Request, services: Services, asked: SignIn) -> tuple[LiveSession, str]:
    """Sign an officer in, and end the session that the browser had. Raises `Refused`."""
    address = address_of(request, services.trusted_proxies)
    begun = await services.sign_in_door.sign_in(asked, address, browser_of(request), request.scope)
    before = await services.sessions.find(cookie_of(request))
    if before is not None:
        await end_session(services, before, SessionEnd.SIGNED_IN_AGAIN)
    return begun.session, begun.token


async def end_session(services: Services, session: LiveSession, reason: SessionEnd) -> None:
    """End a session of the officer of that session."""
    async with services.ctx.pool.acquire() as connection:
        await sessions.end(connection, session.session_id, session.officer_id, reason)
    services.sessions.forget()


async def end_own(services: Services, session: LiveSession, session_id: UUID) -> None:
    """End a session of the officer of `session`. Raises `SessionNotFound`, and `SignInTooOld` for another session.

    So a person who has stolen a session does not end those of its officer.
    """
    if session_id != session.session_id and session.now > session.proved_at + services.sessions.proof_lasts:
        raise SignInTooOld
    async with services.ctx.pool.acquire() as connection:
        ended = await sessions.end(connection, session_id, session.officer_id, SessionEnd.ENDED_BY_OFFICER)
    if not ended:
        raise SessionNotFound(session_id)
    services.sessions.forget()


@router.post("/session", status_code=201, responses=says(NOT_LOGGED_IN, TOO_MANY, NOT_ALLOWED))
async def sign_in(request: Request, services: TheServices, response: Response, asked: SignIn) -> OpenSession:
    """Sign in with a password, and a code of the authenticator or a recovery code.

    The session is in the cookie of the response. A wrong name, password and code get the same refusal.
    """
    refuse_other_sites(request)
    session, token = await begin_session(request, services, asked)
    set_cookie(response, token)
    return await _opened(services, session, token)


@router.get("/session", responses=says(NOT_LOGGED_IN))
async def read_session(request: Request, services: TheServices, session: TheSession) -> OpenSession:
    """Return the caller's own session."""
    return await _opened(services, session, cookie_of(request))


@router.delete("/session", status_code=204, responses=says(NOT_LOGGED_IN, NOT_ALLOWED))
async def sign_out(services: TheServices, session: TheSession, response: Response) -> None:
    """End the caller's own session."""
    await end_session(services, session, SessionEnd.SIGNED_OUT)
    delete_cookie(response)


@router.post("/session/proof", responses=says(NOT_LOGGED_IN, NOT_ALLOWED))
async def prove_session(
    request: Request, services: TheServices, session: TheSession, asked: SecondFactor
) -> SessionProof:
    """Prove with a code that the officer of the session is still there.

    Acts that need a fresh proof are taken for a few minutes then. An officer of an identity provider signs in again.
    """
    address = address_of(request, services.trusted_proxies)
    proved_at = await services.sign_in_door.prove(asked, session, address, request.scope)
    if proved_at is None:
        raise BadToken(BadToken.__doc__)
    services.sessions.forget()
    return SessionProof(proved_until=proved_at + services.sessions.proof_lasts)


@router.post("/session/password", status_code=204, responses=says(NOT_LOGGED_IN, NOT_ALLOWED, TOO_MANY))
async def change_password(
    request: Request, services: TheServices, session: TheSession, response: Response, asked: PasswordChange
) -> None:
    """Set a new password. Every session of the caller ends."""
    if fault := password_form_fault(asked.new_password.get_secret_value()):
        raise refused_password(fault)
    address = address_of(request, services.trusted_proxies)
    await services.sign_in_door.change_password(asked, session.officer_id, address, request.scope)
    services.sessions.forget()
    delete_cookie(response)


@router.get("/sessions", responses=says(NOT_LOGGED_IN))
async def read_sessions(services: TheServices, session: TheSession) -> SessionList:
    """Return the caller's open sessions, the newest first."""
    async with services.ctx.pool.acquire() as connection:
        open_sessions = await sessions.of_officer(
            connection, session.officer_id, services.sessions.idle, session.session_id
        )
    return SessionList(items=tuple(open_sessions))


@router.delete("/sessions/{session_id}", status_code=204, responses=says(NOT_LOGGED_IN, NOT_ALLOWED, NOT_FOUND))
async def end_own_session(services: TheServices, session: TheSession, session_id: UUID) -> None:
    """End one of the caller's own sessions.

    Another one than that of the request is ended only within a few minutes of the sign-in or of a code.
    """
    await end_own(services, session, session_id)


@router.get("/sessions/of/{officer_id}")
async def read_sessions_of(
    services: TheServices, _: Annotated[Officer, may(Action.READ_SIGN_INS)], officer_id: OfOfficer
) -> SessionList:
    """Return the open sessions of an officer, the newest first."""
    async with services.ctx.pool.acquire() as connection:
        open_sessions = await sessions.of_officer(connection, folded(officer_id), services.sessions.idle)
    return SessionList(items=tuple(open_sessions))


@router.post("/sessions/of/{officer_id}/end")
async def end_sessions(
    services: TheServices,
    officer: Annotated[Officer, may(Action.END_SESSIONS)],
    officer_id: OfOfficer,
    why: EndSessions,
) -> SessionsEnded:
    """End every session of an officer, in every process within a second."""
    named = folded(officer_id)
    async with services.ctx.pool.acquire() as connection, connection.transaction():
        if not await officers.known(connection, [named]):
            raise OfficerNotFound(officer_id)
        ended = await sessions.end_all(connection, named, officer.actor, SessionEnd.ENDED_BY_ADMIN, why.reason)
    services.sessions.forget()
    return SessionsEnded(ended=ended)


@router.get("/session/sign-ins", responses=says(NOT_LOGGED_IN))
async def read_own_sign_ins(
    services: TheServices, session: TheSession, after: After = None, limit: Limit = LIMIT_DEFAULT
) -> SignInPage:
    """Return the tries to sign in under the caller's name, the newest first."""
    async with services.ctx.pool.acquire() as connection:
        return await sessions.page(connection, session.officer_id, after, limit)


@router.get("/sign-ins")
async def read_sign_ins(
    services: TheServices,
    _: Annotated[Officer, may(Action.READ_SIGN_INS)],
    officer_id: OfficerId = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> SignInPage:
    """Return the tries to sign in of an officer, or of all, the newest first."""
    async with services.ctx.pool.acquire() as connection:
        return await sessions.page(connection, folded(officer_id) if officer_id else None, after, limit)
