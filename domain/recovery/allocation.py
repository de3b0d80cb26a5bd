"""Allocation of the money on hold at one account between its victims. Integer paise, nothing lost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from domain.rupees import in_proportion
from schemas.recovery.restorations import AccountClaim, Share
from schemas.restoration_enums import AllocationRule

Place = tuple[str, int]
"""case and hop"""


def allocate(claims: Sequence[AccountClaim], pot_paise: int, rule: AllocationRule) -> tuple[Share, ...]:
    """Return the share of each claim in the pot, in the order of the claims.

    The shares add up to the pot, or to the most that the claims can be given, if that is less. The rest of the pot
    stays undivided. No share is above the most for its claim, or below an earlier share that is not yet restored. The
    order of the claims has no influence. The excess of a claim gets only what the other claims leave.
    """
    reserved = sum(claim.reserved_paise for claim in claims)
    open_most = {_place(claim): claim.most_paise - claim.reserved_paise for claim in claims}
    excess = {_place(claim): claim.excess_paise for claim in claims}
    free_paise = max(min(pot_paise - reserved, sum(open_most.values())), 0)
    in_order = sorted(map(_without_excess, claims), key=lambda claim: (claim.transferred_at, *_place(claim)))
    firm_most = {place: paise - excess[place] for place, paise in open_most.items()}
    more = _RULES[rule](in_order, firm_most, min(free_paise, sum(firm_most.values())))
    rest = _fill(in_order, excess, free_paise - sum(more.values()))
    return tuple(
        Share(
            case_no=claim.case_no,
            hop_no=claim.hop_no,
            share_paise=claim.reserved_paise + more.get(_place(claim), 0) + rest[_place(claim)],
        )
        for claim in claims
    )


def _without_excess(claim: AccountClaim) -> AccountClaim:
    return claim.model_copy(update={"claim_paise": claim.claim_paise - claim.excess_paise})


def _place(claim: AccountClaim) -> Place:
    return claim.case_no, claim.hop_no


def _pro_rata(in_order: Sequence[AccountClaim], open_most: Mapping[Place, int], paise: int) -> dict[Place, int]:
    """Divide in proportion to the claims. What exceeds the most for one claim goes to the others in proportion."""
    full: dict[Place, int] = {}
    while True:
        others = [claim for claim in in_order if _place(claim) not in full]
        shares = _in_proportion(others, paise - sum(full.values()))
        above = {place: open_most[place] for place, share in shares.items() if share > open_most[place]}
        if not above:
            return full | shares
        full |= above


def _in_proportion(in_order: Sequence[AccountClaim], paise: int) -> dict[Place, int]:
    """Divide whole paise by the largest remainder; of equal remainders the earlier transfer gets the paisa."""
    claimed = [claim.claim_paise - claim.reserved_paise for claim in in_order]
    if not sum(claimed):
        return {}
    return dict(zip(map(_place, in_order), in_proportion(paise, claimed), strict=True))


def _fill(in_order: Sequence[AccountClaim], open_most: Mapping[Place, int], paise: int) -> dict[Place, int]:
    """Give each claim its full amount in turn, while money is left."""
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
"""Under FIFO the first money left first, so the remaining money belongs to the latest victims."""


@dataclass(frozen=True)
class Swap:
    """Money on hold that is moved from one hop to another, within a case or between cases."""

    giver: Place
    taker: Place
    amount_paise: int


def swaps(claims: Sequence[AccountClaim], shares: Sequence[Share]) -> tuple[Swap, ...]:
    """Return the moves from hops that hold more than their share to hops that hold less."""
    held = {_place(claim): claim.held_paise for claim in claims}
    change = {(share.case_no, share.hop_no): share.share_paise - held[share.case_no, share.hop_no] for share in shares}
    left = {place: -paise for place, paise in sorted(change.items()) if paise < 0}
    moves = []
    for taker, short_paise in sorted((place, paise) for place, paise in change.items() if paise > 0):
        to_come = short_paise
        for giver in [giver for giver, paise in left.items() if paise]:
            paise = min(to_come, left[giver])
            if paise:
                moves.append(Swap(giver=giver, taker=taker, amount_paise=paise))
                left[giver] -= paise
                to_come -= paise
    return tuple(moves)
