"""What settling a contradiction books: money of one hop from where it lies to where the decision says it is.

Money that has moved on to another hop stays there: a hop below may have been asked about and answered, and the sum of
what hops give must stay what they got. What goes back in play is asked again.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from domain.ledger import move_between
from schemas.enums import Bucket, ClaimKind, ContradictionKind, SettlementDecision
from schemas.tracing.answers import Entry

_Way = tuple[Sequence[Bucket], Bucket]

_LINE_IS_RIGHT: Final[Mapping[ClaimKind, _Way]] = {
    ClaimKind.HELD: ((Bucket.UNTRACED, Bucket.REFUSED, Bucket.WITHDRAWN, Bucket.SPENT), Bucket.HELD),
    ClaimKind.WITHDRAWN: ((Bucket.UNTRACED, Bucket.REFUSED, Bucket.HELD), Bucket.WITHDRAWN),
    ClaimKind.SPENT: ((Bucket.UNTRACED, Bucket.REFUSED, Bucket.HELD), Bucket.SPENT),
    # The desk adds the hop that it went to: that draws on what is untraced.
    ClaimKind.MOVED: ((Bucket.HELD,), Bucket.UNTRACED),
}
"""Where the part of a line lies that was not taken, and where it belongs when the line is right."""

_LINE_IS_WRONG: Final[Mapping[ContradictionKind, _Way]] = {
    ContradictionKind.TRANSFER_DENIED: ((Bucket.REFUSED,), Bucket.IN_PLAY),
    ContradictionKind.BALANCE_BELOW_HOLD: ((Bucket.HELD,), Bucket.IN_PLAY),
    ContradictionKind.HELD_ABOVE_BALANCE: ((Bucket.HELD,), Bucket.IN_PLAY),
    ContradictionKind.HELD_BY_TWO: ((Bucket.HELD,), Bucket.IN_PLAY),
}
"""Where money lies that was taken on a line's word, when the line is wrong."""

_REST_MAY_BE_TAKEN: Final = frozenset({ContradictionKind.EXCEEDS_DISPUTED, ContradictionKind.HELD_AND_GONE})


def settling_entries(
    kind: ContradictionKind,
    line: ClaimKind | None,
    decision: SettlementDecision,
    hop_no: int | None,
    disputed_paise: int,
    balances: Mapping[Bucket, int],
) -> list[Entry]:
    """The entries that a decision books, within what `balances` of the hop allow; none where it books nothing.

    `line` is what the contradicting line says, `disputed_paise` the difference of the two figures.
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


def _way(kind: ContradictionKind, line: ClaimKind | None, decision: SettlementDecision) -> _Way | None:
    if decision is SettlementDecision.UPHELD_BANK and kind in _REST_MAY_BE_TAKEN and line is not None:
        return _LINE_IS_RIGHT.get(line)
    if decision is not SettlementDecision.UPHELD_OTHER:
        return None
    if kind is ContradictionKind.CLAIMED_TWICE and line in {ClaimKind.WITHDRAWN, ClaimKind.SPENT}:
        return (Bucket(line.value),), Bucket.IN_PLAY
    return _LINE_IS_WRONG.get(kind)
