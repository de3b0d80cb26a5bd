"""Who is refused: the caller of a refused request, for the log of refused acts."""

import logging
from typing import Final

import asyncpg
from fastapi.routing import iter_route_contexts
from starlette.requests import HTTPConnection
from starlette.routing import Match
from starlette.types import Scope

from activities.officers.script_tokens import PREFIX, digest_of
from activities.sessions import TOKEN_CHARS, token_digest
from api.addresses import address_of
from api.officers.callers import KnownCaller, known_caller
from api.officers.sessions import cookie_of
from api.officers.tokens import SCRIPT, BadToken, bearer
from api.parts import Part
from api.problems import refused_as
from api.services import Services
from db.officers import changes
from schemas.officers.sign_in import NewRefusedAct

log = logging.getLogger("goldenhour.api")

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NO_ROUTE: Final = "-"
_REFUSED: Final = range(400, 500)
"""statuses of a refusal; a request that was cancelled before its answer has 0"""


async def note_refusal(scope: Scope, services: Services, part: Part | None, status: int) -> None:
    """Note that a request was refused, if it was an act of a caller whom we know. Never raises."""
    code = refused_as(scope)
    if code is None or status not in _REFUSED:
        return
    connection = HTTPConnection(scope)
    try:
        caller = known_caller(scope) or await _by_genuine_credential(connection, services, part)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        log.warning("the caller of a refused act is not known: %s", type(error).__name__)
        return
    if caller is None:
        return
    services.refusal_log.note(
        NewRefusedAct(
            caller=caller.name,
            is_proven=caller.is_proven,
            session_id=caller.session_id,
            token_id=caller.token_id,
            method=scope["method"] if scope["method"] in _METHODS else "OTHER",
            route=_template(scope),
            status=status,
            code=code,
            address=address_of(connection, services.trusted_proxies),
        )
    )


async def _by_genuine_credential(
    connection: HTTPConnection, services: Services, part: Part | None
) -> KnownCaller | None:
    """Return whom a credential names that was not taken, because it is over or opens another door."""
    header = connection.headers.get("authorization")
    if header is None:
        return await _by_session(services, cookie_of(connection))
    try:
        token = bearer(header)
        if token.startswith(PREFIX):
            return await _by_script(services, token)
        # The officers process has no key for the tokens of banks.
        return None if part is Part.OFFICERS else KnownCaller(f"bank:{services.tokens.owner(token)}", is_proven=True)
    except BadToken:
        return None


async def _by_session(services: Services, token: str) -> KnownCaller | None:
    if len(token) != TOKEN_CHARS or not token.isascii():
        return None
    async with services.ctx.pool.acquire() as connection:
        session = await changes.officer_of_session(connection, token_digest(token))
    return KnownCaller(f"officer:{session[0]}", is_proven=True, session_id=session[1]) if session else None


async def _by_script(services: Services, token: str) -> KnownCaller | None:
    async with services.ctx.pool.acquire() as connection:
        script = await changes.script_of_token(connection, digest_of(token))
    return KnownCaller(f"{SCRIPT}{script[0]}", is_proven=True, token_id=script[1]) if script else None


def _template(scope: Scope) -> str:
    """Return the template of the route, also of a request that was refused before it was routed."""
    route = scope.get("route")
    if route is None:
        # The search for a route, which stands first, has no path of its own.
        known = (context for context in iter_route_contexts(scope["app"].routes) if context.path_format)
        route = next((context for context in known if context.original_route.matches(scope)[0] is Match.FULL), None)
    template: str | None = getattr(route, "path_format", None)
    return template or _NO_ROUTE
