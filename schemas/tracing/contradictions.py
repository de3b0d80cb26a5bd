"""Contradictions as the desk settles them, and one account as several cases see it."""

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, Reason, Storable, UtcDatetime
from schemas.enums import ContradictionKind, SettlementDecision


class Settling(FrozenModel):
    """How a person settles a contradiction, and why.

    `replaces` is the number of the settlement that stands, where there is one: what that one booked is taken back.
    """

    decision: SettlementDecision
    reason: Reason
    replaces: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class Settlement(FrozenModel):
    """The settlement of a contradiction that stands."""

    settlement_no: int
    decision: SettlementDecision
    reason: str
    settled_by: str
    settled_at: UtcDatetime
    proposed_by: str | None
    transaction_id: int | None
    """what it booked in the ledger"""


class SettlementDone(FrozenModel):
    """What came of settling. `settled` is false for a proposal that a second person must agree to."""

    contradiction_id: int
    case_ack_no: str
    settled: bool
    settlement_no: int
    """the number it has, or will have"""


class BankDoubts(FrozenModel):
    """How many contradictions of one kind a bank's lines have opened, and how many are not settled."""

    institution: str
    kind: ContradictionKind
    opened: int
    unsettled: int


class BankDoubtsList(FrozenModel):
    """The contradictions of every bank that has any, by bank and kind."""

    items: tuple[BankDoubts, ...]


class AccountQuestion(FrozenModel):
    """Which account is meant. It stands in the body, for an account in a path ends in logs.

    `after` is the `next` of the page before.
    """

    institution: Annotated[str, StringConstraints(min_length=1, max_length=64), Storable]
    account: Annotated[str, StringConstraints(min_length=1, max_length=256), Storable]
    after: Annotated[str, StringConstraints(max_length=200)] | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class AccountClaim(FrozenModel):
    """What one case has to do with the account."""

    case_ack_no: str
    hop_nos: tuple[int, ...]
    disputed_paise: int
    in_play_paise: int
    held_paise: int
    claimed_held_paise: int
    """what the bank's lines say is on hold, taken or not"""


class AccountView(FrozenModel):
    """One account across all cases. The balance is the bank's last word, None where it never told one."""

    institution: str
    in_play_paise: int
    held_paise: int
    """over all cases, also those on other pages"""
    balance_paise: int | None
    balance_told_at: UtcDatetime | None
    held_above_balance_paise: int
    items: tuple[AccountClaim, ...]
    next: str | None
