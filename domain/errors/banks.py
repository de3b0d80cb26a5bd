"""Business errors about banks and their keys."""

from uuid import UUID

from domain.errors import LimitExceeded, MayNot, NotFound, NotNow, Unreadable


class InstitutionNotFound(NotFound):
    institution: str


class BankKeyNotFound(NotFound):
    key_id: str


class BankKeyTaken(NotNow):
    key_id: str


class TooManyBankKeys(LimitExceeded):
    institution: str


class BankKeyOver(NotNow):
    key_id: str


class BankKeyEndsBefore(NotNow):
    key_id: str


class BankWithoutKey(NotNow):
    institution: str


class DirectoryChangeRefused(NotNow):
    problem: str


class SignedRequestNotFound(NotFound):
    evidence_id: int


class BankKeyUnreadable(Unreadable):
    found: str


class BankKeyIdUnreadable(Unreadable):
    pass


class BankKeyLast(NotNow):
    key_id: str


class BankKeyChangeNotFound(NotFound):
    change_id: UUID


class BankKeyChangeOpen(NotNow):
    institution: str


class BankKeyChangeDecided(NotNow):
    change_id: UUID
    outcome: str


class BankPersonKnown(NotNow):
    pass


class BankPersonNotFound(NotFound):
    pass


class BankPeopleTooMany(LimitExceeded):
    most: int


class BankPeopleAddedTooMany(LimitExceeded):
    most: int


class BankPeopleTooFew(NotNow):
    institution: str
    confirmed: int
    least: int


class BankSignedOut(MayNot):
    pass


class BankPersonUnconfirmed(MayNot):
    pass


class BankReplyWaits(NotNow):
    pass


class BankTablesTooMany(LimitExceeded):
    most: int


class BankKeyChangesTooMany(LimitExceeded):
    most: int
