"""Money of the world: accounts, planned moves, holds. Pure and discrete: no asyncio, no own clock.

Rules that the world keeps and checks:

* A held rupee cannot move. A planned move uses the available amount, or does not happen.

* Money is neither made nor lost: payments in equal the balances plus what left as cash or to shops.

* Of one transfer no more than its amount is ever held or traced, for any number of requests.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class AccountKey(NamedTuple):
    """An account: the institution's code and the account number with its zeros."""

    bank: str
    number: str


class MoveKind(StrEnum):
    """Ways in which money leaves an account."""

    TRANSFER = "transfer"
    ATM = "atm"
    AEPS = "aeps"
    POS = "pos"
    CHEQUE = "cheque"
    OTHER = "other"
    """a way that the bank's statement does not explain: vouchers, card loads, coins"""


@dataclass(frozen=True, slots=True)
class PlannedMove:
    """A planned action of a mule or a victim. `order` decides between moves at the same time."""

    at: float
    order: tuple[int, int]
    kind: MoveKind
    source: AccountKey
    target: AccountKey | None
    amount_paise: int
    rrn: str
    mode: str
    layer: int
    """layer of the hop, if this is a transfer of the victim's money; 0 for other business"""


@dataclass(slots=True)
class Debit:
    """A completed move. `traced_paise` is the part that a bank has already reported as tainted."""

    move: PlannedMove
    amount_paise: int
    traced_paise: int = 0


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """An account before the day: its holder and its balance in paise."""

    key: AccountKey
    holder: str
    mobile: str
    pan: str
    ifsc: str
    opening_paise: int


@dataclass(slots=True)
class Account:
    """An account during the day."""

    plan: AccountPlan
    balance_paise: int
    held_paise: int = 0
    debits: list[Debit] = field(default_factory=list)

    @property
    def available_paise(self) -> int:
        """The amount that can still move or be held."""
        return self.balance_paise - self.held_paise


@dataclass(slots=True)
class Credit:
    """An incoming transfer: its place among the account's debits, and the amount that banks have handled."""

    debit: Debit
    account: Account
    debits_before: int
    worked_paise: int = 0


@dataclass(frozen=True, slots=True)
class Traced:
    """A tainted part of a debit."""

    debit: Debit
    tainted_paise: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """A bank's result for one incident: `hold_paise + sum(traced) + unreconciled_paise` is the requested amount."""

    account: Account
    hold_paise: int
    traced: tuple[Traced, ...]
    unreconciled_paise: int
    balance_paise: int


class World:
    """Accounts and their planned moves. Time moves forward only, by `advance`."""

    def __init__(self, accounts: Iterable[AccountPlan], moves: Iterable[PlannedMove]) -> None:
        self.now = float("-inf")
        self.accounts: dict[AccountKey, Account] = {}
        self.credits: dict[str, Credit] = {}
        self.left_paise = dict.fromkeys(MoveKind, 0)
        self.held_by_bank: dict[str, int] = {}
        self.held_paise = 0
        self.paid_in_paise = 0
        for plan in accounts:
            if plan.key not in self.accounts:
                self.accounts[plan.key] = Account(plan, plan.opening_paise)
                self.paid_in_paise += plan.opening_paise
        self._planned = [(move.at, move.order, move) for move in moves]
        heapq.heapify(self._planned)

    def advance(self, to: float) -> None:
        """Execute everything planned up to and including `to`. An earlier time does nothing."""
        while self._planned and self._planned[0][0] <= to:
            self._happen(heapq.heappop(self._planned)[2])
        self.now = max(self.now, to)

    def find(self, rrn: str, bank: str) -> Credit | None:
        """Return the transfer with that number, if it happened and arrived at that bank."""
        credit = self.credits.get(rrn)
        return credit if credit is not None and credit.account.plan.key.bank == bank else None

    def hold_and_trace(self, credit: Credit, disputed_paise: int) -> Outcome:
        """Handle one incident now: hold the available amount, then trace the rest through the later debits.

        It never handles more of a transfer than its amount, so the parts of the outcome may be less than requested.
        """
        asked = min(disputed_paise, credit.debit.amount_paise - credit.worked_paise)
        assert asked >= 0, "more of a transfer was worked than it moved"
        credit.worked_paise += asked
        account = credit.account
        hold = self._hold(account, min(asked, account.available_paise))
        rest = asked - hold
        traced = []
        for debit in account.debits[credit.debits_before :]:
            part = min(rest, debit.amount_paise - debit.traced_paise)
            if part > 0:
                debit.traced_paise += part
                rest -= part
                traced.append(Traced(debit, part))
        known = tuple(part for part in traced if part.debit.move.kind is not MoveKind.OTHER)
        unreconciled = asked - hold - sum(part.tainted_paise for part in known)
        return Outcome(account, hold, known, unreconciled, account.balance_paise)

    def check(self) -> None:
        """Assert that no money was made or lost and no account is overdrawn or over-held."""
        balances = sum(account.balance_paise for account in self.accounts.values())
        held = sum(account.held_paise for account in self.accounts.values())
        assert balances + sum(self.left_paise.values()) == self.paid_in_paise, "money was made or lost"
        assert held == self.held_paise == sum(self.held_by_bank.values()), "the holds do not add up"
        assert all(0 <= a.held_paise <= a.balance_paise for a in self.accounts.values()), "held more than there is"

    def _hold(self, account: Account, paise: int) -> int:
        account.held_paise += paise
        self.held_paise += paise
        bank = account.plan.key.bank
        self.held_by_bank[bank] = self.held_by_bank.get(bank, 0) + paise
        assert account.held_paise <= account.balance_paise, "held more than there is"
        return paise

    def _happen(self, move: PlannedMove) -> None:
        source = self.accounts[move.source]
        paise = min(move.amount_paise, source.available_paise)
        if paise <= 0:
            return
        source.balance_paise -= paise
        assert source.held_paise <= source.balance_paise, "a held rupee moved"
        debit = Debit(move, paise)
        source.debits.append(debit)
        if move.target is None:
            self.left_paise[move.kind] += paise
            return
        target = self.accounts[move.target]
        target.balance_paise += paise
        self.credits[move.rrn] = Credit(debit, target, len(target.debits))
