"""Resolution of discrepancies, and dates that an answer leaves out.

Ledger entries of the resolution of a discrepancy. A resolution moves money of one hop from its bucket to the bucket
that the decision says. Money that moved to another hop stays there: that hop may already be requested and answered, and
the amounts out of a hop must equal the amounts into the next ones. Money that is in play again is requested again.

Hops whose date is not stated. No bank finds such a transfer, so the desk states the date before the bank is asked. The
hop has a flag, whose message names the place where a date was expected. Its `transferred_at` is then the date of the
hop above, because money cannot leave an account before it came.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from domain.case.ledger import move_between
from schemas.base import Flag
from schemas.case.answers import Entry
from schemas.enums import Bucket, ClaimKind, DiscrepancyKind, ResolutionDecision

_Way = tuple[Sequence[Bucket], Bucket]

_LINE_IS_RIGHT: Final[Mapping[ClaimKind, _Way]] = {
    ClaimKind.HELD: ((Bucket.UNTRACED, Bucket.REFUSED, Bucket.WITHDRAWN, Bucket.SPENT), Bucket.HELD),
    ClaimKind.WITHDRAWN: ((Bucket.UNTRACED, Bucket.REFUSED, Bucket.HELD), Bucket.WITHDRAWN),
    ClaimKind.SPENT: ((Bucket.UNTRACED, Bucket.REFUSED, Bucket.HELD), Bucket.SPENT),
    # The desk adds the hop to which the money moved, which draws on the untraced amount.
    ClaimKind.MOVED: ((Bucket.HELD,), Bucket.UNTRACED),
}
"""Buckets of the part of a line that was not applied, and its bucket if the line is right."""

_LINE_IS_WRONG: Final[Mapping[DiscrepancyKind, _Way]] = {
    DiscrepancyKind.TRANSFER_DENIED: ((Bucket.REFUSED,), Bucket.IN_PLAY),
    DiscrepancyKind.BALANCE_BELOW_HOLD: ((Bucket.HELD,), Bucket.IN_PLAY),
    DiscrepancyKind.HELD_ABOVE_BALANCE: ((Bucket.HELD,), Bucket.IN_PLAY),
    DiscrepancyKind.HELD_BY_TWO: ((Bucket.HELD,), Bucket.IN_PLAY),
}
"""Bucket of money that was applied by a line, and its bucket if the line is wrong."""

_REST_MAY_BE_TAKEN: Final = frozenset({DiscrepancyKind.EXCEEDS_DISPUTED, DiscrepancyKind.HELD_AND_GONE})


def resolution_entries(
    kind: DiscrepancyKind,
    line: ClaimKind | None,
    decision: ResolutionDecision,
    hop_no: int | None,
    disputed_paise: int,
    balances: Mapping[Bucket, int],
) -> list[Entry]:
    """Return the entries that a decision books, limited by the hop's `balances`; none if it books nothing.

    `line` is the kind of the contradicting line, `disputed_paise` the difference between the two amounts.
    """
    way = _way(kind, line, decision)
    if hop_no is None or way is None:
        return []
    sources, target = way
    entries: list[Entry] = []
    for source in sources:
        paise = min(disputed_paise, balances.get(source, 0))
        if paise > 0:
            entries += move_between(hop_no, source, target, paise)
            disputed_paise -= paise
    return entries


def _way(kind: DiscrepancyKind, line: ClaimKind | None, decision: ResolutionDecision) -> _Way | None:
    if decision is ResolutionDecision.UPHELD_BANK and kind in _REST_MAY_BE_TAKEN and line is not None:
        return _LINE_IS_RIGHT.get(line)
    if decision is not ResolutionDecision.UPHELD_OTHER:
        return None
    if kind is DiscrepancyKind.CLAIMED_TWICE and line in {ClaimKind.WITHDRAWN, ClaimKind.SPENT}:
        return (Bucket(line.value),), Bucket.IN_PLAY
    return _LINE_IS_WRONG.get(kind)


NO_DATE: Final = "date_not_stated"


def no_date_flag(place: str) -> Flag:
    """Return the flag of a transfer for which `place` should state a date and does not."""
    return Flag(field="transferred_at", code=NO_DATE, message=f"no date can be read in {place}")


def missing_date(flags: Iterable[Flag]) -> Flag | None:
    """Return the flag that says that no date is stated, or None."""
    return next((flag for flag in flags if flag.code == NO_DATE), None)


def with_date(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    """Return the flags of a hop after its date was stated."""
    return tuple(flag for flag in flags if flag.code != NO_DATE)
