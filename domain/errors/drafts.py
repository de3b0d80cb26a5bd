"""Business errors about drafts of complaints."""

from uuid import UUID

from domain.errors import LimitExceeded, NotFound, NotNow, Plain


class DraftNotFound(NotFound):
    code = "draft_not_found"
    draft_id: UUID


class DraftStale(NotNow):
    code = "draft_stale"
    draft_id: UUID
    revision: int
    stored: dict[str, Plain]


class DraftIsEnded(NotNow):
    code = "draft_ended"
    draft_id: UUID
    ended_as: str


class DraftHasOwner(NotNow):
    code = "draft_has_owner"
    draft_id: UUID
    owner: str


class DraftWaits(NotNow):
    code = "draft_waits"
    draft_id: UUID


class DraftIncomplete(NotNow):
    code = "draft_incomplete"
    draft_id: UUID
    fields: tuple[str, ...]


class DraftNotSent(NotNow):
    code = "draft_not_sent"
    draft_id: UUID


class DraftReceiverUnfit(NotNow):
    code = "draft_receiver_unfit"
    officer: str


class ContactTooLate(NotNow):
    code = "contact_too_late"
    ack_no: str
    fields: tuple[str, ...]


class TooManyDrafts(LimitExceeded):
    code = "too_many_drafts"
    officer: str
    most: int


class TooManySentDrafts(LimitExceeded):
    code = "too_many_sent_drafts"
    officer: str
    most: int


class TooManyPublicDrafts(LimitExceeded):
    code = "too_many_public_drafts"
    most: int


class ComplaintUnconfirmed(NotNow):
    code = "complaint_unconfirmed"
    most_paise: int


class TooManyMissedCalls(LimitExceeded):
    code = "too_many_missed_calls"
    most: int


class ComplaintFull(LimitExceeded):
    code = "complaint_full"
    ack_no: str
    most: int
