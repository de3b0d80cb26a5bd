"""Dividing what is on hold at one account between the victims whose money came there. Integer paise, nothing lost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.restoration.restorations import AccountClaim, Share
from schemas.restoration_enums import AllocationRule

Place = tuple[str, int]
"""case and hop"""


def allocate(claims: Sequence[AccountClaim], pot_paise: int, rule: AllocationRule) -> tuple[Share, ...]:
    """The share of each claim in the pot, in the order of the claims.

    Together they are the pot, or all that can be given where the pot is more: what is above that is nobody's here. No
    share is above what its claim can be given, or below what was divided before and is still to go home. The order of
    the claims plays no part.
    """
    reserved = sum(claim.reserved_paise for claim in claims)
    open_most = {_place(claim): claim.most_paise - claim.reserved_paise for claim in claims}
    free_paise = max(min(pot_paise - reserved, sum(open_most.values())), 0)
    in_order = sorted(claims, key=lambda claim: (claim.transferred_at, *_place(claim)))
    more = _RULES[rule](in_order, open_most, free_paise)
    return tuple(
        Share(case_no=claim.case_no, hop_no=claim.hop_no, share_paise=claim.reserved_paise + more.get(_place(claim), 0))
        for claim in claims
    )


def _place(claim: AccountClaim) -> Place:
    return claim.case_no, claim.hop_no


def _pro_rata(in_order: Sequence[AccountClaim], open_most: Mapping[Place, int], paise: int) -> dict[Place, int]:
    """By the claims; what is more than one can be given is divided between the others, by theirs."""
    full: dict[Place, int] = {}
    while True:
        others = [claim for claim in in_order if _place(claim) not in full]
        shares = _in_proportion(others, paise - sum(full.values()))
        above = {place: open_most[place] for place, share in shares.items() if share > open_most[place]}
        if not above:
            return full | shares
        full |= above


def _in_proportion(in_order: Sequence[AccountClaim], paise: int) -> dict[Place, int]:
    """Whole paise by the largest remainder; between equal remainders the earlier transfer has it."""
    claimed = [claim.claim_paise - claim.reserved_paise for claim in in_order]
    total = sum(claimed)
    if not total:
        return {}
    shares, remainders = {}, []
    for rank, (claim, claim_paise) in enumerate(zip(in_order, claimed, strict=True)):
        place = _place(claim)
        shares[place], remainder = divmod(claim_paise * paise, total)
        remainders.append((-remainder, rank, place))
    for _, _, place in sorted(remainders)[: paise - sum(shares.values())]:
        shares[place] += 1
    return shares


def _fill(in_order: Sequence[AccountClaim], open_most: Mapping[Place, int], paise: int) -> dict[Place, int]:
    """Each in full, one after the other, while there is something left."""
    shares = {}
    for claim in in_order:
        place = _place(claim)
        shares[place] = min(open_most[place], paise)
        paise -= shares[place]
    return shares


def _latest_first(in_order: Sequence[AccountClaim], open_most: Mapping[Place, int], paise: int) -> dict[Place, int]:
    return _fill(in_order[::-1], open_most, paise)


_RULES: Final[
    Mapping[AllocationRule, Callable[[Sequence[AccountClaim], Mapping[Place, int], int], dict[Place, int]]]
] = {
    AllocationRule.PRO_RATA: _pro_rata,
    AllocationRule.FIFO: _latest_first,
    AllocationRule.LIFO: _fill,
}
"""What came first has left first under FIFO: what is still there is of those who came last."""


@dataclass(frozen=True)
class Swap:
    """Money on hold that changes from one hop to another, within a case or between two."""

    giver: Place
    taker: Place
    amount_paise: int


def swaps(claims: Sequence[AccountClaim], shares: Sequence[Share]) -> tuple[Swap, ...]:
    """How what is on hold moves from those who hold more than their share to those who hold less."""
    held = {_place(claim): claim.held_paise for claim in claims}
    change = {(share.case_no, share.hop_no): share.share_paise - held[share.case_no, share.hop_no] for share in shares}
    left = {place: -paise for place, paise in sorted(change.items()) if paise < 0}
    found = []
    for taker, short_paise in sorted((place, paise) for place, paise in change.items() if paise > 0):
        to_come = short_paise
        for giver in [giver for giver, paise in left.items() if paise]:
            paise = min(to_come, left[giver])
            if paise:
                found.append(Swap(giver=giver, taker=taker, amount_paise=paise))
                left[giver] -= paise
                to_come -= paise
    return tuple(found)
