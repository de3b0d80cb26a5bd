"""Business errors about restorations and the accounts that victims are credited at."""

from datetime import datetime
from uuid import UUID

from domain.errors import NotFound, NotNow, SameEyes


class RestorationNotFound(NotFound):
    code = "restoration_not_found"
    restoration_id: UUID


class CreditAccountNotFound(NotFound):
    code = "credit_account_not_found"
    ack_no: str
    account_id: int


class ApplicationNotOpen(NotNow):
    code = "application_not_open"
    ack_no: str


class MobileTooNew(NotNow):
    code = "mobile_too_new"
    until: datetime


class ObjectionNotFound(NotFound):
    code = "objection_not_found"
    objection_id: int


class CreditAccountDiffers(NotNow):
    code = "credit_account_differs"


class CreditAccountOrdered(NotNow):
    code = "credit_account_ordered"
    order_id: str


class CreditAccountNeedsSecondOfficer(SameEyes):
    code = "credit_account_needs_second_officer"
    officer: str


class CreditAccountOver(NotNow):
    code = "credit_account_over"
    account_id: int
    ended_as: str


class CreditAccountObjectable(NotNow):
    code = "credit_account_objectable"
    account_id: int
    until: datetime


class ApplicationNamesOtherAccount(NotNow):
    code = "application_names_other_account"


class ApprovalDiffers(NotNow):
    code = "approval_differs"
    due_paise: int


class BeneficiaryDiffers(NotNow):
    code = "beneficiary_differs"


class StepNotBegun(NotNow):
    code = "step_not_begun"
    step: str
    visit_no: int
    state: str
    at_step: str
    at_visit: int


class StepEnded(NotNow):
    code = "step_ended"
    step: str
    visit_no: int
    ended_by: str
    outcome: str
    state: str
    at_step: str
    at_visit: int


class RestorationClosed(NotNow):
    code = "restoration_closed"
    state: str


class RouteChanged(NotNow):
    code = "route_changed"
    route: str
    reasons: tuple[str, ...]


class ObjectionUndecided(NotNow):
    code = "objection_undecided"
    objection_id: int


class GrievanceUndecided(NotNow):
    code = "grievance_undecided"
    grievance_id: str


class NoticeNotServed(NotNow):
    code = "notice_not_served"


class CourtOrderToRestore(NotNow):
    code = "court_order_to_restore"
    court_order_id: int


class CannotGoBack(NotNow):
    code = "cannot_go_back"
    step: str


class CannotGoBackTo(NotNow):
    code = "cannot_go_back_to"
    step: str
    to: str


class HoldNotOfRestoration(NotNow):
    code = "hold_not_of_restoration"
    hold_id: UUID


class ObjectionNeedsSecondOfficer(SameEyes):
    code = "objection_needs_second_officer"
    officer: str


class ObjectionAlreadyDecided(NotNow):
    code = "objection_already_decided"
    objection_id: int
    decision: str


class ObjectionNeedsHold(NotNow):
    code = "objection_needs_hold"
    holds: int


class ReleaseDiffers(NotNow):
    code = "release_differs"
    releases: tuple[str, ...]


class WaiverNeedsDocument(NotNow):
    code = "waiver_needs_document"


class WaiverRecorded(NotNow):
    code = "waiver_recorded"
    hold_id: UUID


class CourtOrderDoesNotEndStep(NotNow):
    code = "court_order_does_not_end_step"
    step: str
    kinds: tuple[str, ...]


class MoneyJustHeld(NotNow):
    code = "money_just_held"


class NothingToRestore(NotNow):
    code = "nothing_to_restore"


class RestorationHoldChanged(NotNow):
    code = "restoration_hold_changed"
    hop_no: int


class CourtOrderExceeded(NotNow):
    code = "court_order_exceeded"
    court_order_id: int
    left_paise: int


class NothingToReopen(NotNow):
    code = "nothing_to_reopen"


class NotReopenable(NotNow):
    code = "not_reopenable"
    state: str


class WrongStep(NotNow):
    code = "wrong_step"
    step: str
    allowed: tuple[str, ...]


class NotPrepared(NotNow):
    code = "not_prepared"


class AlreadyPrepared(NotNow):
    code = "already_prepared"
    prepared_by: str


class RestorationNeedsSecondOfficer(SameEyes):
    code = "restoration_needs_second_officer"
    officer: str


class ImporterDecides(SameEyes):
    code = "importer_decides"
    officer: str
    hop_no: int


class TransferContested(NotNow):
    code = "transfer_contested"
    hop_no: int
    ack_nos: tuple[str, ...]


class TransferNotAccepted(NotNow):
    code = "transfer_not_accepted"
    hop_nos: tuple[int, ...]


class TransferToldElsewhere(NotNow):
    code = "transfer_told_elsewhere"
    hop_no: int
    ack_no: str
    case_no: str


class PayerNotContested(NotNow):
    code = "payer_not_contested"
    hop_no: int


class PayerNotTold(NotFound):
    code = "payer_not_told"
    ack_no: str
    hop_no: int


class PayerDecisionNotFound(NotFound):
    code = "payer_decision_not_found"
    hop_no: int
    decision_id: int


class PayerDecisionDiffers(NotNow):
    code = "payer_decision_differs"


class PayerNeedsSecondOfficer(SameEyes):
    code = "payer_needs_second_officer"
    officer: str


class PayerOrdered(NotNow):
    code = "payer_ordered"
    hop_no: int
    order_id: str


class WithdrawalNotFound(NotFound):
    code = "withdrawal_not_found"
    ack_no: str
    withdrawal_id: int


class NotATransferOfComplaint(NotFound):
    code = "not_a_transfer_of_complaint"
    ack_no: str
    hop_no: int


class WithdrawalProposed(NotNow):
    code = "withdrawal_proposed"
    withdrawal_id: int


class WithdrawalDecided(NotNow):
    code = "withdrawal_decided"
    decision: str
    decided_by: str


class AlreadyWithdrawn(NotNow):
    code = "already_withdrawn"
    ack_no: str


class WithdrawnMoneyPrepared(NotNow):
    code = "withdrawn_money_prepared"
    restoration_id: UUID


class WithdrawnMoneyOrdered(NotNow):
    code = "withdrawn_money_ordered"
    order_id: UUID


class WithdrawalNeedsSecondOfficer(SameEyes):
    code = "withdrawal_needs_second_officer"
    officer: str
