"""Business errors about evidence packs."""

from domain.errors import LimitExceeded, MayNot


class PackTooLarge(LimitExceeded):
    code = "pack_too_large"
    file: str
    bytes_max: int


class NotOfficerOfCase(MayNot):
    code = "not_officer_of_case"
    role: str
