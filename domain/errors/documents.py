"""Business errors about documents."""

from uuid import UUID

from domain.errors import LimitExceeded, NotFound, NotNow, SameEyes


class DocumentNotFound(NotFound):
    code = "document_not_found"
    document_id: UUID


class DocumentErased(NotFound):
    code = "document_erased"
    document: str


class DocumentSubjectNotId(NotFound):
    code = "document_subject_not_id"
    kind: str


class DocumentSubjectNotOfCase(NotFound):
    code = "document_subject_not_of_case"
    subject: str
    case_no: str


class AttachmentNotApproved(NotFound):
    code = "attachment_not_approved"
    hold_id: UUID


class FirCopyOfDocumentNotFound(NotFound):
    code = "fir_copy_of_document_not_found"
    document_id: UUID


class NoInvestigator(NotNow):
    code = "no_investigator"
    case_no: str


class AttachmentNeedsSecondOfficer(SameEyes):
    code = "attachment_needs_second_officer"
    officer: str


class DocumentTextTooLong(LimitExceeded):
    code = "document_text_too_long"
    chars_max: int


class DocumentTooLarge(LimitExceeded):
    code = "document_too_large"
    bytes_max: int
