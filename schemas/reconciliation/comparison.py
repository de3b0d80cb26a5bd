"""A bank's list of what it holds for us, laid beside the ledger."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from schemas.base import FrozenModel, UtcDatetime


class Reason(StrEnum):
    """Why a row differs, or what the list lacks."""

    UNREADABLE = "unreadable"
    UNKNOWN_CASE = "unknown_case"
    UNKNOWN_REFERENCE = "unknown_reference"
    """the case has no transfer of that reference at this institution"""
    NOT_HELD_BY_US = "not_held_by_us"
    """the transfer is known, and nothing of it is on hold in the ledger"""
    AMOUNT_DIFFERS = "amount_differs"
    MISSING_AT_BANK = "missing_at_bank"
    """on hold in the ledger, and not in the list"""


class ListedLien(FrozenModel):
    """One row of a bank's list; `fault` says why it could not be read."""

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
    """of all rows about the transfer together"""
    our_paise: int | None


class Reconciliation(FrozenModel):
    """One comparison, and how it came out: `rows_in` = `rows_matched` + `rows_differing`."""

    reconciliation_id: int
    institution: str
    taken_at: datetime
    taken_by: str
    as_of: datetime | None
    """when the bank drew the list up, as far as it says"""
    inquiry_id: UUID | None
    """the question that the list answers"""
    rows_in: int
    rows_matched: int
    rows_differing: int
    missing: int
    """transfers of which we hold something and the list says nothing"""
    bank_paise: int
    our_paise: int


class ReconciliationDetail(Reconciliation):
    """One comparison with all that differs."""

    differences: tuple[Difference, ...]


class ReconciliationPage(FrozenModel):
    """Comparisons, the newest last."""

    items: tuple[Reconciliation, ...]
    next: str | None


class ListWay(StrEnum):
    """How an institution was asked for its list."""

    PUSH = "push"
    PULL = "pull"
    EMAIL = "email"
    """a letter, and a task for the desk to call"""
    PHONE = "phone"
    """a task for the desk alone: there is no address, or no mail route"""


class InquiryOutcome(StrEnum):
    """How a question ended."""

    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    """the next one was put in its place"""


class Inquiry(FrozenModel):
    """One question to one institution: which liens do you hold for us?"""

    inquiry_id: UUID
    institution: str
    asked_at: UtcDatetime
    asked_by: str
    due_at: UtcDatetime
    way: ListWay | None
    """None until it is put to them"""
    put_at: UtcDatetime | None
    outcome: InquiryOutcome | None
    """None while it is open"""
    closed_at: UtcDatetime | None


class Standing(FrozenModel):
    """How it stands with one institution: the last question, the last list, and what differs in it."""

    institution: str
    name: str
    inquiry: Inquiry | None
    overdue: bool
    """whether the list that was asked for last has not come in time"""
    last: Reconciliation | None
    differing: Mapping[Reason, int]
    """of the last list, how many differences of each kind"""
    task_id: int | None
    """the desk's open task about what differs"""


class StandingPage(FrozenModel):
    """Institutions that were asked or have handed in a list, by code."""

    items: tuple[Standing, ...]
    next: str | None
