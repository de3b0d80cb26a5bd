"""Another account of the victim's to credit in place of the one that paid."""

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, Storable, UtcDatetime
from schemas.identifiers import ACCOUNT_PATTERN, IFSC_PATTERN
from schemas.text import Line

Justification = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), Storable]


class NewCreditAccount(FrozenModel):
    """Account as one officer proposes it. A second officer confirms it."""

    holder_name: Annotated[Line, Field(repr=False)]
    account: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=ACCOUNT_PATTERN.pattern), Field(repr=False)
    ]
    ifsc: Annotated[str, StringConstraints(strip_whitespace=True, pattern=IFSC_PATTERN.pattern)]
    institution: Line
    reason: Justification
    """reason why the account that paid is not used"""
    proof: Justification
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


class CreditAccounts(FrozenModel):
    """All accounts proposed for a complaint, the newest first. The newest confirmed one is credited."""

    accounts: tuple[CreditAccount, ...]
