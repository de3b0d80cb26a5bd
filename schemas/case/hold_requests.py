"""A hold request in our own JSON, as sent to a bank's webhook and shown in its feed."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.base import FrozenModel, PositivePaise, UtcDatetime

HOPS_MAX = 500
"""Most transfers in one hold request."""

Text = Annotated[str, StringConstraints(max_length=300)]


def _is_none(value: object) -> bool:
    return value is None


class HoldInstrument(FrozenModel):
    """Payer and means of payment, as in the complaint; empty if it does not give them."""

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
    """One transfer of tainted money that credited an account at the requested bank."""

    hop: Annotated[int, Field(ge=1)]
    """number of the hop in the case"""
    reference: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    """RRN or UTR"""
    amount_paise: PositivePaise
    """amount of the whole transfer"""
    disputed_paise: PositivePaise
    """tainted part of it: hold no more than this"""
    transferred_at: UtcDatetime
    layer: Annotated[int, Field(ge=1)]
    """1 is the victim's own transfer"""

    @model_validator(mode="after")
    def _disputed_is_a_part(self) -> Self:
        if self.disputed_paise > self.amount_paise:
            raise ValueError("disputed_paise is more than amount_paise")
        return self


class HoldDemand(FrozenModel):
    """One hold request: one case, with all its transfers at one bank that are to be held now."""

    hold_id: UUID
    """id of the request, the same for every repeat and channel"""
    ack_no: Annotated[str, StringConstraints(pattern=r"^[0-9]{14}$")]
    category: Text
    priority: Annotated[int, Field(ge=1, le=5)]
    """1 is first"""
    requested_at: UtcDatetime
    """time of the first request, the same for every repeat"""
    respond_by: UtcDatetime | None = None
    """time of the first reminder to the bank; None if no time is set"""
    hold_until: Annotated[UtcDatetime | None, Field(exclude_if=_is_none)] = None
    """time until which the hold is asked; left out while a court or an approved restoration keeps it"""
    instrument: HoldInstrument
    hops: Annotated[tuple[HoldHop, ...], Field(min_length=1, max_length=HOPS_MAX)]


class HoldRequested(FrozenModel):
    """Event that a bank's webhook receives."""

    type: Literal["hold.requested"] = "hold.requested"
    timestamp: UtcDatetime
    """time of this attempt"""
    data: HoldDemand
