"""Known columns of banks' workbooks, and numbers as they write them.

Detection of workbook rows that repeat an earlier answer of a bank in another form. The answer that came over the bank's
wire can stand in the workbook with a rounded time or without its reference. As a new line it would place the same money
twice. Each earlier line matches one row, so that two withdrawals of one amount stay two.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from domain.workbook.row import ReadTrailRow
from schemas.case.answers import Claim
from schemas.enums import ClaimKind
from schemas.identifiers import reference_key
from schemas.text import IST

SAME_MOMENT = timedelta(minutes=10)
"""Two withdrawals of one amount from one account are further apart, or have references."""

_NO_MONEY = frozenset({ClaimKind.UNKNOWN, ClaimKind.REFUSED, ClaimKind.UNREADABLE})


@dataclass(frozen=True)
class EarlierLine:
    """Earlier line of the bank."""

    natural_key: str
    kind: ClaimKind
    hop_nos: frozenset[int]
    reference_key: str
    claim_paise: int
    applied_paise: int
    occurred_at: datetime | None


@dataclass(frozen=True)
class OnwardHop:
    """Hop that a bank's answer opened below another."""

    parent_hop_no: int
    reference_key: str
    disputed_paise: int


class Verdict(Enum):
    """Result for a row: new, or known."""

    NEWS = auto()
    KNOWN = auto()
    OTHER_FIGURES = auto()
    """the same transaction with a larger amount than before"""


class EarlierLines:
    """Earlier lines of one bank about a case; each matches one row."""

    def __init__(self, lines: Iterable[EarlierLine], onward: Iterable[OnwardHop]) -> None:
        self._lines = dict(enumerate(lines))
        self._by_hop: dict[int, list[int]] = defaultdict(list)
        for number, line in self._lines.items():
            for hop_no in line.hop_nos:
                self._by_hop[hop_no].append(number)
        self._onward: dict[tuple[int, str], int] = defaultdict(int)
        for hop in onward:
            self._onward[hop.parent_hop_no, hop.reference_key] += hop.disputed_paise

    def judge(self, claims: Sequence[tuple[Claim, frozenset[int]]]) -> list[Verdict]:
        """Return a verdict for each claim, given with the hops that it is about.

        An exact repeat counts as new here, because the reconciliation finds it by its natural key.
        """
        keys = {claim.natural_key for claim, _ in claims}
        exact = {line.natural_key for line in self._lines.values()} & keys
        self._lines = {number: line for number, line in self._lines.items() if line.natural_key not in exact}
        return [Verdict.NEWS if claim.natural_key in exact else self._judge(claim, hops) for claim, hops in claims]

    def _judge(self, claim: Claim, hop_nos: frozenset[int]) -> Verdict:
        if claim.takes_rest:
            return Verdict.NEWS  # it states no money that an earlier line could have
        reference = reference_key(claim.reference)
        if claim.kind is ClaimKind.MOVED and reference:
            covered_paise = sum(self._onward.get((hop_no, reference), 0) for hop_no in hop_nos)
            if covered_paise:
                return Verdict.KNOWN if claim.within_paise <= covered_paise else Verdict.OTHER_FIGURES
        about = self._about(claim, hop_nos)
        same = [line for line in about.values() if reference and line.reference_key == reference]
        if same:
            known_paise = max(line.claim_paise for line in same)
            return Verdict.KNOWN if claim.claim_paise <= known_paise else Verdict.OTHER_FIGURES
        for number, line in about.items():
            # At least one of two references is missing here; different references mean two transactions.
            if not (reference and line.reference_key) and _same_money(line, claim):
                del self._lines[number]
                return Verdict.KNOWN
        return Verdict.NEWS

    def _about(self, claim: Claim, hop_nos: frozenset[int]) -> dict[int, EarlierLine]:
        """Return the lines of the claim's kind about any of its hops, the oldest first."""
        numbers = sorted({number for hop_no in hop_nos for number in self._by_hop.get(hop_no, ())} & self._lines.keys())
        return {number: self._lines[number] for number in numbers if _alike(self._lines[number].kind, claim.kind)}


def _alike(a: ClaimKind, b: ClaimKind) -> bool:
    return a is b or {a, b} <= _NO_MONEY


def _same_money(line: EarlierLine, claim: Claim) -> bool:
    if claim.claim_paise not in {line.claim_paise, line.applied_paise}:
        return False
    if claim.kind is ClaimKind.HELD or claim.kind in _NO_MONEY:
        return True  # bank and portal time a hold by their own clocks
    if line.occurred_at is None or claim.occurred_at is None:
        return True
    a, b = (at.astimezone(IST) for at in (line.occurred_at, claim.occurred_at))
    only_a_day = a.date() == b.date() and any(at.hour == at.minute == at.second == 0 for at in (a, b))
    return only_a_day or abs(a - b) <= SAME_MOMENT


def numbers_by_reference(rows: Sequence[ReadTrailRow]) -> list[str]:
    """Return the number of each row, or "" if it is not known.

    It is the row's own, else the only number whose rows have one of its references.
    """
    row_numbers = [read.ack_no or "" for read in rows]
    references = [_references(read) for read in rows]
    known: dict[str, set[str]] = defaultdict(set)
    without: dict[str, list[int]] = defaultdict(list)
    for place, number in enumerate(row_numbers):
        for key in references[place]:
            if number:
                known[key].add(number)
            else:
                without[key].append(place)
    news = [key for key in without if known[key]]
    while news:  # a row that gets its number may tell the number of others
        for place in without[news.pop()]:
            numbers = {number for key in references[place] for number in known[key]}
            if row_numbers[place] or len(numbers) != 1:
                continue
            row_numbers[place] = numbers.pop()
            news += [key for key in references[place] if not known[key]]
            for key in references[place]:
                known[key].add(row_numbers[place])
    return row_numbers


def _references(read: ReadTrailRow) -> tuple[str, ...]:
    if read.row is None:
        return ()
    stated = (read.row.root_reference, read.row.reference)
    return tuple(dict.fromkeys(key for key in map(reference_key, stated) if key))
