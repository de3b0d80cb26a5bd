"""Business errors about banks and their keys."""

from uuid import UUID

from domain.errors import LimitExceeded, MayNot, NotFound, NotNow, Unreadable


class InstitutionNotFound(NotFound):
    code = "institution_not_found"
    institution: str


class BankKeyNotFound(NotFound):
    code = "bank_key_not_found"
    key_id: str


class BankKeyTaken(NotNow):
    code = "bank_key_taken"
    key_id: str


class TooManyBankKeys(LimitExceeded):
    code = "too_many_bank_keys"
    institution: str


class BankKeyOver(NotNow):
    code = "bank_key_over"
    key_id: str


class BankKeyEndsBefore(NotNow):
    code = "bank_key_ends_before"
    key_id: str


class BankWithoutKey(NotNow):
    code = "bank_without_key"
    institution: str


class DirectoryChangeRefused(NotNow):
    code = "directory_change_refused"
    problem: str


class SignedRequestNotFound(NotFound):
    code = "signed_request_not_found"
    evidence_id: int


class BankKeyUnreadable(Unreadable):
    code = "bank_key_unreadable"
    found: str


class BankKeyIdUnreadable(Unreadable):
    code = "bank_key_id_unreadable"


class BankKeyLast(NotNow):
    code = "bank_key_last"
    key_id: str


class BankKeyChangeNotFound(NotFound):
    code = "bank_key_change_not_found"
    change_id: UUID


class BankKeyChangeOpen(NotNow):
    code = "bank_key_change_open"
    institution: str


class BankKeyChangeDecided(NotNow):
    code = "bank_key_change_decided"
    change_id: UUID
    outcome: str


class BankPersonKnown(NotNow):
    code = "bank_person_known"


class BankPersonNotFound(NotFound):
    code = "bank_person_not_found"


class BankPeopleTooMany(LimitExceeded):
    code = "bank_people_too_many"
    most: int


class BankPeopleAddedTooMany(LimitExceeded):
    code = "bank_people_added_too_many"
    most: int


class BankPeopleTooFew(NotNow):
    code = "bank_people_too_few"
    institution: str
    confirmed: int
    least: int


class BankSignedOut(MayNot):
    code = "bank_signed_out"


class BankPersonUnconfirmed(MayNot):
    code = "bank_person_unconfirmed"


class BankReplyWaits(NotNow):
    code = "bank_reply_waits"


class BankTablesTooMany(LimitExceeded):
    code = "bank_tables_too_many"
    most: int


class BankKeyChangesTooMany(LimitExceeded):
    code = "bank_key_changes_too_many"
    most: int
