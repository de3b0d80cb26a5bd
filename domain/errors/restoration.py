"""Business errors about restorations, orders of courts, and the police side of a case."""

from datetime import date, datetime
from uuid import UUID

from domain.errors import NotFound, NotNow, RefusedPart, SameEyes


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


class EnteredByThisOfficer(SameEyes):
    officer: str


class EnteredDiffers(NotNow):
    hop_no: int


class NothingEntered(NotNow):
    hop_no: int


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


class CourtOrderNotFound(NotFound):
    court_order_id: int


class CourtOrderDocumentNotFound(NotFound):
    court_order_id: int


class CourtOrderPartsRefused(NotNow):
    refused: tuple[RefusedPart, ...]


class CourtOrderWithdrawn(NotNow):
    court_order_id: int


class CourtOrderHasDocument(NotNow):
    court_order_id: int


class CourtOrderLacksDocument(NotNow):
    court_order_id: int


class CourtOrderNeedsSecondOfficer(SameEyes):
    officer: str


class CourtOrderWithdrawalNotAsked(NotNow):
    court_order_id: int


class CourtOrderWithdrawalNeedsSecondOfficer(SameEyes):
    officer: str


class CourtOrderCarriedOut(NotNow):
    court_order_id: int


class CourtOrderDiffers(NotNow):
    court_order_id: int


class NothingOnHoldForCourtOrder(NotNow):
    pass


class CourtOrderAboveHold(NotNow):
    amount_paise: int
    held_paise: int


class CourtOrderAboveFree(NotNow):
    wanted_paise: int
    free_paise: int


class CourtOrderSuperseded(NotNow):
    court_order_id: int


class CourtOrderUsedUp(NotNow):
    court_order_id: int


class CourtOrderOver(NotNow):
    ends_on: date


class CourtHearingNotExpected(NotNow):
    restoration_id: str


class CourtHearingChanged(NotNow):
    pass


class CourtHearingDayRefused(NotNow):
    held_on: date
    days_ahead: int


class FirNotFound(NotFound):
    fir_id: UUID


class FirCopyNotFound(NotFound):
    fir_id: UUID


class DutyNotFound(NotFound):
    duty: str
    case_no: str


class AssignedByThemselves(SameEyes):
    officer: str


class FirStands(NotNow):
    fir_no: str
    state: str


class OtherFirRequested(NotNow):
    kind: str


class FirNotRegistered(NotNow):
    state: str


class FirReplaced(NotNow):
    fir_no: str


class FirNeedsNoSignature(NotNow):
    kind: str
    state: str


class TimeInFuture(NotNow):
    field: str


class SignedBeforeRegistered(NotNow):
    registered_at: datetime


class SignatureTooLate(NotNow):
    sign_by: datetime


class SignatureTimeMissing(NotNow):
    sign_by: datetime


class DutyDone(NotNow):
    done_at: datetime


class DutyDoneByReport(NotNow):
    pass


class DiaryEntryMissing(NotNow):
    pass


class DutyNotHandedIn(NotNow):
    duty: str


class HandedInBeforeHold(NotNow):
    opened_at: datetime


class DiaryNoUsed(NotNow):
    diary_no: str
