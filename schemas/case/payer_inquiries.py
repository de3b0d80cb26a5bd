"""Inquiries to the victims' banks about the victims' own transfers."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, PositivePaise, Reason, UtcDatetime
from schemas.case.answers import LINES_MAX, Name, Payee, Reference
from schemas.case.answers import Text as Remarks
from schemas.case.hold_requests import HoldInstrument, Text
from schemas.enums import Differing, FoundDecision, PayerInquiryState, PayerLineKind


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


class DebitToFind(FrozenModel):
    """The victim's own transfer, as the victim told it."""

    reference: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    """RRN or UTR"""
    amount_paise: PositivePaise
    transferred_at: UtcDatetime


class DebitInquiry(FrozenModel):
    """One inquiry: did the bank debit this transfer, from which account, and what else left that account?"""

    inquiry_id: UUID
    """id of the inquiry, the same for every repeat and channel"""
    ack_no: Annotated[str, StringConstraints(pattern=r"^[0-9]{14}$")]
    category: Text
    asked_at: UtcDatetime
    """time at which it was planned, the same for every repeat"""
    instrument: HoldInstrument
    transfer: DebitToFind


class DebitAsked(FrozenModel):
    """Event that the webhook of a victim's bank receives."""

    type: Literal["debit.asked"] = "debit.asked"
    timestamp: UtcDatetime
    """time of this attempt"""
    data: DebitInquiry


class DebitInquiryPage(FrozenModel):
    """Inquiries that wait for the bank's answer, the oldest first."""

    items: tuple[DebitInquiry, ...]
    next: str | None
    """`cursor` of the next page; null on the last one"""


class DebitedLine(FrozenModel):
    """A transfer that left the victim's account: the told one by its reference, or another one."""

    kind: Literal["debited"]
    reference: Reference
    """RRN or UTR of this transfer"""
    amount_paise: PositivePaise
    at: UtcDatetime | None = None
    """time of the debit; without it another transfer is never followed before an officer decides"""
    payer_account: Annotated[Name | None, Field(repr=False)] = None
    """account debited"""
    payee: Payee | None = None
    """account credited, if the bank knows it"""
    remarks: Remarks = ""


class NotDebitedLine(FrozenModel):
    """Statement that the bank did not debit the told transfer."""

    kind: Literal["not_debited"]
    code: Annotated[str, StringConstraints(pattern=r"^(0[1-9]|[1-9][0-9])$")]
    """status code of the bank wire with the reason"""
    remarks: Remarks = ""


DebitLine = Annotated[DebitedLine | NotDebitedLine, Field(discriminator="kind")]


class DebitAnswer(FrozenModel):
    """The answer of a victim's bank to one inquiry."""

    lines: Annotated[tuple[DebitLine, ...], Field(min_length=1, max_length=LINES_MAX)]


class DebitAnswerTaken(FrozenModel):
    """Result of an answer's lines, the same for every repeat of one body."""

    inquiry_id: UUID
    accepted: int
    duplicates: int
    contradictions: int
    """lines that an officer must resolve"""
