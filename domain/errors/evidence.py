"""Business errors about evidence packs."""

from domain.errors import LimitExceeded, MayNot


class PackTooLarge(LimitExceeded):
    file: str
    bytes_max: int


class NotOfficerOfCase(MayNot):
    role: str
