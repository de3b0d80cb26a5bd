"""Business errors about documents."""

from uuid import UUID

from domain.errors import LimitExceeded, NotFound, NotNow, SameEyes


class DocumentNotFound(NotFound):
    document_id: UUID


class DocumentErased(NotFound):
    document: str


class DocumentSubjectNotId(NotFound):
    kind: str


class DocumentSubjectNotOfCase(NotFound):
    subject: str
    case_no: str


class AttachmentNotApproved(NotFound):
    hold_id: UUID


class FirCopyOfDocumentNotFound(NotFound):
    document_id: UUID


class NoInvestigator(NotNow):
    case_no: str


class AttachmentNeedsSecondOfficer(SameEyes):
    officer: str


class DocumentTextTooLong(LimitExceeded):
    chars_max: int


class DocumentTooLarge(LimitExceeded):
    bytes_max: int
