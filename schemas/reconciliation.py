"""A bank's list of what it holds for us, laid beside the ledger."""

from datetime import datetime
from enum import StrEnum

from schemas.base import Noun


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


class ListedLien(Noun):
    """One row of a bank's list; `fault` says why it could not be read."""

    row_no: int
    ack_no: str = ""
    reference: str = ""
    amount_paise: int = 0
    fault: str = ""


class Difference(Noun):
    """One row that differs, or one transfer that the list lacks (`row_no` None)."""

    row_no: int | None
    reason: Reason
    detail: str = ""
    ack_no: str
    reference: str
    bank_paise: int | None
    """of all rows about the transfer together"""
    our_paise: int | None


class Reconciliation(Noun):
    """One comparison, and how it came out: `rows_in` = `rows_matched` + `rows_differing`."""

    reconciliation_id: int
    institution: str
    taken_at: datetime
    taken_by: str
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


class ReconciliationPage(Noun):
    """Comparisons, the newest last."""

    items: tuple[Reconciliation, ...]
    next: str | None
