"""Discrepancies between answers, and the actions of the desk."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from schemas.base import FrozenModel, PositivePaise, Reason, Storable, UtcDatetime
from schemas.enums import DiscrepancyKind, Mode, ResolutionDecision
from schemas.identifiers import names_a_transfer
from schemas.parties import PartyOfHop
from schemas.text import Identifier, LocalDatetime, Reference


class NewResolution(FrozenModel):
    """An officer's resolution of a discrepancy, with the reason.

    `replaces` is the number of the current resolution, if any. Its ledger entries are reversed.
    """

    decision: ResolutionDecision
    reason: Reason
    replaces: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class Resolution(FrozenModel):
    """Current resolution of a discrepancy."""

    resolution_no: int
    decision: ResolutionDecision
    reason: str
    settled_by: str
    settled_at: UtcDatetime
    proposed_by: str | None
    transaction_id: int | None
    """ledger transaction that it booked"""


class ResolutionDone(FrozenModel):
    """Result of a resolution. `settled` is false for a proposal that needs a second officer."""

    discrepancy_id: int
    case_ack_no: str
    settled: bool
    resolution_no: int
    """number that it has or will have"""


class BankDoubts(FrozenModel):
    """Number of discrepancies of one kind that a bank's lines opened, and of those not resolved."""

    institution: str
    kind: DiscrepancyKind
    opened: int
    unresolved: int


class BankDoubtsList(FrozenModel):
    """Discrepancies of every bank that has any, by bank and kind."""

    items: tuple[BankDoubts, ...]


class AccountQuestion(FrozenModel):
    """Account to look up. It is in the body, because an account in a URL path would enter logs.

    `after` is the `next` of the previous page.
    """

    institution: Annotated[str, StringConstraints(min_length=1, max_length=64), Storable]
    account: Annotated[str, StringConstraints(min_length=1, max_length=256), Storable]
    after: Annotated[str, StringConstraints(max_length=200)] | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class AccountClaim(FrozenModel):
    """Figures of one case on the account."""

    case_ack_no: str
    hop_nos: tuple[int, ...]
    disputed_paise: int
    in_play_paise: int
    held_paise: int
    claimed_held_paise: int
    """amount on hold by the bank's lines, applied or not"""


class AccountView(FrozenModel):
    """One account across all cases. The balance is the latest that the bank gave, or None."""

    institution: str
    in_play_paise: int
    held_paise: int
    """over all cases, including those on other pages"""
    balance_paise: int | None
    balance_told_at: UtcDatetime | None
    held_above_balance_paise: int
    items: tuple[AccountClaim, ...]
    next: str | None


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
