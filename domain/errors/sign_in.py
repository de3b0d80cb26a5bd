"""Business errors about sessions of officers and their sign-in."""

from uuid import UUID

from domain.errors import MayNot, NotFound, NotNow


class CrossSiteRequest(MayNot):
    pass


class SessionNotFound(NotFound):
    session_id: UUID


class SignInTooOld(MayNot):
    pass


class ProofRefused(MayNot):
    pass


class OfficersExist(NotNow):
    pass
