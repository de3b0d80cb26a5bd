"""Business errors about drafts of complaints."""

from uuid import UUID

from domain.errors import LimitExceeded, NotFound, NotNow, Plain


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
