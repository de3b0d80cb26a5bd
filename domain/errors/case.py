"""Business errors about complaints, cases, hops, hold requests and evidence packs."""

from datetime import datetime
from uuid import UUID

from domain.errors import AckNoConflict, IdempotencyConflict, LimitExceeded, MayNot, NotFound, NotNow, SameEyes


class CaseNotFound(NotFound):
    number: str


class ComplaintNotFound(NotFound):
    ack_no: str


class ComplaintNotOfCase(NotFound):
    ack_no: str
    case_no: str


class HopNotFound(NotFound):
    case_no: str
    hop_no: int


class TaskNotFound(NotFound):
    task_id: int


class TaskClosed(NotNow):
    task_id: int


class TaskOwned(NotNow):
    task_id: int
    owner: str
    until: datetime


class TaskIsYours(NotNow):
    task_id: int
    until: datetime


class TaskNotOwned(NotNow):
    task_id: int


class TaskChanged(NotNow):
    task_id: int
    version: int


class TaskOfProposal(NotNow):
    proposal_id: int


class TaskAboutOfficer(SameEyes):
    task_id: int
    officer_id: str


class TaskNotForOfficer(MayNot):
    task_id: int
    officer_id: str


class SnoozeOutOfBounds(NotNow):
    latest: datetime


class SnoozeWithoutCase(NotNow):
    task_id: int


class OwnerAbsent(NotNow):
    officer_id: str


class TaskFilterNotFound(NotFound):
    place: int


class TaskFilterNamed(NotNow):
    name: str


class TooManyCasesFollowed(LimitExceeded):
    most: int


class TrailFull(LimitExceeded):
    hops_max: int
    layers_max: int


class DisputedAboveTransfer(NotNow):
    amount_paise: int
    disputed_paise: int


class HopExists(NotNow):
    hop_no: int


class ParentExhausted(NotNow):
    parent_hop_no: int
    disputed_paise: int


class HopClosed(NotNow):
    hop_no: int


class HopOnHold(NotNow):
    hop_no: int
    held_paise: int


class HopWithdrawn(NotNow):
    hop_no: int


class HopSetAside(NotNow):
    hop_no: int


class HopOfMergedTransfer(NotNow):
    hop_no: int
    merge_id: int


class TransferLiveElsewhere(NotNow):
    case_no: str
    hop_no: int


class TransferBusy(NotNow):
    pass


class TransferKnown(NotNow):
    case_no: str
    hop_no: int


class AmountBelowDisputed(NotNow):
    amount_paise: int
    disputed_paise: int


class AmountAlreadyPlaced(NotNow):
    hop_no: int
    amount_paise: int


class MergeNotFound(NotFound):
    case_no: str
    merge_id: int


class MergeOfOneCase(NotNow):
    case_no: str


class CaseMergedAlready(NotNow):
    case_no: str
    primary_case_no: str
    merge_id: int


class CaseHasMerges(NotNow):
    case_no: str
    merge_id: int


class TooManyMerges(LimitExceeded):
    most: int


class MergeOfMarkedCase(NotNow):
    case_no: str


class MergeVictimsDiffer(NotNow):
    pass


class TransferOfTwoVictims(NotNow):
    hop_no: int
    other_case_no: str
    other_hop_no: int


class TransferPlacedInBoth(NotNow):
    hop_no: int
    other_case_no: str
    other_hop_no: int


class TransfersDiffer(NotNow):
    hop_no: int
    other_case_no: str
    other_hop_no: int


class TooManySameTransfers(LimitExceeded):
    most: int


class MergeRestorationPrepared(NotNow):
    restoration_id: UUID


class MergeOrderUnderWay(NotNow):
    order_id: UUID


class MergeStateDiffers(NotNow):
    merge_id: int
    state: str


class MergeUsedByLater(NotNow):
    merge_id: int
    later_merge_id: int


class MergeNeedsSecondOfficer(SameEyes):
    officer: str


class MergeUndoNeedsSecondOfficer(SameEyes):
    officer: str


class RequestNotFound(NotFound):
    request_id: UUID


class AccountNotFound(NotFound):
    pass


class PayerInquiryNotFound(NotFound):
    inquiry_id: UUID


class PayerInquiryReplaced(NotNow):
    inquiry_id: UUID


class FoundTransferNotFound(NotFound):
    found_id: int


class FoundTransferDecided(NotNow):
    found_id: int


class FoundTransferFollowed(NotNow):
    found_id: int
    hop_no: int


class DiscrepancyNotFound(NotFound):
    discrepancy_id: int


class RequestNotLive(NotNow):
    state: str


class RequestNotRepeatable(NotNow):
    state: str


class RequestAnswered(NotNow):
    pass


class RequestBeingSent(NotNow):
    pass


class RequestWithSupervisor(NotNow):
    pass


class ToldBeforeRequest(NotNow):
    requested_at: datetime


class CallBackTooFar(NotNow):
    latest_at: datetime


class DiscrepancyNotResolved(NotNow):
    pass


class ResolutionStands(NotNow):
    resolution_no: int


class ResolvedMoneyMoved(NotNow):
    resolution_no: int


class ResolvedMoneyOrdered(NotNow):
    hop_no: int
    ordered_paise: int


class IdempotencyKeyReused(IdempotencyConflict):
    pass


class LedgerKeyReused(IdempotencyConflict):
    key: str


class AckNoTaken(AckNoConflict):
    ack_no: str


class AckNosExhausted(AckNoConflict):
    attempts: int


class PackTooLarge(LimitExceeded):
    file: str
    bytes_max: int


class NotOfficerOfCase(MayNot):
    role: str
