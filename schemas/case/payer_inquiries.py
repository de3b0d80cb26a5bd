"""Inquiries to victims' banks about the victims' own transfers, with their statements and what else they name."""

from uuid import UUID

from schemas.base import FrozenModel, Reason, UtcDatetime
from schemas.enums import Differing
from schemas.payer_enums import FoundDecision, PayerInquiryState, PayerLineKind


class PayerStatement(FrozenModel):
    """Statement of the bank about the told transfer. The newest counts."""

    kind: PayerLineKind
    differing: tuple[Differing, ...]
    amount_paise: int
    payer_confirmed: bool
    """whether the bank debited the account that the victim told"""
    stated_at: UtcDatetime


class FoundTransfer(FrozenModel):
    """Another transfer that left the victim's account, as the bank names it."""

    found_id: int
    payee_institution: str | None
    account_end: str
    """last characters of the account credited"""
    reference: str
    amount_paise: int
    occurred_at: UtcDatetime | None
    is_near: bool
    """whether it is near enough to the told transfer for a task"""
    payer_differs: bool
    """whether the bank states another debited account than the victim told"""
    is_signed: bool = False
    """whether the bank signed or sealed the answer with its own key"""
    followed_hop_no: int | None = None
    """hop that was opened before an officer decided; its money is outside the loss until then"""
    decision: FoundDecision | None
    decided_by: str | None
    decided_at: UtcDatetime | None
    reason: str | None
    taken_hop_no: int | None


class PayerInquiry(FrozenModel):
    """Question to the victim's bank about one transfer of the victim."""

    inquiry_id: UUID
    hop_no: int
    institution: str | None
    """null if the directory does not know the bank"""
    state: PayerInquiryState
    planned_at: UtcDatetime
    delivered_at: UtcDatetime | None
    answered_at: UtcDatetime | None
    reason: str
    """why it failed or was skipped"""
    replaced_at: UtcDatetime | None = None
    """since when a newer inquiry asks about the corrected transfer"""
    statements: tuple[PayerStatement, ...]
    found: tuple[FoundTransfer, ...]


class PayerInquiries(FrozenModel):
    """All inquiries of a case."""

    inquiries: tuple[PayerInquiry, ...]


class FoundTransferDecision(FrozenModel):
    """Decision of an officer on a found transfer, after the victim was asked."""

    decision: FoundDecision
    reason: Reason
