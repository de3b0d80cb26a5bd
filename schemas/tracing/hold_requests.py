"""A hold request in our own clean JSON: what a webhook brings to a bank, and what a bank fetches from the feed."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.base import FrozenModel, PositivePaise, UtcDatetime

HOPS_MAX = 500
"""Most transfers in one hold request."""

Text = Annotated[str, StringConstraints(max_length=300)]


class HoldInstrument(FrozenModel):
    """Who paid and how, as the complaint says; empty where it does not."""

    requestor: Text
    payer_institution: Text
    payer_institution_code: Text
    payer_account: Annotated[Text, Field(repr=False)]
    payer_mobile: Annotated[Text, Field(repr=False)]
    mode: Text
    transaction_type: Text
    wallet: Text
    state: Text
    district: Text


class HoldHop(FrozenModel):
    """One transfer of tainted money that credited an account at the bank that is asked."""

    hop: Annotated[int, Field(ge=1)]
    """its number in the case"""
    reference: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    """RRN or UTR"""
    amount_paise: PositivePaise
    """of the whole transfer"""
    disputed_paise: PositivePaise
    """the tainted part of it: hold no more than this"""
    transferred_at: UtcDatetime
    layer: Annotated[int, Field(ge=1)]
    """1 is the victim's own transfer"""

    @model_validator(mode="after")
    def _disputed_is_a_part(self) -> Self:
        if self.disputed_paise > self.amount_paise:
            raise ValueError("disputed_paise is more than amount_paise")
        return self


class HoldDemand(FrozenModel):
    """One hold request: one case, all its transfers at one bank that are to be held now."""

    hold_id: UUID
    """the request: the same however often and by whatever way it comes"""
    ack_no: Annotated[str, StringConstraints(pattern=r"^[0-9]{14}$")]
    category: Text
    priority: Annotated[int, Field(ge=1, le=5)]
    """1 is first"""
    requested_at: UtcDatetime
    """when it was asked first: the same however often it is sent"""
    respond_by: UtcDatetime | None = None
    """when silence is first taken up with the bank's people; None where no time is set"""
    instrument: HoldInstrument
    hops: Annotated[tuple[HoldHop, ...], Field(min_length=1, max_length=HOPS_MAX)]


class HoldRequested(FrozenModel):
    """The event that a bank's webhook receives."""

    type: Literal["hold.requested"] = "hold.requested"
    timestamp: UtcDatetime
    """of this attempt"""
    data: HoldDemand
