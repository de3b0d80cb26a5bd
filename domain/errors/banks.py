"""Business errors about banks, their keys, and lists of liens."""

from uuid import UUID

from domain.errors import IdempotencyConflict, LimitExceeded, MayNot, NotFound, NotNow, Unreadable


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


class UploadTooLarge(LimitExceeded):
    pass


class UploadReaderDied(Unreadable):
    pass


class UploadReadersTaken(LimitExceeded):
    pass


class ReconciliationNotFound(NotFound):
    number: int


class LienInquiryNotFound(NotFound):
    inquiry_id: UUID


class LienListDiffers(IdempotencyConflict):
    pass


class LienPageDiffers(IdempotencyConflict):
    page: int
