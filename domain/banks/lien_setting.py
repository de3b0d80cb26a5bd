"""Whether the balances that a bank reports include money on hold, judged by its own answers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

FREE_SHARE: Final = 5
"""One hold in so many with a balance below it is no mistake of one line."""


class BalanceMeaning(StrEnum):
    """Meaning of a bank's balances, as its answers show it."""

    INCLUDE = "include"
    """They include money on hold."""
    LEAVE_OUT = "leave_out"
    """They leave out money on hold."""
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class HoldBalances:
    """Counts of a bank's holds that came with a balance."""

    holds: int = 0
    below: int = 0
    """balance below the hold"""
    equal: int = 0
    """balance equal to the hold"""


def meaning_of(counts: HoldBalances) -> BalanceMeaning:
    """Return what the counts show.

    A balance with money on hold is never below the hold, and equals it if the whole account is on hold. A free balance
    is below the hold whenever more than half of the account is on hold.
    """
    if counts.below and counts.below * FREE_SHARE >= counts.holds:
        return BalanceMeaning.LEAVE_OUT
    if counts.equal and not counts.below:
        return BalanceMeaning.INCLUDE
    return BalanceMeaning.UNCLEAR
