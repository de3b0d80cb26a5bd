"""Actions of the desk on a trail."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.base import FrozenModel, PositivePaise, Reason
from schemas.enums import Mode
from schemas.identifiers import names_a_transfer
from schemas.parties import PartyOfHop
from schemas.text import Identifier, LocalDatetime, Reference


def _names_a_transfer(reference: str) -> str:
    if not names_a_transfer(reference):
        raise ValueError("an RRN or UTR has a digit other than zero")
    return reference


TransferReference = Annotated[Identifier, AfterValidator(_names_a_transfer)]


class NewHopByDesk(FrozenModel):
    """Hop that the desk adds: money that moved from `parent_hop_no`, of which `disputed_paise` is tainted."""

    parent_hop_no: Annotated[int, Field(ge=1, le=2**31 - 1)]
    payee: PartyOfHop
    amount_paise: PositivePaise
    disputed_paise: PositivePaise
    reference: TransferReference
    mode: Mode = Mode.OTHER
    transferred_at: LocalDatetime
    reason: Reason


class HopCorrection(FrozenModel):
    """Correction of a hop before it is sent again. It needs at least one field besides the reason."""

    rrn: Reference = None
    utr: Reference = None
    amount_paise: PositivePaise | None = None
    transferred_at: LocalDatetime | None = None
    payee: PartyOfHop | None = None
    reason: Reason

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.rrn is not None and self.utr is not None:
            raise ValueError("give the rrn or the utr, not both")
        if all(v is None for v in (self.rrn, self.utr, self.amount_paise, self.transferred_at, self.payee)):
            raise ValueError("nothing is corrected: give rrn, utr, amount_paise, transferred_at or payee")
        return self
