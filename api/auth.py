"""Authentication and authorisation of officers: a route asks for `Annotated[Officer, may(Action.…)]`."""

from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.callers import officer_of
from api.officers.sessions import refuse_forged, session_cookie
from api.roles import ALLOWED, Action
from api.services import TheServices
from api.tokens import Officer
from domain.officers import check_roles
from schemas.restoration.restorations import Acting

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

        Raises `BadToken`, `CrossSiteRequest` and `RoleNotAllowed`.
        """
        officer = await officer_of(request, services)
        if officer.session_id is not None:
            refuse_forged(request)
        refuse_unless(officer, self.action)
        return officer


def refuse_unless(officer: Officer, action: Action) -> None:
    """Check that the officer may do `action`. Raises `RoleNotAllowed`."""
    check_roles(officer.roles, ALLOWED[action])


def may(action: Action) -> Any:
    """Return the dependency for a route's signature."""
    return Depends(Allowed(action))


def acting(officer: Officer) -> Acting:
    """Return the officer in the form that the rules of `domain/` take."""
    return Acting(subject=officer.subject, roles=officer.roles, actor=officer.actor)
