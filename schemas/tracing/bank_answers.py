"""A bank's answer to one hold in our own clean JSON: one line for each thing it says of a hop."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from schemas.base import FrozenModel, PositivePaise, Storable, UtcDatetime
from schemas.identifiers import IFSC_PATTERN
from schemas.text import EMAIL_MAX_CHARS

LINES_MAX = 500
"""Most lines in one answer."""

Text = Annotated[str, StringConstraints(max_length=300, strip_whitespace=True), Storable]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True), Storable]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True), Storable]
HolderContact = Annotated[str, StringConstraints(max_length=EMAIL_MAX_CHARS, strip_whitespace=True), Storable]
"""As the bank has it: what nobody can be reached by refuses no answer, for the hold comes first."""
BALANCE_MAX_PAISE = 10**13


def _ifsc(text: str) -> str:
    if not IFSC_PATTERN.match(text):
        raise ValueError("is not shaped like an IFSC")
    return text


class _Line(FrozenModel):
    hop: Annotated[int, Field(ge=1, le=2**31 - 1)]
    """the number of one of the hold's hops"""
    remarks: Text = ""


class _Money(_Line):
    amount_paise: PositivePaise
    """of the disputed money"""
    at: UtcDatetime | None = None
    """when it happened"""


class HeldLine(_Money):
    """So much is on hold in the account that the transfer credited."""

    kind: Literal["held"]
    balance_paise: Annotated[int, Field(ge=-BALANCE_MAX_PAISE, le=BALANCE_MAX_PAISE, strict=True)] | None = None
    """of the account, what is on hold in it included; may be below zero"""
    holder_phone: Annotated[HolderContact | None, Field(repr=False)] = None
    """the customer's mobile number: they are told of the hold the same day"""
    holder_email: Annotated[HolderContact | None, Field(repr=False)] = None


class Payee(FrozenModel):
    """Where money went on to."""

    institution: Name
    """code or name"""
    account: Annotated[Name, Field(repr=False)]
    """account number, VPA or wallet"""
    ifsc: Annotated[str, AfterValidator(_ifsc)] | None = None


class MovedLine(_Money):
    """So much of the disputed money went on to another account by one transfer."""

    kind: Literal["moved"]
    reference: Reference
    """RRN or UTR of the transfer"""
    transfer_paise: PositivePaise | None = None
    """of the whole transfer, where it carried more than the disputed money"""
    payee: Payee

    @model_validator(mode="after")
    def _a_part_of_the_transfer(self) -> Self:
        if self.transfer_paise is not None and self.transfer_paise < self.amount_paise:
            raise ValueError("transfer_paise is less than amount_paise")
        return self


class WithdrawnLine(_Money):
    """So much left the banks as cash."""

    kind: Literal["withdrawn"]
    by: Literal["atm", "aeps", "cheque"]
    reference: Reference | None = None
    """of the withdrawal; the number of the cheque"""
    place: Text = ""


class SpentLine(_Money):
    """So much was paid to a merchant."""

    kind: Literal["spent"]
    merchant: Name
    reference: Reference | None = None
    place: Text = ""


class RefusedLine(_Line):
    """The bank cannot act on the hop."""

    kind: Literal["refused"]
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]
    """a status code of the bank wire that says why"""

    @model_validator(mode="after")
    def _not_fine(self) -> Self:
        if self.code == "00":
            raise ValueError("code 00 is no refusal")
        return self


Line = Annotated[HeldLine | MovedLine | WithdrawnLine | SpentLine | RefusedLine, Field(discriminator="kind")]


class BankAnswer(FrozenModel):
    """What a bank says of the hops of one hold. What it leaves out stays open."""

    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=LINES_MAX)]


class Acknowledge(FrozenModel):
    """A receipt says nothing but that it is one."""


class ReleaseConfirm(FrozenModel):
    """The word of a bank that it has released what an order named."""
