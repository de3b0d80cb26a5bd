"""A complaint as it is received, and the receipt."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Flag, FrozenModel, PositivePaise, Storable, UtcDatetime
from schemas.enums import Channel, Differing, Language, Mode
from schemas.parties import Party
from schemas.text import EmailAddress, Identifier, Line, LocalDatetime, Reference, day_of

MAX_TRANSFERS = 100
NO_MOBILE = "0000000000"
"""sign of a victim whose mobile number is not stated

Banks' systems require ten digits. No person has these, and they are flagged as odd.
"""


class Victim(FrozenModel):
    """Person who lost the money."""

    name: Line
    mobile: Identifier
    district: Line
    woman: bool = False
    child: bool = False
    senior: bool = False
    language: Annotated[Language, Field(exclude_if=lambda language: language is Language.HI)] = Language.HI
    """language of messages to the victim"""
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
    """Only the date is known; `transferred_at` is the start of that day."""

    @model_validator(mode="before")
    @classmethod
    def _note_a_missing_time(cls, value: object) -> object:
        if isinstance(value, dict) and day_of(value.get("transferred_at")):
            return value | {"time_missing": True}
        return value

    @model_validator(mode="after")
    def _has_reference(self) -> Self:
        if self.rrn is None and self.utr is None:
            raise ValueError("give the rrn or the utr of the transfer")
        return self

    @property
    def reference(self) -> str:
        """Return the RRN if there is one, else the UTR."""
        return self.rrn or self.utr or ""


class Complaint(FrozenModel):
    """Complaint as received. `ack_no` is given if the portal has already numbered it."""

    ack_no: Annotated[str, StringConstraints(pattern=r"^[0-9]{14}$")] | None = None
    channel: Channel
    category: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Storable]
    victim: Victim
    transfers: Annotated[tuple[Transfer, ...], Field(min_length=1, max_length=MAX_TRANSFERS)]


class ComplaintReceipt(FrozenModel):
    """Receipt of a complaint: its number, its case, and flags of odd values."""

    ack_no: str
    case_ack_no: str
    joined: bool
    flags: tuple[Flag, ...]
    received_at: UtcDatetime


class ToldParty(FrozenModel):
    """One end of a transfer as a complaint states it."""

    institution: str
    kind: Literal["account", "vpa", "wallet"]
    holder: Annotated[str, Field(repr=False)]
    ifsc: str | None
    vpa: Annotated[str | None, Field(repr=False, exclude_if=lambda vpa: vpa is None)] = None
    """the VPA that is stated beside the account"""


class ToldTransfer(FrozenModel):
    """One transfer as one complaint states it, and the hop that it opened or that was this transfer already."""

    ack_no: str
    row_no: int
    """its place in the complaint, from 1"""
    payer: ToldParty
    payee: ToldParty
    amount_paise: int
    rrn: str | None
    utr: str | None
    mode: Mode
    transferred_at: UtcDatetime
    time_missing: bool
    case_ack_no: str | None
    hop_no: int | None
    differing: tuple[Differing, ...]
    """what differed from the hop when the complaint was taken"""


class ToldTransferPage(FrozenModel):
    """Transfers as a case's complaints state them, by the complaints' numbers."""

    items: tuple[ToldTransfer, ...]
    next: str | None


class DraftSource(StrEnum):
    """How a draft began."""

    CALL = "call"
    MISSED_CALL = "missed_call"
    PUBLIC_FORM = "public_form"
    """the page on which everybody may complain; no officer has it"""


class DraftEnd(StrEnum):
    """How a draft ended."""

    DONE = "done"
    """its complaint is sent, and the officer has closed it"""
    DISCARDED = "discarded"
    FORGOTTEN = "forgotten"
    """the policy's time was over"""
