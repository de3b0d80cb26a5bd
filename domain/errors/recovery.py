"""Business errors about orders to banks, holds, grievances, documents and messages."""

from datetime import datetime
from uuid import UUID

from domain.errors import LimitExceeded, MayNot, NotFound, NotNow, SameEyes


class OrderNotFound(NotFound):
    order_id: UUID


class OrderKindNotFound(NotFound):
    order_id: UUID
    kind: str


class OrderOver(NotNow):
    order_id: UUID
    state: str


class NoDocument(NotNow):
    order_id: UUID


class NoReleaseOrder(NotNow):
    hold_id: UUID


class NotCancelled(NotNow):
    order_id: UUID
    state: str


class HoldKeptByCourt(NotNow):
    kept_by: str


class AmountNotFree(NotNow):
    wanted_paise: int
    held_paise: int
    ordered_paise: int
    kept_paise: int
    free_paise: int


class NothingFree(NotNow):
    held_paise: int
    ordered_paise: int
    kept_paise: int
    free_paise: int


class CancellationNeedsSecondOfficer(SameEyes):
    officer: str


# -- releases that officers propose ------------------------------------------------------------------------------------


class NoReleaseProposed(NotNow):
    hold_id: UUID


class ReleaseProposed(NotNow):
    hold_id: UUID
    proposed_by: str


class ReleaseGrew(NotNow):
    free_paise: int
    proposed_paise: int


class VictimIsHeard(NotNow):
    until: datetime


class NotAVictimOfHold(NotNow):
    code = "not_a_victim_of_hold"
    ack_no: str


class TooManyHearings(LimitExceeded):
    most: int


class HearerProposed(SameEyes):
    officer: str


class DeciderTold(SameEyes):
    officer: str


class ReleaseNeedsSecondOfficer(SameEyes):
    officer: str


class OfficerNotOfCase(MayNot):
    role: str


class HoldNotFound(NotFound):
    hold_id: UUID


class NothingOnHold(NotNow):
    hold_id: UUID


class HolderUnreachable(NotNow):
    hold_id: UUID


class NotSmallHold(NotNow):
    hold_id: UUID


class SmallHoldDecided(NotNow):
    hold_id: UUID
    decided_by: str
    decision: str


class NoReleaseWaits(NotNow):
    brake_id: int


class BrakedReleasesDiffer(NotNow):
    releases: int
    paise: int


class HoldOver(NotNow):
    hold_id: UUID
    status: str


class GrievanceNotFound(NotFound):
    grievance_id: UUID


class GrievanceMovedOn(NotNow):
    level: str


class NoDecisionToAppeal(NotNow):
    state: str


class HighestLevel(NotNow):
    level: str


class GrievanceClosed(NotNow):
    state: str


class GrievancePastBank(NotNow):
    level: str


class BankReportsFirst(NotNow):
    level: str


class GrievanceAtOtherLevel(MayNot):
    level: str
    decides: str


class GrievanceNeedsSecondOfficer(SameEyes):
    officer: str


class GrievanceOpen(NotNow):
    pass


class GrievanceAppealable(NotNow):
    state: str
    level: str


class GrievanceFinal(NotNow):
    state: str
    level: str


class GrievancesUsedUp(NotNow):
    filed: int


class ContactTooNew(NotNow):
    until: datetime


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


class MessageNotFound(NotFound):
    message_id: UUID


class MessageSent(NotNow):
    message_id: UUID


class MessageExpired(NotNow):
    message_id: UUID
