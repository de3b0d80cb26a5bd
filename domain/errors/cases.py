"""Business errors about cases, their hops and their tasks."""

from datetime import datetime
from uuid import UUID

from domain.errors import LimitExceeded, MayNot, NotFound, NotNow, SameEyes


class CaseNotFound(NotFound):
    code = "case_not_found"
    number: str


class ComplaintNotFound(NotFound):
    code = "complaint_not_found"
    ack_no: str


class ComplaintNotOfCase(NotFound):
    code = "complaint_not_of_case"
    ack_no: str
    case_no: str


class HopNotFound(NotFound):
    code = "hop_not_found"
    case_no: str
    hop_no: int


class TaskNotFound(NotFound):
    code = "task_not_found"
    task_id: int


class TaskClosed(NotNow):
    code = "task_closed"
    task_id: int


class TaskOwned(NotNow):
    code = "task_owned"
    task_id: int
    owner: str
    until: datetime


class TaskIsYours(NotNow):
    code = "task_is_yours"
    task_id: int
    until: datetime


class TaskNotOwned(NotNow):
    code = "task_not_owned"
    task_id: int


class TaskChanged(NotNow):
    code = "task_changed"
    task_id: int
    version: int


class TaskOfProposal(NotNow):
    code = "task_of_proposal"
    proposal_id: int


class TaskNotForOfficer(MayNot):
    code = "task_not_for_officer"
    task_id: int
    officer_id: str


class SnoozeOutOfBounds(NotNow):
    code = "snooze_out_of_bounds"
    latest: datetime


class SnoozeWithoutCase(NotNow):
    code = "snooze_without_case"
    task_id: int


class OwnerAbsent(NotNow):
    code = "owner_absent"
    officer_id: str


class TaskFilterNotFound(NotFound):
    code = "task_filter_not_found"
    place: int


class TaskFilterNamed(NotNow):
    code = "task_filter_named"
    name: str


class TooManyCasesFollowed(LimitExceeded):
    code = "too_many_cases_followed"
    most: int


class TrailFull(LimitExceeded):
    code = "trail_full"
    hops_max: int
    layers_max: int


class DisputedAboveTransfer(NotNow):
    code = "disputed_above_transfer"
    amount_paise: int
    disputed_paise: int


class HopExists(NotNow):
    code = "hop_exists"
    hop_no: int


class ParentExhausted(NotNow):
    code = "parent_exhausted"
    parent_hop_no: int
    disputed_paise: int


class HopClosed(NotNow):
    code = "hop_closed"
    hop_no: int


class HopOnHold(NotNow):
    code = "hop_on_hold"
    hop_no: int
    held_paise: int


class HopWithdrawn(NotNow):
    code = "hop_withdrawn"
    hop_no: int


class HopSetAside(NotNow):
    code = "hop_set_aside"
    hop_no: int


class HopOfMergedTransfer(NotNow):
    code = "hop_of_merged_transfer"
    hop_no: int
    merge_id: int


class TransferLiveElsewhere(NotNow):
    code = "transfer_live_elsewhere"
    case_no: str
    hop_no: int


class TransferBusy(NotNow):
    code = "transfer_busy"


class TransferKnown(NotNow):
    code = "transfer_known"
    case_no: str
    hop_no: int


class AmountBelowDisputed(NotNow):
    code = "amount_below_disputed"
    amount_paise: int
    disputed_paise: int


class AmountAlreadyPlaced(NotNow):
    code = "amount_already_placed"
    hop_no: int
    amount_paise: int


class MergeNotFound(NotFound):
    code = "merge_not_found"
    case_no: str
    merge_id: int


class MergeOfOneCase(NotNow):
    code = "merge_of_one_case"
    case_no: str


class CaseMergedAlready(NotNow):
    code = "case_merged_already"
    case_no: str
    primary_case_no: str
    merge_id: int


class CaseHasMerges(NotNow):
    code = "case_has_merges"
    case_no: str
    merge_id: int


class TooManyMerges(LimitExceeded):
    code = "too_many_merges"
    most: int


class MergeOfMarkedCase(NotNow):
    code = "merge_of_marked_case"
    case_no: str


class MergeVictimsDiffer(NotNow):
    code = "merge_victims_differ"


class TransferOfTwoVictims(NotNow):
    code = "transfer_of_two_victims"
    hop_no: int
    other_case_no: str
    other_hop_no: int


class TransferPlacedInBoth(NotNow):
    code = "transfer_placed_in_both"
    hop_no: int
    other_case_no: str
    other_hop_no: int


class TransfersDiffer(NotNow):
    code = "transfers_differ"
    hop_no: int
    other_case_no: str
    other_hop_no: int


class TooManySameTransfers(LimitExceeded):
    code = "too_many_same_transfers"
    most: int


class MergeRestorationPrepared(NotNow):
    code = "merge_restoration_prepared"
    restoration_id: UUID


class MergeOrderUnderWay(NotNow):
    code = "merge_order_under_way"
    order_id: UUID


class MergeStateDiffers(NotNow):
    code = "merge_state_differs"
    merge_id: int
    state: str


class MergeUsedByLater(NotNow):
    code = "merge_used_by_later"
    merge_id: int
    later_merge_id: int


class MergeNeedsSecondOfficer(SameEyes):
    code = "merge_needs_second_officer"
    officer: str


class MergeUndoNeedsSecondOfficer(SameEyes):
    code = "merge_undo_needs_second_officer"
    officer: str
