"""Another account of a victim's to be credited, in place of the one that paid."""

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, Storable, UtcDatetime
from schemas.identifiers import ACCOUNT_PATTERN, IFSC_PATTERN
from schemas.text import Line

Told = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), Storable]


class NewCreditAccount(FrozenModel):
    """An account as one officer tells it; a second one confirms it."""

    holder_name: Annotated[Line, Field(repr=False)]
    account: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=ACCOUNT_PATTERN.pattern), Field(repr=False)
    ]
    ifsc: Annotated[str, StringConstraints(strip_whitespace=True, pattern=IFSC_PATTERN.pattern)]
    institution: Line
    reason: Told
    """why not the account that paid"""
    proof: Told
    """what the officer has seen: a passbook, a cancelled cheque, a letter of the bank"""


class SeenAccount(FrozenModel):
    """The account as the second officer reads it off the proof: it must be the one that was told."""

    account: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=ACCOUNT_PATTERN.pattern), Field(repr=False)
    ]
    ifsc: Annotated[str, StringConstraints(strip_whitespace=True, pattern=IFSC_PATTERN.pattern)]


class CreditAccount(FrozenModel):
    """An account that was told, and whether it stands."""

    account_id: int
    ack_no: str
    holder_name: Annotated[str, Field(repr=False)]
    account: Annotated[str, Field(repr=False)]
    ifsc: str
    institution: str
    reason: str
    proof: str
    same_name: bool
    """whether it is in the victim's name as the complaint writes it"""
    told_by: str
    told_at: UtcDatetime
    confirmed_by: str | None
    confirmed_at: UtcDatetime | None


class CreditAccounts(FrozenModel):
    """All accounts told for a complaint, the newest first. The newest that is confirmed is credited."""

    accounts: tuple[CreditAccount, ...]
