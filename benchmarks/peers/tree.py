"""Trees: where the money of each complaint went, and how long each bank takes to answer.

Every engine plays the same trees, since a tree follows from the seed and the number of the complaint. The programs of
the peers use this module too, so it needs nothing but Python.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Final

BANKS: Final = 8
ROOT_PAISE: Final = 25_000_00
FANOUTS: Final = ((2, 4), (1, 2))
"""least and most accounts to which each account of the first and second layer sent the money, at a bank each"""
AT_ONCE_FROM: Final = 100_000
"""complaints with this number or a greater one are answered at once"""
DELAY: Final = (1.0, 0.3, 0.5, 3.0)
"""median, sigma, least and most seconds of a bank's answer, as in the bench `first-hold`"""
NODE_DIGITS: Final = 5
COMPLAINT_DIGITS: Final = 6


@dataclass(frozen=True)
class Transfer:
    """One transfer, and the transfers with which its payee sent the money on. Without any, the money is held."""

    reference: str
    layer: int
    bank: int
    paise: int
    answer_seconds: float
    moved_on: tuple["Transfer", ...]

    @property
    def account(self) -> str:
        """The payee's account."""
        return f"5{self.reference}"

    def all(self) -> Iterator["Transfer"]:
        """Yield this transfer and all that follow from it."""
        yield self
        for transfer in self.moved_on:
            yield from transfer.all()


@lru_cache(maxsize=4096)
def tree(seed: int, complaint: int) -> Transfer:
    """Return the first transfer of a complaint, with all that follow."""
    random = Random(f"{seed}-{complaint}")
    numbers = iter(range(10**NODE_DIGITS))
    at_once = complaint >= AT_ONCE_FROM

    def grow(layer: int, paise: int, bank: int) -> Transfer:
        reference = f"4{complaint:0{COMPLAINT_DIGITS}}{next(numbers):0{NODE_DIGITS}}"
        delay = 0.0 if at_once else _delay(random)
        count = random.randint(*FANOUTS[layer - 1]) if layer <= len(FANOUTS) else 0
        banks = random.sample(range(BANKS), count)
        parts = zip(shares(paise, count), banks, strict=True)
        moved_on = tuple(grow(layer + 1, part, its_bank) for part, its_bank in parts)
        return Transfer(reference, layer, bank, paise, delay, moved_on)

    return grow(1, ROOT_PAISE, random.randrange(BANKS))


def shares(paise: int, count: int) -> list[int]:
    """Return the money in `count` parts; the last one takes what does not divide."""
    if not count:
        return []
    return [paise // count] * (count - 1) + [paise - paise // count * (count - 1)]


def complaint_of(reference: str) -> int:
    """Return the number of the complaint to which a transfer belongs."""
    return int(reference[1 : 1 + COMPLAINT_DIGITS])


def transfer(seed: int, reference: str) -> Transfer:
    """Return the transfer with this reference. Raises `KeyError` if there is none."""
    for candidate in tree(seed, complaint_of(reference)).all():
        if candidate.reference == reference:
            return candidate
    raise KeyError(reference)


def _delay(random: Random) -> float:
    median, sigma, least, most = DELAY
    return min(max(random.lognormvariate(math.log(median), sigma), least), most)
