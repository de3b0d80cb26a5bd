"""Business errors about banks and their keys."""

from domain.errors import NotFound


class InstitutionNotFound(NotFound):
    code = "institution_not_found"
    institution: str


class BankKeyNotFound(NotFound):
    code = "bank_key_not_found"
    key_id: str


class SignedRequestNotFound(NotFound):
    code = "signed_request_not_found"
    evidence_id: int
