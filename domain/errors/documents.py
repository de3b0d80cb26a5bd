"""Business errors about documents."""

from uuid import UUID

from domain.errors import LimitExceeded, NotFound, NotNow, SameEyes


class PaperNotFound(NotFound):
    code = "paper_not_found"
    paper_id: UUID


class PaperSubjectNotId(NotFound):
    code = "paper_subject_not_id"
    kind: str


class PaperSubjectNotOfCase(NotFound):
    code = "paper_subject_not_of_case"
    subject: str
    case_no: str


class AttachmentNotApproved(NotFound):
    code = "attachment_not_approved"
    hold_id: UUID


class FirCopyOfPaperNotFound(NotFound):
    code = "fir_copy_of_paper_not_found"
    paper_id: UUID


class NoInvestigator(NotNow):
    code = "no_investigator"
    case_no: str


class AttachmentNeedsSecondOfficer(SameEyes):
    code = "attachment_needs_second_officer"
    officer: str


class PaperTextTooLong(LimitExceeded):
    code = "paper_text_too_long"
    chars_max: int


class PaperTooLarge(LimitExceeded):
    code = "paper_too_large"
    bytes_max: int
