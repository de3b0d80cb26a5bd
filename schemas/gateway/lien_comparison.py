"""Comparison of a bank's list of liens with the ledger."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from schemas.base import FrozenModel, UtcDatetime


class Reason(StrEnum):
    """Reason for a difference between list and ledger."""

    UNREADABLE = "unreadable"
    UNKNOWN_CASE = "unknown_case"
    UNKNOWN_REFERENCE = "unknown_reference"
    """the case has no transfer of that reference at this institution"""
    NOT_HELD_BY_US = "not_held_by_us"
    """the transfer is known, but none of it is on hold in the ledger"""
    AMOUNT_DIFFERS = "amount_differs"
    MISSING_AT_BANK = "missing_at_bank"
    """on hold in the ledger, but not in the list"""


class ListedLien(FrozenModel):
    """One row of a bank's list; `fault` gives the reason if it could not be read."""

    row_no: int
    ack_no: str = ""
    reference: str = ""
    amount_paise: int = 0
    fault: str = ""


class Difference(FrozenModel):
    """One row that differs, or one transfer that the list lacks (`row_no` None)."""

    row_no: int | None
    reason: Reason
    detail: str = ""
    ack_no: str
    reference: str
    bank_paise: int | None
    """sum of all rows about the transfer"""
    our_paise: int | None


class Reconciliation(FrozenModel):
    """One comparison with its result: `rows_in` = `rows_matched` + `rows_differing`."""

    reconciliation_id: int
    institution: str
    taken_at: datetime
    taken_by: str
    as_of: datetime | None
    """time of the list, if the bank gives it"""
    inquiry_id: UUID | None
    """inquiry that the list answers"""
    rows_in: int
    rows_matched: int
    rows_differing: int
    missing: int
    """transfers with money on hold in the ledger that the list lacks"""
    bank_paise: int
    our_paise: int


class ReconciliationDetail(Reconciliation):
    """One comparison with all differences."""

    differences: tuple[Difference, ...]


class ReconciliationPage(FrozenModel):
    """Comparisons, the newest last."""

    items: tuple[Reconciliation, ...]
    next: str | None


class ListWay(StrEnum):
    """Way in which an institution was asked for its list."""

    PUSH = "push"
    PULL = "pull"
    EMAIL = "email"
    """letter, and a work item for the desk to call"""
    PHONE = "phone"
    """only a work item for the desk, because there is no address or no mail route"""


class InquiryOutcome(StrEnum):
    """Outcome of an inquiry."""

    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    """replaced by the next inquiry"""


class Inquiry(FrozenModel):
    """One inquiry to one institution for its list of liens."""

    inquiry_id: UUID
    institution: str
    asked_at: UtcDatetime
    asked_by: str
    due_at: UtcDatetime
    way: ListWay | None
    """None until it is sent"""
    put_at: UtcDatetime | None
    outcome: InquiryOutcome | None
    """None while it is open"""
    closed_at: UtcDatetime | None


class ReconciliationState(FrozenModel):
    """State of one institution: its last inquiry, its last list, and the differences in it."""

    institution: str
    name: str
    inquiry: Inquiry | None
    overdue: bool
    """whether the last list asked for is late"""
    last: Reconciliation | None
    differing: Mapping[Reason, int]
    """number of differences in the last list, by reason"""
    task_id: int | None
    """open work item about the differences"""


class ReconciliationStatePage(FrozenModel):
    """Institutions that were asked or have sent a list, by code."""

    items: tuple[ReconciliationState, ...]
    next: str | None
