"""Authentication and authorisation of officers: a route asks for `Annotated[Officer, may(Action.…)]`."""

from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.officers.callers import officer_of
from api.officers.jurisdiction import check_act, check_read
from api.officers.reads import ReadReason, read_of, reference_of
from api.officers.sessions import refuse_forged, session_cookie
from api.officers.tokens import Officer
from api.roles import Action
from api.services import Services, TheServices
from db.officers import sessions
from domain.errors.officers import SignInTooOld
from domain.officers.officers import check_roles
from schemas.officers.officers import Acting

# This scheme is for the OpenAPI description only. The header is read by `officer_of`.
OFFICER_SCHEME: Final = "OfficerToken"
_scheme = HTTPBearer(
    auto_error=False,
    scheme_name=OFFICER_SCHEME,
    description="A script's token: `goldenhour token issue`. Officers come in a session.",
)


class Allowed:
    """Dependency that admits an officer who may do `action`."""

    def __init__(self, action: Action) -> None:
        self.action = action

    async def __call__(
        self,
        request: Request,
        services: TheServices,
        _token: Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)],
        _session: Annotated[str | None, Depends(session_cookie)],
    ) -> Officer:
        """Return the script of the token, or the officer of the session in the cookie if there is no token.

        Raises `BadToken`, `CrossSiteRequest`, `RoleNotAllowed` and `OutsideJurisdiction`. Raises `SignInTooOld` if the
        action needs a fresh proof of the officer.
        """
        officer = await self._admitted(request, services)
        await check_act(services, officer, self.action, reference_of(request))
        if self.action.rule.is_proved:
            await _refuse_unproved(services, officer)
        return officer

    async def _admitted(self, request: Request, services: Services) -> Officer:
        officer = await officer_of(request, services)
        if officer.session_id is not None:
            refuse_forged(request)
        refuse_unless(officer, self.action)
        return officer


class AllowedRead(Allowed):
    """Dependency that admits an officer who may read by `action`, once the read is in the read log."""

    async def __call__(
        self,
        request: Request,
        services: TheServices,
        _token: Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)],
        _session: Annotated[str | None, Depends(session_cookie)],
        reason: ReadReason = None,
    ) -> Officer:
        """Return the officer as `Allowed` does. A read that cannot be logged is refused with the database's error.

        Raises `ReadReasonNeeded` for a read outside the officer's jurisdiction without a reason.
        """
        officer = await self._admitted(request, services)
        outside = await check_read(services, officer, self.action, reference_of(request), reason or "")
        # A search by POST names its subject in the body. Its route logs the read.
        if request.method == "GET":
            read = read_of(request, services, officer, reason or "", outside=outside)
            if read is not None:
                await services.read_log.note(read)
        return officer


def refuse_unless(officer: Officer, action: Action) -> None:
    """Check that the officer may do `action`. Raises `RoleNotAllowed`."""
    check_roles(officer.roles, action.rule.roles)


async def may_also(services: Services, officer: Officer, action: Action) -> bool:
    """Return whether an officer may do `action` with the act of the route. Raises `SignInTooOld` as `may` does."""
    if not officer.roles & action.rule.roles:
        return False
    if action.rule.is_proved:
        await _refuse_unproved(services, officer)
    return True


async def _refuse_unproved(services: Services, officer: Officer) -> None:
    """Check that the officer has signed in or given a code lately. Raises `SignInTooOld`.

    The database is asked, because another process may have taken the code a moment ago.
    """
    if officer.session_id is None:
        raise SignInTooOld
    async with services.ctx.pool.acquire() as connection:
        if not await sessions.is_proved(connection, officer.session_id, services.sessions.proof_lasts):
            raise SignInTooOld


def may(action: Action) -> Any:
    """Return the dependency for a route's signature."""
    return Depends(AllowedRead(action) if action.is_read else Allowed(action))


def acting(officer: Officer) -> Acting:
    """Return the officer in the form that the rules of `domain/` take."""
    return Acting(subject=officer.subject, roles=officer.roles, actor=officer.actor)
