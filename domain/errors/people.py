"""Business errors about drafts, victims and their data, and searches."""

from uuid import UUID

from domain.errors import LimitExceeded, NotFound, NotNow, Plain, SameEyes, Unreadable


class DraftNotFound(NotFound):
    draft_id: UUID


class DraftStale(NotNow):
    draft_id: UUID
    revision: int
    stored: dict[str, Plain]


class DraftIsEnded(NotNow):
    code = "draft_ended"
    draft_id: UUID
    ended_as: str


class DraftHasOwner(NotNow):
    draft_id: UUID
    owner: str


class DraftWaits(NotNow):
    draft_id: UUID


class DraftIncomplete(NotNow):
    draft_id: UUID
    fields: tuple[str, ...]


class DraftNotSent(NotNow):
    draft_id: UUID


class DraftReceiverUnfit(NotNow):
    officer: str


class ContactTooLate(NotNow):
    ack_no: str
    fields: tuple[str, ...]


class TooManyDrafts(LimitExceeded):
    officer: str
    most: int


class TooManySentDrafts(LimitExceeded):
    officer: str
    most: int


class TooManyPublicDrafts(LimitExceeded):
    most: int


class ComplaintUnconfirmed(NotNow):
    most_paise: int


class TooManyMissedCalls(LimitExceeded):
    most: int


class ComplaintFull(LimitExceeded):
    ack_no: str
    most: int


class TreatmentNotAsked(NotNow):
    ack_no: str


class TreatmentAnswered(NotNow):
    ack_no: str


class TreatmentReportNotFound(NotFound):
    ack_no: str


class VictimCorrectionNotFound(NotFound):
    ack_no: str
    correction_id: int


class VictimCorrectionProposed(NotNow):
    correction_id: int


class VictimCorrectionDecided(NotNow):
    decision: str
    decided_by: str


class VictimCorrectionNeedsSecondOfficer(SameEyes):
    officer: str


class VictimNameOfOneTerm(LimitExceeded):
    pass


class VictimUnchanged(NotNow):
    ack_no: str


class VictimErased(NotNow):
    ack_no: str


class SearchTextUnreadable(Unreadable):
    kind: str
