"""A bank's answer to one hold request in our own JSON, one line per statement about a hop."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from schemas.base import FrozenModel, PositivePaise, Storable, UtcDatetime
from schemas.identifiers import IFSC_PATTERN
from schemas.text import EMAIL_MAX_CHARS

LINES_MAX = 500
"""Most lines in one answer."""

REFERENCE_MAX_CHARS = 64

Text = Annotated[str, StringConstraints(max_length=300, strip_whitespace=True), Storable]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True), Storable]
Reference = Annotated[
    str, StringConstraints(min_length=1, max_length=REFERENCE_MAX_CHARS, strip_whitespace=True), Storable
]
HolderContact = Annotated[str, StringConstraints(max_length=EMAIL_MAX_CHARS, strip_whitespace=True), Storable]
"""As the bank has it. An unusable contact never refuses an answer, because the hold comes first."""
BALANCE_MAX_PAISE = 10**13


def _ifsc(text: str) -> str:
    if not IFSC_PATTERN.fullmatch(text):
        raise ValueError("is not shaped like an IFSC")
    return text


class _Line(FrozenModel):
    hop: Annotated[int, Field(ge=1, le=2**31 - 1)]
    """number of a hop in the hold request"""
    remarks: Text = ""


class _Money(_Line):
    amount_paise: PositivePaise
    """part of the disputed money"""
    at: UtcDatetime | None = None
    """time of the event"""


class HeldLine(_Money):
    """Amount on hold in the account that the transfer credited."""

    kind: Literal["held"]
    balance_paise: Annotated[int, Field(ge=-BALANCE_MAX_PAISE, le=BALANCE_MAX_PAISE, strict=True)] | None = None
    """balance of the account, including money on hold; may be negative"""
    holder_phone: Annotated[HolderContact | None, Field(repr=False)] = None
    """mobile number of the customer, who is told of the hold on the same day"""
    holder_email: Annotated[HolderContact | None, Field(repr=False)] = None


class Payee(FrozenModel):
    """Account to which money moved."""

    institution: Name
    """code or name"""
    account: Annotated[Name, Field(repr=False)]
    """account number, VPA or wallet"""
    ifsc: Annotated[str, AfterValidator(_ifsc)] | None = None


class MovedLine(_Money):
    """Disputed money that moved to another account in one transfer."""

    kind: Literal["moved"]
    reference: Reference
    """RRN or UTR of the transfer"""
    transfer_paise: PositivePaise | None = None
    """amount of the whole transfer, if it carried more than the disputed money"""
    payee: Payee

    @model_validator(mode="after")
    def _a_part_of_the_transfer(self) -> Self:
        if self.transfer_paise is not None and self.transfer_paise < self.amount_paise:
            raise ValueError("transfer_paise is less than amount_paise")
        return self


class WithdrawnLine(_Money):
    """Disputed money that left the banks as cash."""

    kind: Literal["withdrawn"]
    by: Literal["atm", "aeps", "cheque"]
    reference: Reference | None = None
    """reference of the withdrawal, or number of the cheque"""
    place: Text = ""


class SpentLine(_Money):
    """Disputed money paid to a merchant."""

    kind: Literal["spent"]
    merchant: Name
    reference: Reference | None = None
    place: Text = ""


class RefusedLine(_Line):
    """Refusal of a hop that the bank cannot act on."""

    kind: Literal["refused"]
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]
    """status code of the bank wire with the reason"""

    @model_validator(mode="after")
    def _not_fine(self) -> Self:
        if self.code == "00":
            raise ValueError("code 00 is not a refusal")
        return self


Line = Annotated[HeldLine | MovedLine | WithdrawnLine | SpentLine | RefusedLine, Field(discriminator="kind")]


class BankAnswer(FrozenModel):
    """A bank's answer about the hops of one hold request. Anything left out stays open."""

    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=LINES_MAX)]


class Acknowledge(FrozenModel):
    """Receipt of a hold request, without content."""


class ReleaseConfirm(FrozenModel):
    """A bank's confirmation that it released what an order names."""
