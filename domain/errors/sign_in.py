"""Business errors about sessions of officers and their sign-in."""

from uuid import UUID

from domain.errors import MayNot, NotFound, NotNow


class CrossSiteRequest(MayNot):
    code = "cross_site_request"


class SessionNotFound(NotFound):
    code = "session_not_found"
    session_id: UUID


class SignInTooOld(MayNot):
    code = "sign_in_too_old"


class ProofRefused(MayNot):
    code = "proof_refused"


class OfficersExist(NotNow):
    code = "officers_exist"
