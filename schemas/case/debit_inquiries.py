"""An inquiry to the victim's bank in our own JSON, for webhook and feed, and the bank's answer."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, PositivePaise, UtcDatetime
from schemas.case.bank_answers import LINES_MAX, Name, Payee, Reference
from schemas.case.bank_answers import Text as Remarks
from schemas.case.hold_requests import HoldInstrument, Text


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
