"""Another account of the victim's to credit in place of the one that paid."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, Reason, UtcDatetime
from schemas.identifiers import ACCOUNT_PATTERN, IFSC_PATTERN
from schemas.text import Line


class CreditAccountEnd(StrEnum):
    """Why a proposed account is not credited."""

    OBJECTED = "objected"
    """the victim says that it is not wanted"""
    WITHDRAWN = "withdrawn"
    """an officer withdrew it"""


class NewCreditAccount(FrozenModel):
    """Account as one officer proposes it. A second officer confirms it."""

    holder_name: Annotated[Line, Field(repr=False)]
    account: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=ACCOUNT_PATTERN.pattern), Field(repr=False)
    ]
    ifsc: Annotated[str, StringConstraints(strip_whitespace=True, pattern=IFSC_PATTERN.pattern)]
    institution: Line
    reason: Reason
    """reason why the account that paid is not used"""
    proof: Reason
    """proof that the officer has seen: a passbook, a cancelled cheque, a letter of the bank"""


class SeenAccount(FrozenModel):
    """Account as the second officer reads it from the proof. It must equal the proposed one."""

    account: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=ACCOUNT_PATTERN.pattern), Field(repr=False)
    ]
    ifsc: Annotated[str, StringConstraints(strip_whitespace=True, pattern=IFSC_PATTERN.pattern)]


class CreditAccount(FrozenModel):
    """Proposed account and its confirmation, if any."""

    account_id: int
    ack_no: str
    holder_name: Annotated[str, Field(repr=False)]
    account: Annotated[str, Field(repr=False)]
    ifsc: str
    institution: str
    reason: str
    proof: str
    same_name: bool
    """whether it has the victim's name as the complaint writes it"""
    told_by: str
    told_at: UtcDatetime
    confirmed_by: str | None
    confirmed_at: UtcDatetime | None
    object_until: UtcDatetime | None = None
    """until when the victim may object after the confirmation; no restoration is approved before"""
    ended_as: CreditAccountEnd | None = None
    """why it is not credited; null if it was not ended"""
    ended_by: str | None = None
    ended_at: UtcDatetime | None = None
    ended_reason: str | None = None

    @property
    def is_standing(self) -> bool:
        """Whether a second officer has confirmed it and it was not ended."""
        return self.confirmed_at is not None and self.ended_at is None


class CreditAccounts(FrozenModel):
    """All accounts proposed for a complaint, the newest first.

    The newest one that is confirmed and did not end is credited.
    """

    accounts: tuple[CreditAccount, ...]


class CreditAccountShown(FrozenModel):
    """Account that a message to the victim is about, as its page shows it."""

    account_id: int
    ack_no: str
    bank: str
    account_end: str
    """last four characters of the account"""
    object_until: UtcDatetime | None
    ended_as: CreditAccountEnd | None
