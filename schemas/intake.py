"""What a victim tells, as it comes through the door, and what goes back."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Flag, FrozenModel, PositivePaise, Storable, UtcDatetime
from schemas.enums import Channel, Language, Mode
from schemas.parties import Party
from schemas.text import EmailAddress, Identifier, Line, LocalDatetime, Reference, day_of

MAX_TRANSFERS = 100


class Victim(FrozenModel):
    """The person who lost the money."""

    name: Line
    mobile: Identifier
    district: Line
    woman: bool = False
    child: bool = False
    senior: bool = False
    language: Annotated[Language, Field(exclude_if=lambda language: language is Language.HI)] = Language.HI
    """in which the victim is told of the case"""
    email: Annotated[EmailAddress | None, Field(exclude_if=lambda email: email is None)] = None


class Transfer(FrozenModel):
    """One disputed transfer, as the victim reports it."""

    payer: Party
    payee: Party
    amount_paise: PositivePaise
    rrn: Reference = None
    utr: Reference = None
    mode: Mode
    transferred_at: LocalDatetime
    time_missing: Annotated[bool, Field(exclude_if=lambda missing: not missing)] = False
    """Only the day is known: `transferred_at` is its start."""

    @model_validator(mode="before")
    @classmethod
    def _note_a_missing_time(cls, told: object) -> object:
        if isinstance(told, dict) and day_of(told.get("transferred_at")):
            return told | {"time_missing": True}
        return told

    @model_validator(mode="after")
    def _has_reference(self) -> Self:
        if self.rrn is None and self.utr is None:
            raise ValueError("give the rrn or the utr of the transfer")
        return self

    @property
    def reference(self) -> str:
        """The RRN where there is one, else the UTR."""
        return self.rrn or self.utr or ""


class Complaint(FrozenModel):
    """A complaint at the door. `ack_no` is given when the portal has numbered it already."""

    ack_no: Annotated[str, StringConstraints(pattern=r"^[0-9]{14}$")] | None = None
    channel: Channel
    category: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Storable]
    victim: Victim
    transfers: Annotated[tuple[Transfer, ...], Field(min_length=1, max_length=MAX_TRANSFERS)]


class ComplaintReceipt(FrozenModel):
    """What goes back at the door: the number, the case it belongs to, and what looked odd."""

    ack_no: str
    case_ack_no: str
    joined: bool
    flags: tuple[Flag, ...]
    received_at: UtcDatetime
