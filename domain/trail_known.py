"""Rows of a workbook that tell again, in other words, what a bank has told already.

A bank answers over its wire, and the same answer stands in the workbook with a rounded time, or without its reference:
taken as news it would place the same money twice. One line told before stands for one row, so that two withdrawals of
one sum stay two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from schemas.answers import Claim
from schemas.complaints import IST
from schemas.enums import ClaimKind
from schemas.identifiers import reference_key

SAME_MOMENT = timedelta(minutes=10)
"""Two withdrawals of one sum from one account are further apart, or have references."""

_NO_MONEY = frozenset({ClaimKind.UNKNOWN, ClaimKind.REFUSED, ClaimKind.UNREADABLE})


@dataclass(frozen=True)
class ToldLine:
    """A line that the bank told before."""

    natural_key: str
    kind: ClaimKind
    hop_nos: frozenset[int]
    reference_key: str
    claim_paise: int
    applied_paise: int
    occurred_at: datetime | None


@dataclass(frozen=True)
class OnwardHop:
    """A hop that a bank's answer opened below another."""

    parent_hop_no: int
    reference_key: str
    disputed_paise: int


class Verdict(Enum):
    """Whether a row is news."""

    NEWS = auto()
    KNOWN = auto()
    OTHER_FIGURES = auto()
    """the same transaction, told with more money than before"""


class Told:
    """What one bank has told of a case; each of its lines stands for one row."""

    def __init__(self, lines: Iterable[ToldLine], onward: Iterable[OnwardHop]) -> None:
        self._lines = list(lines)
        self._onward = list(onward)

    def judge(self, claims: Sequence[tuple[Claim, frozenset[int]]]) -> list[Verdict]:
        """A verdict for each claim, given with the hops it speaks of. What is told word for word is left as news.

        The reconciliation knows it by its natural key.
        """
        said = {claim.natural_key for claim, _ in claims}
        exact = {line.natural_key for line in self._lines} & said
        self._lines = [line for line in self._lines if line.natural_key not in exact]
        return [Verdict.NEWS if claim.natural_key in exact else self._judge(claim, hops) for claim, hops in claims]

    def _judge(self, claim: Claim, hop_nos: frozenset[int]) -> Verdict:
        reference = reference_key(claim.reference)
        if claim.kind is ClaimKind.MOVED and reference:
            below = [h for h in self._onward if h.parent_hop_no in hop_nos and h.reference_key == reference]
            if below:
                covered_paise = sum(hop.disputed_paise for hop in below)
                return Verdict.KNOWN if claim.claim_paise <= covered_paise else Verdict.OTHER_FIGURES
        about = [line for line in self._lines if line.hop_nos & hop_nos and _alike(line.kind, claim.kind)]
        same = [line for line in about if reference and line.reference_key == reference]
        if same:
            told_paise = max(line.claim_paise for line in same)
            return Verdict.KNOWN if claim.claim_paise <= told_paise else Verdict.OTHER_FIGURES
        for line in about:
            # Of two references at least one is missing: those that differ are two transactions.
            if not (reference and line.reference_key) and _same_money(line, claim):
                self._lines.remove(line)
                return Verdict.KNOWN
        return Verdict.NEWS


def _alike(a: ClaimKind, b: ClaimKind) -> bool:
    return a is b or {a, b} <= _NO_MONEY


def _same_money(line: ToldLine, claim: Claim) -> bool:
    if claim.claim_paise not in {line.claim_paise, line.applied_paise}:
        return False
    if claim.kind is ClaimKind.HELD or claim.kind in _NO_MONEY:
        return True  # when it was put on hold, the bank and the portal tell by their own clocks
    if line.occurred_at is None or claim.occurred_at is None:
        return True
    a, b = (at.astimezone(IST) for at in (line.occurred_at, claim.occurred_at))
    only_a_day = a.date() == b.date() and any(at.hour == at.minute == at.second == 0 for at in (a, b))
    return only_a_day or abs(a - b) <= SAME_MOMENT
