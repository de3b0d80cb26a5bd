"""Business errors about restorations and the accounts that victims are credited at."""

from datetime import datetime
from uuid import UUID

from domain.errors import NotFound, NotNow, SameEyes


class RestorationNotFound(NotFound):
    restoration_id: UUID


class CreditAccountNotFound(NotFound):
    ack_no: str
    account_id: int


class ApplicationNotOpen(NotNow):
    ack_no: str


class MobileTooNew(NotNow):
    until: datetime


class ObjectionNotFound(NotFound):
    objection_id: int


class CreditAccountDiffers(NotNow):
    pass


class CreditAccountOrdered(NotNow):
    order_id: str


class CreditAccountNeedsSecondOfficer(SameEyes):
    officer: str


class CreditAccountOver(NotNow):
    account_id: int
    ended_as: str


class CreditAccountObjectable(NotNow):
    account_id: int
    until: datetime


class ApplicationNamesOtherAccount(NotNow):
    pass


class ApprovalDiffers(NotNow):
    due_paise: int


class BeneficiaryDiffers(NotNow):
    pass


class StepNotBegun(NotNow):
    step: str
    visit_no: int
    state: str
    at_step: str
    at_visit: int


class StepEnded(NotNow):
    step: str
    visit_no: int
    ended_by: str
    outcome: str
    state: str
    at_step: str
    at_visit: int


class RestorationClosed(NotNow):
    state: str


class RouteChanged(NotNow):
    route: str
    reasons: tuple[str, ...]


class ObjectionUndecided(NotNow):
    objection_id: int


class GrievanceUndecided(NotNow):
    grievance_id: str


class NoticeNotServed(NotNow):
    pass


class CourtOrderToRestore(NotNow):
    court_order_id: int


class CannotGoBack(NotNow):
    step: str


class CannotGoBackTo(NotNow):
    step: str
    to: str


class HoldNotOfRestoration(NotNow):
    hold_id: UUID


class ObjectionNeedsSecondOfficer(SameEyes):
    officer: str


class ObjectionAlreadyDecided(NotNow):
    objection_id: int
    decision: str


class ObjectionNeedsHold(NotNow):
    holds: int


class ReleaseDiffers(NotNow):
    releases: tuple[str, ...]


class WaiverNeedsDocument(NotNow):
    pass


class WaiverRecorded(NotNow):
    hold_id: UUID


class CourtOrderDoesNotEndStep(NotNow):
    step: str
    kinds: tuple[str, ...]


class MoneyJustHeld(NotNow):
    pass


class NothingToRestore(NotNow):
    pass


class RestorationHoldChanged(NotNow):
    hop_no: int


class CourtOrderExceeded(NotNow):
    court_order_id: int
    left_paise: int


class NothingToReopen(NotNow):
    pass


class NotReopenable(NotNow):
    state: str


class WrongStep(NotNow):
    step: str
    allowed: tuple[str, ...]


class NotPrepared(NotNow):
    pass


class AlreadyPrepared(NotNow):
    prepared_by: str


class RestorationNeedsSecondOfficer(SameEyes):
    officer: str


class ImporterDecides(SameEyes):
    officer: str
    hop_no: int


class TransferContested(NotNow):
    hop_no: int
    ack_nos: tuple[str, ...]


class TransferNotAccepted(NotNow):
    hop_nos: tuple[int, ...]


class TransferToldElsewhere(NotNow):
    hop_no: int
    ack_no: str
    case_no: str


class PayerNotContested(NotNow):
    hop_no: int


class PayerNotTold(NotFound):
    ack_no: str
    hop_no: int


class PayerDecisionNotFound(NotFound):
    hop_no: int
    decision_id: int


class PayerDecisionDiffers(NotNow):
    pass


class PayerNeedsSecondOfficer(SameEyes):
    officer: str


class PayerOrdered(NotNow):
    hop_no: int
    order_id: str


class WithdrawalNotFound(NotFound):
    ack_no: str
    withdrawal_id: int


class NotATransferOfComplaint(NotFound):
    code = "not_a_transfer_of_complaint"
    ack_no: str
    hop_no: int


class WithdrawalProposed(NotNow):
    withdrawal_id: int


class WithdrawalDecided(NotNow):
    decision: str
    decided_by: str


class AlreadyWithdrawn(NotNow):
    ack_no: str


class WithdrawnMoneyPrepared(NotNow):
    restoration_id: UUID


class WithdrawnMoneyOrdered(NotNow):
    order_id: UUID


class WithdrawalNeedsSecondOfficer(SameEyes):
    officer: str
